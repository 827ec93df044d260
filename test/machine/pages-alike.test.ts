/**
 * Pages whose numbers end alike, so that they have the same place in the flat tables, above 4 GiB and below: translated code finds each by itself.
 */
import { expect, test } from 'vitest';
import { EXIT_BREAKPOINT, EXIT_BUDGET, EXIT_LOAD_FAULT } from '../../src/contracts/engine.ts';
import { assemble as a } from '../../src/machine/isa/assemble.ts';
import { createJit } from '../../src/modules/engine/jit/module.ts';
import { EAGER } from '../../src/modules/engine/jit/tiering.ts';
import { Harness } from './harness.ts';

const CODE = 0x100000;
/** The same low 32 bits. */
const alikeTo = (low: number): number[] => [low, 2 ** 32 + low, 5 * 2 ** 32 + low];
const TURNS = 2000;

/** Adds 1, 2, 3 to doublewords off x10, x11 and x12, and their sum to x5. */
const LOOP = [
  ...alikeTo(0).flatMap((_, i) => [
    a('ld', { rd: 6, rs1: 10 + i, imm: 8 }),
    a('addi', { rd: 6, rs1: 6, imm: i + 1 }),
    a('sd', { rs1: 10 + i, rs2: 6, imm: 8 }),
    a('add', { rd: 5, rs1: 5, rs2: 6 }),
  ]),
  a('addi', { rd: 7, rs1: 7, imm: -1 }),
  a('bne', { rs1: 7, rs2: 0, imm: -4 * (4 * alikeTo(0).length + 1) }),
  a('ebreak'),
];

function run(h: Harness, addresses: readonly number[]): void {
  addresses.forEach((address, i) => h.setX(10 + i, address));
  h.setX(5, 0);
  h.setX(7, TURNS);
  h.pc = CODE;
  let cause = EXIT_BUDGET;
  while (cause === EXIT_BUDGET) cause = h.run(977);
  expect(cause).toBe(EXIT_BREAKPOINT);
}

// The page at 0 has a tag of 0, as an entry that nobody made.
test.each([0x200000, 0])('are found at %i', (low) => {
  const alike = alikeTo(low);
  const h = new Harness(16 << 20, false, (machine) => createJit(machine, EAGER));
  for (const page of [CODE, ...alike]) h.map(page);
  h.code(CODE, LOOP);
  // One page alone at first.
  run(h, [low, low, low]);
  expect(h.x(6)).toBe(BigInt(6 * TURNS));
  run(h, alike);
  expect(h.x(6)).toBe(BigInt(3 * TURNS));
  const each = (step: number): number => (step * TURNS * (TURNS + 1)) / 2;
  expect(h.x(5)).toBe(BigInt(6 * TURNS * TURNS + each(1) + each(2) + each(3)));
  run(h, [...alike].reverse());
  expect(h.x(6)).toBe(BigInt(7 * TURNS + 3 * TURNS));
});

test('a page at 0 that is not mapped faults', () => {
  const h = new Harness(16 << 20, false, (machine) => createJit(machine, EAGER));
  for (const page of [CODE, 0x200000, 2 ** 32]) h.map(page);
  h.code(CODE, LOOP);
  run(h, [0x200000, 2 ** 32, 0x200000]);
  [0x200000, 0, 0x200000].forEach((address, i) => h.setX(10 + i, address));
  h.pc = CODE;
  expect(h.run(977)).toBe(EXIT_LOAD_FAULT);
  expect(h.pc).toBe(CODE + 16);
});
