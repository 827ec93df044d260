import { expect, test } from 'vitest';
import { assemble as a } from '../../../machine/isa/assemble.ts';
import { type Decoded, decode } from '../../../machine/isa/decode.ts';
import { type Form, formAfter, formOf, type Guard, meetForms, ZERO } from './forms.ts';

type Values = bigint[];
const word = (x: bigint): bigint => BigInt.asIntN(32, x);
const low = (x: bigint): bigint => BigInt.asUintN(32, x);
/** What each does, from the specification. */
const MEANING: Readonly<Record<string, (x: bigint, y: bigint, imm: bigint) => bigint>> = {
  addi: (x, _y, imm) => x + imm,
  addiw: (x, _y, imm) => word(x + imm),
  slli: (x, _y, imm) => x << imm,
  srli: (x, _y, imm) => BigInt.asUintN(64, x) >> imm,
  srai: (x, _y, imm) => x >> imm,
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  addw: (x, y) => word(x + y),
  subw: (x, y) => word(x - y),
  sh2add: (x, y) => (x << 2n) + y,
  'add.uw': (x, y) => low(x) + y,
  'sh3add.uw': (x, y) => (low(x) << 3n) + y,
  and: (x, y) => x & y,
  or: (x, y) => x | y,
  xor: (x, y) => x ^ y,
  andi: (x, _y, imm) => x & imm,
  ori: (x, _y, imm) => x | imm,
  xori: (x, _y, imm) => x ^ imm,
  srliw: (x, _y, imm) => word(low(x) >> (imm & 31n)),
  slliw: (x, _y, imm) => word(low(x) << (imm & 31n)),
  'zext.h': (x) => x & 0xffffn,
  cpop: (x) => BigInt(BigInt.asUintN(64, x).toString(2).replaceAll('0', '').length),
};
const SHIFTS = ['slli', 'srli', 'srai'];
const WORD_SHIFTS = ['slliw', 'srliw'];

let seed = 11;
const below = (n: number): number => {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return (seed >>> 8) % n;
};
const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;

const sumAt = (terms: readonly number[], values: Values): bigint => {
  let sum = 0n;
  for (let i = 0; i < terms.length; i += 2)
    sum += (values[terms[i] as number] as bigint) * BigInt(terms[i + 1] as number);
  return sum;
};
const holds = ({ terms, least, most, lower, upper }: Guard, values: Values): boolean => {
  const sum = BigInt.asIntN(64, sumAt(terms, values));
  return sum + BigInt(least) >= BigInt(lower) && sum + BigInt(most) < BigInt(upper);
};

test('what a form says is so, where its guards hold', () => {
  let [known, guarded, refused, ranged] = [0, 0, 0, 0];
  for (let round = 0; round < 8000; round++) {
    const before: Values = Array.from({ length: 8 }, () =>
      BigInt.asIntN(64, pick([0n, 1n, 0x7ffffff0n, -5n, 1n << 40n, 0xfffffff0n]) + BigInt(below(64))),
    );
    before[0] = 0n;
    const values = [...before];
    const forms: (Form | null)[] = before.map((_, r) => (r === 0 ? ZERO : formOf(r)));
    for (let i = below(6) + 1; i > 0; i--) {
      const mnemonic = pick(Object.keys(MEANING));
      const imm = SHIFTS.includes(mnemonic)
        ? pick([1, 2, 3, 30, 31, 32, 48, 56])
        : WORD_SHIFTS.includes(mnemonic)
          ? pick([1, 3, 20, 31])
          : below(200) - 100;
      const [rd, rs1, rs2] = [1 + below(7), below(8), below(8)];
      const decoded = decode(a(mnemonic, { rd, rs1, rs2, imm })) as Decoded;
      const form = formAfter({ pc: 0, decoded }, (r) => forms[r] as Form | null);
      const meaning = MEANING[mnemonic] as (typeof MEANING)[string];
      values[rd] = BigInt.asIntN(64, meaning(values[rs1] as bigint, values[rs2] as bigint, BigInt(imm)));
      forms[rd] = form;
    }
    for (let r = 1; r < 8; r++) {
      const form = forms[r];
      if (form === null || form === undefined || form.isHigh) continue;
      if (!form.guards.every((guard) => holds(guard, before))) {
        refused++;
        continue;
      }
      known++;
      if (form.guards.length > 0) guarded++;
      if (form.least < form.most) ranged++;
      const constant = BigInt.asIntN(64, (values[r] as bigint) - sumAt(form.terms, before));
      expect(constant).toBeGreaterThanOrEqual(BigInt(form.least));
      expect(constant).toBeLessThanOrEqual(BigInt(form.most));
    }
  }
  expect(known).toBeGreaterThan(10_000);
  expect(guarded).toBeGreaterThan(500);
  expect(refused).toBeGreaterThan(200);
  expect(ranged).toBeGreaterThan(2000);
});

test('a short load leaves what it can hold', () => {
  const of = (mnemonic: string): Form | null =>
    formAfter({ pc: 0, decoded: decode(a(mnemonic, { rd: 5, rs1: 6, rs2: 0, imm: 8 })) as Decoded }, formOf);
  expect(of('lbu')).toMatchObject({ terms: [], least: 0, most: 255 });
  expect(of('lb')).toMatchObject({ terms: [], least: -128, most: 127 });
  expect(of('lhu')).toMatchObject({ terms: [], least: 0, most: 65_535 });
  expect(of('lh')).toMatchObject({ terms: [], least: -32_768, most: 32_767 });
  for (const longer of ['lw', 'lwu', 'ld', 'flw']) expect(of(longer)).toBeNull();
});

test('where ways meet the constant is in a range, and other sums are unknown', () => {
  const base = formOf(5);
  const next = { ...base, least: 8, most: 8 };
  expect(meetForms(base, next)).toMatchObject({ terms: [5, 1], least: 0, most: 8 });
  expect(meetForms(base, formOf(6))).toBeNull();
  expect(meetForms(base, null)).toBeNull();
  expect(meetForms(base, { ...base, isHigh: true })).toBeNull();
});
