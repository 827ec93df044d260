/**
 * Node splitting: loops that control can come into at several blocks get one header.
 *
 * One of the ways in stays; where control comes in by another, copies of the blocks from there to the header are run first.
 * Source: M. Hecht, J. Ullman, "Flow graph reducibility", 1972; J. Janssen, H. Corporaal, "Making graphs reducible with controlled node
 * splitting", 1997.
 */
import type { Block } from './discover.ts';
import { buildGraph, type Graph, targetsOf } from './graph.ts';

/** Copies begin at such addresses from here down, which are none of code. */
const COPIES = -1_000_000;
/** A region may grow by so many instructions, and so many times over at most. */
const GROWTH_MOST = 300;
const TIMES_MOST = 16;

/** A loop that control comes into at several blocks, by their indices. */
interface Loop {
  readonly members: ReadonlySet<number>;
  /** Members that there are edges to from outside; more than one. */
  readonly entries: readonly number[];
}

/** Members of the strongly connected part that `from` and `to` are in, of what is below a block in the dominator tree. */
function cycleBelow({ successors, below }: Around, from: number, top: number): Set<number> {
  const reach = (next: (at: number) => readonly number[]): Set<number> => {
    const seen = new Set([from]);
    const work = [from];
    for (let at = work.pop(); at !== undefined; at = work.pop()) {
      for (const to of next(at)) {
        if (seen.has(to) || !below(to, top)) continue;
        seen.add(to);
        work.push(to);
      }
    }
    return seen;
  };
  const forward = reach((at) => successors[at] as readonly number[]);
  const predecessors = successors.map((): number[] => []);
  successors.forEach((all, at) => {
    for (const to of all) (predecessors[to] as number[]).push(at);
  });
  const backward = reach((at) => predecessors[at] as readonly number[]);
  return new Set([...forward].filter((at) => backward.has(at)));
}

/** All edges of a graph, those that make it irreducible among them. */
interface Around {
  readonly successors: readonly (readonly number[])[];
  /** True if a block is dominated by another, and is not it. */
  readonly below: (at: number, top: number) => boolean;
}

function around({ blocks, dominator }: Graph): Around {
  const indexOf = new Map(blocks.map(({ start }, b) => [start, b]));
  return {
    successors: blocks.map((block) =>
      targetsOf(block).flatMap((start) => {
        const to = indexOf.get(start);
        return to === undefined ? [] : [to];
      }),
    ),
    below(at, top) {
      let b = at;
      while (b > top) b = dominator[b] as number;
      return b === top && at !== top;
    },
  };
}

/** A loop with several entries, or null if there is none. */
function irreducible(graph: Graph, edges: Around): Loop | null {
  for (let from = 0; from < graph.blocks.length; from++) {
    for (const to of edges.successors[from] as readonly number[]) {
      if (to >= from || edges.below(from, to)) continue;
      let top = to;
      while (!edges.below(from, top) || !edges.below(to, top)) top = graph.dominator[top] as number;
      const members = cycleBelow(edges, to, top);
      const entries = [...members].filter((b) =>
        edges.successors.some((all, p) => !members.has(p) && all.includes(b)),
      );
      return { members, entries };
    }
  }
  return null;
}

/** A block with some of its edges going elsewhere. @param to where to, by the address that they go to now */
export function redirected(block: Block, start: number, to: ReadonlyMap<number, number>): Block {
  const redirect = new Map(block.redirect);
  for (const named of targetsOf({ ...block, redirect: undefined })) {
    const other = to.get(block.redirect?.get(named) ?? named);
    if (other !== undefined) redirect.set(named, other);
  }
  return { ...block, start, redirect };
}

/**
 * Blocks of which no loop has several entries, as far as that takes little.
 * @param blocks the root first
 */
export function splitNodes(blocks: readonly Block[]): readonly Block[] {
  let found = blocks;
  let copies = 0;
  let growth = 0;
  for (let times = 0; times < TIMES_MOST; times++) {
    const graph = buildGraph(found);
    const edges = around(graph);
    const loop = irreducible(graph, edges);
    if (loop === null) return found;
    const { members, entries } = loop;
    const { successors } = edges;
    const backEdges = (b: number): number =>
      [...members].filter((p) => (successors[p] as readonly number[]).includes(b)).length;
    const header = entries.reduce((best, b) => (backEdges(b) > backEdges(best) ? b : best));
    const copied = new Set(entries.filter((b) => b !== header));
    for (const b of copied) {
      for (const to of successors[b] as readonly number[])
        if (members.has(to) && to !== header) copied.add(to);
    }
    const originals = [...copied].map((b) => graph.blocks[b] as Block);
    growth += originals.reduce((sum, { code }) => sum + code.length, 0);
    if (growth > GROWTH_MOST || originals.some(({ end }) => end.kind === 'dispatch')) return found;
    const starts = new Map(originals.map(({ start }, i) => [start, COPIES - copies - i]));
    copies += originals.length;
    const outside = new Set(graph.blocks.filter((_, b) => !members.has(b)));
    found = [
      ...graph.blocks.map((block) => (outside.has(block) ? redirected(block, block.start, starts) : block)),
      ...originals.map((block) => redirected(block, starts.get(block.start) as number, starts)),
    ];
  }
  return found;
}
