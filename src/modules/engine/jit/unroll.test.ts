import { describe, expect, test } from 'vitest';
import { assemble as a } from '../../../machine/isa/assemble.ts';
import { findChains } from './chains.ts';
import { type Block, discover } from './discover.ts';
import { buildGraph } from './graph.ts';
import { findRoots, type Lookout } from './turns.ts';
import { type Turns, unrolled } from './unroll.ts';

const ROOT = 0x1000;
const [A0, A1, A2, A3, A4] = [10, 11, 12, 13, 14] as const;

/** Blocks of a loop of these instructions, with a branch back at its end and a return behind it. */
function loopOf(...words: number[]): readonly Block[] {
  const back = a('bne', { rs1: A0, rs2: A1, imm: -4 * words.length });
  const code = [...words, back, a('jalr', { rd: 0, rs1: 1, imm: 0 })];
  return discover((pc) => {
    const word = code[(pc - ROOT) >> 2];
    return word === undefined ? -1 : (word >>> (8 * (pc & 2))) & 0xffff;
  }, ROOT);
}

const HOT: ReadonlySet<number> = new Set([ROOT]);

/** A root that changes from turns to turns. */
const MOVING = { isTable: false, isSteady: false, writes: false, stride: null };

/** What is looked at before the turns of a loop. */
function lookoutOf(...words: number[]): { readonly turns: Turns; readonly lookout: Lookout } {
  const blocks = unrolled(loopOf(...words), HOT);
  const [[turns, lookout]] = [...findRoots(buildGraph(blocks)).lookouts] as [[Turns, Lookout]];
  return { turns, lookout };
}

const load = a('lw', { rd: A4, rs1: A0, imm: 4 });
const step = a('addi', { rd: A0, rs1: A0, imm: 8 });

describe('unrolling', () => {
  test('a loop that is hot alone', () => {
    const blocks = loopOf(load, step);
    expect(unrolled(blocks, new Set())).toBe(blocks);
    const [first, ...rest] = unrolled(blocks, HOT);
    expect(first).toMatchObject({ start: ROOT, end: { kind: 'turns', turns: { count: 8, most: 24 } } });
    expect(rest.filter(({ turns }) => turns !== undefined)).toHaveLength(8);
  });

  test('not a loop with a call', () => {
    const blocks = loopOf(a('jal', { rd: 1, imm: 0x100 }), step);
    expect(unrolled(blocks, HOT)).toBe(blocks);
  });
});

