/**
 * Exact add, multiply, divide and square root of one format.
 *
 * Each takes and gives registers, and a rounding mode 0 to 4. Source: IEEE 754-2019, 5.4.1 and 6.
 */
import { type I32, type I64, i32, i64 } from '../wasm/expr.ts';
import type { Func, Global, ModuleBuilder } from '../wasm/module.ts';
import { brIf, label, type Local, loop, ret, when } from '../wasm/stmt.ts';
import {
  FLAG_DZ,
  type FloatFormat,
  invalid,
  isInfinite,
  isZero,
  magnitude,
  nanGuard,
  parts,
  raise,
  RM_RDN,
  signed,
  signOf,
  TOP,
  unpack,
} from './format.ts';

/** What the arithmetic of a format is built on. */
export interface Base {
  readonly m: ModuleBuilder;
  readonly format: FloatFormat;
  readonly flags: Global;
  readonly jam: Func<'i64'>;
  readonly mulHigh: Func<'i64'>;
  readonly round: Func<'i64'>;
}

/** Leading zeros. */
export const lead = (x: Local<'i64'>): I32 => i32.wrap(i64.clz(x.get));
/** 1 if any bit is set. */
export const sticky = (x: I64): I64 => i64.extendU(i64.ne(x, i64.const(0)));
/** The zero of an exact cancellation: negative only when rounding down. */
export const cancelled = (b: Base, rm: I32): I64 =>
  b.format.box(signed(b.format, i32.eq(rm, i32.const(RM_RDN)), i64.const(0)));

export function buildAdd(b: Base): Func<'i64'> {
  const { format } = b;
  const f = b.m.func(['i64', 'i64', 'i32'], 'i64');
  const x = f.parameter('i64', 0);
  const y = f.parameter('i64', 1);
  const rm = f.parameter('i32', 2);
  const swap = f.local('i64');
  const p = parts(f as unknown as Func);
  const q = parts(f as unknown as Func);
  const sum = p.significand;
  f.body(
    x.set(format.unbox(x.get)),
    y.set(format.unbox(y.get)),
    nanGuard(format, b.flags, [x.get, y.get]),
    when(i64.ltU(magnitude(format, x.get), magnitude(format, y.get)), [
      swap.set(x.get),
      x.set(y.get),
      y.set(swap.get),
    ]),
    when(isInfinite(format, x.get), [
      when(i32.and(isInfinite(format, y.get), i64.ne(x.get, y.get)), invalid(format, b.flags)),
      ret(format.box(x.get)),
    ]),
    when(isZero(format, y.get), [
      when(i32.and(isZero(format, x.get), i64.ne(x.get, y.get)), [ret(cancelled(b, rm.get))]),
      ret(format.box(x.get)),
    ]),
    ...unpack(format, x.get, p),
    ...unpack(format, y.get, q),
    q.significand.set(b.jam.call(q.significand.get, i32.sub(p.exponent.get, q.exponent.get))),
    when(
      i32.eq(p.sign.get, q.sign.get),
      [
        sum.set(i64.add(sum.get, q.significand.get)),
        when(i64.ltS(sum.get, i64.const(0)), [
          sum.set(b.jam.call(sum.get, i32.const(1))),
          p.exponent.set(i32.add(p.exponent.get, i32.const(1))),
        ]),
      ],
      [
        sum.set(i64.sub(sum.get, q.significand.get)),
        when(i64.eqz(sum.get), [ret(cancelled(b, rm.get))]),
        q.exponent.set(i32.sub(lead(sum), i32.const(1))),
        sum.set(i64.shl(sum.get, i64.extendU(q.exponent.get))),
        p.exponent.set(i32.sub(p.exponent.get, q.exponent.get)),
      ],
    ),
    ret(b.round.call(p.sign.get, p.exponent.get, sum.get, rm.get)),
  );
  return f;
}

export function buildMul(b: Base): Func<'i64'> {
  const { format } = b;
  const f = b.m.func(['i64', 'i64', 'i32'], 'i64');
  const x = f.parameter('i64', 0);
  const y = f.parameter('i64', 1);
  const rm = f.parameter('i32', 2);
  const p = parts(f as unknown as Func);
  const q = parts(f as unknown as Func);
  const product = f.local('i64');
  const zero = i32.or(isZero(format, x.get), isZero(format, y.get));
  const infinite = i32.or(isInfinite(format, x.get), isInfinite(format, y.get));
  f.body(
    x.set(format.unbox(x.get)),
    y.set(format.unbox(y.get)),
    nanGuard(format, b.flags, [x.get, y.get]),
    p.sign.set(i32.xor(signOf(format, x.get), signOf(format, y.get))),
    when(infinite, [
      when(zero, invalid(format, b.flags)),
      ret(format.box(signed(format, p.sign.get, format.infinity))),
    ]),
    when(zero, [ret(format.box(signed(format, p.sign.get, i64.const(0))))]),
    ...unpack(format, x.get, p),
    ...unpack(format, y.get, q),
    // Leading ones at bit 62 give the product's at bit 124 or 125: bit 60 or 61 of the high half.
    product.set(
      i64.or(
        b.mulHigh.call(p.significand.get, q.significand.get),
        sticky(i64.mul(p.significand.get, q.significand.get)),
      ),
    ),
    p.exponent.set(i32.sub(i32.add(i32.add(p.exponent.get, q.exponent.get), i32.const(3)), lead(product))),
    ret(
      b.round.call(
        i32.xor(p.sign.get, q.sign.get),
        p.exponent.get,
        i64.shl(product.get, i64.sub(i64.clz(product.get), i64.const(1))),
        rm.get,
      ),
    ),
  );
  return f;
}

