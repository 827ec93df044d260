/**
 * RV64A: load-reserved, store-conditional and read-modify-write.
 *
 * Plain loads and stores serve while all harts share one host thread. Source: Unprivileged ISA, chapter 8.
 */
import { type I32, type I64, i32, i64, select } from '../wasm/expr.ts';
import * as F from './format.ts';
import { type Row, row } from './row.ts';
import { amo } from './semantics.ts';

const AMO_MASK = 0xf800707f;
const LR_MASK = 0xf9f0707f;
const at = (funct5: number, funct3: number): number => ((funct5 << 27) | (funct3 << 12) | 0x2f) >>> 0;

type Combine = (old: I64, operand: I64) => I64;
const pick =
  (keepOld: (old: I64, operand: I64) => I32): Combine =>
  (old, operand) =>
    select(keepOld(old, operand), old, operand);
/** Words compare by their low halves, whatever lies above in the register. */
const words =
  (compare: (a: I32, b: I32) => I32): ((a: I64, b: I64) => I32) =>
  (a, b) =>
    compare(i32.wrap(a), i32.wrap(b));

const operations: readonly [name: string, funct5: number, word: Combine, double: Combine][] = [
  ['amoadd', 0x00, i64.add, i64.add],
  ['amoswap', 0x01, (_, operand) => operand, (_, operand) => operand],
  ['amoxor', 0x04, i64.xor, i64.xor],
  ['amoor', 0x08, i64.or, i64.or],
  ['amoand', 0x0c, i64.and, i64.and],
  ['amomin', 0x10, pick(words(i32.ltS)), pick(i64.ltS)],
  ['amomax', 0x14, pick(words(i32.gtS)), pick(i64.gtS)],
  ['amominu', 0x18, pick(words(i32.ltU)), pick(i64.ltU)],
  ['amomaxu', 0x1c, pick(words(i32.gtU)), pick(i64.gtU)],
];

const MISALIGNED = 'must be aligned, else an address-misaligned exception (8.2)';

export const atomicRows: readonly Row[] = [
  row('lr.w', at(0x02, 2), LR_MASK, F.LR, { kind: 'lr', bytes: 4 }, MISALIGNED),
  row('lr.d', at(0x02, 3), LR_MASK, F.LR, { kind: 'lr', bytes: 8 }, MISALIGNED),
  row(
    'sc.w',
    at(0x03, 2),
    AMO_MASK,
    F.AMO,
    { kind: 'sc', bytes: 4 },
    'rd = 1 on failure; always ends the reservation',
  ),
  row(
    'sc.d',
    at(0x03, 3),
    AMO_MASK,
    F.AMO,
    { kind: 'sc', bytes: 8 },
    'rd = 1 on failure; always ends the reservation',
  ),
  ...operations.map(([name, funct5, word]) =>
    row(`${name}.w`, at(funct5, 2), AMO_MASK, F.AMO, amo(4, word), MISALIGNED),
  ),
  ...operations.map(([name, funct5, , double]) =>
    row(`${name}.d`, at(funct5, 3), AMO_MASK, F.AMO, amo(8, double), MISALIGNED),
  ),
];
