/**
 * Hardware floating point where it provably gives the exact result and raises nothing but NX.
 *
 * Each yields a register result and a condition. The caller has checked what `FastWhen` names (NX raised already,
 * rounding to nearest or to zero). Results that may be subnormal, infinite or NaN are left to soft-float.
 */
import { type F32, type F64, f32, f64, type I32, type I64, i32, i64 } from '../wasm/expr.ts';
import type { FastFloat, Guard, Scope } from '../isa/semantics.ts';

const BOX = i64.bits(-1, 0);
const box = (value: F32): I64 => i64.or(i64.extendU(i32.fromF32Bits(value)), BOX);
const asSingle = (register: I64): F32 => f32.fromBits(i32.wrap(register));
const asDouble = (register: I64): F64 => f64.fromBits(register);
const bits = (value: F64): I64 => i64.fromF64Bits(value);
const boxed = (...registers: readonly I64[]): Guard =>
  guard(
    i64.geU(
      registers.reduce((a, b) => i64.and(a, b)),
      BOX,
    ),
  );
const zeroD = asDouble(i64.const(0));
const zeroS = asSingle(i64.const(0));

const power = (exponent: number): F64 => asDouble(i64.bits((1023 + exponent) << 20, 0));
const infinity = asDouble(i64.bits(0x7ff00000, 0));
const guard = (usual: I32, rare: I32 | null = null): Guard => ({ usual, rare });
/** A magnitude lies in [low, high), which no NaN does. */
const between = (value: F64, low: F64, high: F64): readonly Guard[] => [
  guard(f64.ge(f64.abs(value), low)),
  guard(f64.lt(f64.abs(value), high)),
];

const infinityS = asSingle(i64.const(0x7f800000));
/** The smallest normal number may be the rounding of a tiny one, which underflows. */
const aboveTinyD = power(-1021);
const aboveTinyS = asSingle(i64.const(0x01000000));
const finiteD = (value: F64): Guard => guard(f64.lt(f64.abs(value), infinity));
const finiteS = (value: F32): Guard => guard(f32.lt(f32.abs(value), infinityS));
/** Normal and not the smallest of those, or else `rare`. */
const normalD = (value: F64, rare: I32 | null = null): readonly Guard[] => [
  finiteD(value),
  guard(f64.ge(f64.abs(value), aboveTinyD), rare),
];
const normalS = (value: F32, rare: I32 | null = null): readonly Guard[] => [
  finiteS(value),
  guard(f32.ge(f32.abs(value), aboveTinyS), rare),
];

type Operation = 'add' | 'sub' | 'mul' | 'div';

const okD = (op: Operation, a: F64, b: F64, r: F64): readonly Guard[] => {
  // A sum in the subnormal range is exact; a product is zero without underflow only if a factor is.
  if (op === 'add' || op === 'sub') return [finiteD(r)];
  if (op === 'div') return normalD(r);
  return normalD(r, i32.and(f64.eq(r, zeroD), i32.or(f64.eq(a, zeroD), f64.eq(b, zeroD))));
};
const okS = (op: Operation, a: F32, b: F32, r: F32): readonly Guard[] => {
  if (op === 'add' || op === 'sub') return [finiteS(r)];
  if (op === 'div') return normalS(r);
  return normalS(r, i32.and(f32.eq(r, zeroS), i32.or(f32.eq(a, zeroS), f32.eq(b, zeroS))));
};

/** The error of a sum is zero (Knuth). */
const isSumD = (a: F64, b: F64, sum: F64): I32 => {
  const b1 = f64.sub(sum, a);
  return f64.eq(f64.add(f64.sub(a, f64.sub(sum, b1)), f64.sub(b, b1)), zeroD);
};
const isSumS = (a: F32, b: F32, sum: F32): I32 => {
  const b1 = f32.sub(sum, a);
  return f32.eq(f32.add(f32.sub(a, f32.sub(sum, b1)), f32.sub(b, b1)), zeroS);
};
const trailingD = (a: F64): I64 => i64.ctz(i64.or(bits(a), i64.bits(1 << 20, 0)));
const trailingS = (a: F32): I32 => i32.ctz(i32.or(i32.fromF32Bits(a), i32.const(1 << 23)));
/** A product that is not tiny has no more significant bits than there are, for its factors have so few; or a factor is zero. */
const isShortProductD = (a: F64, b: F64): I32 =>
  i32.or(
    i32.and(
      i64.geU(i64.add(trailingD(a), trailingD(b)), i64.const(53)),
      f64.ge(f64.abs(f64.mul(a, b)), aboveTinyD),
    ),
    i32.or(f64.eq(a, zeroD), f64.eq(b, zeroD)),
  );
