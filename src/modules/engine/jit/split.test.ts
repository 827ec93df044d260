import { expect, test } from 'vitest';
import type { Block, End, Instruction } from './discover.ts';
import { buildGraph, targetsOf } from './graph.ts';
import { splitNodes } from './split.ts';

/** Blocks of one instruction each at 0, 2, 4..., which stands for all that they do. */
function block(start: number, end: End): Block {
  return { start, code: [{ pc: start } as Instruction], end };
}

const isReducible = (blocks: readonly Block[]): boolean =>
  !buildGraph(blocks).isRejoined.some((isRejoined) => isRejoined);

/** The addresses of code on one way through, by choices at branches. */
function walk(blocks: readonly Block[], choices: readonly number[]): number[] {
  const byStart = new Map(blocks.map((one) => [one.start, one]));
  const way: number[] = [];
  let at = blocks[0];
  for (const choice of choices) {
    if (at === undefined) break;
    way.push((at.code[0] as Instruction).pc);
    const targets = targetsOf(at);
    at = byStart.get(targets[choice % Math.max(targets.length, 1)] ?? -1);
  }
  return way;
}

test('a loop that is come into in its middle', () => {
  const blocks = [
    block(0, { kind: 'branch', taken: 4, next: 2 }),
    block(2, { kind: 'fall', next: 4 }),
    block(4, { kind: 'branch', taken: 2, next: 6 }),
    block(6, { kind: 'leave', pc: 8, isEcall: false }),
  ];
  expect(isReducible(blocks)).toBe(false);
  const split = splitNodes(blocks);
  expect(isReducible(split)).toBe(true);
  expect(split.length).toBe(5);
});

test('random graphs keep their ways', () => {
  let seed = 7;
  const below = (n: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % n;
  };
  let irreducible = 0;
  for (let turn = 0; turn < 400; turn++) {
    const size = 3 + below(9);
    const blocks = Array.from({ length: size }, (_, i) => {
      const [taken, next] = [below(size) * 2, below(size) * 2];
      return block(i * 2, below(4) === 0 ? { kind: 'jump', to: taken } : { kind: 'branch', taken, next });
    });
    const split = splitNodes(blocks);
    if (isReducible(blocks)) {
      expect(split).toBe(blocks);
      continue;
    }
    irreducible++;
    expect(new Set(split.map(({ start }) => start)).size).toBe(split.length);
    for (let i = 0; i < 20; i++) {
      const choices = Array.from({ length: 40 }, () => below(2));
      expect(walk(split, choices)).toEqual(walk(blocks, choices));
    }
  }
  expect(irreducible).toBeGreaterThan(80);
});
