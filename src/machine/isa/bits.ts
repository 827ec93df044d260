/**
 * Zba, Zbb and Zbs: addresses, basic bit manipulation, single bits. A table.
 *
 * None of these has a 16-bit form here (those are Zcb's). What lies between them in the encoding (Zbc, Zbkb, Zbkx, the 32-bit
 * forms of zext.h and rev8) is reserved. Source: Unprivileged ISA, chapter 28 (B).
 */
import { type I64, i32, i64, select } from '../wasm/expr.ts';
import * as F from './format.ts';
import { type Row, row } from './row.ts';
import { integer, type Scope } from './semantics.ts';

const OP = 0x33;
const OP32 = 0x3b;
const OP_IMM = 0x13;
const OP_IMM32 = 0x1b;

const R_MASK = 0xfe00707f;
const SHIFT6_MASK = 0xfc00707f;
const UNARY_MASK = 0xfff0707f;

type Value = (s: Scope) => I64;
/** What becomes of a register and the low bits of a number, both of them used once. */
type Shift = (a: I64, count: I64) => I64;

const matchOf = (opcode: number, funct3: number, funct7: number, rs2 = 0): number =>
  (opcode | (funct3 << 12) | (rs2 << 20) | (funct7 << 25)) >>> 0;

const binary = (
  mnemonic: string,
  opcode: number,
  funct3: number,
  funct7: number,
  value: Value,
  note?: string,
): Row => row(mnemonic, matchOf(opcode, funct3, funct7), R_MASK, F.R, integer(value), note);

const unary = (
  mnemonic: string,
  opcode: number,
  funct3: number,
  funct7: number,
  rs2: number,
  value: Value,
  note?: string,
): Row => row(mnemonic, matchOf(opcode, funct3, funct7, rs2), UNARY_MASK, F.UNARY, integer(value), note);

/** By a register and by an immediate of 6 bits; Wasm too takes the low 6 bits of a count. */
const shifts = (mnemonic: string, funct3: number, funct7: number, shift: Shift): readonly Row[] => [
  binary(mnemonic, OP, funct3, funct7, (s) => shift(s.rs1, s.rs2)),
  row(
    `${mnemonic}i`,
    matchOf(OP_IMM, funct3, funct7),
    SHIFT6_MASK,
    F.SHIFT6,
    integer((s) => shift(s.rs1, s.imm)),
  ),
];

const ONE = i64.const(1);
const ONES = i64.const(-1);
const ALL_BUT_BIT_0 = i64.const(-2);

const low = i32.wrap;
/** A 32-bit result, sign extended. */
const word = i64.extendS;
const unsignedWord = (a: I64): I64 => i64.extendU(i32.wrap(a));
const not = (a: I64): I64 => i64.xor(a, ONES);
const shiftedBy = (a: I64, count: number): I64 => i64.shl(a, i64.const(count));

/** One of two operands, by a comparison of them. */
const choose =
  (takesFirst: typeof i64.ltS): Value =>
  (s) => {
    const a = s.bind(s.rs1);
    const b = s.bind(s.rs2);
    return select(takesFirst(a, b), a, b);
  };

const SEVENS = i64.bits(0x7f7f7f7f, 0x7f7f7f7f);
const EIGHTHS = i64.bits(0x80808080 | 0, 0x80808080 | 0);

/** The top bit of each byte says if the byte is zero or not; from it down to the lowest all are made the same. */
const orCombine: Value = (s) => {
  const a = s.bind(s.rs1);
  const top = s.bind(i64.and(i64.or(i64.add(i64.and(a, SEVENS), SEVENS), a), EIGHTHS));
  return i64.sub(i64.shl(top, ONE), i64.shrU(top, i64.const(7)));
};

/** Neighbours of `width` bits change places; `mask` has the lower of each pair. */
function swap(s: Scope, value: I64, width: number, mask: I64): I64 {
  const a = s.bind(value);
  const by = i64.const(width);
  return i64.or(i64.shl(i64.and(a, mask), by), i64.and(i64.shrU(a, by), mask));
}

/** Bytes, then pairs, then the two halves change places. */
const reverseBytes: Value = (s) => {
  const pairs = swap(s, s.rs1, 8, i64.bits(0x00ff00ff, 0x00ff00ff));
  return i64.rotl(swap(s, pairs, 16, i64.bits(0x0000ffff, 0x0000ffff)), i64.const(32));
};

