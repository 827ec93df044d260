/**
 * Typed WebAssembly expressions: a tree per value, built by functions named after the instructions.
 *
 * Shared by the ISA's semantics and every back end. A node that occurs twice is evaluated twice: bind it to a local
 * (`Local.tee`, or the semantics' `bind`) to share it. Nodes have one hidden class. Holds no statements (stmt.ts).
 * Source: WebAssembly Core Specification, section 5.4.
 */

export type ValueType = 'i32' | 'i64' | 'f32' | 'f64';

/** A value of type T. `op` is the opcode (0xfcNN for prefixed ones); `lo`, `hi` its immediates, as signed words: a host keeps other numbers in another way. */
export interface Expr<T extends ValueType = ValueType> {
  readonly type: T;
  readonly op: number;
  readonly a: Expr | null;
  readonly b: Expr | null;
  readonly c: Expr | null;
  readonly lo: number;
  readonly hi: number;
  readonly args: readonly Expr[] | null;
}

export type I32 = Expr<'i32'>;
export type I64 = Expr<'i64'>;
export type F32 = Expr<'f32'>;
export type F64 = Expr<'f64'>;

type Unary<A extends ValueType, R extends ValueType = A> = (a: Expr<A>) => Expr<R>;
type Binary<A extends ValueType, R extends ValueType = A> = (a: Expr<A>, b: Expr<A>) => Expr<R>;
type Load<R extends ValueType> = (address: I32, offset?: number) => Expr<R>;

export const OP_CALL = 0x10;
export const OP_SELECT = 0x1b;
export const OP_LOCAL_GET = 0x20;
export const OP_LOCAL_TEE = 0x22;
export const OP_GLOBAL_GET = 0x23;
export const OP_I32_CONST = 0x41;
export const OP_I64_CONST = 0x42;
/** Not opcodes: a fused multiply-add by way of vectors, in doubles and in singles. */
export const OP_FUSED_F64 = 0xfe00;
export const OP_FUSED_F32 = 0xfe01;
const OP_I32_LOAD = 0x28;
const OP_I64_LOAD = 0x29;
const OP_F64_LOAD = 0x2b;
const OP_I64_FROM_F64 = 0xbd;
const OP_F64_FROM_I64 = 0xbf;

/** Build a node. Back ends use the named functions below; this is for locals, globals and calls. */
export const node = <T extends ValueType>(
  type: T,
  op: number,
  a: Expr | null = null,
  b: Expr | null = null,
  lo = 0,
  hi = 0,
  c: Expr | null = null,
  args: readonly Expr[] | null = null,
): Expr<T> => ({ type, op, a, b, c, lo: lo | 0, hi: hi | 0, args });

const unary =
  <A extends ValueType, R extends ValueType>(type: R, op: number): Unary<A, R> =>
  (a) =>
    node(type, op, a);
const binary =
  <A extends ValueType, R extends ValueType>(type: R, op: number): Binary<A, R> =>
  (a, b) =>
    node(type, op, a, b);
const load =
  <R extends ValueType>(type: R, op: number): Load<R> =>
  (address, offset = 0) =>
    node(type, op, address, null, offset);

/** What i32 and i64 have alike. */
export interface IntegerOps<T extends ValueType> {
  readonly const: (value: number) => Expr<T>;
  readonly eqz: Unary<T, 'i32'>;
  readonly eq: Binary<T, 'i32'>;
  readonly ne: Binary<T, 'i32'>;
  readonly ltS: Binary<T, 'i32'>;
  readonly ltU: Binary<T, 'i32'>;
  readonly gtS: Binary<T, 'i32'>;
  readonly gtU: Binary<T, 'i32'>;
  readonly leS: Binary<T, 'i32'>;
  readonly leU: Binary<T, 'i32'>;
  readonly geS: Binary<T, 'i32'>;
  readonly geU: Binary<T, 'i32'>;
  readonly clz: Unary<T>;
  readonly ctz: Unary<T>;
  readonly popcnt: Unary<T>;
  readonly add: Binary<T>;
  readonly sub: Binary<T>;
  readonly mul: Binary<T>;
  readonly divS: Binary<T>;
  readonly divU: Binary<T>;
  readonly remS: Binary<T>;
  readonly remU: Binary<T>;
  readonly and: Binary<T>;
  readonly or: Binary<T>;
  readonly xor: Binary<T>;
  readonly shl: Binary<T>;
  readonly shrS: Binary<T>;
  readonly shrU: Binary<T>;
  readonly rotl: Binary<T>;
  readonly rotr: Binary<T>;
  readonly load: Load<T>;
  readonly load8S: Load<T>;
  readonly load8U: Load<T>;
  readonly load16S: Load<T>;
  readonly load16U: Load<T>;
}

