/**
 * Translations that an earlier run left: taken up where their code is found, and nowhere else.
 */
import { describe, expect, test } from 'vitest';
import { EXIT_BREAKPOINT, EXIT_BUDGET, type TranslationCounts } from '../../src/contracts/engine.ts';
import { assemble as a } from '../../src/machine/isa/assemble.ts';
import { PAGE_SIZE } from '../../src/machine/layout.ts';
import { EAGER, type Tiering } from '../../src/modules/engine/jit/tiering.ts';
import { Harness } from './harness.ts';
import { type Create, keeping, Shelf } from './program.ts';

const CODE = 0x100000;
const OTHER = CODE + 8 * PAGE_SIZE;
const TURNS = 50;

/** By name, or by a pointer: only the former are put in place of the call. */
type Call = 'jal' | 'jalr';

/** A loop that calls a function in another page. @param step what that adds to x5 each time */
function boot(create: Create, step: number, call: Call = 'jalr'): Harness {
  const h = new Harness(16 << 20, false, create);
  for (const page of [CODE, OTHER]) h.map(page);
  h.code(CODE, [
    call === 'jal' ? a('jal', { rd: 1, imm: OTHER - CODE }) : a('jalr', { rd: 1, rs1: 7, imm: 0 }),
    a('addi', { rd: 6, rs1: 6, imm: -1 }),
    a('bne', { rs1: 6, rs2: 0, imm: -8 }),
    a('ebreak'),
  ]);
  h.code(OTHER, [a('addi', { rd: 5, rs1: 5, imm: step }), a('jalr', { rd: 0, rs1: 1, imm: 0 })]);
  return h;
}

function run(h: Harness, step: number): void {
  h.setX(5, 0);
  h.setX(6, TURNS);
  h.setX(7, OTHER);
  h.pc = CODE;
  let cause = EXIT_BUDGET;
  while (cause === EXIT_BUDGET) cause = h.run(60);
  expect(cause).toBe(EXIT_BREAKPOINT);
  expect(h.x(5)).toBe(BigInt(TURNS * step));
}

const countsOf = ({ engine }: Harness): TranslationCounts => {
  const counts = engine.translation?.();
  if (counts === undefined) throw new TypeError('the engine does not count');
  return counts;
};

/** What a run leaves. */
function left(step: number, call: Call = 'jalr'): Shelf {
  const shelf = new Shelf();
  const h = boot(keeping(shelf), step, call);
  run(h, step);
  expect(countsOf(h)).toMatchObject({ old: 0 });
  expect(countsOf(h).made).toBeGreaterThan(call === 'jal' ? 0 : 1);
  shelf.keep(h.engine);
  return shelf;
}

test('all is taken up where all is as it was, and then there is nothing new to keep', () => {
  const h = boot(keeping(left(3)), 3);
  run(h, 3);
  const { made, old } = countsOf(h);
  expect(old).toBeGreaterThan(1);
  expect(made).toBe(old);
  expect(h.engine.toKeep?.()).toBe(null);
});

describe('modules put together', () => {
  const FUNCTIONS = 12;
  const at = (i: number): number => OTHER + i * PAGE_SIZE;
  const ready = (create: Create): Harness => {
    const h = boot(create, 0);
    for (let i = 0; i < FUNCTIONS; i++) {
      if (i > 0) h.map(at(i));
      h.code(at(i), [a('addi', { rd: 5, rs1: 5, imm: i + 1 }), a('jalr', { rd: 0, rs1: 1, imm: 0 })]);
    }
    return h;
  };
  const runAll = (h: Harness): void => {
    for (let i = 0; i < FUNCTIONS; i++) {
      h.setX(5, 0);
      h.setX(6, TURNS);
      h.setX(7, at(i));
      h.pc = CODE;
      while (h.run(60) === EXIT_BUDGET);
      expect(h.x(5)).toBe(BigInt(TURNS * (i + 1)));
    }
  };

  test('what was in many comes back in one', () => {
    const apart: Tiering = { ...EAGER, gather: Number.POSITIVE_INFINITY };
    const shelf = new Shelf();
    const first = ready(keeping(shelf, apart));
    runAll(first);
    expect(countsOf(first).modules).toBeGreaterThanOrEqual(FUNCTIONS);
    shelf.keep(first.engine);
    const second = ready(keeping(shelf, apart));
    runAll(second);
    const { old, made, modules } = countsOf(second);
    expect(old).toBeGreaterThanOrEqual(FUNCTIONS);
    expect(made).toBe(old);
    expect(modules).toBe(1);
  });

  test('while programs run', () => {
    const shelf = new Shelf();
    const h = ready(keeping(shelf));
    runAll(h);
    runAll(h);
    const { made, live, liveBytes, emittedBytes } = countsOf(h);
    expect(live).toBe(made);
    expect(liveBytes).toBeLessThan(emittedBytes);
    // What lies in frames that change is dropped wherever it has come to be.
    h.code(OTHER, [a('addi', { rd: 5, rs1: 5, imm: 7 })]);
    h.engine.invalidateFrame(h.physical(OTHER) / PAGE_SIZE);
    run(h, 7);
    expect(countsOf(h).live).toBe(live);
    shelf.keep(h.engine);
    const second = ready(keeping(shelf));
    runAll(second);
    expect(countsOf(second).old).toBeGreaterThanOrEqual(FUNCTIONS - 1);
  });
});

test('other code at the same address is translated anew', () => {
  const h = boot(keeping(left(3)), 4);
  run(h, 4);
  const { made, old } = countsOf(h);
  expect(old).toBeGreaterThan(0);
  expect(made).toBeGreaterThan(old);
  expect(h.engine.toKeep?.()).not.toBe(null);
});

test('a loop in which another function was put in place of a call is none where that is another', () => {
  const same = boot(keeping(left(3, 'jal')), 3, 'jal');
  run(same, 3);
  expect(countsOf(same).old).toBeGreaterThan(0);
  const h = boot(keeping(left(3, 'jal')), 4, 'jal');
  run(h, 4);
  expect(countsOf(h)).toMatchObject({ old: 0 });
});

test('code that comes back is taken up again, from where it lies then', () => {
  const h = boot(keeping(left(3)), 3);
  run(h, 3);
  const before = countsOf(h);
  h.code(OTHER, [a('addi', { rd: 5, rs1: 5, imm: 7 })]);
  h.engine.invalidateFrame(h.physical(OTHER) / PAGE_SIZE);
  run(h, 7);
  h.code(OTHER, [a('addi', { rd: 5, rs1: 5, imm: 3 })]);
  h.engine.invalidateFrame(h.physical(OTHER) / PAGE_SIZE);
  h.map(OTHER, undefined, h.physical(OTHER) / PAGE_SIZE + 1);
  h.code(OTHER, [a('addi', { rd: 5, rs1: 5, imm: 3 }), a('jalr', { rd: 0, rs1: 1, imm: 0 })]);
  h.engine.flushPage(OTHER);
  run(h, 3);
  expect(countsOf(h).old).toBeGreaterThan(before.old);
});

test('what was kept for another layout of memory, or is nothing of the kind, is left alone', () => {
  const shelf = left(3);
  const h = new Harness(32 << 20, false, keeping(shelf));
  expect(h.engine.translation?.()).toMatchObject({ old: 0, made: 0 });
  for (const value of [7, 'text', {}, { conditions: 'other', words: [] }]) {
    const other = boot((machine) => {
      const odd = new Shelf();
      odd.keep({ toKeep: () => value } as never);
      return keeping(odd)(machine);
    }, 3);
    run(other, 3);
    expect(countsOf(other).old).toBe(0);
  }
});