export function buildDiv(b: Base): Func<'i64'> {
  const { format } = b;
  const f = b.m.func(['i64', 'i64', 'i32'], 'i64');
  const x = f.parameter('i64', 0);
  const y = f.parameter('i64', 1);
  const rm = f.parameter('i32', 2);
  const p = parts(f as unknown as Func);
  const q = parts(f as unknown as Func);
  const quotient = f.local('i64');
  const count = f.local('i32');
  const rest = p.significand;
  const again = label('bits');
  const digits = format.precision + 2;
  const sign = i32.xor(signOf(format, x.get), signOf(format, y.get));
  const zero = ret(format.box(signed(format, sign, i64.const(0))));
  const infinity = ret(format.box(signed(format, sign, format.infinity)));
  f.body(
    x.set(format.unbox(x.get)),
    y.set(format.unbox(y.get)),
    nanGuard(format, b.flags, [x.get, y.get]),
    when(isInfinite(format, x.get), [when(isInfinite(format, y.get), invalid(format, b.flags)), infinity]),
    when(isInfinite(format, y.get), [zero]),
    when(isZero(format, y.get), [
      when(isZero(format, x.get), invalid(format, b.flags)),
      raise(b.flags, i32.const(FLAG_DZ)),
      infinity,
    ]),
    when(isZero(format, x.get), [zero]),
    ...unpack(format, x.get, p),
    ...unpack(format, y.get, q),
    p.exponent.set(i32.sub(p.exponent.get, q.exponent.get)),
    when(i64.ltU(rest.get, q.significand.get), [
      rest.set(i64.shl(rest.get, i64.const(1))),
      p.exponent.set(i32.sub(p.exponent.get, i32.const(1))),
    ]),
    count.set(i32.const(digits)),
    loop(again, [
      quotient.set(i64.shl(quotient.get, i64.const(1))),
      when(i64.geU(rest.get, q.significand.get), [
        rest.set(i64.sub(rest.get, q.significand.get)),
        quotient.set(i64.or(quotient.get, i64.const(1))),
      ]),
      rest.set(i64.shl(rest.get, i64.const(1))),
      count.set(i32.sub(count.get, i32.const(1))),
      brIf(again, count.get),
    ]),
    ret(
      b.round.call(
        i32.xor(p.sign.get, q.sign.get),
        p.exponent.get,
        i64.or(i64.shl(quotient.get, i64.const(TOP + 1 - digits)), sticky(rest.get)),
        rm.get,
      ),
    ),
  );
  return f;
}

export function buildSqrt(b: Base): Func<'i64'> {
  const { format } = b;
  const f = b.m.func(['i64', 'i32'], 'i64');
  const x = f.parameter('i64', 0);
  const rm = f.parameter('i32', 1);
  const p = parts(f as unknown as Func);
  const root = f.local('i64');
  const rest = f.local('i64');
  const trial = f.local('i64');
  const count = f.local('i32');
  const again = label('bits');
  const digits = format.precision + 2;
  const radicand = p.significand;
  f.body(
    x.set(format.unbox(x.get)),
    nanGuard(format, b.flags, [x.get]),
    when(isZero(format, x.get), [ret(format.box(x.get))]),
    when(signOf(format, x.get), invalid(format, b.flags)),
    when(isInfinite(format, x.get), [ret(format.box(x.get))]),
    ...unpack(format, x.get, p),
    // An even exponent, with the radicand's integer part in the top two bits.
    radicand.set(i64.shl(radicand.get, i64.extendU(i32.and(p.exponent.get, i32.const(1))))),
    p.exponent.set(i32.shrS(p.exponent.get, i32.const(1))),
    count.set(i32.const(digits)),
    loop(again, [
      rest.set(i64.or(i64.shl(rest.get, i64.const(2)), i64.shrU(radicand.get, i64.const(TOP)))),
      radicand.set(i64.shl(radicand.get, i64.const(2))),
      trial.set(i64.or(i64.shl(root.get, i64.const(2)), i64.const(1))),
      root.set(i64.shl(root.get, i64.const(1))),
      when(i64.geU(rest.get, trial.get), [
        rest.set(i64.sub(rest.get, trial.get)),
        root.set(i64.or(root.get, i64.const(1))),
      ]),
      count.set(i32.sub(count.get, i32.const(1))),
      brIf(again, count.get),
    ]),
    ret(
      b.round.call(
        i32.const(0),
        p.exponent.get,
        i64.or(i64.shl(root.get, i64.const(TOP + 1 - digits)), sticky(i64.or(rest.get, radicand.get))),
        rm.get,
      ),
    ),
  );
  return f;
}