describe('looks before turns', () => {
  test('one for all turns of a pointer', () => {
    const { lookout } = lookoutOf(load, step);
    expect(lookout.guards).toEqual([]);
    expect(lookout.roots).toEqual([{ ...MOVING, terms: [A0, 1], low: 4, end: 4 + 7 * 8 + 4 }]);
  });

  test('none where a page could not hold them', () => {
    expect(lookoutOf(load, a('addi', { rd: A0, rs1: A0, imm: 400 })).lookout.roots).toEqual([]);
  });

  test('a stride in a register, which must be small and not negative', () => {
    const { lookout } = lookoutOf(
      a('sb', { rs1: A0, rs2: A4, imm: 0 }),
      a('add', { rd: A0, rs1: A0, rs2: A2 }),
    );
    expect(lookout.roots).toEqual([
      {
        ...MOVING,
        terms: [A0, 1],
        low: 0,
        end: 1,
        writes: true,
        stride: { register: A2, times: 7, most: 585 },
      },
    ]);
  });

  test('an index of 32 bits, which must not overflow', () => {
    const { turns, lookout } = lookoutOf(
      a('slli', { rd: A3, rs1: A0, imm: 2 }),
      a('add', { rd: A3, rs1: A3, rs2: A2 }),
      load,
      a('lw', { rd: A4, rs1: A3, imm: 0 }),
      a('addiw', { rd: A0, rs1: A0, imm: 1 }),
    );
    const last = turns.count - 1;
    expect(lookout.roots).toContainEqual({
      ...MOVING,
      terms: [A0, 4, A2, 1],
      low: 0,
      end: 4 * last + 4,
    });
    expect(lookout.guards).toEqual([
      { terms: [A0, 1], least: 1, most: last, lower: -(2 ** 31), upper: 2 ** 31 },
    ]);
  });

  test('none for what is loaded', () => {
    expect(lookoutOf(a('ld', { rd: A0, rs1: A0, imm: 0 })).lookout.roots).toEqual([]);
    const { lookout } = lookoutOf(a('ld', { rd: A3, rs1: A2, imm: 0 }), a('ld', { rd: A4, rs1: A3, imm: 0 }));
    expect(lookout.roots).toEqual([{ ...MOVING, isSteady: true, terms: [A2, 1], low: 0, end: 8 }]);
  });

  describe('tables, by an index in a known range', () => {
    const index = (mnemonic: string, imm: number): readonly number[] => [
      a(mnemonic, { rd: A3, rs1: A0, imm }),
      a('sh3add', { rd: A3, rs1: A3, rs2: A2 }),
      a('ld', { rd: A4, rs1: A3, imm: 16 }),
      step,
    ];
    const table = { ...MOVING, isTable: true, terms: [A2, 1], low: 16 };

    test('once for all turns to come', () => {
      const { lookout } = lookoutOf(...index('andi', 0x7f));
      expect(lookout.roots).toEqual([{ ...table, isSteady: true, end: 16 + 8 * 0x80 }]);
      expect([...lookout.body].length).toBeGreaterThan(1);
    });

    test('by what was loaded', () => {
      const { lookout } = lookoutOf(...index('lbu', 0));
      expect(lookout.roots).toContainEqual({ ...table, isSteady: true, end: 16 + 8 * 0x100 });
    });

    test('by what bytes were put together and shifted to', () => {
      const { lookout } = lookoutOf(
        a('lbu', { rd: A3, rs1: A0, imm: 0 }),
        a('slliw', { rd: A3, rs1: A3, imm: 16 }),
        a('lbu', { rd: A4, rs1: A0, imm: 1 }),
        a('or', { rd: A3, rs1: A3, rs2: A4 }),
        a('srliw', { rd: A3, rs1: A3, imm: 14 }),
        a('add', { rd: A3, rs1: A3, rs2: A2 }),
        a('lbu', { rd: A4, rs1: A3, imm: 0 }),
        step,
      );
      expect(lookout.roots).toContainEqual(expect.objectContaining({ terms: [A2, 1], low: 0, end: 2 ** 10 }));
    });

    test('none by what is left of something unknown, if that is much', () => {
      expect(lookoutOf(...index('srli', 54)).lookout.roots).toContainEqual(
        expect.objectContaining({ terms: [A2, 1], end: 16 + 8 * 2 ** 10 }),
      );
      expect(lookoutOf(...index('srli', 51)).lookout.roots).toEqual([]);
    });

    test('before each of the turns, where it moves', () => {
      const { lookout } = lookoutOf(...index('andi', 0x1f), a('addi', { rd: A2, rs1: A2, imm: 8 }));
      expect(lookout.roots).toEqual([{ ...table, end: 16 + 8 * (0x20 + 7) }]);
    });

    test('none that is too large for what it is', () => {
      expect(lookoutOf(...index('andi', 0x7ff)).lookout.roots).toHaveLength(1);
      expect(lookoutOf(...index('lhu', 0)).lookout.roots).not.toContainEqual(
        expect.objectContaining({ terms: [A2, 1] }),
      );
      const moving = a('addi', { rd: A2, rs1: A2, imm: 8 });
      expect(lookoutOf(...index('andi', 0x3ff), moving).lookout.roots).toEqual([]);
    });
  });

  test('one for what is done on either of two ways, none for what is done on one', () => {
    const store = a('sw', { rs1: A2, rs2: A4, imm: 0 });
    const ways = (...last: number[]): readonly Lookout['roots'][number][] =>
      lookoutOf(
        a('beq', { rs1: A3, rs2: A4, imm: 12 }),
        store,
        a('jal', { rd: 0, imm: 8 }),
        ...last,
        step,
        a('addi', { rd: A2, rs1: A2, imm: 4 }),
      ).lookout.roots;
    expect(ways(store)).toEqual([{ ...MOVING, writes: true, terms: [A2, 1], low: 0, end: 4 * 8 }]);
    expect(ways(a('addi', { rd: A3, rs1: A3, imm: 1 }))).toEqual([]);
  });
});

test('an address made of what the loop loads is one to guess', () => {
  const blocks = loopOf(
    a('ld', { rd: A3, rs1: A2, imm: 0 }),
    a('ld', { rd: A4, rs1: A3, imm: 0 }),
    a('ld', { rd: A0, rs1: A0, imm: 0 }),
  );
  const graph = buildGraph(blocks);
  const [first] = findChains(graph, { large: 100, hot: HOT }) as [readonly boolean[]];
  expect(first.slice(0, 3)).toEqual([false, true, true]);
  expect(findChains(graph, { large: 100, hot: new Set() }).flat()).not.toContain(true);
  expect(findChains(graph, { large: 3, hot: HOT }).flat()).not.toContain(true);
});
