/**
 * The engine's Wasm module: dispatch, slow cases and MMU under one `run`.
 *
 * `run` goes on through TLB misses and slow instructions by itself; it returns to JavaScript for the contract's exits
 * and for what needs the decoder (LEAVE_DECODE, LEAVE_CROSS, LEAVE_NEED_BLOCK).
 */
import { CTX_PC, CTX_RETIRED, HART_CONTEXT, HART_RESERVATION, PAGE_SIZE } from '../layout.ts';
import { buildSoftFloat } from '../float/soft-float.ts';
import { type I32, i32, i64 } from '../wasm/expr.ts';
import { type Func, ModuleBuilder } from '../wasm/module.ts';
import { block, br, brIf, label, loop, ret, type Stmt, store, when } from '../wasm/stmt.ts';
import { buildInterpret } from './interpret.ts';
import { OP_ENTER } from './ops.ts';
import { buildMmu, pageOf, tlbSlot } from './mmu.ts';
import {
  H_LEFT,
  H_RECORD,
  LEAVE_CROSS,
  LEAVE_FETCH,
  LEAVE_SLOW,
  R_AUX,
  R_OP,
  RECORD_SCALE,
  TLB_EXEC_BLOCK,
  TLB_EXEC_TAG,
} from './region.ts';
import { buildSlow } from './slow.ts';

/** The exports, as instantiated. */
export interface EngineExports {
  /** (header, hart, tlb, left) -> EXIT_ or LEAVE_ code */
  readonly run: (header: number, hart: number, tlb: number, left: number) => number;
  readonly drop: (header: number, frame: number) => void;
  /** (header, hart, tlb, va) -> 0 with H_PAGE set, EXIT_FETCH_FAULT or LEAVE_NEED_BLOCK */
  readonly fetch: (header: number, hart: number, tlb: number, va: bigint) => number;
  /** Do the instruction at the pc that a fast path could not. (header, hart, tlb, context) -> 0, an EXIT_ code, or LEAVE_FETCH (no record at hand) */
  readonly finish: (header: number, hart: number, tlb: number, context: number) => number;
}

/** Count an instruction that was carried out, and go past it. @param record its record */
const advance = (context: I32, record: I32): readonly Stmt[] => {
  // aux bit 31: a 16-bit instruction.
  const length = i32.sub(
    i32.const(4),
    i32.shl(i32.shrU(i32.load(record, R_AUX), i32.const(31)), i32.const(1)),
  );
  return [
    store('i64', context, i64.add(i64.load(context, CTX_PC), i64.extendU(length)), CTX_PC),
    store('i64', context, i64.add(i64.load(context, CTX_RETIRED), i64.const(1)), CTX_RETIRED),
  ];
};

function buildFinish(m: ModuleBuilder, slow: Func<'i32'>): void {
  const f = m.func(['i32', 'i32', 'i32', 'i32'], 'i32', 'finish');
  const header = f.parameter('i32', 0);
  const hart = f.parameter('i32', 1);
  const tlb = f.parameter('i32', 2);
  const context = f.parameter('i32', 3);
  const pc = f.local('i64');
  const at = f.local('i32');
  const code = f.local('i32');
  f.body(
    pc.set(i64.load(context.get, CTX_PC)),
    at.set(i32.add(tlb.get, tlbSlot(pc.get))),
    when(i64.ne(i64.load(at.get, TLB_EXEC_TAG), pageOf(pc.get)), [ret(i32.const(LEAVE_FETCH))]),
    at.set(
      i32.add(
        i32.load(at.get, TLB_EXEC_BLOCK),
        i32.mul(i32.and(i32.wrap(pc.get), i32.const(PAGE_SIZE - 2)), i32.const(RECORD_SCALE)),
      ),
    ),
    when(i32.ltU(i32.load16U(at.get, R_OP), i32.const(OP_ENTER)), [ret(i32.const(LEAVE_FETCH))]),
    store('i32', header.get, at.get, H_RECORD),
    code.set(slow.call(header.get, hart.get, tlb.get, context.get, at.get)),
    when(i32.eqz(code.get), advance(context.get, at.get)),
    ret(code.get),
  );
}

/** Build the module's bytes. */
export function buildEngine(shared: boolean): Uint8Array {
  const m = new ModuleBuilder();
  const mmu = buildMmu(m);
  const interpret = buildInterpret(m);
  const slow = buildSlow(m, mmu, buildSoftFloat(m));
  const f = m.func(['i32', 'i32', 'i32', 'i32'], 'i32', 'run');
  const header = f.parameter('i32', 0);
  const hart = f.parameter('i32', 1);
  const tlb = f.parameter('i32', 2);
  const left = f.parameter('i32', 3);
  const context = f.local('i32');
  const code = f.local('i32');
  const record = f.local('i32');
  const again = label('again');
  const stop = label('stop');
  const pc = i64.load(context.get, CTX_PC);
  buildFinish(m, slow);
  f.body(
    context.set(i32.load(hart.get, HART_CONTEXT)),
    block(stop, [
      loop(again, [
        code.set(interpret.call(header.get, hart.get, context.get, tlb.get, left.get)),
        left.set(i32.load(header.get, H_LEFT)),
        when(i32.eq(code.get, i32.const(LEAVE_SLOW)), [
          record.set(i32.load(header.get, H_RECORD)),
          code.set(slow.call(header.get, hart.get, tlb.get, context.get, record.get)),
          brIf(stop, code.get),
          ...advance(context.get, record.get),
          left.set(i32.sub(left.get, i32.const(1))),
          br(again),
        ]),
        when(i32.eq(code.get, i32.const(LEAVE_FETCH)), [
          code.set(mmu.fetch.call(header.get, hart.get, tlb.get, pc)),
          brIf(again, i32.eqz(code.get)),
        ]),
        when(i32.eq(code.get, i32.const(LEAVE_CROSS)), [
          code.set(mmu.fetch.call(header.get, hart.get, tlb.get, i64.add(pc, i64.const(2)))),
          when(i32.eqz(code.get), [code.set(i32.const(LEAVE_CROSS))]),
        ]),
      ]),
    ]),
    store('i32', header.get, left.get, H_LEFT),
    when(i32.ltU(code.get, i32.const(LEAVE_SLOW)), [store('i64', hart.get, i64.const(-1), HART_RESERVATION)]),
    ret(code.get),
  );
  return m.encode(shared);
}
