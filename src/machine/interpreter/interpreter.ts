/**
 * The interpreter: predecoded instructions dispatched by one Wasm function, over the machine's engine region.
 *
 * An engine by itself, and where other engines begin. Holds nothing but the Wasm instance; TLB and records lie in the region.
 */
import { EXIT_ILLEGAL } from '../exits.ts';
import { HART_TVAL } from '../layout.ts';
import { hartAddress, type Machine } from '../machine.ts';
import { cachedModule } from '../wasm/cache.ts';
import { instantiate } from '../wasm/host.ts';
import { instructionBits, predecode, predecodeCrossing } from './predecode.ts';
import {
  BUCKETS,
  FORMAT,
  H_BLOCKS,
  H_BUCKETS,
  H_CODE_MARKS,
  H_DIRTY,
  H_DROPS,
  H_END_FRAME,
  H_FLAT_READ,
  H_FLAT_WRITE,
  H_FORMAT,
  H_FREE,
  H_LEFT,
  H_MADE,
  H_PAGE,
  H_RECORD,
  H_RECORDS,
  H_RESERVED,
  H_TLB,
  H_TLB_END,
  H_TOUCHED,
  H_TOUCHED_COUNT,
  H_USED,
  H_VICTIM,
  LEAVE_CROSS,
  LEAVE_DECODE,
  LEAVE_NEED_BLOCK,
  LEAVE_SLOW,
  planRegion,
  type RegionPlan,
  RESERVED_UNKNOWN,
  TLB_EXEC_TAG,
  TLB_READ_TAG,
  TLB_SIZE,
  TLB_TAGS,
  TLB_WRITE_TAG,
} from './region.ts';
import type { EngineExports } from './run.ts';
import { engineCode } from './code.ts';
import { addBlock, forEachFrame } from './blocks.ts';

/** Name of the compiled code; changes with it. */
const NAME = 'interpreter 1.1';

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
  // How many pages were touched stays: it says what there is to clear to the engine whose tables they are.
  for (const offset of [H_FLAT_READ, H_FLAT_WRITE, H_TOUCHED]) m.u32[header + offset / 4] = 0;
  if (ours) {
    forgetCode(m, plan);
    return;
  }
  const isFresh = m.u32[header + H_FORMAT / 4] === 0;
  m.u8.fill(0, plan.buckets, plan.buckets + BUCKETS * 4);
  const values: readonly (readonly [offset: number, value: number])[] = [
    [H_FORMAT, FORMAT],
    [H_TOUCHED_COUNT, 0],
    [H_DIRTY, isFresh ? 0 : plan.capacity],
    [H_RESERVED, isFresh ? 0 : RESERVED_UNKNOWN],
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
    [H_DROPS, 0],
    [H_MADE, 0],
  ];
  for (const [offset, value] of values) m.u32[header + offset / 4] = value;
}

/** The interpreter over one machine's engine region. */
export interface Interpreter {
  readonly plan: RegionPlan;
  readonly wasm: EngineExports;
  /** Address of a hart's TLB. */
  tlbOf(hart: number): number;
  /**
   * Interpret until an exit of the contract, or LEAVE_ENTER at a record where a translation begins. H_LEFT is what is left
   * of the budget. The reservation is cleared at an exit.
   */
  stretch(hart: number, budget: number): number;
  /** Do what `run` left for. @returns true if that was all, and it can go on; false at an exit of the contract and at LEAVE_ENTER */
  serve(hart: number, code: number): boolean;
  /** Put the bits of the instruction at H_RECORD into HART_TVAL. */
  noteIllegal(hart: number): void;
  /** See that the frame at virtual address `va` has records. @returns its physical page, or 0 if it may not be executed */
  page(hart: number, va: number): number;
  flushHart(hart: number): void;
  flushPage(va: number): void;
  flushCode(): void;
  invalidateFrame(frame: number): void;
}

/** Take over the engine region. */
export function createInterpreterCore(m: Machine): Interpreter {
  const plan = planRegion(m.layout);
  const compiled = cachedModule(NAME, m.shared, engineCode);
  const wasm = instantiate(compiled, { env: { memory: m.memory } }).exports as unknown as EngineExports;
  resetRegion(m, plan);
  const header = plan.header >>> 2;
  const tlbOf = (hart: number): number => plan.tlb + hart * TLB_SIZE;

  const noteIllegal = (hart: number): void => {
    const tval = (hartAddress(m.layout, hart) + HART_TVAL) >>> 2;
    m.u32[tval] = instructionBits(m, plan, m.u32[header + H_RECORD / 4] as number);
    m.u32[tval + 1] = 0;
  };

  const serve = (hart: number, code: number): boolean => {
    if (code < LEAVE_SLOW) {
      if (code === EXIT_ILLEGAL) noteIllegal(hart);
      return false;
    }
    const record = m.u32[header + H_RECORD / 4] as number;
    const page = m.u32[header + H_PAGE / 4] as number;
    if (code === LEAVE_DECODE) predecode(m, plan, record);
    else if (code === LEAVE_CROSS) predecodeCrossing(m, plan, record, page);
    else if (code === LEAVE_NEED_BLOCK) addBlock(m, plan, page >>> 12, wasm.drop);
    else return false;
    return true;
  };

  return {
    plan,
    wasm,
    tlbOf,
    noteIllegal,
    serve,
    stretch(hart, budget) {
      const block = hartAddress(m.layout, hart);
      const tlb = tlbOf(hart);
      let left = budget;
      for (;;) {
        const code = wasm.run(plan.header, block, tlb, left);
        if (!serve(hart, code)) return code;
        left = m.i32[header + H_LEFT / 4] as number;
      }
    },
    page(hart, va) {
      for (;;) {
        const code = wasm.fetch(plan.header, hartAddress(m.layout, hart), tlbOf(hart), BigInt(va));
        const page = m.u32[header + H_PAGE / 4] as number;
        if (code === 0) return page;
        if (code !== LEAVE_NEED_BLOCK) return 0;
        addBlock(m, plan, page >>> 12, wasm.drop);
      }
    },
    flushHart(hart) {
      const tlb = tlbOf(hart);
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
