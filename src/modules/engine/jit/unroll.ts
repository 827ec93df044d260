/**
 * Unrolling: an innermost loop gets copies of its turn, to be run where all that could stop them is ruled out beforehand.
 *
 * Before each round of copies one block looks at the budget, which must last for all of them, and at the pages of what
 * they access (turns.ts). Where one of these does not hold, a turn is done as before.
 */
import type { Block } from './discover.ts';
import { buildGraph, type Graph, type Loop, loopsOf } from './graph.ts';
import { redirected } from './split.ts';
import { effectsOf } from './registers.ts';

/** Copies have such starts from here down, and the first block of a turn as before. */
const COPIES = -3_000_000;
const SINGLE = -4_000_000;
/** Instructions of a loop, of the copies of one loop and of all in a region, at most. */
const LOOP_MOST = 128;
const COPIES_MOST = 260;
const GROWTH_MOST = 1000;
/** As many turns as have so many instructions, and so many at least and at most. */
const SMALL = 96;
const TURNS_LEAST = 4;
const TURNS_MOST = 8;

/** Copies of the turns of one loop. */
export interface Turns {
  /** How many turns. */
  readonly count: number;
  /** Most instructions that they retire, by the longest way. */
  readonly most: number;
  /** Start of the first block of the second turn. */
  readonly second: number;
}

/** Most instructions of a turn. */
function longest({ blocks, successors }: Graph, { header, body }: Loop): number {
  const lengths = new Map<number, number>();
  let most = 0;
  for (const b of [...body].sort((x, y) => x - y)) {
    const length = (lengths.get(b) ?? 0) + (blocks[b] as Block).code.length;
    most = Math.max(most, length);
    for (const to of successors[b] as readonly number[])
      if (to > b && to !== header) lengths.set(to, Math.max(lengths.get(to) ?? 0, length));
  }
  return most;
}

/** @param blocks the root first, of which no loop has several entries as far as that matters @param hot starts of blocks whose loops are worth it */
export function unrolled(blocks: readonly Block[], hot: ReadonlySet<number>): readonly Block[] {
  const graph = buildGraph(blocks);
  const loops = loopsOf(graph).reverse();
  let copies = 0;
  let growth = 0;
  const added: Block[] = [];
  const singles = new Map<number, number>();
  for (const loop of loops) {
    const { header, body } = loop;
    const originals = [...body].map((b) => graph.blocks[b] as Block);
    const size = originals.reduce((sum, { code }) => sum + code.length, 0);
    const count = Math.min(
      TURNS_MOST,
      Math.floor(COPIES_MOST / size),
      Math.max(TURNS_LEAST, Math.floor(SMALL / size)),
    );
    if (
      size > LOOP_MOST ||
      count < 2 ||
      !originals.some(({ start }) => hot.has(start)) ||
      growth + count * size > GROWTH_MOST ||
      loops.some((other) => other.header !== header && body.has(other.header)) ||
      [...body].some((b) => graph.isRejoined[b] === true) ||
      originals.some(
        ({ start, isInlined, code }) =>
          (start < 0 && isInlined !== true) || code.some((one) => effectsOf(one).isCall),
      )
    )
      continue;
    growth += count * size;
    const { start } = graph.blocks[header] as Block;
    const startOf = (turn: number, i: number): number => COPIES - copies - turn * originals.length - i;
    const first = originals.findIndex((block) => block.start === start);
    const turns: Turns = {
      count,
      most: count * longest(graph, loop),
      second: startOf(1, first),
    };
    for (let turn = 0; turn < count; turn++) {
      const to = new Map(originals.map((block, i) => [block.start, startOf(turn, i)]));
      to.set(start, turn + 1 < count ? startOf(turn + 1, first) : start);
      for (const [i, block] of originals.entries())
        added.push({ ...redirected(block, startOf(turn, i), to), turns, original: block.start });
    }
    const one = SINGLE - singles.size;
    singles.set(start, one);
    added.push({ start, code: [], end: { kind: 'turns', turns, many: startOf(0, first), one } });
    copies += count * originals.length;
  }
  if (singles.size === 0) return blocks;
  const moved = blocks.map((block) => {
    const start = singles.get(block.start);
    return start === undefined ? block : { ...block, start };
  });
  const rootStart = (blocks[0] as Block).start;
  // The root stays the first.
  const top = added.find(({ start }) => start === rootStart);
  return top === undefined
    ? [...moved, ...added]
    : [top, ...moved, ...added.filter((block) => block !== top)];
}
