/**
 * RV64I, M, Zicsr and Zifencei: the integer instructions. A long table.
 *
 * Source: Unprivileged ISA, chapters 2 (RV32I), 4 (RV64I), 7 (M), 5 (Zifencei), 6 (Zicsr).
 */
import { type I64, i32, i64, select } from '../wasm/expr.ts';
import * as F from './format.ts';
import { type Row, row } from './row.ts';
import { branch, integer, load, type Scope, type Semantics, store } from './semantics.ts';

const I_MASK = 0x707f;
const R_MASK = 0xfe00707f;
const OP = 0x33;
const OP32 = 0x3b;

const wide = i64.extendU;
/** A 32-bit result, sign extended as every *w instruction leaves it. */
const word = i64.extendS;
const low = i32.wrap;

/** High half of the unsigned product, from four 32-bit products. Operands bound. */
function mulHighUnsigned(s: Scope, a: I64, b: I64): I64 {
  const ones = i64.bits(0, -1);
  const half = i64.const(32);
  const al = s.bind(i64.and(a, ones));
  const ah = s.bind(i64.shrU(a, half));
  const bl = s.bind(i64.and(b, ones));
  const bh = s.bind(i64.shrU(b, half));
  const u = s.bind(i64.add(i64.mul(ah, bl), i64.shrU(i64.mul(al, bl), half)));
  const v = i64.add(i64.mul(al, bh), i64.and(u, ones));
  return i64.add(i64.add(i64.mul(ah, bh), i64.shrU(u, half)), i64.shrU(v, half));
}

/** What to take off the unsigned high half when `a` is signed: b where a is negative. */
const signPart = (a: I64, b: I64): I64 => i64.and(i64.shrS(a, i64.const(63)), b);

const mulh = integer((s) => {
  const a = s.bind(s.rs1);
  const b = s.bind(s.rs2);
  return i64.sub(i64.sub(mulHighUnsigned(s, a, b), signPart(a, b)), signPart(b, a));
});
const mulhsu = integer((s) => {
  const a = s.bind(s.rs1);
  const b = s.bind(s.rs2);
  return i64.sub(mulHighUnsigned(s, a, b), signPart(a, b));
});
const mulhu = integer((s) => mulHighUnsigned(s, s.bind(s.rs1), s.bind(s.rs2)));

const MINUS_1 = i64.const(-1);
const ONE = i64.const(1);
const ZERO = i64.const(0);

/** Signed division with the divisors 0 and -1, on which Wasm traps, replaced by 1. */
const safeSigned = (b: I64): I64 => select(i64.leU(i64.add(b, ONE), ONE), ONE, b);
const safeUnsigned = (b: I64): I64 => select(i64.eqz(b), ONE, b);
const divide = (a: I64, b: I64): I64 =>
  select(i64.eqz(b), MINUS_1, select(i64.eq(b, MINUS_1), i64.sub(ZERO, a), i64.divS(a, safeSigned(b))));
const remainder = (a: I64, b: I64): I64 => select(i64.eqz(b), a, i64.remS(a, safeSigned(b)));
const divideUnsigned = (a: I64, b: I64): I64 => select(i64.eqz(b), MINUS_1, i64.divU(a, safeUnsigned(b)));
const remainderUnsigned = (a: I64, b: I64): I64 => select(i64.eqz(b), a, i64.remU(a, safeUnsigned(b)));

const division = (of: (a: I64, b: I64) => I64): Semantics => integer((s) => of(s.bind(s.rs1), s.bind(s.rs2)));
const signedWords = (of: (a: I64, b: I64) => I64): Semantics =>
  integer((s) => i64.extend32(of(s.bind(i64.extend32(s.rs1)), s.bind(i64.extend32(s.rs2)))));
const unsignedWords = (of: (a: I64, b: I64) => I64): Semantics =>
  integer((s) => i64.extend32(of(s.bind(wide(low(s.rs1))), s.bind(wide(low(s.rs2))))));

const csr = (action: 'write' | 'set' | 'clear', immediate: boolean): Semantics => ({
  kind: 'csr',
  action,
  immediate,
});

const loads: readonly Row[] = [
  row('lb', 0x0003, I_MASK, F.LOAD, load(1, false, i64.load8S)),
  row('lh', 0x1003, I_MASK, F.LOAD, load(2, false, i64.load16S)),
  row('lw', 0x2003, I_MASK, F.LOAD, load(4, false, i64.load32S)),
  row('ld', 0x3003, I_MASK, F.LOAD, load(8, false, i64.load)),
  row('lbu', 0x4003, I_MASK, F.LOAD, load(1, true, i64.load8U)),
  row('lhu', 0x5003, I_MASK, F.LOAD, load(2, true, i64.load16U)),
  row('lwu', 0x6003, I_MASK, F.LOAD, load(4, true, i64.load32U)),
  row('sb', 0x0023, I_MASK, F.S, store(1)),
  row('sh', 0x1023, I_MASK, F.S, store(2)),
  row('sw', 0x2023, I_MASK, F.S, store(4)),
  row('sd', 0x3023, I_MASK, F.S, store(8)),
];

