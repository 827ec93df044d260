/**
 * CSR instructions as slow cases, and what all slow cases share.
 */
import { EXIT_ILLEGAL } from '../exits.ts';
import type { SoftFloat } from '../float/soft-float.ts';
import type { Scope, Semantics } from '../isa/semantics.ts';
import { CTX_FCSR, CTX_RETIRED } from '../layout.ts';
import { type I32, i32, i64 } from '../wasm/expr.ts';
import type { Func } from '../wasm/module.ts';
import { block, brIf, label, type Local, ret, type Stmt, store, when } from '../wasm/stmt.ts';
import type { MmuFunctions } from './mmu.ts';
import { R_IMM, R_RS1 } from './region.ts';
import { type Scratch, setRd } from './scope.ts';

/** Parameters and locals of the slow function; the locals are free for each case to use. */
export interface Slow {
  readonly f: Func<'i32'>;
  readonly header: Local<'i32'>;
  readonly hart: Local<'i32'>;
  readonly tlb: Local<'i32'>;
  readonly context: Local<'i32'>;
  readonly record: Local<'i32'>;
  readonly va: Local<'i64'>;
  readonly first: Local<'i32'>;
  readonly second: Local<'i32'>;
  readonly count: Local<'i32'>;
  readonly value: Local<'i64'>;
  readonly mmu: MmuFunctions;
  readonly soft: SoftFloat;
  readonly scratch: Scratch;
}

export const done: Stmt = ret(i32.const(0));
export const exit = (code: number): Stmt => ret(i32.const(code));

const CSR_FFLAGS = 1;
const CSR_FRM = 2;
const CSR_FCSR = 3;
const CSR_CYCLE = 0xc00;
const CSR_INSTRET = 0xc02;
const FCSR_BITS = 0xff;

/** fflags, frm and fcsr are read and written; cycle and instret read. `time` and the rest are the kernel's affair. */
export function csrBody(w: Slow, s: Scope, meaning: Extract<Semantics, { kind: 'csr' }>): readonly Stmt[] {
  const number = i32.load(w.record.get, R_IMM);
  const is = (csr: number): I32 => i32.eq(number, i32.const(csr));
  // The register number of the immediate forms lies in the record as a context offset, 8 bytes a register.
  const operandField = i32.load16U(w.record.get, R_RS1);
  const operand = s.bind(meaning.immediate ? i64.extendU(i32.shrU(operandField, i32.const(3))) : s.rs1);
  const fcsr = w.first;
  const shift = w.second;
  const width = w.count;
  const old = i64.extendU(i32.and(i32.shrU(fcsr.get, shift.get), width.get));
  const value =
    meaning.action === 'write'
      ? operand
      : meaning.action === 'set'
        ? i64.or(w.value.get, operand)
        : i64.and(w.value.get, i64.xor(operand, i64.const(-1)));
  const writes = meaning.action === 'write' ? i32.const(1) : i32.ne(operandField, i32.const(0));
  const known = label('known');
  const set = [
    store(
      'i32',
      w.context.get,
      i32.or(
        i32.and(fcsr.get, i32.xor(i32.shl(width.get, shift.get), i32.const(-1))),
        i32.shl(i32.and(i32.wrap(value), width.get), shift.get),
      ),
      CTX_FCSR,
    ),
  ];
  return [
    when(i32.or(is(CSR_CYCLE), is(CSR_INSTRET)), [
      when(writes, [exit(EXIT_ILLEGAL)]),
      setRd(w.context.get, w.record.get, i64.load(w.context.get, CTX_RETIRED)),
      done,
    ]),
    fcsr.set(i32.load(w.context.get, CTX_FCSR)),
    shift.set(i32.const(0)),
    block(known, [
      width.set(i32.const(31)),
      brIf(known, is(CSR_FFLAGS)),
      width.set(i32.const(FCSR_BITS)),
      brIf(known, is(CSR_FCSR)),
      shift.set(i32.const(5)),
      width.set(i32.const(7)),
      brIf(known, is(CSR_FRM)),
      exit(EXIT_ILLEGAL),
    ]),
    w.value.set(old),
    when(writes, set),
    setRd(w.context.get, w.record.get, w.value.get),
    done,
  ];
}
