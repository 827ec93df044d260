/**
 * Values of 64 bits that are the sign extension of 32: expressions for their low half alone, and where one is met.
 *
 * Most of what a C program computes is of 32 bits, and RISC-V keeps such values sign extended. As i32 they need no extension, and
 * the host's compiler sees rotations and 32-bit comparisons.
 */
import type { Decoded } from '../../../machine/isa/decode.ts';
import type { Row } from '../../../machine/isa/row.ts';
import type { Scope } from '../../../machine/isa/semantics.ts';
import {
  type Expr,
  type I32,
  type I64,
  i32,
  i64,
  node,
  OP_I64_CONST,
  OP_LOCAL_GET,
  OP_SELECT,
  select,
} from '../../../machine/wasm/expr.ts';
import { filesOf } from './registers.ts';

/** Opcodes. Source: WebAssembly Core Specification, section 5.4. */
const LOAD8_S = 0x30;
const LOAD32_S = 0x34;
const LOAD32_U = 0x35;
const I32_EQZ = 0x45;
const I64_EQZ = 0x50;
const I64_GE_U = 0x5a;
const F64_GE = 0x66;
const ADD = 0x7c;
const SUB = 0x7d;
const MUL = 0x7e;
const AND = 0x83;
const OR = 0x84;
const XOR = 0x85;
const SHL = 0x86;
const SHR_S = 0x87;
const SHR_U = 0x88;
const EXTEND_S = 0xac;
const EXTEND_U = 0xad;
const EXTEND8 = 0xc2;
const EXTEND16 = 0xc3;
const EXTEND32 = 0xc4;
/** What an opcode for i64 is more than the same for i32: arithmetic, comparisons, extensions, loads. */
const MORE_ARITHMETIC = 0x12;
const MORE_COMPARISON = I64_EQZ - I32_EQZ;
const MORE_EXTENSION = 2;
const MORE_LOAD = 4;
const I32_LOAD = 0x28;

const isConstant = (e: Expr): boolean => e.op === OP_I64_CONST;
const isZero = (e: Expr): boolean => isConstant(e) && e.lo === 0 && e.hi === 0;
const first = (e: Expr): I64 => e.a as I64;
const second = (e: Expr): I64 => e.b as I64;

/** True if a value provably is the sign extension of its low half. */
export function isSigned32(e: I64): boolean {
  switch (e.op) {
    case EXTEND_S:
    case EXTEND8:
    case EXTEND16:
    case EXTEND32:
      return true;
    case OP_I64_CONST:
      return e.hi === e.lo >> 31;
    case EXTEND_U: {
      const { op } = e.a as Expr;
      return op >= I32_EQZ && op <= F64_GE;
    }
    case ADD:
      return (isZero(first(e)) && isSigned32(second(e))) || (isZero(second(e)) && isSigned32(first(e)));
    case AND: {
      const [a, b] = [first(e), second(e)];
      const bounds = (x: I64): boolean => isConstant(x) && x.hi === 0 && x.lo >= 0;
      return bounds(a) || bounds(b) || (isSigned32(a) && isSigned32(b));
    }
    case OR:
    case XOR:
      return isSigned32(first(e)) && isSigned32(second(e));
    case SHR_S:
      return isSigned32(first(e));
    case SHR_U:
      return isConstant(second(e)) && (second(e).lo & 63) > 32;
    case OP_SELECT:
      return isSigned32(first(e)) && isSigned32(second(e));
    default:
      return e.op >= LOAD8_S && e.op <= LOAD32_S;
  }
}

