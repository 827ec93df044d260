/**
 * Addresses as sums: what instructions make of registers, as multiples of what these held at a point before, and a constant.
 *
 * Read off the ISA's semantics. The constant is known in a range, where ways with different ones met, or where a mask, a shift or a short load
 * bounds it (bounds.ts). Arithmetic of 32 bits is the same
 * as that of 64 as long as nothing overflows; where that was taken for granted a form says so, by guards. Source: what compilers call scalar evolution,
 * O. Bachmann, P. Wang, E. Zima, "Chains of recurrences", 1994.
 */
import type { Scope } from '../../../machine/isa/semantics.ts';
import { type Expr, type I64, i64, node, OP_I64_CONST, OP_LOCAL_GET } from '../../../machine/wasm/expr.ts';
import { mostOf } from './bounds.ts';
import type { Instruction } from './discover.ts';

/** Opcodes. Source: WebAssembly Core Specification, section 5.4. */
const ADD = 0x7c;
const SUB = 0x7d;
const SHL = 0x86;
const SHR_S = 0x87;
const SHR_U = 0x88;
const WRAP = 0xa7;
const EXTEND_S = 0xac;
const EXTEND_U = 0xad;
const EXTEND32 = 0xc4;

/** What is larger makes no address. */
const FACTOR_MOST = 64;
const CONSTANT_MOST = 2 ** 31;
const TERMS_MOST = 3;
const GUARDS_MOST = 16;

/** A sum: registers in ascending order, each followed by its factor; and the constant, at least and at most. */
export interface Sum {
  readonly terms: readonly number[];
  readonly least: number;
  readonly most: number;
}

/** A sum that must be from `lower` to below `upper`, which are no farther apart than 32 bits reach. */
export interface Guard extends Sum {
  readonly lower: number;
  readonly upper: number;
}
const SIGNED = { lower: -(2 ** 31), upper: 2 ** 31 } as const;
const UNSIGNED = { lower: 0, upper: 2 ** 32 } as const;

export interface Form extends Sum {
  readonly guards: readonly Guard[];
  /** The value is the sum shifted left by 32. */
  readonly isHigh: boolean;
}

const NO_GUARDS: readonly Guard[] = [];

export const formOf = (register: number): Form => ({
  terms: [register, 1],
  least: 0,
  most: 0,
  guards: NO_GUARDS,
  isHigh: false,
});
const constant = (value: number): Form | null =>
  Math.abs(value) > CONSTANT_MOST
    ? null
    : { terms: [], least: value, most: value, guards: NO_GUARDS, isHigh: false };

export const sameTerms = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);

/** a + factor * b, by terms. */
export function addTerms(a: readonly number[], b: readonly number[], factor: number): number[] {
  const out: number[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const left = a[i] ?? Number.POSITIVE_INFINITY;
    const right = b[j] ?? Number.POSITIVE_INFINITY;
    const sum =
      (left <= right ? (a[i + 1] as number) : 0) + (right <= left ? (b[j + 1] as number) * factor : 0);
    if (sum !== 0) out.push(Math.min(left, right), sum);
    if (left <= right) i += 2;
    if (right <= left) j += 2;
  }
  return out;
}

function checked(form: Form): Form | null {
  const { terms, least, most, guards } = form;
  const isTooMuch =
    terms.length > 2 * TERMS_MOST ||
    guards.length > GUARDS_MOST ||
    Math.max(Math.abs(least), Math.abs(most)) > CONSTANT_MOST ||
    terms.some((n, i) => i % 2 === 1 && Math.abs(n) > FACTOR_MOST);
  return isTooMuch ? null : form;
}

/** Both of two guards over the same terms. */
export const bothGuards = (a: Guard, b: Guard): Guard => ({
  terms: a.terms,
  least: Math.min(a.least, b.least),
  most: Math.max(a.most, b.most),
  lower: Math.max(a.lower, b.lower),
  upper: Math.min(a.upper, b.upper),
});

/** Guards over the same terms become one. */
export function addGuard(guards: readonly Guard[], guard: Guard): readonly Guard[] {
  const at = guards.findIndex(({ terms }) => sameTerms(terms, guard.terms));
  return at < 0 ? [...guards, guard] : guards.with(at, bothGuards(guards[at] as Guard, guard));
}

const guardsOf = (a: Form, b: Form): readonly Guard[] =>
  a.guards.length === 0 ? b.guards : b.guards.reduce(addGuard, a.guards);

function sum(a: Form | null, b: Form | null, sign: number): Form | null {
  if (a === null || b === null || a.isHigh || b.isHigh) return null;
  return checked({
    terms: addTerms(a.terms, b.terms, sign),
    least: a.least + (sign > 0 ? b.least : -b.most),
    most: a.most + (sign > 0 ? b.most : -b.least),
    guards: guardsOf(a, b),
    isHigh: false,
  });
}

