/**
 * Engine `interpreter`: predecoded instructions dispatched by one Wasm function.
 *
 * No translation to wait for and little memory, so it is what a program starts on; 300 to 600 million instructions a
 * second. The record holds nothing but the Wasm instance; TLB and records lie in the machine's engine region.
 */
import { EXIT_ILLEGAL, type Engine, engineLayout, type EngineState } from '../../../contracts/engine.ts';
import type { Module } from '../../../contracts/module.ts';
import { HART_TVAL } from '../../../machine/layout.ts';
import { hartAddress, type Machine } from '../../../machine/machine.ts';
import { cachedModule } from '../../../machine/wasm/cache.ts';
import { instantiate } from '../../../machine/wasm/host.ts';
import { instructionBits, predecode, predecodeCrossing } from './predecode.ts';
import {
  BUCKETS,
  FORMAT,
  H_BLOCKS,
  H_BUCKETS,
  H_CODE_MARKS,
  H_END_FRAME,
  H_FORMAT,
  H_FREE,
  H_LEFT,
  H_PAGE,
  H_RECORD,
  H_RECORDS,
  H_TLB,
  H_TLB_END,
  H_USED,
  H_VICTIM,
  LEAVE_CROSS,
  LEAVE_DECODE,
  LEAVE_NEED_BLOCK,
  LEAVE_SLOW,
  planRegion,
  type RegionPlan,
  TLB_EXEC_TAG,
  TLB_READ_TAG,
  TLB_SIZE,
  TLB_TAGS,
  TLB_WRITE_TAG,
} from './region.ts';
import { buildEngine, type EngineExports } from './run.ts';
import { selfTest } from './self-test.ts';

export { ENGINE_BYTES } from './region.ts';
import { addBlock, forEachFrame } from './blocks.ts';

const NAME = 'interpreter';
const VERSION = '1.0.0';

/** Forget all predecoded code and clear the marks of its frames. */
function forgetCode(m: Machine, plan: RegionPlan): void {
  const header = plan.header >>> 2;
  forEachFrame(m, plan, m.u32[header + H_USED / 4] as number, (frame) => {
    m.u8[m.layout.codeMarkBase + frame] = 0;
  });
  m.u8.fill(0, plan.buckets, plan.buckets + BUCKETS * 4);
  for (let tlb = plan.tlb; tlb < plan.tlbEnd; tlb += TLB_SIZE) {
    m.u8.fill(0xff, tlb + TLB_EXEC_TAG, tlb + TLB_EXEC_TAG + TLB_TAGS);
  }
  m.u32[header + H_USED / 4] = 0;
  m.u32[header + H_FREE / 4] = 0;
  m.u32[header + H_VICTIM / 4] = 0;
}

/** Take over the region, whoever had it before. */
function resetRegion(m: Machine, plan: RegionPlan): void {
  const header = plan.header >>> 2;
  for (let tlb = plan.tlb; tlb < plan.tlbEnd; tlb += TLB_SIZE) m.u8.fill(0xff, tlb, tlb + TLB_TAGS * 3);
  const ours =
    m.u32[header + H_FORMAT / 4] === FORMAT &&
    m.u32[header + H_RECORDS / 4] === plan.records &&
    m.u32[header + H_TLB_END / 4] === plan.tlbEnd;
  if (ours) {
    forgetCode(m, plan);
    return;
  }
  m.u8.fill(0, plan.buckets, plan.buckets + BUCKETS * 4);
  const values: readonly (readonly [offset: number, value: number])[] = [
    [H_FORMAT, FORMAT],
    [H_CODE_MARKS, m.layout.codeMarkBase],
    [H_END_FRAME, m.layout.endFrame],
    [H_BUCKETS, plan.buckets],
    [H_BLOCKS, plan.blocks],
    [H_RECORDS, plan.records],
    [H_TLB, plan.tlb],
    [H_TLB_END, plan.tlbEnd],
    [H_USED, 0],
    [H_FREE, 0],
    [H_VICTIM, 0],
  ];
  for (const [offset, value] of values) m.u32[header + offset / 4] = value;
}

/** Build the engine over a machine. Takes over the engine region. */
export function createInterpreter(m: Machine): Engine {
  const plan = planRegion(m.layout);
  const compiled = cachedModule(`${NAME} ${VERSION}`, m.shared, buildEngine);
  const wasm = instantiate(compiled, { env: { memory: m.memory } }).exports as unknown as EngineExports;
  resetRegion(m, plan);
  const header = plan.header >>> 2;

  return {
    run(hart, budget) {
      const block = hartAddress(m.layout, hart);
      const tlb = plan.tlb + hart * TLB_SIZE;
      let left = budget;
      for (;;) {
        const code = wasm.run(plan.header, block, tlb, left);
        if (code < LEAVE_SLOW) {
          if (code === EXIT_ILLEGAL) {
            m.u32[(block + HART_TVAL) >>> 2] = instructionBits(
              m,
              plan,
              m.u32[header + H_RECORD / 4] as number,
            );
            m.u32[(block + HART_TVAL + 4) >>> 2] = 0;
          }
          return code;
        }
        left = m.i32[header + H_LEFT / 4] as number;
        const record = m.u32[header + H_RECORD / 4] as number;
        const page = m.u32[header + H_PAGE / 4] as number;
        if (code === LEAVE_DECODE) predecode(m, plan, record);
        else if (code === LEAVE_CROSS) predecodeCrossing(m, plan, record, page);
        else if (code === LEAVE_NEED_BLOCK) addBlock(m, plan, page >>> 12, wasm.drop);
      }
    },
    flushHart(hart) {
      const tlb = plan.tlb + hart * TLB_SIZE;
      m.u8.fill(0xff, tlb, tlb + TLB_TAGS * 3);
    },
    flushPage(va) {
      const slot = Math.floor(va / 4096) % (TLB_TAGS / 8);
      for (let tlb = plan.tlb; tlb < plan.tlbEnd; tlb += TLB_SIZE) {
        for (const tag of [TLB_READ_TAG, TLB_WRITE_TAG, TLB_EXEC_TAG]) {
          const at = (tlb + tag + slot * 8) >>> 2;
          m.u32[at] = 0xffffffff;
          m.u32[at + 1] = 0xffffffff;
        }
      }
    },
    flushCode() {
      forgetCode(m, plan);
    },
    invalidateFrame(frame) {
      wasm.drop(plan.header, frame);
    },
  };
}

export const interpreterEngine: Module<Engine, EngineState> = {
  manifest: {
    slot: 'engine',
    name: NAME,
    version: VERSION,
    contract: 1,
    interfaces: [],
    needs: {},
    description: 'Interprets predecoded instructions in one WebAssembly function',
  },
  layout: engineLayout,
  create: (_state, kernel) => createInterpreter(kernel.machine),
  selfTest: () => selfTest(createInterpreter),
};
export default interpreterEngine;
