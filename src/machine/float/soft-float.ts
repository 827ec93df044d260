/**
 * Exact floating point as functions of the module under construction.
 *
 * Bit-exact IEEE 754 with flags, in integer arithmetic: the reference for every back end, and their slow path. Values
 * are registers (singles boxed), results canonical NaNs where NaN. Flags are ORed into `flags`, never cleared here.
 */
import type { I32, I64 } from '../wasm/expr.ts';
import type { Global, ModuleBuilder } from '../wasm/module.ts';
import { type Base, buildAdd, buildDiv, buildMul, buildSqrt } from './arithmetic.ts';
import {
  buildClassify,
  buildCompare,
  buildFromInteger,
  buildMinMax,
  buildToFormat,
  buildToInteger,
} from './convert.ts';
import { buildFma } from './fused.ts';
import { DOUBLE, type FloatFormat, SINGLE } from './format.ts';
import { buildJam, buildMulHigh, buildRound } from './round.ts';

/** Saturation of a conversion to an integer: magnitudes that fit, and what the others give. */
export interface IntegerRange {
  readonly positiveLimit: I64;
  readonly negativeLimit: I64;
  readonly positiveResult: I64;
  readonly negativeResult: I64;
}

/** The operations of one format. */
export interface FloatFunctions {
  add(x: I64, y: I64, rm: I32): I64;
  mul(x: I64, y: I64, rm: I32): I64;
  div(x: I64, y: I64, rm: I32): I64;
  sqrt(x: I64, rm: I32): I64;
  /** x * y + z */
  fma(x: I64, y: I64, z: I64, rm: I32): I64;
  eq(x: I64, y: I64): I64;
  lt(x: I64, y: I64): I64;
  le(x: I64, y: I64): I64;
  min(x: I64, y: I64): I64;
  max(x: I64, y: I64): I64;
  classify(x: I64): I64;
  toInteger(x: I64, rm: I32, range: IntegerRange): I64;
  fromInteger(sign: I32, magnitude: I64, rm: I32): I64;
  /** To the other format. */
  convert(x: I64, rm: I32): I64;
}

export interface SoftFloat {
  readonly single: FloatFunctions;
  readonly double: FloatFunctions;
  /** Flags raised since it was last cleared, as in fflags. */
  readonly flags: Global;
}

function functions(b: Base, other: Base): FloatFunctions {
  const add = buildAdd(b);
  const mul = buildMul(b);
  const div = buildDiv(b);
  const sqrt = buildSqrt(b);
  const fma = buildFma(b);
  const eq = buildCompare(b, 'eq');
  const lt = buildCompare(b, 'lt');
  const le = buildCompare(b, 'le');
  const min = buildMinMax(b, 'min');
  const max = buildMinMax(b, 'max');
  const classify = buildClassify(b);
  const toInteger = buildToInteger(b);
  const fromInteger = buildFromInteger(b);
  const convert = buildToFormat(b, other);
  return {
    add: (x, y, rm) => add.call(x, y, rm),
    mul: (x, y, rm) => mul.call(x, y, rm),
    div: (x, y, rm) => div.call(x, y, rm),
    sqrt: (x, rm) => sqrt.call(x, rm),
    fma: (x, y, z, rm) => fma.call(x, y, z, rm),
    eq: (x, y) => eq.call(x, y),
    lt: (x, y) => lt.call(x, y),
    le: (x, y) => le.call(x, y),
    min: (x, y) => min.call(x, y),
    max: (x, y) => max.call(x, y),
    classify: (x) => classify.call(x),
    toInteger: (x, rm, r) =>
      toInteger.call(x, rm, r.positiveLimit, r.negativeLimit, r.positiveResult, r.negativeResult),
    fromInteger: (sign, magnitude, rm) => fromInteger.call(sign, magnitude, rm),
    convert: (x, rm) => convert.call(x, rm),
  };
}

/** Add the functions to a module. */
export function buildSoftFloat(m: ModuleBuilder): SoftFloat {
  const flags = m.global();
  const jam = buildJam(m);
  const mulHigh = buildMulHigh(m);
  const base = (format: FloatFormat): Base => ({
    m,
    format,
    flags,
    jam,
    mulHigh,
    round: buildRound(m, format, flags, jam),
  });
  const single = base(SINGLE);
  const double = base(DOUBLE);
  return { single: functions(single, double), double: functions(double, single), flags };
}
