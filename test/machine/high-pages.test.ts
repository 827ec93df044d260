/**
 * Pages above 4 GiB, and those below whose numbers end alike: translated code finds each by itself.
 */
import { expect, test } from 'vitest';
import { EXIT_BREAKPOINT, EXIT_BUDGET } from '../../src/contracts/engine.ts';
import { assemble as a } from '../../src/machine/isa/assemble.ts';
import { createJit } from '../../src/modules/engine/jit/module.ts';
import { EAGER } from '../../src/modules/engine/jit/tiering.ts';
import { Harness } from './harness.ts';

const CODE = 0x100000;
const LOW = 0x200000;
/** The same low 32 bits. */
const ALIKE = [LOW, 2 ** 32 + LOW, 5 * 2 ** 32 + LOW];
const TURNS = 2000;

/** Adds 1, 2, 3 to doublewords off x10, x11 and x12, and their sum to x5. */
const LOOP = [
  ...ALIKE.flatMap((_, i) => [
    a('ld', { rd: 6, rs1: 10 + i, imm: 8 }),
    a('addi', { rd: 6, rs1: 6, imm: i + 1 }),
    a('sd', { rs1: 10 + i, rs2: 6, imm: 8 }),
    a('add', { rd: 5, rs1: 5, rs2: 6 }),
  ]),
  a('addi', { rd: 7, rs1: 7, imm: -1 }),
  a('bne', { rs1: 7, rs2: 0, imm: -4 * (4 * ALIKE.length + 1) }),
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

test.each([
  ['from the start', { ...EAGER, wide: true }],
  ['when they are first met', EAGER],
] as const)('are found %s', (_, tiering) => {
  const h = new Harness(16 << 20, false, (machine) => createJit(machine, tiering));
  for (const page of [CODE, ...ALIKE]) h.map(page);
  h.code(CODE, LOOP);
  // Low pages alone at first, so that what is translated then knows no others.
  run(h, [LOW, LOW, LOW]);
  expect(h.x(6)).toBe(BigInt(6 * TURNS));
  run(h, ALIKE);
  expect(h.x(6)).toBe(BigInt(3 * TURNS));
  const each = (step: number): number => (step * TURNS * (TURNS + 1)) / 2;
  expect(h.x(5)).toBe(BigInt(6 * TURNS * TURNS + each(1) + each(2) + each(3)));
  run(h, [...ALIKE].reverse());
  expect(h.x(6)).toBe(BigInt(7 * TURNS + 3 * TURNS));
});
