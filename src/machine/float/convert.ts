/**
 * Exact comparisons, minimum and maximum, classification and conversions of one format.
 *
 * Source: Unprivileged ISA, 20.6 to 20.9 (F) and 21 (D).
 */
import { type I32, type I64, f32, f64, i32, i64, select } from '../wasm/expr.ts';
import type { Func } from '../wasm/module.ts';
import { ret, when } from '../wasm/stmt.ts';
import type { Base } from './arithmetic.ts';
import {
  FLAG_NV,
  FLAG_NX,
  type FloatFormat,
  isInfinite,
  isNan,
  isSignalling,
  isZero,
  parts,
  RM_RDN,
  RM_RMM,
  RM_RNE,
  RM_RUP,
  raise,
  SINGLE,
  signed,
  signOf,
  TOP,
  unpack,
} from './format.ts';

export type Relation = 'eq' | 'lt' | 'le';

/** (x, y) -> 0 or 1. `eq` is quiet; `lt` and `le` signal on any NaN. */
export function buildCompare(b: Base, relation: Relation): Func<'i64'> {
  const { format } = b;
  const f = b.m.func(['i64', 'i64'], 'i64');
  const x = f.parameter('i64', 0);
  const y = f.parameter('i64', 1);
  const either = (test: (f: FloatFormat, bits: I64) => I32): I32 =>
    i32.or(test(format, x.get), test(format, y.get));
  const single = (bits: I64) => f32.fromBits(i32.wrap(bits));
  const holds =
    format === SINGLE
      ? f32[relation](single(x.get), single(y.get))
      : f64[relation](f64.fromBits(x.get), f64.fromBits(y.get));
  f.body(
    x.set(format.unbox(x.get)),
    y.set(format.unbox(y.get)),
    when(either(isNan), [
      when(relation === 'eq' ? either(isSignalling) : i32.const(1), [raise(b.flags, i32.const(FLAG_NV))]),
      ret(i64.const(0)),
    ]),
    ret(i64.extendU(holds)),
  );
  return f;
}

/** (x, y) -> minimumNumber or maximumNumber: a NaN loses, -0 is below +0, signalling NaNs raise NV. */
export function buildMinMax(b: Base, which: 'min' | 'max'): Func<'i64'> {
  const { format } = b;
  const f = b.m.func(['i64', 'i64'], 'i64');
  const x = f.parameter('i64', 0);
  const y = f.parameter('i64', 1);
  const single = (bits: I64) => f32.fromBits(i32.wrap(bits));
  const result =
    format === SINGLE
      ? i64.extendU(i32.fromF32Bits(f32[which](single(x.get), single(y.get))))
      : i64.fromF64Bits(f64[which](f64.fromBits(x.get), f64.fromBits(y.get)));
  f.body(
    x.set(format.unbox(x.get)),
    y.set(format.unbox(y.get)),
    when(i32.or(isSignalling(format, x.get), isSignalling(format, y.get)), [
      raise(b.flags, i32.const(FLAG_NV)),
    ]),
    when(isNan(format, x.get), [ret(format.box(select(isNan(format, y.get), format.canonicalNan, y.get)))]),
    when(isNan(format, y.get), [ret(format.box(x.get))]),
    ret(format.box(result)),
  );
  return f;
}

/** (x) -> the class mask: bits 0 to 3 negative (infinite, normal, subnormal, zero), 4 to 7 positive, 8, 9 NaN. */
export function buildClassify(b: Base): Func<'i64'> {
  const { format } = b;
  const f = b.m.func(['i64'], 'i64');
  const x = f.parameter('i64', 0);
  const hidden = i64.const(format.precision - 1);
  const one = (bit: I32): I64 => i64.shl(i64.const(1), i64.extendU(bit));
  const bySign = (negative: number, positive: number): I64 =>
    one(select(signOf(format, x.get), i32.const(negative), i32.const(positive)));
  f.body(
    x.set(format.unbox(x.get)),
    when(isNan(format, x.get), [ret(one(i32.sub(i32.const(9), isSignalling(format, x.get))))]),
    when(isInfinite(format, x.get), [ret(bySign(0, 7))]),
    when(isZero(format, x.get), [ret(bySign(3, 4))]),
    when(i64.eqz(i64.and(i64.shrU(x.get, hidden), i64.const(format.special))), [ret(bySign(2, 5))]),
    ret(bySign(1, 6)),
  );
  return f;
}

/**
 * (x, rm, positive limit, negative limit, positive result, negative result) -> the integer.
 * Limits are magnitudes; beyond them NV and the result of that sign. NaN counts as positive.
 */
