import { expect, test } from 'vitest';
import { assemble as a } from '../../../machine/isa/assemble.ts';
import { type Block, discover } from './discover.ts';
import { buildGraph } from './graph.ts';
import { inlined } from './inline.ts';

const ROOT = 0x1000;
const CALLEE = 0x2000;
const A0 = 10;
const RETURN = a('jalr', { rd: 0, rs1: 1, imm: 0 });
const add = (imm: number): number => a('addi', { rd: A0, rs1: A0, imm });
const callAt = (index: number, target: number): number => a('jal', { rd: 1, imm: target - ROOT - 4 * index });

/** What is made of a root that calls, and of what is called. */
function inlinedOf(root: readonly number[], callee: readonly number[]): readonly Block[] {
  const read = (pc: number): number => {
    const word = pc >= CALLEE ? callee[(pc - CALLEE) >> 2] : root[(pc - ROOT) >> 2];
    return word === undefined ? -1 : (word >>> (8 * (pc & 2))) & 0xffff;
  };
  return inlined(discover(read, ROOT), (target) => discover(read, target));
}

/** Addresses of the instructions on the only way through. */
function wayThrough(blocks: readonly Block[]): number[] {
  const graph = buildGraph(blocks);
  const pcs: number[] = [];
  for (let b: number | undefined = 0; b !== undefined; b = graph.successors[b]?.[0])
    pcs.push(...(graph.blocks[b] as Block).code.map(({ pc }) => pc));
  return pcs;
}

test('a function in place of the call of it', () => {
  const blocks = inlinedOf([add(1), callAt(1, CALLEE), add(2), RETURN], [add(3), RETURN]);
  expect(wayThrough(blocks)).toEqual([ROOT, ROOT + 4, CALLEE, CALLEE + 4, ROOT + 8, ROOT + 12]);
  expect(blocks.map(({ end }) => end.kind)).toEqual(['call', 'indirect', 'return']);
  // Where it comes back is an address of the region, and may be a way in.
  expect(blocks.map(({ start }) => start)).toContain(ROOT + 8);
});

test('each call has a copy', () => {
  const blocks = inlinedOf([callAt(0, CALLEE), callAt(1, CALLEE), RETURN], [RETURN]);
  expect(wayThrough(blocks)).toEqual([ROOT, CALLEE, ROOT + 4, CALLEE, ROOT + 8]);
});

test('a function that calls itself, a few times', () => {
  const blocks = inlinedOf([add(1), callAt(1, ROOT), RETURN], []);
  expect(wayThrough(blocks)).toHaveLength(3 * 4);
  const isLeft = blocks.flatMap(({ code }) => code).filter((one) => one.pc === ROOT + 4 && !one.isReplaced);
  expect(isLeft).toHaveLength(1);
});

test('the jump of a stub is a call', () => {
  const stub = [a('auipc', { rd: 28, imm: 0 }), a('jalr', { rd: 6, rs1: 28, imm: 0 })];
  const blocks = inlinedOf([callAt(0, CALLEE), add(1), RETURN], stub);
  expect(wayThrough(blocks)).toEqual([ROOT, CALLEE, CALLEE + 4, ROOT + 4, ROOT + 8]);
  expect(blocks.flatMap(({ code }) => code).find(({ pc }) => pc === CALLEE + 4)?.returnsTo).toBe(ROOT + 4);
});

test('not a function that jumps by a register, never returns, is a loop, or is long', () => {
  const kindsFor = (...callee: number[]): string[] =>
    inlinedOf([callAt(0, CALLEE), RETURN], callee).map(({ end }) => end.kind);
  expect(kindsFor(add(1), RETURN)).toContain('return');
  expect(kindsFor(a('jalr', { rd: 0, rs1: A0, imm: 0 }))).not.toContain('return');
  expect(kindsFor(a('jal', { rd: 0, imm: 0 }))).not.toContain('return');
  const loop = [add(-1), a('bne', { rs1: A0, rs2: 0, imm: -4 })];
  expect(kindsFor(...loop, RETURN)).not.toContain('return');
  expect(kindsFor(...Array.from({ length: 60 }, () => add(1)), RETURN)).not.toContain('return');
});