function scaled(form: Form, by: number): Form | null {
  const terms = form.terms.map((n, i) => (i % 2 === 1 ? n * by : n));
  return checked({ ...form, terms, least: form.least * by, most: form.most * by });
}

/** The same, taken to fit into 32 bits. */
function guarded(form: Form | null, { lower, upper }: typeof SIGNED | typeof UNSIGNED): Form | null {
  if (form === null || form.isHigh) return null;
  const { terms, least, most, guards } = form;
  if (terms.length === 0) return least >= lower && most < upper ? form : null;
  return checked({ ...form, guards: addGuard(guards, { terms, least, most, lower, upper }) });
}

const constantOf = (e: Expr | null): number | null => {
  if (e?.op !== OP_I64_CONST) return null;
  return e.hi * 2 ** 32 + (e.lo >>> 0);
};

const RS1 = node<'i64'>('i64', OP_LOCAL_GET, null, null, 0);
const RS2 = node<'i64'>('i64', OP_LOCAL_GET, null, null, 1);
const NONE = node<'i64'>('i64', OP_LOCAL_GET, null, null, 2);

class FormScope implements Scope {
  readonly rs1: I64 = RS1;
  readonly rs2: I64 = RS2;
  readonly rs3: I64 = NONE;
  readonly isFused = false;
  imm: I64 = NONE;
  pc: I64 = NONE;
  get rm(): never {
    throw new TypeError('an integer instruction has no rounding mode');
  }
  get soft(): never {
    throw new TypeError('an integer instruction has no floating point');
  }
  bind = <T extends Expr>(value: T): T => value;
}
const scope = new FormScope();

/** The forms of the operands of an instruction. */
type Operands = readonly [rs1: Form | null, rs2: Form | null];

/** Any value of a range. */
const anyOf = (least: number, most: number): Form | null =>
  checked({ terms: [], least, most, guards: NO_GUARDS, isHigh: false });

function read(e: Expr | null, operands: Operands): Form | null {
  if (e === null) return null;
  if (e === RS1) return operands[0];
  if (e === RS2) return operands[1];
  const sum = readSum(e, operands);
  if (sum !== null) return sum;
  const most = mostOf(e, (part) => {
    const form = part === RS1 ? operands[0] : part === RS2 ? operands[1] : null;
    return form !== null && !form.isHigh && form.terms.length === 0 && form.least >= 0 ? form.most : null;
  });
  return most === null ? null : anyOf(0, most);
}

function readSum(e: Expr, operands: Operands): Form | null {
  switch (e.op) {
    case OP_I64_CONST:
      return constant(constantOf(e) as number);
    case ADD:
    case SUB:
      return sum(read(e.a, operands), read(e.b, operands), e.op === ADD ? 1 : -1);
    case EXTEND32:
      return guarded(read(e.a, operands), SIGNED);
    case EXTEND_S:
    case EXTEND_U:
      return e.a?.op === WRAP ? guarded(read(e.a.a, operands), e.op === EXTEND_S ? SIGNED : UNSIGNED) : null;
    case SHL:
    case SHR_S:
    case SHR_U: {
      const form = read(e.a, operands);
      const by = constantOf(e.b);
      return form === null || by === null ? null : shifted(form, e.op, by);
    }
    default:
      return null;
  }
}

function shifted(form: Form, op: number, by: number): Form | null {
  if (op !== SHL) {
    if (!form.isHigh || by > 32) return null;
    const word = guarded({ ...form, isHigh: false }, op === SHR_S ? SIGNED : UNSIGNED);
    return word === null ? null : scaled(word, 2 ** (32 - by));
  }
  if (form.isHigh) return null;
  if (by === 32) return { ...form, isHigh: true };
  return by > 32 ? null : scaled(form, 2 ** by);
}

/**
 * What an instruction leaves in rd, which is not 0.
 * @param of forms by register, null for what is none
 */
export function formAfter(
  { decoded: { row, operands }, pc }: Instruction,
  of: (register: number) => Form | null,
): Form | null {
  const { semantics } = row;
  if (semantics.kind === 'load' && !semantics.float && semantics.bytes <= 2) {
    const values = 256 ** semantics.bytes;
    return semantics.unsigned ? anyOf(0, values - 1) : anyOf(-values / 2, values / 2 - 1);
  }
  if (semantics.kind !== 'integer') return null;
  scope.imm = i64.const(operands.imm);
  scope.pc = i64.const(pc);
  return read(semantics.value(scope), [of(operands.rs1), of(operands.rs2)]);
}

/** x0. */
export const ZERO: Form = constant(0) as Form;

/** What holds where two ways meet. */
export function meetForms(a: Form | null, b: Form | null): Form | null {
  if (a === b || a === null || b === null) return a === b ? a : null;
  if (a.isHigh !== b.isHigh || !sameTerms(a.terms, b.terms)) return null;
  return checked({
    ...a,
    least: Math.min(a.least, b.least),
    most: Math.max(a.most, b.most),
    guards: guardsOf(a, b),
  });
}
