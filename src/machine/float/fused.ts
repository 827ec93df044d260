/**
 * Exact fused multiply-add of one format: a 128-bit sum, rounded once.
 *
 * Source: IEEE 754-2019, 5.4.1; Unprivileged ISA, 20.6.
 */
import { type I64, i32, i64 } from '../wasm/expr.ts';
import type { Func } from '../wasm/module.ts';
import { type Local, ret, type Stmt, when } from '../wasm/stmt.ts';
import { type Base, cancelled, lead, sticky } from './arithmetic.ts';
import { invalid, isInfinite, isNan, isZero, nanGuard, parts, signed, signOf, unpack } from './format.ts';
import { shiftPairRight } from './round.ts';

/** 128-bit shift left in place by 1 to 63. */
const shiftPairLeft = (hi: Local<'i64'>, lo: Local<'i64'>, by: I64): readonly Stmt[] => [
  hi.set(i64.or(i64.shl(hi.get, by), i64.shrU(lo.get, i64.sub(i64.const(64), by)))),
  lo.set(i64.shl(lo.get, by)),
];

/** (x, y, z, rm) -> x * y + z rounded once. */
export function buildFma(b: Base): Func<'i64'> {
  const { format } = b;
  const f = b.m.func(['i64', 'i64', 'i64', 'i32'], 'i64');
  const x = f.parameter('i64', 0);
  const y = f.parameter('i64', 1);
  const z = f.parameter('i64', 2);
  const rm = f.parameter('i32', 3);
  const p = parts(f as unknown as Func);
  const q = parts(f as unknown as Func);
  const c = parts(f as unknown as Func);
  const hi = f.local('i64');
  const lo = f.local('i64');
  const otherHi = c.significand;
  const otherLo = f.local('i64');
  const by = f.local('i32');
  const exponent = p.exponent;
  const sign = p.sign;
  const swap = f.local('i64');
  const wide = i64.extendU(by.get);
  const infinite = i32.or(isInfinite(format, x.get), isInfinite(format, y.get));
  const zero = i32.or(isZero(format, x.get), isZero(format, y.get));
  const productSign = i32.xor(signOf(format, x.get), signOf(format, y.get));
  const differ = i32.ne(productSign, signOf(format, z.get));
  const below = i32.or(
    i64.ltU(hi.get, otherHi.get),
    i32.and(i64.eq(hi.get, otherHi.get), i64.ltU(lo.get, otherLo.get)),
  );
  f.body(
    x.set(format.unbox(x.get)),
    y.set(format.unbox(y.get)),
    z.set(format.unbox(z.get)),
    // Infinity times zero is invalid even if the addend is a quiet NaN (Unprivileged ISA, 20.6).
    when(i32.and(infinite, zero), [
      when(i32.eqz(i32.or(isNan(format, x.get), isNan(format, y.get))), invalid(format, b.flags)),
    ]),
    nanGuard(format, b.flags, [x.get, y.get, z.get]),
    when(infinite, [
      when(i32.and(isInfinite(format, z.get), differ), invalid(format, b.flags)),
      ret(format.box(signed(format, productSign, format.infinity))),
    ]),
    when(isInfinite(format, z.get), [ret(format.box(z.get))]),
    when(zero, [
      when(i32.and(isZero(format, z.get), differ), [ret(cancelled(b, rm.get))]),
      ret(format.box(z.get)),
    ]),
    ...unpack(format, x.get, p),
    ...unpack(format, y.get, q),
    sign.set(i32.xor(p.sign.get, q.sign.get)),
    hi.set(b.mulHigh.call(p.significand.get, q.significand.get)),
    lo.set(i64.mul(p.significand.get, q.significand.get)),
    by.set(i32.sub(lead(hi), i32.const(1))),
    ...shiftPairLeft(hi, lo, wide),
    exponent.set(i32.sub(i32.add(i32.add(exponent.get, q.exponent.get), i32.const(2)), by.get)),
    when(isZero(format, z.get), [
      ret(b.round.call(sign.get, exponent.get, i64.or(hi.get, sticky(lo.get)), rm.get)),
    ]),
    ...unpack(format, z.get, c),
    otherLo.set(i64.const(0)),
    by.set(i32.sub(exponent.get, c.exponent.get)),
    when(i32.geS(by.get, i32.const(0)), shiftPairRight(otherHi, otherLo, by.get), [
      by.set(i32.sub(i32.const(0), by.get)),
      exponent.set(c.exponent.get),
      ...shiftPairRight(hi, lo, by.get),
    ]),
    when(
      i32.eq(sign.get, c.sign.get),
      [
        lo.set(i64.add(lo.get, otherLo.get)),
        hi.set(i64.add(i64.add(hi.get, otherHi.get), i64.extendU(i64.ltU(lo.get, otherLo.get)))),
      ],
      [
        when(below, [
          swap.set(hi.get),
          hi.set(otherHi.get),
          otherHi.set(swap.get),
          swap.set(lo.get),
          lo.set(otherLo.get),
          otherLo.set(swap.get),
          sign.set(c.sign.get),
        ]),
        hi.set(i64.sub(i64.sub(hi.get, otherHi.get), i64.extendU(i64.ltU(lo.get, otherLo.get)))),
        lo.set(i64.sub(lo.get, otherLo.get)),
        when(i64.eqz(i64.or(hi.get, lo.get)), [ret(cancelled(b, rm.get))]),
        when(i64.eqz(hi.get), [
          hi.set(lo.get),
          lo.set(i64.const(0)),
          exponent.set(i32.sub(exponent.get, i32.const(64))),
        ]),
      ],
    ),
    by.set(i32.sub(lead(hi), i32.const(1))),
    when(i32.ltS(by.get, i32.const(0)), [
      ...shiftPairRight(hi, lo, i32.const(1)),
      exponent.set(i32.add(exponent.get, i32.const(1))),
    ]),
    when(i32.gtS(by.get, i32.const(0)), [
      ...shiftPairLeft(hi, lo, wide),
      exponent.set(i32.sub(exponent.get, by.get)),
    ]),
    ret(b.round.call(sign.get, exponent.get, i64.or(hi.get, sticky(lo.get)), rm.get)),
  );
  return f;
}
