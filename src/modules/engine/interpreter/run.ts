/**
 * The engine's Wasm module: dispatch, slow cases and MMU under one `run`.
 *
 * `run` goes on through TLB misses and slow instructions by itself; it returns to JavaScript for the contract's exits
 * and for what needs the decoder (LEAVE_DECODE, LEAVE_CROSS, LEAVE_NEED_BLOCK).
 */
import { CTX_PC, CTX_RETIRED, HART_CONTEXT, HART_RESERVATION } from '../../../machine/layout.ts';
import { buildSoftFloat } from '../../../machine/float/soft-float.ts';
import { i32, i64 } from '../../../machine/wasm/expr.ts';
import { ModuleBuilder } from '../../../machine/wasm/module.ts';
import { block, br, brIf, label, loop, ret, store, when } from '../../../machine/wasm/stmt.ts';
import { buildInterpret } from './interpret.ts';
import { buildMmu } from './mmu.ts';
import { H_LEFT, H_RECORD, LEAVE_CROSS, LEAVE_FETCH, LEAVE_SLOW, R_AUX } from './region.ts';
import { buildSlow } from './slow.ts';

/** The exports, as instantiated. */
export interface EngineExports {
  /** (header, hart, tlb, left) -> EXIT_ or LEAVE_ code */
  readonly run: (header: number, hart: number, tlb: number, left: number) => number;
  readonly drop: (header: number, frame: number) => void;
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
  // aux bit 31: a 16-bit instruction.
  const length = i32.sub(
    i32.const(4),
    i32.shl(i32.shrU(i32.load(record.get, R_AUX), i32.const(31)), i32.const(1)),
  );
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
          store('i64', context.get, i64.add(pc, i64.extendU(length)), CTX_PC),
          store('i64', context.get, i64.add(i64.load(context.get, CTX_RETIRED), i64.const(1)), CTX_RETIRED),
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
