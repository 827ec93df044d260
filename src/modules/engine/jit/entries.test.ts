import { expect, test } from 'vitest';
import type { Block, Instruction } from './discover.ts';
import { withEntries } from './entries.ts';
import { buildGraph, targetsOf } from './graph.ts';

const block = (start: number, end: Block['end'], size = 1): Block => ({
  start,
  code: Array.from({ length: size }, () => ({ pc: start }) as Instruction),
  end,
});

/** A loop of three blocks, the middle one of a size. */
const loop = (size: number): Block[] => [
  block(0, { kind: 'fall', next: 2 }),
  block(2, { kind: 'branch', taken: 8, next: 4 }),
  block(4, { kind: 'fall', next: 6 }, size),
  block(6, { kind: 'jump', to: 2 }),
  block(8, { kind: 'leave', pc: 10, isEcall: false }),
];

test('a way into the middle of a loop leads to copies of the rest of its turn', () => {
  const { blocks, doors } = withEntries(loop(1), new Set([4]));
  expect(doors.map(({ start }) => start)).toEqual([2, 4]);
  expect(blocks.filter(({ end }) => end.kind === 'gate').length).toBe(1);
  const copies = blocks.filter(({ copyOf }) => copyOf !== undefined);
  expect(copies.map(({ copyOf }) => copyOf)).toEqual([4, 6]);
  // The copy of 4 goes on to that of 6, and from there into the loop.
  expect(targetsOf(copies[0] as Block)).toEqual([copies[1]?.start]);
  expect(targetsOf(copies[1] as Block)).toEqual([2]);
  expect(buildGraph(blocks).isRejoined).not.toContain(true);
});

test('a loop that is too large to copy has a gate', () => {
  const { blocks } = withEntries(loop(500), new Set([4]));
  expect(blocks.filter(({ end }) => end.kind === 'gate').length).toBe(2);
  expect(blocks.some(({ copyOf }) => copyOf !== undefined)).toBe(false);
});