export function buildToInteger(b: Base): Func<'i64'> {
  const { format } = b;
  const f = b.m.func(['i64', 'i32', 'i64', 'i64', 'i64', 'i64'], 'i64');
  const x = f.parameter('i64', 0);
  const rm = f.parameter('i32', 1);
  const p = parts(f as unknown as Func);
  const whole = f.local('i64');
  const fraction = f.local('i64');
  const shift = f.local('i32');
  const is = (mode: number): I32 => i32.eq(rm.get, i32.const(mode));
  const half = i64.bits(0x80000000, 0);
  const by = i64.extendU(shift.get);
  const inexact = i64.ne(fraction.get, i64.const(0));
  const beyond = [
    raise(b.flags, i32.const(FLAG_NV)),
    ret(select(p.sign.get, f.parameter('i64', 5).get, f.parameter('i64', 4).get)),
  ];
  const up = i32.or(
    i32.or(
      i32.and(
        is(RM_RNE),
        i32.or(
          i64.gtU(fraction.get, half),
          i32.and(i64.eq(fraction.get, half), i32.and(i32.wrap(whole.get), i32.const(1))),
        ),
      ),
      i32.and(is(RM_RMM), i64.ltS(fraction.get, i64.const(0))),
    ),
    i32.and(inexact, i32.or(i32.and(is(RM_RDN), p.sign.get), i32.and(is(RM_RUP), i32.eqz(p.sign.get)))),
  );
  f.body(
    x.set(format.unbox(x.get)),
    when(isNan(format, x.get), beyond),
    when(isZero(format, x.get), [ret(i64.const(0))]),
    ...unpack(format, x.get, p),
    when(i32.gtS(p.exponent.get, i32.const(63)), beyond),
    shift.set(i32.sub(i32.const(TOP), p.exponent.get)),
    when(
      i32.ltS(shift.get, i32.const(0)),
      [whole.set(i64.shl(p.significand.get, i64.const(1)))],
      [
        when(
          i32.ltU(shift.get, i32.const(64)),
          [
            whole.set(i64.shrU(p.significand.get, by)),
            when(shift.get, [fraction.set(i64.shl(p.significand.get, i64.sub(i64.const(64), by)))]),
          ],
          [
            // Below one half; all that matters is that it is not zero.
            fraction.set(i64.const(1)),
          ],
        ),
      ],
    ),
    whole.set(i64.add(whole.get, i64.extendU(up))),
    when(
      i64.gtU(whole.get, select(p.sign.get, f.parameter('i64', 3).get, f.parameter('i64', 2).get)),
      beyond,
    ),
    when(inexact, [raise(b.flags, i32.const(FLAG_NX))]),
    ret(select(p.sign.get, i64.sub(i64.const(0), whole.get), whole.get)),
  );
  return f;
}

/** (sign, magnitude, rm) -> the nearest number. */
export function buildFromInteger(b: Base): Func<'i64'> {
  const { format } = b;
  const f = b.m.func(['i32', 'i64', 'i32'], 'i64');
  const sign = f.parameter('i32', 0);
  const value = f.parameter('i64', 1);
  const rm = f.parameter('i32', 2);
  const zeros = f.local('i32');
  f.body(
    when(i64.eqz(value.get), [ret(format.box(i64.const(0)))]),
    zeros.set(i32.wrap(i64.clz(value.get))),
    when(
      zeros.get,
      [value.set(i64.shl(value.get, i64.extendU(i32.sub(zeros.get, i32.const(1)))))],
      [value.set(b.jam.call(value.get, i32.const(1)))],
    ),
    ret(b.round.call(sign.get, i32.sub(i32.const(63), zeros.get), value.get, rm.get)),
  );
  return f;
}

/** (x of `b`, rm) -> the number in the format that `to` rounds to. */
export function buildToFormat(b: Base, to: Base): Func<'i64'> {
  const f = b.m.func(['i64', 'i32'], 'i64');
  const x = f.parameter('i64', 0);
  const rm = f.parameter('i32', 1);
  const p = parts(f as unknown as Func);
  const sign = signOf(b.format, x.get);
  f.body(
    x.set(b.format.unbox(x.get)),
    when(isNan(b.format, x.get), [
      when(isSignalling(b.format, x.get), [raise(b.flags, i32.const(FLAG_NV))]),
      ret(to.format.box(to.format.canonicalNan)),
    ]),
    when(isInfinite(b.format, x.get), [ret(to.format.box(signed(to.format, sign, to.format.infinity)))]),
    when(isZero(b.format, x.get), [ret(to.format.box(signed(to.format, sign, i64.const(0))))]),
    ...unpack(b.format, x.get, p),
    ret(to.round.call(p.sign.get, p.exponent.get, p.significand.get, rm.get)),
  );
  return f;
}
