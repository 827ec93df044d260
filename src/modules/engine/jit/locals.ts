/**
 * The locals of a translation: guest registers, the floating-point CSR, and scratch.
 */
import type { Decoded } from '../../../machine/isa/decode.ts';
import type { Scope } from '../../../machine/isa/semantics.ts';
import { CTX_F, CTX_FCSR, CTX_X } from '../../../machine/layout.ts';
import {
  type Expr,
  f64,
  type I32,
  type I64,
  i32,
  i64,
  select,
  type ValueType,
} from '../../../machine/wasm/expr.ts';
import type { Func } from '../../../machine/wasm/module.ts';
import { type Local, type Stmt, store } from '../../../machine/wasm/stmt.ts';
import type { Block } from './discover.ts';
import { low32 } from './narrow.ts';
import { filesOf, type Registers } from './registers.ts';

const zero = i64.const(0);

/** Operands of one instruction after the other, as registers in locals and constants. */
class RegisterScope implements Scope {
  readonly #value: (file: 'x' | 'f', number: number, signed: number) => I64;
  readonly #temporary: <T extends ValueType>(type: T) => Local<T>;
  readonly isFused: boolean;
  #decoded: Decoded | null = null;
  #pc = 0;
  #signed = 0;
  #before: Stmt[] = [];

  constructor(
    value: (file: 'x' | 'f', number: number, signed: number) => I64,
    temporary: <T extends ValueType>(type: T) => Local<T>,
    isFused: boolean,
  ) {
    this.isFused = isFused;
    this.#value = value;
    this.#temporary = temporary;
  }

  at(decoded: Decoded, pc: number, signed: number, before: Stmt[]): void {
    this.#decoded = decoded;
    this.#signed = signed;
    this.#pc = pc;
    this.#before = before;
  }

