/**
 * RV64F and RV64D: floating point. A long table.
 *
 * Each row names the exact operation (float/soft-float.ts) and, where there is one, the hardware's (float/fast.ts).
 * Source: Unprivileged ISA, chapters 20 (F) and 21 (D).
 */
import {
  fastArithmeticD,
  fastArithmeticS,
  fastCompareD,
  fastCompareS,
  fastFmaD,
  fastFmaS,
  fastFromInteger,
  fastMinMaxD,
  fastMinMaxS,
  fastNarrow,
  fastSqrtD,
  fastSqrtS,
  fastToInteger,
  fastWiden,
  type IntegerKind,
} from '../float/fast.ts';
import { DOUBLE, type FloatFormat, SINGLE } from '../float/format.ts';
import type { FloatFunctions, IntegerRange } from '../float/soft-float.ts';
import { type I64, i32, i64 } from '../wasm/expr.ts';
import * as F from './format.ts';
import { type Row, row } from './row.ts';
import { type FastFloat, load, type Scope, type Semantics, store } from './semantics.ts';

const BOX = i64.bits(-1, 0);
const OP_FP = 0x53;

/** funct7 with a rounding mode in funct3; `rs2` is the selector of the conversions, or null for an operand. */
const rounded = (funct7: number, rs2: number | null): readonly [match: number, mask: number] => [
  ((funct7 << 25) | ((rs2 ?? 0) << 20) | OP_FP) >>> 0,
  rs2 === null ? 0xfe00007f : 0xfff0007f,
];
const plain = (
  funct7: number,
  funct3: number,
  rs2: number | null,
): readonly [match: number, mask: number] => [
  ((funct7 << 25) | ((rs2 ?? 0) << 20) | (funct3 << 12) | OP_FP) >>> 0,
  rs2 === null ? 0xfe00707f : 0xfff0707f,
];

const floating = (exact: (s: Scope) => I64, fast: FastFloat | null, toInteger = false): Semantics => ({
  kind: 'float',
  exact,
  fast,
  toInteger,
});
/** No flags, no rounding: the exact value is fast. */
const moving = (value: (s: Scope) => I64, toInteger = false): Semantics =>
  floating(
    value,
    { when: 'always', value: (s) => ({ ok: [], unrounded: null, result: value(s) }) },
    toInteger,
  );

const MINUS_1 = i64.const(-1);
const range = (positive: I64, negative: I64, high: I64, low: I64): IntegerRange => ({
  positiveLimit: positive,
  negativeLimit: negative,
  positiveResult: high,
  negativeResult: low,
});
/** Saturation (Unprivileged ISA, table 28). */
const RANGES: Readonly<Record<IntegerKind, IntegerRange>> = {
  w: range(i64.const(0x7fffffff), i64.const(0x80000000), i64.const(0x7fffffff), i64.const(-0x80000000)),
  wu: range(i64.const(0xffffffff), i64.const(0), MINUS_1, i64.const(0)),
  l: range(
    i64.bits(0x7fffffff, -1),
    i64.bits(0x80000000, 0),
    i64.bits(0x7fffffff, -1),
    i64.bits(0x80000000, 0),
  ),
  lu: range(MINUS_1, i64.const(0), MINUS_1, i64.const(0)),
};
const KINDS: readonly IntegerKind[] = ['w', 'wu', 'l', 'lu'];

interface Width {
  readonly letter: 's' | 'd';
  readonly fmt: number;
  readonly format: FloatFormat;
  readonly soft: (s: Scope) => FloatFunctions;
}
const WIDTHS: readonly Width[] = [
  { letter: 's', fmt: 0, format: SINGLE, soft: (s) => s.soft.single },
  { letter: 'd', fmt: 1, format: DOUBLE, soft: (s) => s.soft.double },
];

const toInteger = (w: Width, kind: IntegerKind): Semantics =>
  floating(
    (s) => {
      const whole = w.soft(s).toInteger(s.rs1, s.rm, RANGES[kind]);
      return kind === 'wu' ? i64.extend32(whole) : whole;
    },
    fastToInteger(w.fmt === 0, kind),
    true,
  );

