/**
 * Binary floating-point formats and the expressions that take a value apart.
 *
 * A register is 64 bits; a single lies boxed in ones. Inside soft-float a value is (sign, exponent, significand) with
 * the leading one of the significand at bit 62: value = significand * 2^(exponent - 62). Source: IEEE 754-2019, 3.4.
 */
import { type I32, type I64, i32, i64, select } from '../wasm/expr.ts';
import type { Func, Global } from '../wasm/module.ts';
import { type Local, ret, type Stmt, when } from '../wasm/stmt.ts';

/** Exception flags as in fflags. */
export const FLAG_NX = 1;
export const FLAG_UF = 2;
export const FLAG_OF = 4;
export const FLAG_DZ = 8;
export const FLAG_NV = 16;

export const RM_RNE = 0;
export const RM_RTZ = 1;
export const RM_RDN = 2;
export const RM_RUP = 3;
export const RM_RMM = 4;

/** Position of the leading one. */
export const TOP = 62;

export interface FloatFormat {
  /** Bits of the significand, the hidden one included. */
  readonly precision: number;
  readonly bias: number;
  /** Largest exponent field. */
  readonly special: number;
  /** Positive infinity's bits; also the lowest bit pattern that is not finite. */
  readonly infinity: I64;
  readonly quietBit: I64;
  readonly canonicalNan: I64;
  readonly signBit: I64;
  readonly magnitudeMask: I64;
  readonly fractionMask: I64;
  /** Register to bits: a single that is not boxed reads as the canonical NaN. The register is bound. */
  readonly unbox: (register: I64) => I64;
  readonly box: (bits: I64) => I64;
}

const BOX = i64.bits(-1, 0);

export const SINGLE: FloatFormat = {
  precision: 24,
  bias: 127,
  special: 0xff,
  infinity: i64.const(0x7f800000),
  quietBit: i64.const(0x00400000),
  canonicalNan: i64.const(0x7fc00000),
  signBit: i64.const(0x80000000),
  magnitudeMask: i64.const(0x7fffffff),
  fractionMask: i64.const(0x007fffff),
  unbox: (register) =>
    select(i64.geU(register, BOX), i64.and(register, i64.const(0xffffffff)), i64.const(0x7fc00000)),
  box: (bits) => i64.or(bits, BOX),
};

export const DOUBLE: FloatFormat = {
  precision: 53,
  bias: 1023,
  special: 0x7ff,
  infinity: i64.bits(0x7ff00000, 0),
  quietBit: i64.bits(0x00080000, 0),
  canonicalNan: i64.bits(0x7ff80000, 0),
  signBit: i64.bits(0x80000000, 0),
  magnitudeMask: i64.bits(0x7fffffff, -1),
  fractionMask: i64.bits(0x000fffff, -1),
  unbox: (register) => register,
  box: (bits) => bits,
};

export const magnitude = (f: FloatFormat, bits: I64): I64 => i64.and(bits, f.magnitudeMask);
export const isNan = (f: FloatFormat, bits: I64): I32 => i64.gtU(magnitude(f, bits), f.infinity);
export const isSignalling = (f: FloatFormat, bits: I64): I32 =>
  i32.and(isNan(f, bits), i64.eqz(i64.and(bits, f.quietBit)));
export const isInfinite = (f: FloatFormat, bits: I64): I32 => i64.eq(magnitude(f, bits), f.infinity);
export const isZero = (f: FloatFormat, bits: I64): I32 => i64.eqz(magnitude(f, bits));
/** 1 if the sign is set. */
export const signOf = (f: FloatFormat, bits: I64): I32 => i64.ne(i64.and(bits, f.signBit), i64.const(0));
export const signed = (f: FloatFormat, sign: I32, bits: I64): I64 =>
  i64.or(bits, select(sign, f.signBit, i64.const(0)));

export const raise = (flags: Global, mask: I32): Stmt => flags.set(i32.or(flags.get, mask));

/** A value taken apart. */
export interface Parts {
  readonly sign: Local<'i32'>;
  readonly exponent: Local<'i32'>;
  readonly significand: Local<'i64'>;
}

export const parts = (f: Func): Parts => ({
  sign: f.local('i32'),
  exponent: f.local('i32'),
  significand: f.local('i64'),
});

/** Take apart a number that is neither zero nor NaN; infinity gets an exponent beyond all finite ones. */
export function unpack(f: FloatFormat, bits: I64, p: Parts): readonly Stmt[] {
  const hidden = f.precision - 1;
  const field = p.exponent;
  const fraction = p.significand;
  const lead = i32.wrap(i64.clz(fraction.get));
  return [
    p.sign.set(signOf(f, bits)),
    field.set(i32.and(i32.wrap(i64.shrU(bits, i64.const(hidden))), i32.const(f.special))),
    fraction.set(i64.and(bits, f.fractionMask)),
    when(
      field.get,
      [
        fraction.set(
          i64.shl(i64.or(fraction.get, i64.shl(i64.const(1), i64.const(hidden))), i64.const(TOP - hidden)),
        ),
        field.set(i32.sub(field.get, i32.const(f.bias))),
      ],
      [
        field.set(i32.sub(i32.const(TOP + 3 - f.bias - f.precision), lead)),
        fraction.set(i64.shl(fraction.get, i64.sub(i64.clz(fraction.get), i64.const(1)))),
      ],
    ),
  ];
}

/** Return the canonical NaN if any operand is NaN, raising NV if one signals. */
export const nanGuard = (f: FloatFormat, flags: Global, operands: readonly I64[]): Stmt => {
  const any = (test: (f: FloatFormat, bits: I64) => I32): I32 =>
    operands.map((bits) => test(f, bits)).reduce((a, b) => i32.or(a, b));
  return when(any(isNan), [
    when(any(isSignalling), [raise(flags, i32.const(FLAG_NV))]),
    ret(f.box(f.canonicalNan)),
  ]);
};

/** Raise NV and return the canonical NaN. */
export const invalid = (f: FloatFormat, flags: Global): readonly Stmt[] => [
  raise(flags, i32.const(FLAG_NV)),
  ret(f.box(f.canonicalNan)),
];