const immediates: readonly Row[] = [
  row(
    'lui',
    0x37,
    0x7f,
    F.U,
    integer((s) => s.imm),
  ),
  row(
    'auipc',
    0x17,
    0x7f,
    F.U,
    integer((s) => i64.add(s.pc, s.imm)),
  ),
  row(
    'addi',
    0x0013,
    I_MASK,
    F.I,
    integer((s) => i64.add(s.rs1, s.imm)),
  ),
  row(
    'slti',
    0x2013,
    I_MASK,
    F.I,
    integer((s) => wide(i64.ltS(s.rs1, s.imm))),
  ),
  row(
    'sltiu',
    0x3013,
    I_MASK,
    F.I,
    integer((s) => wide(i64.ltU(s.rs1, s.imm))),
  ),
  row(
    'xori',
    0x4013,
    I_MASK,
    F.I,
    integer((s) => i64.xor(s.rs1, s.imm)),
  ),
  row(
    'ori',
    0x6013,
    I_MASK,
    F.I,
    integer((s) => i64.or(s.rs1, s.imm)),
  ),
  row(
    'andi',
    0x7013,
    I_MASK,
    F.I,
    integer((s) => i64.and(s.rs1, s.imm)),
  ),
  row(
    'slli',
    0x00001013,
    0xfc00707f,
    F.SHIFT6,
    integer((s) => i64.shl(s.rs1, s.imm)),
  ),
  row(
    'srli',
    0x00005013,
    0xfc00707f,
    F.SHIFT6,
    integer((s) => i64.shrU(s.rs1, s.imm)),
  ),
  row(
    'srai',
    0x40005013,
    0xfc00707f,
    F.SHIFT6,
    integer((s) => i64.shrS(s.rs1, s.imm)),
  ),
  row(
    'addiw',
    0x001b,
    I_MASK,
    F.I,
    integer((s) => i64.extend32(i64.add(s.rs1, s.imm))),
  ),
  row(
    'slliw',
    0x0000101b,
    R_MASK,
    F.SHIFT5,
    integer((s) => word(i32.shl(low(s.rs1), low(s.imm)))),
  ),
  row(
    'srliw',
    0x0000501b,
    R_MASK,
    F.SHIFT5,
    integer((s) => word(i32.shrU(low(s.rs1), low(s.imm)))),
  ),
  row(
    'sraiw',
    0x4000501b,
    R_MASK,
    F.SHIFT5,
    integer((s) => word(i32.shrS(low(s.rs1), low(s.imm)))),
  ),
];

const r = (
  mnemonic: string,
  opcode: number,
  funct3: number,
  funct7: number,
  semantics: Semantics,
  note?: string,
): Row => row(mnemonic, (opcode | (funct3 << 12) | (funct7 << 25)) >>> 0, R_MASK, F.R, semantics, note);