const isShortProductS = (a: F32, b: F32): I32 =>
  i32.or(
    i32.and(
      i32.geU(i32.add(trailingS(a), trailingS(b)), i32.const(24)),
      f32.ge(f32.abs(f32.mul(a, b)), aboveTinyS),
    ),
    i32.or(f32.eq(a, zeroS), f32.eq(b, zeroS)),
  );

const unroundedD = (op: Operation, a: F64, b: F64, r: F64): I32 => {
  if (op === 'add') return isSumD(a, b, r);
  if (op === 'sub') return isSumD(a, f64.neg(b), r);
  if (op === 'mul') return isShortProductD(a, b);
  return i32.and(isShortProductD(r, b), f64.eq(f64.mul(r, b), a));
};
const unroundedS = (op: Operation, a: F32, b: F32, r: F32): I32 => {
  if (op === 'add') return isSumS(a, b, r);
  if (op === 'sub') return isSumS(a, f32.neg(b), r);
  if (op === 'mul') return isShortProductS(a, b);
  return i32.and(isShortProductS(r, b), f32.eq(f32.mul(r, b), a));
};

export const fastArithmeticD = (op: Operation): FastFloat => ({
  when: 'rne',
  value: (s) => {
    const a = s.bind(asDouble(s.rs1));
    const b = s.bind(asDouble(s.rs2));
    const r = s.bind(f64[op](a, b));
    return { ok: okD(op, a, b, r), result: bits(r), unrounded: unroundedD(op, a, b, r) };
  },
});

export const fastArithmeticS = (op: Operation): FastFloat => ({
  when: 'rne',
  value: (s) => {
    const x = s.bind(s.rs1);
    const y = s.bind(s.rs2);
    const a = s.bind(asSingle(x));
    const b = s.bind(asSingle(y));
    const r = s.bind(f32[op](a, b));
    return { ok: [boxed(x, y), ...okS(op, a, b, r)], result: box(r), unrounded: unroundedS(op, a, b, r) };
  },
});

export const fastSqrtD: FastFloat = {
  when: 'rne',
  value: (s) => {
    const a = s.bind(asDouble(s.rs1));
    const r = s.bind(f64.sqrt(a));
    const unrounded = i32.and(isShortProductD(r, r), f64.eq(f64.mul(r, r), a));
    return { ok: [finiteD(r)], result: bits(r), unrounded };
  },
};
export const fastSqrtS: FastFloat = {
  when: 'rne',
  value: (s) => {
    const x = s.bind(s.rs1);
    const a = s.bind(asSingle(x));
    const r = s.bind(f32.sqrt(a));
    const unrounded = i32.and(isShortProductS(r, r), f32.eq(f32.mul(r, r), a));
    return { ok: [boxed(x), finiteS(r)], result: box(r), unrounded };
  },
};

/** The sum of two doubles and its exact error (Knuth). */
function twoSum(s: Scope, a: F64, b: F64): readonly [F64, F64] {
  const sum = s.bind(f64.add(a, b));
  const b1 = s.bind(f64.sub(sum, a));
  const a1 = f64.sub(sum, b1);
  return [sum, s.bind(f64.add(f64.sub(a, a1), f64.sub(b, b1)))];
}

/** High and low halves of a double's significand (Veltkamp). */
function split(s: Scope, a: F64): readonly [F64, F64] {
  const scaled = s.bind(f64.mul(a, asDouble(i64.bits(0x41a00000, 0x02000000))));
  const high = s.bind(f64.sub(scaled, f64.sub(scaled, a)));
  return [high, s.bind(f64.sub(a, high))];
}

/** 1 + 2^-20: who is so near to the middle between two numbers counts as on it; far more than the errors of the sum of errors. */
const MORE: F64 = asDouble(i64.bits(0x3ff00001, 0));

/**
 * Fused multiply-add from error-free transformations: product and sum with their exact errors, and one rounding of what was
 * lost, T. Dekker, "A floating-point technique for extending the available precision", Numer. Math. 18, 1971. The sum of the two
 * errors may itself be rounded; that matters only where the result lies next to the middle between two numbers, which is
 * left to soft-float. Magnitudes are bounded so that no intermediate can overflow or underflow.
 */