const fromInteger = (w: Width, kind: IntegerKind): Semantics =>
  floating(
    (s) => {
      if (kind === 'wu') return w.soft(s).fromInteger(i32.const(0), i64.extendU(i32.wrap(s.rs1)), s.rm);
      if (kind === 'lu') return w.soft(s).fromInteger(i32.const(0), s.rs1, s.rm);
      const value = s.bind(kind === 'w' ? i64.extend32(s.rs1) : s.rs1);
      const sign = s.bind(i64.shrS(value, i64.const(63)));
      return w
        .soft(s)
        .fromInteger(i32.wrap(i64.and(sign, i64.const(1))), i64.sub(i64.xor(value, sign), sign), s.rm);
    },
    fastFromInteger(w.fmt === 0, kind),
  );

/** Sign injection: the magnitude of rs1 with a sign made of both signs. */
const inject = (w: Width, sign: (s: Scope, a: I64, b: I64) => I64): Semantics =>
  moving((s) => {
    const a = s.bind(w.format.unbox(s.bind(s.rs1)));
    const b = s.bind(w.format.unbox(s.bind(s.rs2)));
    return w.format.box(i64.or(i64.and(a, w.format.magnitudeMask), i64.and(sign(s, a, b), w.format.signBit)));
  });

/** The sign flipped; of a NaN too, which makes no difference to arithmetic. */
const negated = (w: Width, register: I64): I64 => i64.xor(register, w.format.signBit);

function fused(w: Width, name: string, opcode: number, negateProduct: boolean, negateAddend: boolean): Row {
  const fast = w.fmt === 0 ? fastFmaS : fastFmaD;
  return row(
    `${name}.${w.letter}`,
    (opcode | (w.fmt << 25)) >>> 0,
    0x0600007f,
    F.FFFFM,
    floating(
      (s) =>
        w
          .soft(s)
          .fma(
            negateProduct ? negated(w, s.rs1) : s.rs1,
            s.rs2,
            negateAddend ? negated(w, s.rs3) : s.rs3,
            s.rm,
          ),
      fast(negateProduct, negateAddend),
    ),
    negateProduct ? 'the product is negated, not the result (20.6)' : undefined,
  );
}