const integerOps = <T extends 'i32' | 'i64'>(
  type: T,
  constant: (value: number) => Expr<T>,
  compare: number,
  arithmetic: number,
  memory: number,
  narrow: number,
): IntegerOps<T> => ({
  const: constant,
  eqz: unary('i32', compare),
  eq: binary('i32', compare + 1),
  ne: binary('i32', compare + 2),
  ltS: binary('i32', compare + 3),
  ltU: binary('i32', compare + 4),
  gtS: binary('i32', compare + 5),
  gtU: binary('i32', compare + 6),
  leS: binary('i32', compare + 7),
  leU: binary('i32', compare + 8),
  geS: binary('i32', compare + 9),
  geU: binary('i32', compare + 10),
  clz: unary(type, arithmetic),
  ctz: unary(type, arithmetic + 1),
  popcnt: unary(type, arithmetic + 2),
  add: binary(type, arithmetic + 3),
  sub: binary(type, arithmetic + 4),
  mul: binary(type, arithmetic + 5),
  divS: binary(type, arithmetic + 6),
  divU: binary(type, arithmetic + 7),
  remS: binary(type, arithmetic + 8),
  remU: binary(type, arithmetic + 9),
  and: binary(type, arithmetic + 10),
  or: binary(type, arithmetic + 11),
  xor: binary(type, arithmetic + 12),
  shl: binary(type, arithmetic + 13),
  shrS: binary(type, arithmetic + 14),
  shrU: binary(type, arithmetic + 15),
  rotl: binary(type, arithmetic + 16),
  rotr: binary(type, arithmetic + 17),
  load: load(type, memory),
  load8S: load(type, narrow),
  load8U: load(type, narrow + 1),
  load16S: load(type, narrow + 2),
  load16U: load(type, narrow + 3),
});

/** What f32 and f64 have alike. */
export interface FloatOps<T extends ValueType> {
  readonly eq: Binary<T, 'i32'>;
  readonly ne: Binary<T, 'i32'>;
  readonly lt: Binary<T, 'i32'>;
  readonly gt: Binary<T, 'i32'>;
  readonly le: Binary<T, 'i32'>;
  readonly ge: Binary<T, 'i32'>;
  readonly abs: Unary<T>;
  readonly neg: Unary<T>;
  readonly ceil: Unary<T>;
  readonly floor: Unary<T>;
  readonly trunc: Unary<T>;
  readonly nearest: Unary<T>;
  readonly sqrt: Unary<T>;
  readonly add: Binary<T>;
  readonly sub: Binary<T>;
  readonly mul: Binary<T>;
  readonly div: Binary<T>;
  readonly min: Binary<T>;
  readonly max: Binary<T>;
  readonly fromI32S: Unary<'i32', T>;
  readonly fromI32U: Unary<'i32', T>;
  readonly fromI64S: Unary<'i64', T>;
  readonly fromI64U: Unary<'i64', T>;
  readonly load: Load<T>;
  /** `a * b + c`, rounded once where `hasFusedMultiplyAdd` (host.ts) says so. Source: WebAssembly relaxed SIMD proposal. */
  readonly fused: (a: Expr<T>, b: Expr<T>, c: Expr<T>) => Expr<T>;
}

const floatOps = <T extends 'f32' | 'f64'>(
  type: T,
  compare: number,
  arithmetic: number,
  convert: number,
  memory: number,
  fused: number,
): FloatOps<T> => ({
  eq: binary('i32', compare),
  ne: binary('i32', compare + 1),
  lt: binary('i32', compare + 2),
  gt: binary('i32', compare + 3),
  le: binary('i32', compare + 4),
  ge: binary('i32', compare + 5),
  abs: unary(type, arithmetic),
  neg: unary(type, arithmetic + 1),
  ceil: unary(type, arithmetic + 2),
  floor: unary(type, arithmetic + 3),
  trunc: unary(type, arithmetic + 4),
  nearest: unary(type, arithmetic + 5),
  sqrt: unary(type, arithmetic + 6),
  add: binary(type, arithmetic + 7),
  sub: binary(type, arithmetic + 8),
  mul: binary(type, arithmetic + 9),
  div: binary(type, arithmetic + 10),
  min: binary(type, arithmetic + 11),
  max: binary(type, arithmetic + 12),
  fromI32S: unary(type, convert),
  fromI32U: unary(type, convert + 1),
  fromI64S: unary(type, convert + 2),
  fromI64U: unary(type, convert + 3),
  load: load(type, memory),
  fused: (a, b, c) => node(type, fused, a, b, 0, 0, c),
});