export const fastFmaD = (negateProduct: boolean, negateAddend: boolean): FastFloat => ({
  when: 'rne',
  value: (s) => {
    const x = asDouble(s.rs1);
    const a = s.bind(negateProduct ? f64.neg(x) : x);
    const b = s.bind(asDouble(s.rs2));
    const z = asDouble(s.rs3);
    const c = s.bind(negateAddend ? f64.neg(z) : z);
    if (s.isFused) return fusedD(s, a, b, c);
    const high = s.bind(f64.mul(a, b));
    const [ah, al] = split(s, a);
    const [bh, bl] = split(s, b);
    const cross = f64.add(f64.sub(f64.mul(ah, bh), high), f64.mul(ah, bl));
    const low = s.bind(f64.add(f64.add(cross, f64.mul(al, bh)), f64.mul(al, bl)));
    const [sum, lost] = twoSum(s, high, c);
    const [result, rest] = twoSum(s, sum, s.bind(f64.add(lost, low)));
    const clear = i32.or(
      f64.eq(f64.add(result, f64.mul(rest, MORE)), result),
      // Then the sum was rounded once.
      f64.eq(low, zeroD),
    );
    const ok = [
      ...between(a, power(-300), power(300)),
      ...between(b, power(-300), power(300)),
      guard(f64.ge(f64.abs(c), power(-700)), f64.eq(c, zeroD)),
      guard(f64.lt(f64.abs(c), power(700))),
      guard(clear),
    ];
    return { ok, result: bits(result), unrounded: unroundedFmaD(a, b, c) };
  },
});

/** A product that is not rounded, and a sum that is not. */
const unroundedFmaD = (a: F64, b: F64, c: F64): I32 => {
  const product = f64.mul(a, b);
  return i32.and(isShortProductD(a, b), isSumD(product, c, f64.add(product, c)));
};

/** A zero is exact if a factor is zero, or if the addend is so large that no part of the product can have got lost. */
function fusedD(s: Scope, a: F64, b: F64, c: F64): ReturnType<FastFloat['value']> {
  const r = s.bind(f64.fused(a, b, c));
  const isExact = i32.or(i32.or(f64.eq(a, zeroD), f64.eq(b, zeroD)), f64.ge(f64.abs(c), power(-900)));
  return {
    ok: normalD(r, i32.and(f64.eq(r, zeroD), isExact)),
    result: bits(r),
    unrounded: unroundedFmaD(a, b, c),
  };
}

/** A sum in double precision is exact, and so is its rounding to single. */
const isSingleSum = (a: F64, b: F64, sum: F64, r: F32): I32 =>
  i32.and(isSumD(a, b, sum), f64.eq(f64.promote(r), sum));

/**
 * In double precision the product is exact. The sum's second rounding is harmless unless the first has put it on a
 * midpoint of singles; on one it is harmless if the first was exact, as with short significands it often is.
 */
export const fastFmaS = (negateProduct: boolean, negateAddend: boolean): FastFloat => ({
  when: 'rne',
  value: (s) => {
    const x = s.bind(s.rs1);
    const y = s.bind(s.rs2);
    const z = s.bind(s.rs3);
    const a = negateProduct ? f32.neg(asSingle(x)) : asSingle(x);
    const b = asSingle(y);
    const c = negateAddend ? f32.neg(asSingle(z)) : asSingle(z);
    const wideProduct = f64.mul(f64.promote(a), f64.promote(b));
    const wideAddend = f64.promote(c);
    if (s.isFused) {
      const r = s.bind(f32.fused(a, b, c));
      const isExact = i32.or(f32.eq(a, zeroS), f32.eq(b, zeroS));
      return {
        ok: [boxed(x, y, z), ...normalS(r, i32.and(f32.eq(r, zeroS), isExact))],
        result: box(r),
        unrounded: isSingleSum(wideProduct, wideAddend, f64.add(wideProduct, wideAddend), r),
      };
    }
    const product = s.bind(wideProduct);
    const addend = s.bind(wideAddend);
    const sum = s.bind(f64.add(product, addend));
    const r = s.bind(f32.demote(sum));
    const midpoint = i64.eq(i64.and(bits(sum), i64.const(0x1fffffff)), i64.const(0x10000000));
    const exact = i32.and(f64.eq(f64.sub(sum, product), addend), f64.eq(f64.sub(sum, addend), product));
    const harmless = i32.or(i32.eqz(midpoint), exact);
    return {
      ok: [boxed(x, y, z), ...normalS(r), guard(harmless)],
      result: box(r),
      unrounded: isSingleSum(product, addend, sum, r),
    };
  },
});

type Relation = 'eq' | 'lt' | 'le';
export const fastCompareD = (relation: Relation): FastFloat => ({
  when: 'always',
  value: (s) => {
    const a = s.bind(asDouble(s.rs1));
    const b = s.bind(asDouble(s.rs2));
    return {
      ok: [guard(f64.eq(a, a)), guard(f64.eq(b, b))],
      result: i64.extendU(f64[relation](a, b)),
      unrounded: null,
    };
  },
});
export const fastCompareS = (relation: Relation): FastFloat => ({
  when: 'always',
  value: (s) => {
    const x = s.bind(s.rs1);
    const y = s.bind(s.rs2);
    const a = s.bind(asSingle(x));
    const b = s.bind(asSingle(y));
    return {
      ok: [boxed(x, y), guard(f32.eq(a, a)), guard(f32.eq(b, b))],
      result: i64.extendU(f32[relation](a, b)),
      unrounded: null,
    };
  },
});

