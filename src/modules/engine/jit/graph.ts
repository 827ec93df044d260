/**
 * The control-flow graph of a region: reverse postorder, dominators, and which edges go where.
 *
 * Source: K. Cooper, T. Harvey, K. Kennedy, "A simple, fast dominance algorithm", 2001.
 */
import { type Block, DISPATCH } from './discover.ts';

export interface Graph {
  /** In reverse postorder; the root first. */
  readonly blocks: readonly Block[];
  /** Successors and predecessors by index. An edge back to a block that does not dominate its source is not among them. */
  readonly successors: readonly (readonly number[])[];
  readonly predecessors: readonly (readonly number[])[];
  /** Immediate dominator; of the root itself. */
  readonly dominator: readonly number[];
  /** Blocks whose immediate dominator this is, in reverse postorder. */
  readonly children: readonly (readonly number[])[];
  /** True for blocks that an edge goes back to. */
  readonly isHeader: readonly boolean[];
  /** True for blocks that an edge would go back to, did they dominate its source: the region is left by it. */
  readonly isRejoined: readonly boolean[];
  /** True for blocks that two or more edges go forward to. */
  readonly isMerge: readonly boolean[];
  /** Index of the block that starts at an address and that an edge from `from` may go to; -1 if the region is left. */
  target(from: number, pc: number): number;
}

const NOWHERE: readonly number[] = [];
const BY_DISPATCH: readonly number[] = [DISPATCH];

const namedBy = ({ end }: Block): readonly number[] => {
  switch (end.kind) {
    case 'dispatch':
      return end.targets;
    case 'gate':
      return [...end.cases.keys(), end.other];
    case 'turns':
      return [end.many, end.one];
    case 'fall':
      return [end.next];
    case 'branch':
      return end.taken === end.next ? [end.next] : [end.next, end.taken];
    case 'jump':
    case 'call':
      return [end.to];
    case 'return':
      return [end.back];
    case 'indirect':
      return end.isReturn ? NOWHERE : BY_DISPATCH;
    case 'stub':
    case 'leave':
      return NOWHERE;
  }
};

/** Starts of the blocks that one goes on to, if they are there. */
export const targetsOf = (block: Block): readonly number[] => {
  const named = namedBy(block);
  const { redirect } = block;
  return redirect === undefined ? named : named.map((pc) => redirect.get(pc) ?? pc);
};

/** Blocks in reverse postorder from the first. */
function order(blocks: readonly Block[]): Block[] {
  const byStart = new Map(blocks.map((block) => [block.start, block]));
  const seen = new Set<Block>();
  const post: Block[] = [];
  const stack: { block: Block; targets: readonly number[]; next: number }[] = [];
  const enter = (block: Block): void => {
    seen.add(block);
    stack.push({ block, targets: targetsOf(block), next: 0 });
  };
  if (blocks[0] !== undefined) enter(blocks[0]);
  while (stack.length > 0) {
    const top = stack[stack.length - 1] as (typeof stack)[number];
    const pc = top.targets[top.next++];
    if (pc === undefined) {
      post.push(top.block);
      stack.pop();
      continue;
    }
    const to = byStart.get(pc);
    if (to !== undefined && !seen.has(to)) enter(to);
  }
  return post.reverse();
}

function dominators(predecessors: readonly (readonly number[])[]): number[] {
  const dominator: number[] = predecessors.map(() => -1);
  dominator[0] = 0;
  const meet = (a: number, b: number): number => {
    let [x, y] = [a, b];
    while (x !== y) {
      while (x > y) x = dominator[x] as number;
      while (y > x) y = dominator[y] as number;
    }
    return x;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (let b = 1; b < predecessors.length; b++) {
      let found = -1;
      for (const p of predecessors[b] as readonly number[]) {
        if (dominator[p] === -1) continue;
        found = found === -1 ? p : meet(p, found);
      }
      if (dominator[b] !== found) {
        dominator[b] = found;
        changed = true;
      }
    }
  }
  return dominator;
}

/** @param found blocks, the root first; those that are not reached are left out */
export function buildGraph(found: readonly Block[]): Graph {
  const blocks = order(found);
  const indexOf = new Map(blocks.map((block, i) => [block.start, i]));
  const all: number[][] = blocks.map(() => []);
  blocks.forEach((block, i) => {
    for (const pc of targetsOf(block)) {
      const to = indexOf.get(pc);
      if (to !== undefined) (all[to] as number[]).push(i);
    }
  });
  const dominator = dominators(all);
  const dominates = (a: number, b: number): boolean => {
    let at = b;
    while (at > a) at = dominator[at] as number;
    return at === a;
  };
  const target = (from: number, pc: number): number => {
    const to = indexOf.get(blocks[from]?.redirect?.get(pc) ?? pc);
    return to === undefined || (to <= from && !dominates(to, from)) ? -1 : to;
  };
  const isRejoined = blocks.map(() => false);
  const predecessors: number[][] = blocks.map(() => []);
  const successors = blocks.map((block, i) => {
    const to = namedBy(block)
      .map((pc) => target(i, pc))
      .filter((t) => t >= 0);
    for (const pc of namedBy(block)) {
      const b = indexOf.get(block.redirect?.get(pc) ?? pc);
      if (b !== undefined && target(i, pc) < 0) isRejoined[b] = true;
    }
    for (const t of to) (predecessors[t] as number[]).push(i);
    return to;
  });
  const children: number[][] = blocks.map(() => []);
  for (let b = 1; b < blocks.length; b++) (children[dominator[b] as number] as number[]).push(b);
  return {
    blocks,
    successors,
    predecessors,
    dominator,
    children,
    isHeader: predecessors.map((from, b) => from.some((p) => p >= b)),
    isRejoined,
    isMerge: predecessors.map((from, b) => from.filter((p) => p < b).length > 1),
    target,
  };
}

export interface Loop {
  readonly header: number;
  readonly body: ReadonlySet<number>;
}

/** Natural loops, by header; outer ones before those inside. */
export function loopsOf({ blocks, predecessors }: Graph): Loop[] {
  const loops: Loop[] = [];
  for (let header = 0; header < blocks.length; header++) {
    const work = (predecessors[header] as readonly number[]).filter((from) => from >= header);
    if (work.length === 0) continue;
    const body = new Set([header]);
    for (let b = work.pop(); b !== undefined; b = work.pop()) {
      if (body.has(b)) continue;
      body.add(b);
      work.push(...(predecessors[b] as readonly number[]));
    }
    loops.push({ header, body });
  }
  return loops.sort((a, b) => b.body.size - a.body.size);
}

/** True for an edge by which a way in is being taken. */
export function isWayIn({ blocks, target }: Graph, from: number, to: number): boolean {
  const end = blocks[from]?.end;
  return end?.kind === 'gate' && to !== target(from, end.other) && blocks[to]?.start !== DISPATCH;
}