/** The low half of a value. */
export function low32(e: I64): I32 {
  switch (e.op) {
    case EXTEND_S:
    case EXTEND_U:
      return narrowed(e.a as I32);
    case OP_I64_CONST:
      return i32.const(e.lo);
    case EXTEND8:
    case EXTEND16:
      return node('i32', e.op - MORE_EXTENSION, low32(first(e)));
    case EXTEND32:
      return low32(first(e));
    case ADD:
    case SUB:
    case MUL:
    case AND:
    case OR:
    case XOR:
      return node('i32', e.op - MORE_ARITHMETIC, low32(first(e)), low32(second(e)));
    case SHL:
      if (!isConstant(second(e))) return i32.wrap(e);
      return second(e).lo < 32 ? i32.shl(low32(first(e)), i32.const(second(e).lo)) : i32.const(0);
    case SHR_S:
      if (!isConstant(second(e)) || !isSigned32(first(e))) return i32.wrap(e);
      return i32.shrS(low32(first(e)), i32.const(Math.min(second(e).lo, 31)));
    case OP_SELECT:
      return select(e.c as I32, low32(first(e)), low32(second(e)));
    default:
      if (e.op < LOAD8_S || e.op > LOAD32_U) return i32.wrap(e);
      return node('i32', e.op >= LOAD32_S ? I32_LOAD : e.op - MORE_LOAD, e.a, null, e.lo);
  }
}

/** A comparison, of the low halves if they tell. */
export function narrowed(e: I32): I32 {
  if (e.op < I64_EQZ || e.op > I64_GE_U) return e;
  const b = e.b as I64 | null;
  if (!isSigned32(first(e)) || (b !== null && !isSigned32(b))) return e;
  return node('i32', e.op - MORE_COMPARISON, low32(first(e)), b === null ? null : low32(b));
}

/** The amount by which a value is shifted left, to the right without sign; 0 if it is not, or not by a constant. */
export const shiftedLeft = (e: I64): number => (e.op === SHL && isConstant(second(e)) ? second(e).lo : 0);
export const shiftedRight = (e: I64): number => (e.op === SHR_U && isConstant(second(e)) ? second(e).lo : 0);

/** A word without sign, shifted left by 32 and right by so many bits, from 1 to 63. */
export function unsignedWordShifted(word: I32, right: number): I64 {
  const value = i64.extendU(word);
  if (right === 32) return value;
  return right < 32 ? i64.shl(value, i64.const(32 - right)) : i64.shrU(value, i64.const(right - 32));
}

const wide = node<'i64'>('i64', OP_LOCAL_GET);
const signed = i64.extendS(node<'i32'>('i32', OP_LOCAL_GET));
const KINDS: readonly I64[] = [wide, signed, i64.const(0)];
/** Samples of immediates: what is below holds for all that are negative, 0, from 1 to 32 or above that. */
const IMMEDIATES: readonly number[] = [-5, 0, 5, 40];
const immediateKind = (imm: number): number => (imm < 0 ? 0 : imm === 0 ? 1 : imm <= 32 ? 2 : 3);

const verdicts = new Map<Row, Int8Array>();

/** True if an instruction leaves a sign-extended 32-bit value in rd, given which registers have such values (bit n for xn). */
export function leavesSigned32({ row, operands }: Decoded, known: number): boolean {
  const { semantics } = row;
  if (semantics.kind === 'load') {
    return !semantics.float && (semantics.bytes < 4 || (semantics.bytes === 4 && !semantics.unsigned));
  }
  if (semantics.kind !== 'integer') return false;
  const kindOf = (register: number): number => (register === 0 ? 2 : (known >>> register) & 1);
  const { rs1, rs2, imm } = operands;
  const [kind1, kind2, kind3] = [kindOf(rs1), kindOf(rs2), immediateKind(imm)];
  let table = verdicts.get(row);
  if (table === undefined) {
    table = new Int8Array(KINDS.length * KINDS.length * IMMEDIATES.length).fill(-1);
    verdicts.set(row, table);
  }
  const at = (kind1 * KINDS.length + kind2) * IMMEDIATES.length + kind3;
  if (table[at] === -1) {
    const scope: Scope = {
      rs1: KINDS[kind1] as I64,
      rs2: KINDS[kind2] as I64,
      rs3: wide,
      imm: i64.const(IMMEDIATES[kind3] as number),
      pc: wide,
      isFused: false,
      get rm(): never {
        throw new TypeError('an integer instruction has no rounding mode');
      },
      get soft(): never {
        throw new TypeError('an integer instruction has no floating point');
      },
      bind: (value) => value,
    };
    table[at] = isSigned32(semantics.value(scope)) ? 1 : 0;
  }
  return table[at] === 1 && filesOf(row.format).rd === 'x';
}