export const fastMinMaxD = (which: 'min' | 'max'): FastFloat => ({
  when: 'always',
  value: (s) => {
    const a = s.bind(asDouble(s.rs1));
    const b = s.bind(asDouble(s.rs2));
    return {
      ok: [guard(f64.eq(a, a)), guard(f64.eq(b, b))],
      result: bits(f64[which](a, b)),
      unrounded: null,
    };
  },
});
export const fastMinMaxS = (which: 'min' | 'max'): FastFloat => ({
  when: 'always',
  value: (s) => {
    const x = s.bind(s.rs1);
    const y = s.bind(s.rs2);
    const a = s.bind(asSingle(x));
    const b = s.bind(asSingle(y));
    return {
      ok: [boxed(x, y), guard(f32.eq(a, a)), guard(f32.eq(b, b))],
      result: box(f32[which](a, b)),
      unrounded: null,
    };
  },
});

export const fastWiden: FastFloat = {
  when: 'always',
  value: (s) => {
    const x = s.bind(s.rs1);
    const a = s.bind(asSingle(x));
    return { ok: [boxed(x), guard(f32.eq(a, a))], result: bits(f64.promote(a)), unrounded: null };
  },
};
export const fastNarrow: FastFloat = {
  when: 'rne',
  value: (s) => {
    const a = s.bind(asDouble(s.rs1));
    const r = s.bind(f32.demote(a));
    return { ok: normalS(r), result: box(r), unrounded: f64.eq(f64.promote(r), a) };
  },
};

const minus = (value: F64): F64 => f64.neg(value);

export type IntegerKind = 'w' | 'wu' | 'l' | 'lu';

/** Truncation of a number whose whole part fits. */
export const fastToInteger = (single: boolean, kind: IntegerKind): FastFloat => ({
  when: 'rtz',
  value: (s) => {
    const x = s.bind(s.rs1);
    const a = s.bind(single ? f64.promote(asSingle(x)) : asDouble(x));
    const above =
      kind === 'w'
        ? f64.gt(a, minus(asDouble(i64.bits(0x41e00000, 0x00200000))))
        : kind === 'l'
          ? f64.ge(a, minus(power(63)))
          : f64.gt(a, minus(power(0)));
    const limit = kind === 'w' ? power(31) : kind === 'wu' ? power(32) : power(63);
    const inRange = [guard(above), guard(f64.lt(a, limit))];
    const whole = i64.satF64S(a);
    return {
      ok: single ? [boxed(x), ...inRange] : inRange,
      result: kind === 'wu' ? i64.extend32(whole) : whole,
      unrounded: f64.eq(f64.trunc(a), a),
    };
  },
});

/** An integer has a magnitude of at most so many bits. */
const isShort = (value: I64, isSigned: boolean, width: number): I32 =>
  isSigned
    ? i64.ltU(i64.add(value, i64.const(2 ** width)), i64.const(2 ** (width + 1)))
    : i64.ltU(value, i64.const(2 ** width));

/** From an integer to nearest; exact, and so without condition, where the integer has 32 bits and the result 53. */
export const fastFromInteger = (single: boolean, kind: IntegerKind): FastFloat => ({
  when: !single && (kind === 'w' || kind === 'wu') ? 'always' : 'rne',
  value: (s) => {
    const isSigned = kind === 'w' || kind === 'l';
    const word = i32.wrap(s.rs1);
    if (single) {
      const r =
        kind === 'w'
          ? f32.fromI32S(word)
          : kind === 'wu'
            ? f32.fromI32U(word)
            : kind === 'l'
              ? f32.fromI64S(s.rs1)
              : f32.fromI64U(s.rs1);
      const whole = kind === 'w' ? i64.extendS(word) : kind === 'wu' ? i64.extendU(word) : s.rs1;
      return { ok: [], result: box(r), unrounded: isShort(whole, isSigned, 24) };
    }
    const r =
      kind === 'w'
        ? f64.fromI32S(word)
        : kind === 'wu'
          ? f64.fromI32U(word)
          : kind === 'l'
            ? f64.fromI64S(s.rs1)
            : f64.fromI64U(s.rs1);
    return { ok: [], result: bits(r), unrounded: isShort(s.rs1, isSigned, 53) };
  },
});
