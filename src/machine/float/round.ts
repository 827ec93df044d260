/**
 * Rounding to a format, and the shifts and products that feed it.
 *
 * `round` is the one place where overflow, underflow and inexact arise. Tininess is detected after rounding, as
 * RISC-V has it (Unprivileged ISA, "F": 20.2).
 */
import { type I32, type I64, i32, i64, select } from '../wasm/expr.ts';
import type { Func, Global, ModuleBuilder } from '../wasm/module.ts';
import { type Local, ret, type Stmt, when } from '../wasm/stmt.ts';
import {
  FLAG_NX,
  FLAG_OF,
  FLAG_UF,
  type FloatFormat,
  raise,
  RM_RDN,
  RM_RMM,
  RM_RNE,
  RM_RTZ,
  signed,
  TOP,
} from './format.ts';

/** (significand, count) -> shifted right, with every bit lost ORed into bit 0. */
export function buildJam(m: ModuleBuilder): Func<'i64'> {
  const f = m.func(['i64', 'i32'], 'i64');
  const sig = f.parameter('i64', 0);
  const count = f.parameter('i32', 1);
  const by = i64.extendU(count.get);
  f.body(
    when(i32.eqz(count.get), [ret(sig.get)]),
    when(i32.gtU(count.get, i32.const(63)), [ret(i64.extendU(i64.ne(sig.get, i64.const(0))))]),
    ret(
      i64.or(
        i64.shrU(sig.get, by),
        i64.extendU(i64.ne(i64.shl(sig.get, i64.sub(i64.const(64), by)), i64.const(0))),
      ),
    ),
  );
  return f;
}

/** (a, b) -> high half of the unsigned product. */
export function buildMulHigh(m: ModuleBuilder): Func<'i64'> {
  const f = m.func(['i64', 'i64'], 'i64');
  const a = f.parameter('i64', 0);
  const b = f.parameter('i64', 1);
  const u = f.local('i64');
  const ones = i64.bits(0, -1);
  const half = i64.const(32);
  const low = (x: Local<'i64'>): I64 => i64.and(x.get, ones);
  const high = (x: Local<'i64'>): I64 => i64.shrU(x.get, half);
  f.body(
    u.set(i64.add(i64.mul(high(a), low(b)), i64.shrU(i64.mul(low(a), low(b)), half))),
    ret(
      i64.add(
        i64.add(i64.mul(high(a), high(b)), high(u)),
        i64.shrU(i64.add(i64.mul(low(a), high(b)), low(u)), half),
      ),
    ),
  );
  return f;
}

/** 128-bit shift right in place by `count` >= 0, bits lost ORed into bit 0 of `lo`. */
export function shiftPairRight(hi: Local<'i64'>, lo: Local<'i64'>, count: I32): readonly Stmt[] {
  const by = i64.extendU(count);
  const lost = (bits: I64): I64 => i64.extendU(i64.ne(bits, i64.const(0)));
  const back = i64.sub(i64.const(64), by);
  return [
    when(
      i32.ltU(count, i32.const(64)),
      [
        when(count, [
          lo.set(i64.or(i64.or(i64.shrU(lo.get, by), i64.shl(hi.get, back)), lost(i64.shl(lo.get, back)))),
          hi.set(i64.shrU(hi.get, by)),
        ]),
      ],
      [
        when(
          i32.ltU(count, i32.const(128)),
          [
            // Wasm takes shift counts modulo 64; at exactly 64 nothing of hi is lost.
            lo.set(
              i64.or(
                i64.shrU(hi.get, by),
                i64.or(
                  lost(lo.get),
                  select(i32.eq(count, i32.const(64)), i64.const(0), lost(i64.shl(hi.get, back))),
                ),
              ),
            ),
          ],
          [lo.set(lost(i64.or(hi.get, lo.get)))],
        ),
        hi.set(i64.const(0)),
      ],
    ),
  ];
}

/** (sign, exponent, significand with bit 62 set, rounding mode) -> the register, flags raised. */
export function buildRound(
  m: ModuleBuilder,
  format: FloatFormat,
  flags: Global,
  jam: Func<'i64'>,
): Func<'i64'> {
  const f = m.func(['i32', 'i32', 'i64', 'i32'], 'i64');
  const sign = f.parameter('i32', 0);
  const exponent = f.parameter('i32', 1);
  const sig = f.parameter('i64', 2);
  const rm = f.parameter('i32', 3);
  const increment = f.local('i64');
  const tiny = f.local('i32');
  const rest = f.local('i64');
  const drop = TOP + 1 - format.precision;
  const mask = i64.sub(i64.shl(i64.const(1), i64.const(drop)), i64.const(1));
  const half = i64.shl(i64.const(1), i64.const(drop - 1));
  const is = (mode: number): I32 => i32.eq(rm.get, i32.const(mode));
  const away = i32.eq(sign.get, is(RM_RDN));
  f.body(
    increment.set(
      select(
        i32.or(is(RM_RNE), is(RM_RMM)),
        half,
        select(i32.or(is(RM_RTZ), i32.eqz(away)), i64.const(0), mask),
      ),
    ),
    exponent.set(i32.add(exponent.get, i32.const(format.bias))),
    when(i32.ltS(exponent.get, i32.const(1)), [
      tiny.set(
        i32.or(i32.ltS(exponent.get, i32.const(0)), i64.geS(i64.add(sig.get, increment.get), i64.const(0))),
      ),
      sig.set(jam.call(sig.get, i32.sub(i32.const(1), exponent.get))),
      exponent.set(i32.const(1)),
    ]),
    rest.set(i64.and(sig.get, mask)),
    when(i64.ne(rest.get, i64.const(0)), [
      raise(flags, select(tiny.get, i32.const(FLAG_NX | FLAG_UF), i32.const(FLAG_NX))),
    ]),
    sig.set(i64.shrU(i64.add(sig.get, increment.get), i64.const(drop))),
    when(i32.and(is(RM_RNE), i64.eq(rest.get, half)), [sig.set(i64.and(sig.get, i64.const(-2)))]),
    // The hidden bit, and a carry out of the significand, add to the exponent field.
    sig.set(
      i64.add(
        sig.get,
        i64.shl(i64.extendU(i32.sub(exponent.get, i32.const(1))), i64.const(format.precision - 1)),
      ),
    ),
    when(i64.geU(sig.get, format.infinity), [
      raise(flags, i32.const(FLAG_OF | FLAG_NX)),
      sig.set(i64.sub(format.infinity, i64.extendU(i64.eqz(increment.get)))),
    ]),
    ret(format.box(signed(format, sign.get, sig.get))),
  );
  return f;
}
