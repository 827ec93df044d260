/**
 * Translations and what is interpreted between them, under code that changes: `enter` goes from one to the other by itself, and must notice.
 */
import { describe, expect, test } from 'vitest';
import { EXIT_BREAKPOINT, EXIT_BUDGET } from '../../src/contracts/engine.ts';
import { assemble as a } from '../../src/machine/isa/assemble.ts';
import { PAGE_SIZE } from '../../src/machine/layout.ts';
import { createInterpreter } from '../../src/modules/engine/interpreter/module.ts';
import { type Create, BETWEEN, MIXED } from './program.ts';
import { Harness } from './harness.ts';

const CODE = 0x10000;
const FUNCTION = 0x20000;
/** Not in the same place of its page: misses of addresses that end alike are said at once. */
const COLD = 0x30100;
/** Nor this. */
const WRITTEN = 0x40200;
const RETURN = a('jalr', { rd: 0, rs1: 1 });
const add = (imm: number): number => a('addi', { rd: 5, rs1: 5, imm });
/** The cold code is come to this seldom, so that the function is hot again before. */
const EVERY = 64;
/** As often as it may be come to without being translated. */
const ROUNDS = BETWEEN.missed - 1;

/** Calls the function in each turn, and now and then the cold code. */
const LOOP = [
  a('jalr', { rd: 1, rs1: 10 }),
  a('andi', { rd: 7, rs1: 6, imm: EVERY - 1 }),
  a('bne', { rs1: 7, rs2: 0, imm: 8 }),
  a('jalr', { rd: 1, rs1: 20 }),
  a('addi', { rd: 6, rs1: 6, imm: -1 }),
  a('bne', { rs1: 6, rs2: 0, imm: -20 }),
  a('ebreak'),
];
/** Writes an instruction into the function, in turn one of two. */
const SWAP = [
  a('sw', { rs2: 11, rs1: 10 }),
  a('addi', { rd: 13, rs1: 11 }),
  a('addi', { rd: 11, rs1: 12 }),
  a('addi', { rd: 12, rs1: 13 }),
  RETURN,
];

/** Writes an instruction in each turn; the cold code runs it now and then, and changes which one is written. */
const WRITING = [a('sw', { rs2: 11, rs1: 14 }), ...LOOP.slice(1)];
const CALLING = [
  a('addi', { rd: 16, rs1: 1 }),
  a('jalr', { rd: 1, rs1: 14 }),
  ...SWAP.slice(1, -1),
  a('jalr', { rd: 0, rs1: 16 }),
];

function run(create: Create, loop: readonly number[], cold: readonly number[], budget: number): Harness {
  const h = new Harness(8 << 20, false, create);
  for (const page of [CODE, FUNCTION, COLD, WRITTEN]) h.map(page - (page % PAGE_SIZE));
  h.code(CODE, loop);
  h.code(FUNCTION, [add(1), RETURN]);
  h.code(COLD, cold);
  h.code(WRITTEN, [add(1), RETURN]);
  h.setX(6, EVERY * ROUNDS);
  h.setX(10, FUNCTION);
  h.setX(11, add(3));
  h.setX(12, add(1));
  h.setX(14, WRITTEN);
  h.setX(20, COLD);
  h.pc = CODE;
  let cause = EXIT_BUDGET;
  while (cause === EXIT_BUDGET) cause = h.run(budget);
  expect(cause).toBe(EXIT_BREAKPOINT);
  return h;
}

describe.each([100_000, 977, 61])('with a budget of %i instructions', (budget) => {
  test('a function that was translated is changed', () => {
    const interpreted = run(createInterpreter, LOOP, SWAP, budget);
    // 1 at first, then 3 and 1 by turns.
    expect(interpreted.x(5)).toBe(BigInt(1 + (2 * ROUNDS + 1) * EVERY - 3));
    const mixed = run(MIXED[1], LOOP, SWAP, budget);
    expect([mixed.x(5), mixed.retired]).toEqual([interpreted.x(5), interpreted.retired]);
    // It was translated again after its changes.
    expect(mixed.engine.translation?.()?.dropped).toBeGreaterThan(ROUNDS / 2);
  });

  test('a page that is written to comes to hold code', () => {
    const interpreted = run(createInterpreter, WRITING, CALLING, budget);
    expect(interpreted.x(5)).toBe(BigInt(2 * ROUNDS + 1));
    const mixed = run(MIXED[1], WRITING, CALLING, budget);
    expect([mixed.x(5), mixed.retired]).toEqual([interpreted.x(5), interpreted.retired]);
    expect(mixed.engine.translation?.()?.live).toBeGreaterThan(0);
  });
});