export interface I32Ops extends IntegerOps<'i32'> {
  readonly wrap: Unary<'i64', 'i32'>;
  readonly fromF32Bits: Unary<'f32', 'i32'>;
  readonly satF64S: Unary<'f64', 'i32'>;
  readonly satF64U: Unary<'f64', 'i32'>;
}
export interface I64Ops extends IntegerOps<'i64'> {
  /** A constant from its two halves. */
  readonly bits: (hi: number, lo: number) => I64;
  readonly extendS: Unary<'i32', 'i64'>;
  readonly extendU: Unary<'i32', 'i64'>;
  readonly extend8: Unary<'i64'>;
  readonly extend16: Unary<'i64'>;
  readonly extend32: Unary<'i64'>;
  readonly fromF64Bits: Unary<'f64', 'i64'>;
  readonly satF32S: Unary<'f32', 'i64'>;
  readonly satF64S: Unary<'f64', 'i64'>;
  readonly load32S: Load<'i64'>;
  readonly load32U: Load<'i64'>;
}
export interface F32Ops extends FloatOps<'f32'> {
  readonly fromBits: Unary<'i32', 'f32'>;
  readonly demote: Unary<'f64', 'f32'>;
}
export interface F64Ops extends FloatOps<'f64'> {
  readonly fromBits: Unary<'i64', 'f64'>;
  readonly promote: Unary<'f32', 'f64'>;
}

const TWO_32 = 2 ** 32;

/** 64-bit constant of a safe integer. */
const const64 = (value: number): I64 =>
  node('i64', OP_I64_CONST, null, null, value | 0, Math.floor(value / TWO_32) | 0);

export const i32: I32Ops = {
  ...integerOps(
    'i32',
    (value) => node('i32', OP_I32_CONST, null, null, value | 0),
    0x45,
    0x67,
    OP_I32_LOAD,
    0x2c,
  ),
  wrap: unary('i32', 0xa7),
  fromF32Bits: unary('i32', 0xbc),
  satF64S: unary('i32', 0xfc02),
  satF64U: unary('i32', 0xfc03),
};
/** The i32 at an address that is not known yet, by its number, and some bytes on (WasmBytes). */
export const loadOpen = (number: number, addend: number): I32 =>
  node('i32', OP_I32_LOAD, i32.const(0), null, addend, number + 1);
export const i64: I64Ops = {
  ...integerOps('i64', const64, 0x50, 0x79, 0x29, 0x30),
  bits: (hi, lo) => node('i64', OP_I64_CONST, null, null, lo | 0, hi | 0),
  extendS: unary('i64', 0xac),
  extendU: unary('i64', 0xad),
  extend8: unary('i64', 0xc2),
  extend16: unary('i64', 0xc3),
  extend32: unary('i64', 0xc4),
  fromF64Bits: (a) => (a.op === OP_F64_FROM_I64 ? (a.a as I64) : node('i64', OP_I64_FROM_F64, a)),
  satF32S: unary('i64', 0xfc04),
  satF64S: unary('i64', 0xfc06),
  load32S: load('i64', 0x34),
  load32U: load('i64', 0x35),
};
export const f32: F32Ops = {
  ...floatOps('f32', 0x5b, 0x8b, 0xb2, 0x2a, OP_FUSED_F32),
  fromBits: unary('f32', 0xbe),
  demote: unary('f32', 0xb6),
};
export const f64: F64Ops = {
  ...floatOps('f64', 0x61, 0x99, 0xb7, 0x2b, OP_FUSED_F64),
  fromBits: (a) => {
    // The way back from bits, and a load of them, need no way through an integer.
    if (a.op === OP_I64_FROM_F64) return a.a as F64;
    return a.op === OP_I64_LOAD ? node('f64', OP_F64_LOAD, a.a, null, a.lo) : node('f64', OP_F64_FROM_I64, a);
  },
  promote: unary('f64', 0xbb),
};

/** `condition ? yes : no`, both evaluated. */
export const select = <T extends ValueType>(condition: I32, yes: Expr<T>, no: Expr<T>): Expr<T> =>
  node(yes.type, OP_SELECT, yes, no, 0, 0, condition);