const addresses: readonly Row[] = [
  ...[1, 2, 3].flatMap((count) => [
    binary(`sh${count}add`, OP, count * 2, 0x10, (s) => i64.add(shiftedBy(s.rs1, count), s.rs2)),
    binary(`sh${count}add.uw`, OP32, count * 2, 0x10, (s) =>
      i64.add(shiftedBy(unsignedWord(s.rs1), count), s.rs2),
    ),
  ]),
  binary('add.uw', OP32, 0, 0x04, (s) => i64.add(unsignedWord(s.rs1), s.rs2)),
  row(
    'slli.uw',
    matchOf(OP_IMM32, 1, 0x04),
    SHIFT6_MASK,
    F.SHIFT6,
    integer((s) => i64.shl(unsignedWord(s.rs1), s.imm)),
    'the count has 6 bits, unlike those of slliw',
  ),
];

const basic: readonly Row[] = [
  binary('andn', OP, 7, 0x20, (s) => i64.and(s.rs1, not(s.rs2))),
  binary('orn', OP, 6, 0x20, (s) => i64.or(s.rs1, not(s.rs2))),
  binary('xnor', OP, 4, 0x20, (s) => not(i64.xor(s.rs1, s.rs2))),
  unary('clz', OP_IMM, 1, 0x30, 0, (s) => i64.clz(s.rs1), 'of zero the width, as in Wasm'),
  unary('ctz', OP_IMM, 1, 0x30, 1, (s) => i64.ctz(s.rs1)),
  unary('cpop', OP_IMM, 1, 0x30, 2, (s) => i64.popcnt(s.rs1)),
  unary('clzw', OP_IMM32, 1, 0x30, 0, (s) => i64.extendU(i32.clz(low(s.rs1)))),
  unary('ctzw', OP_IMM32, 1, 0x30, 1, (s) => i64.extendU(i32.ctz(low(s.rs1)))),
  unary('cpopw', OP_IMM32, 1, 0x30, 2, (s) => i64.extendU(i32.popcnt(low(s.rs1)))),
  binary('min', OP, 4, 0x05, choose(i64.ltS)),
  binary('minu', OP, 5, 0x05, choose(i64.ltU)),
  binary('max', OP, 6, 0x05, choose(i64.gtS)),
  binary('maxu', OP, 7, 0x05, choose(i64.gtU)),
  unary('sext.b', OP_IMM, 1, 0x30, 4, (s) => i64.extend8(s.rs1)),
  unary('sext.h', OP_IMM, 1, 0x30, 5, (s) => i64.extend16(s.rs1)),
  unary(
    'zext.h',
    OP32,
    4,
    0x04,
    0,
    (s) => i64.and(s.rs1, i64.const(0xffff)),
    'any other rs2 is packw, of Zbkb',
  ),
  binary('rol', OP, 1, 0x30, (s) => i64.rotl(s.rs1, s.rs2), 'there is no roli'),
  ...shifts('ror', 5, 0x30, i64.rotr),
  binary('rolw', OP32, 1, 0x30, (s) => word(i32.rotl(low(s.rs1), low(s.rs2)))),
  binary('rorw', OP32, 5, 0x30, (s) => word(i32.rotr(low(s.rs1), low(s.rs2)))),
  row(
    'roriw',
    matchOf(OP_IMM32, 5, 0x30),
    R_MASK,
    F.SHIFT5,
    integer((s) => word(i32.rotr(low(s.rs1), low(s.imm)))),
  ),
  unary('orc.b', OP_IMM, 5, 0x14, 7, orCombine),
  unary('rev8', OP_IMM, 5, 0x35, 0x18, reverseBytes),
];

const singleBits: readonly Row[] = [
  ...shifts('bclr', 1, 0x24, (a, n) => i64.and(a, i64.rotl(ALL_BUT_BIT_0, n))),
  ...shifts('bext', 5, 0x24, (a, n) => i64.and(i64.shrU(a, n), ONE)),
  ...shifts('binv', 1, 0x34, (a, n) => i64.xor(a, i64.shl(ONE, n))),
  ...shifts('bset', 1, 0x14, (a, n) => i64.or(a, i64.shl(ONE, n))),
];

export const bitRows: readonly Row[] = [...addresses, ...basic, ...singleBits];
