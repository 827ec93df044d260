/**
 * Which registers hold sign-extended 32-bit values where: they are in i32 locals there.
 *
 * What holds on every way through the region, that is. A way in from outside proves nothing, but such code was running before, so the
 * same is taken to hold and looked at on the way in: of the registers that are needed there. The others are not loaded, but may
 * be later, for a block at a time.
 */
import { type Graph, isWayIn } from './graph.ts';
import { leavesSigned32 } from './narrow.ts';
import type { Flow, Point, Registers } from './registers.ts';

export interface Signs {
  /** Sets of x registers: by block and instruction, before it; at the beginning and at the end of each block. */
  readonly before: readonly (readonly number[])[];
  readonly atStart: readonly number[];
  readonly atEnd: readonly number[];
}

/** @param isTrusting what holds on all ways within is taken to hold on the ways in */
export function findSigns(graph: Graph, { points, needed }: Flow, isTrusting: boolean): Signs {
  const { blocks, successors } = graph;
  const atStart = blocks.map((_, b): number => (b === 0 ? 0 : -1));
  const carry = (b: number, see: ((known: number) => void) | null): number => {
    let known = atStart[b] as number;
    (blocks[b]?.code ?? []).forEach(({ decoded }, i) => {
      see?.(known);
      const { isCall, defines } = ((points[b] as readonly Point[])[i] as Point).effects;
      if (isCall) known = 0;
      else if (defines.x === 0) return;
      else if (leavesSigned32(decoded, known)) known |= defines.x;
      else known &= ~defines.x;
    });
    return known;
  };
  const indexOf = new Map(blocks.map(({ start }, b) => [start, b]));
  const originals = blocks.map(({ copyOf }) => (copyOf === undefined ? undefined : indexOf.get(copyOf)));
  for (let changed = true; changed; ) {
    changed = false;
    originals.forEach((original, b) => {
      // Of a copy no more is supposed than of its original, which has ways from within.
      if (original === undefined) return;
      const both = (atStart[b] as number) & (atStart[original] as number);
      if (both === atStart[b]) return;
      atStart[b] = both;
      changed = true;
    });
    blocks.forEach((_, b) => {
      const after = carry(b, null);
      for (const to of successors[b] as readonly number[]) {
        const trusted = isTrusting && isWayIn(graph, b, to) ? (needed[to] as Registers).x : 0;
        const both = (atStart[to] as number) & (after | trusted);
        if (both === atStart[to]) continue;
        atStart[to] = both;
        changed = true;
      }
    });
  }
  // x0 is no local.
  atStart.forEach((set, b) => {
    atStart[b] = set & ~1;
  });
  const before: number[][] = [];
  const atEnd = blocks.map((_, b) => {
    const list: number[] = [];
    before.push(list);
    return carry(b, (known) => list.push(known));
  });
  return { before, atStart, atEnd };
}