  #read(operand: 'rs1' | 'rs2' | 'rs3'): I64 {
    const decoded = this.#decoded as Decoded;
    const file = filesOf(decoded.row.format)[operand];
    const number = decoded.operands[operand];
    return file === 'x' && number === 0 ? zero : this.#value(file, number, this.#signed);
  }
  get rs1(): I64 {
    return this.#read('rs1');
  }
  get rs2(): I64 {
    return this.#read('rs2');
  }
  get rs3(): I64 {
    return this.#read('rs3');
  }
  get imm(): I64 {
    return i64.const((this.#decoded as Decoded).operands.imm);
  }
  get pc(): I64 {
    return i64.const(this.#pc);
  }
  get rm(): I32 {
    throw new TypeError('a fast path has no rounding mode');
  }
  get soft(): Scope['soft'] {
    throw new TypeError('a fast path is not exact');
  }
  bind<T extends ValueType>(value: Expr<T>): Expr<T> {
    const kept = this.#temporary(value.type);
    this.#before.push(kept.set(value));
    return kept.get;
  }
}

/** True if the code looks at fcsr. */
const usesModes = (blocks: readonly Block[]): boolean =>
  blocks.some(({ code }) =>
    code.some(({ decoded: { row } }) => {
      const { semantics } = row;
      return semantics.kind === 'csr' || (semantics.kind === 'float' && semantics.fast?.when !== 'always');
    }),
  );

export class RegisterLocals {
  readonly context: Local<'i32'>;
  /** As in the context: only what leaves the region, calls among them, changes it. */
  readonly fcsr: Local<'i32'>;
  readonly #f: Func;
  readonly #usesModes: boolean;
  readonly #x: (Local<'i64'> | undefined)[] = [];
  readonly #words: (Local<'i32'> | undefined)[] = [];
  readonly #shifted: (Local<'i32'> | undefined)[] = [];
  #isShifted = 0;
  readonly #f64: (Local<'f64'> | undefined)[] = [];
  readonly #bases: (Local<'i32'> | undefined)[] = [];
  readonly #ahead: (Local<'i32'> | undefined)[] = [];
  readonly #deltas: (Local<'i32'> | undefined)[] = [];
  readonly #scope: RegisterScope;
  readonly #scratch: Record<ValueType, Local[]> = { i32: [], i64: [], f32: [], f64: [] };
  readonly #used: Record<ValueType, number> = { i32: 0, i64: 0, f32: 0, f64: 0 };

  /** @param f a function whose first parameter is the address of the context @param isFused the host has a fused multiply-add */
  constructor(f: Func, blocks: readonly Block[], isFused: boolean) {
    this.#f = f;
    this.context = f.parameter('i32', 0);
    this.fcsr = f.local('i32');
    this.#usesModes = usesModes(blocks);
    this.#scope = new RegisterScope(
      (file, number, signed) =>
        file === 'x' ? this.value(number, signed) : i64.fromF64Bits(this.#float(number).get),
      (type) => this.temporary(type),
      isFused,
    );
  }

  /** The value of xn, n not 0. @param signed which registers are in i32 locals */
  value(number: number, signed: number): I64 {
    return ((signed >>> number) & 1) === 0 ? this.integer(number).get : i64.extendS(this.word(number).get);
  }

  /** The i32 local of xn. */
  word(number: number): Local<'i32'> {
    const found = this.#words[number] ?? this.#f.local('i32');
    this.#words[number] = found;
    return found;
  }

  /** The i64 local of xn. */
  integer(number: number): Local<'i64'> {
    const found = this.#x[number] ?? this.#f.local('i64');
    this.#x[number] = found;
    return found;
  }

  /** The base of xn (bases.ts). */
  base(number: number): Local<'i32'> {
    const found = this.#bases[number] ?? this.#f.local('i32');
    this.#bases[number] = found;
    return found;
  }

  /** What a look ahead found (turns.ts): by how much physical addresses are more than virtual ones. */
  delta(number: number): Local<'i32'> {
    const found = this.#deltas[number] ?? this.#f.local('i32');
    this.#deltas[number] = found;
    return found;
  }

  /** The physical address that a look ahead found for the beginning of its range. */
  ahead(number: number): Local<'i32'> {
    const found = this.#ahead[number] ?? this.#f.local('i32');
    this.#ahead[number] = found;
    return found;
  }

  #float(number: number): Local<'f64'> {
    const found = this.#f64[number] ?? this.#f.local('f64');
    this.#f64[number] = found;
    return found;
  }

  /** Keep what xn was shifted left by 32 from: code for an unsigned word shifts it back. */
  noteShift(number: number, from: I32): Stmt {
    const found = this.#shifted[number] ?? this.#f.local('i32');
    this.#shifted[number] = found;
    this.#isShifted |= 1 << number;
    return found.set(from);
  }
  /** What xn was shifted left by 32 from, within the block; null if it was not. */
  shifted(number: number): I32 | null {
    return ((this.#isShifted >>> number) & 1) === 0 ? null : (this.#shifted[number] as Local<'i32'>).get;
  }
  /** Registers have other values now. */
  forgetShifts(registers: number): void {
    this.#isShifted &= ~registers;
  }

  /** Load fcsr, if anything looks at it. */
  loadModes(): Stmt[] {
    return this.#usesModes ? [this.fcsr.set(i32.load(this.context.get, CTX_FCSR))] : [];
  }

  /** Nothing is known of the bases of some registers any more. */
  forgetBases(registers: number): Stmt[] {
    const out: Stmt[] = [];
    for (let n = 1; n < 32; n++) if (((registers >>> n) & 1) !== 0) out.push(this.base(n).set(i32.const(0)));
    return out;
  }

  /** Load registers from the context. @param signed those that go to i32 locals */
  load({ x, f }: Registers, signed: number): Stmt[] {
    const out: Stmt[] = [];
    const { get: context } = this.context;
    for (let n = 0; n < 32; n++) {
      if (((x >>> n) & 1) !== 0) {
        out.push(
          ((signed >>> n) & 1) === 0
            ? this.integer(n).set(i64.load(context, CTX_X + n * 8))
            : this.word(n).set(i32.load(context, CTX_X + n * 8)),
        );
      }
      if (((f >>> n) & 1) !== 0) out.push(this.#float(n).set(f64.load(context, CTX_F + n * 8)));
    }
    return out;
  }

  /**
   * Load registers after a call. @param bases registers whose base is good as long as they do not change
   * @param signed those that were in i32 locals before
   */
  reload({ x, f }: Registers, bases: number, signed: number): Stmt[] {
    const out: Stmt[] = [];
    const kept = x & bases;
    const value = kept === 0 ? null : this.temporary('i64');
    for (let n = 1; n < 32 && value !== null; n++) {
      if (((kept >>> n) & 1) === 0) continue;
      const base = this.base(n);
      out.push(
        value.set(i64.load(this.context.get, CTX_X + n * 8)),
        base.set(select(i64.eq(value.get, this.value(n, signed)), base.get, i32.const(0))),
        this.integer(n).set(value.get),
      );
    }
    return [...out, ...this.load({ x: x & ~kept, f }, 0)];
  }

  /** @param signed registers that are in i32 locals */
  store({ x, f }: Registers, signed: number): Stmt[] {
    const out: Stmt[] = [];
    for (let n = 0; n < 32; n++) {
      if (((x >>> n) & 1) !== 0)
        out.push(store('i64', this.context.get, this.value(n, signed), CTX_X + n * 8));
      if (((f >>> n) & 1) !== 0) out.push(store('f64', this.context.get, this.#float(n).get, CTX_F + n * 8));
    }
    return out;
  }

  /** The same where it hardly ever happens: an extension in memory is not done beforehand, as one in a register can be. */
  storeRarely({ x, f }: Registers, signed: number): Stmt[] {
    const out = this.store({ x: x & ~signed, f }, 0);
    for (let n = 1; n < 32; n++) {
      if (((x & signed) >>> n) & 1) {
        const { get } = this.context;
        const at = CTX_X + n * 8;
        out.push(store('i32', get, this.word(n).get, at), store('i64', get, i64.load32S(get, at), at));
      }
    }
    return out;
  }

  /** Have registers of a set in i64 locals that are in i32 locals. */
  widen(registers: number): Stmt[] {
    const out: Stmt[] = [];
    for (let n = 1; n < 32; n++)
      if (((registers >>> n) & 1) !== 0) out.push(this.integer(n).set(i64.extendS(this.word(n).get)));
    return out;
  }

  /** Have registers of a set in i32 locals that are in i64 locals, and may be wider. @returns also whether one is */
  narrow(registers: number): { readonly out: Stmt[]; readonly isWider: I32 } {
    const out: Stmt[] = [];
    let isWider: I32 = i32.const(0);
    for (let n = 1; n < 32; n++) {
      if (((registers >>> n) & 1) === 0) continue;
      const { get } = this.integer(n);
      out.push(this.word(n).set(i32.wrap(get)));
      isWider = i32.or(isWider, i64.ne(i64.extendS(this.word(n).get), get));
    }
    return { out, isWider };
  }

  temporary<T extends ValueType>(type: T): Local<T> {
    const at = this.#used[type]++;
    const found = this.#scratch[type][at] ?? this.#f.local(type);
    this.#scratch[type][at] = found;
    return found as Local<T>;
  }

  /** Keep a value for a while. */
  bindIn<T extends ValueType>(out: Stmt[], value: Expr<T>): Expr<T> {
    const kept = this.temporary(value.type);
    out.push(kept.set(value));
    return kept.get;
  }

  /** The scope of an instruction; good until the next call. */
  scope(decoded: Decoded, pc: number, signed: number, before: Stmt[]): Scope {
    this.#scope.at(decoded, pc, signed, before);
    return this.#scope;
  }

  /** Scratch may be used again. */
  reset(): void {
    this.#used.i32 = this.#used.i64 = this.#used.f32 = this.#used.f64 = 0;
  }

  /** Give the destination of an instruction its value. @param isSigned it is kept in an i32 local */
  setRd(decoded: Decoded, value: I64, isSigned: boolean = false): Stmt {
    const { rd } = decoded.operands;
    const file = filesOf(decoded.row.format).rd;
    if (file === 'f') return this.#float(rd).set(f64.fromBits(value));
    if (rd === 0) return { kind: 'drop', value };
    return isSigned ? this.word(rd).set(low32(value)) : this.integer(rd).set(value);
  }
}