function rowsOf(w: Width): readonly Row[] {
  const single = w.fmt === 0;
  const name = (stem: string): string => `${stem}.${w.letter}`;
  const at = (funct7: number): number => funct7 | w.fmt;
  const arithmetic = single ? fastArithmeticS : fastArithmeticD;
  const compare = single ? fastCompareS : fastCompareD;
  const minMax = single ? fastMinMaxS : fastMinMaxD;
  const op = (stem: string, funct7: number, exact: (s: Scope) => I64, fast: FastFloat): Row =>
    row(name(stem), ...rounded(at(funct7), null), F.FFFM, floating(exact, fast));
  return [
    fused(w, 'fmadd', 0x43, false, false),
    fused(w, 'fmsub', 0x47, false, true),
    fused(w, 'fnmsub', 0x4b, true, false),
    fused(w, 'fnmadd', 0x4f, true, true),
    op('fadd', 0x00, (s) => w.soft(s).add(s.rs1, s.rs2, s.rm), arithmetic('add')),
    op('fsub', 0x04, (s) => w.soft(s).add(s.rs1, negated(w, s.rs2), s.rm), arithmetic('sub')),
    op('fmul', 0x08, (s) => w.soft(s).mul(s.rs1, s.rs2, s.rm), arithmetic('mul')),
    op('fdiv', 0x0c, (s) => w.soft(s).div(s.rs1, s.rs2, s.rm), arithmetic('div')),
    row(
      name('fsqrt'),
      ...rounded(at(0x2c), 0),
      F.FFM,
      floating((s) => w.soft(s).sqrt(s.rs1, s.rm), single ? fastSqrtS : fastSqrtD),
    ),
    row(
      name('fsgnj'),
      ...plain(at(0x10), 0, null),
      F.FFF,
      inject(w, (_, __, b) => b),
    ),
    row(
      name('fsgnjn'),
      ...plain(at(0x10), 1, null),
      F.FFF,
      inject(w, (_, __, b) => i64.xor(b, MINUS_1)),
    ),
    row(
      name('fsgnjx'),
      ...plain(at(0x10), 2, null),
      F.FFF,
      inject(w, (_, a, b) => i64.xor(a, b)),
    ),
    row(
      name('fmin'),
      ...plain(at(0x14), 0, null),
      F.FFF,
      floating((s) => w.soft(s).min(s.rs1, s.rs2), minMax('min')),
      'minimumNumber: a NaN operand loses, -0 < +0 (20.6)',
    ),
    row(
      name('fmax'),
      ...plain(at(0x14), 1, null),
      F.FFF,
      floating((s) => w.soft(s).max(s.rs1, s.rs2), minMax('max')),
    ),
    row(
      name('fle'),
      ...plain(at(0x50), 0, null),
      F.XFF,
      floating((s) => w.soft(s).le(s.rs1, s.rs2), compare('le'), true),
    ),
    row(
      name('flt'),
      ...plain(at(0x50), 1, null),
      F.XFF,
      floating((s) => w.soft(s).lt(s.rs1, s.rs2), compare('lt'), true),
    ),
    row(
      name('feq'),
      ...plain(at(0x50), 2, null),
      F.XFF,
      floating((s) => w.soft(s).eq(s.rs1, s.rs2), compare('eq'), true),
      'quiet: only a signalling NaN raises NV (20.8)',
    ),
    row(
      name('fclass'),
      ...plain(at(0x70), 1, 0),
      F.XF,
      floating((s) => w.soft(s).classify(s.rs1), null, true),
    ),
    ...KINDS.map((kind, i) =>
      row(`fcvt.${kind}.${w.letter}`, ...rounded(at(0x60), i), F.XFM, toInteger(w, kind)),
    ),
    ...KINDS.map((kind, i) =>
      row(`fcvt.${w.letter}.${kind}`, ...rounded(at(0x68), i), F.FXM, fromInteger(w, kind)),
    ),
  ];
}

export const floatRows: readonly Row[] = [
  row(
    'flw',
    0x2007,
    0x707f,
    F.FLOAD,
    load(4, true, (at, offset) => i64.or(i64.load32U(at, offset), BOX), true),
  ),
  row('fld', 0x3007, 0x707f, F.FLOAD, load(8, false, i64.load, true)),
  row('fsw', 0x2027, 0x707f, F.FS, store(4, true), 'the low 32 bits, boxed or not (21.2)'),
  row('fsd', 0x3027, 0x707f, F.FS, store(8, true)),
  ...WIDTHS.flatMap(rowsOf),
  row(
    'fcvt.s.d',
    ...rounded(0x20, 1),
    F.FFM,
    floating((s) => s.soft.double.convert(s.rs1, s.rm), fastNarrow),
  ),
  row(
    'fcvt.d.s',
    ...rounded(0x21, 0),
    F.FFM,
    floating((s) => s.soft.single.convert(s.rs1, s.rm), fastWiden),
    'exact, yet a reserved rounding mode is illegal',
  ),
  row(
    'fmv.x.w',
    ...plain(0x70, 0, 0),
    F.XF,
    moving((s) => i64.extend32(s.rs1), true),
  ),
  row(
    'fmv.w.x',
    ...plain(0x78, 0, 0),
    F.FX,
    moving((s) => i64.or(s.rs1, BOX)),
  ),
  row(
    'fmv.x.d',
    ...plain(0x71, 0, 0),
    F.XF,
    moving((s) => s.rs1, true),
  ),
  row(
    'fmv.d.x',
    ...plain(0x79, 0, 0),
    F.FX,
    moving((s) => s.rs1),
  ),
];