const registers: readonly Row[] = [
  r(
    'add',
    OP,
    0,
    0x00,
    integer((s) => i64.add(s.rs1, s.rs2)),
  ),
  r(
    'sub',
    OP,
    0,
    0x20,
    integer((s) => i64.sub(s.rs1, s.rs2)),
  ),
  r(
    'sll',
    OP,
    1,
    0x00,
    integer((s) => i64.shl(s.rs1, s.rs2)),
    'low 6 bits of rs2 count, as in Wasm',
  ),
  r(
    'slt',
    OP,
    2,
    0x00,
    integer((s) => wide(i64.ltS(s.rs1, s.rs2))),
  ),
  r(
    'sltu',
    OP,
    3,
    0x00,
    integer((s) => wide(i64.ltU(s.rs1, s.rs2))),
  ),
  r(
    'xor',
    OP,
    4,
    0x00,
    integer((s) => i64.xor(s.rs1, s.rs2)),
  ),
  r(
    'srl',
    OP,
    5,
    0x00,
    integer((s) => i64.shrU(s.rs1, s.rs2)),
  ),
  r(
    'sra',
    OP,
    5,
    0x20,
    integer((s) => i64.shrS(s.rs1, s.rs2)),
  ),
  r(
    'or',
    OP,
    6,
    0x00,
    integer((s) => i64.or(s.rs1, s.rs2)),
  ),
  r(
    'and',
    OP,
    7,
    0x00,
    integer((s) => i64.and(s.rs1, s.rs2)),
  ),
  r(
    'addw',
    OP32,
    0,
    0x00,
    integer((s) => i64.extend32(i64.add(s.rs1, s.rs2))),
  ),
  r(
    'subw',
    OP32,
    0,
    0x20,
    integer((s) => i64.extend32(i64.sub(s.rs1, s.rs2))),
  ),
  r(
    'sllw',
    OP32,
    1,
    0x00,
    integer((s) => word(i32.shl(low(s.rs1), low(s.rs2)))),
    'low 5 bits of rs2 count',
  ),
  r(
    'srlw',
    OP32,
    5,
    0x00,
    integer((s) => word(i32.shrU(low(s.rs1), low(s.rs2)))),
  ),
  r(
    'sraw',
    OP32,
    5,
    0x20,
    integer((s) => word(i32.shrS(low(s.rs1), low(s.rs2)))),
  ),
  r(
    'mul',
    OP,
    0,
    0x01,
    integer((s) => i64.mul(s.rs1, s.rs2)),
  ),
  r('mulh', OP, 1, 0x01, mulh),
  r('mulhsu', OP, 2, 0x01, mulhsu),
  r('mulhu', OP, 3, 0x01, mulhu),
  r('div', OP, 4, 0x01, division(divide), 'x / 0 = -1, overflow = the dividend (7.2, table 11)'),
  r('divu', OP, 5, 0x01, division(divideUnsigned), 'x / 0 = 2^64 - 1'),
  r('rem', OP, 6, 0x01, division(remainder), 'x % 0 = x, overflow = 0'),
  r('remu', OP, 7, 0x01, division(remainderUnsigned), 'x % 0 = x'),
  r(
    'mulw',
    OP32,
    0,
    0x01,
    integer((s) => i64.extend32(i64.mul(s.rs1, s.rs2))),
  ),
  r('divw', OP32, 4, 0x01, signedWords(divide)),
  r('divuw', OP32, 5, 0x01, unsignedWords(divideUnsigned)),
  r('remw', OP32, 6, 0x01, signedWords(remainder)),
  r('remuw', OP32, 7, 0x01, unsignedWords(remainderUnsigned)),
];

const transfers: readonly Row[] = [
  row('jal', 0x6f, 0x7f, F.J, { kind: 'jal' }),
  row('jalr', 0x0067, I_MASK, F.LOAD, { kind: 'jalr' }, 'bit 0 of the target is cleared (2.5.1)'),
  row(
    'beq',
    0x0063,
    I_MASK,
    F.B,
    branch((s) => i64.eq(s.rs1, s.rs2)),
  ),
  row(
    'bne',
    0x1063,
    I_MASK,
    F.B,
    branch((s) => i64.ne(s.rs1, s.rs2)),
  ),
  row(
    'blt',
    0x4063,
    I_MASK,
    F.B,
    branch((s) => i64.ltS(s.rs1, s.rs2)),
  ),
  row(
    'bge',
    0x5063,
    I_MASK,
    F.B,
    branch((s) => i64.geS(s.rs1, s.rs2)),
  ),
  row(
    'bltu',
    0x6063,
    I_MASK,
    F.B,
    branch((s) => i64.ltU(s.rs1, s.rs2)),
  ),
  row(
    'bgeu',
    0x7063,
    I_MASK,
    F.B,
    branch((s) => i64.geU(s.rs1, s.rs2)),
  ),
];

const system: readonly Row[] = [
  row('fence', 0x000f, I_MASK, F.FENCE, { kind: 'fence' }, 'also pause and fence.tso, hints here'),
  row(
    'fence.i',
    0x100f,
    I_MASK,
    F.FENCE,
    { kind: 'fence.i' },
    'imm, rs1 and rd are reserved and ignored (5)',
  ),
  row('ecall', 0x00000073, 0xffffffff, F.NONE, { kind: 'ecall' }),
  row('ebreak', 0x00100073, 0xffffffff, F.NONE, { kind: 'ebreak' }),
  row('csrrw', 0x1073, I_MASK, F.CSR, csr('write', false)),
  row('csrrs', 0x2073, I_MASK, F.CSR, csr('set', false), 'rs1 = x0 does not write (6.1, table 5)'),
  row('csrrc', 0x3073, I_MASK, F.CSR, csr('clear', false), 'rs1 = x0 does not write'),
  row('csrrwi', 0x5073, I_MASK, F.CSRI, csr('write', true)),
  row('csrrsi', 0x6073, I_MASK, F.CSRI, csr('set', true), 'a zero immediate does not write'),
  row('csrrci', 0x7073, I_MASK, F.CSRI, csr('clear', true), 'a zero immediate does not write'),
];

export const integerRows: readonly Row[] = [...loads, ...immediates, ...registers, ...transfers, ...system];
