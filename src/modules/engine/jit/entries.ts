/**
 * Ways into the middle of a region: each loop can be entered at its header.
 *
 * A translation has a parameter that says where it begins. Control gets there from the top by gates: one before everything, and one
 * before the header of each loop that holds a way in, so that the graph stays reducible. An innermost loop has none: a way into its middle
 * leads to copies of its blocks, which lead to its header.
 */
import { type Block, DISPATCH } from './discover.ts';
import { buildGraph, type Loop, loopsOf } from './graph.ts';
import { redirected } from './split.ts';

/** Start of the block that all ways in begin with: no address of code. */
export const ENTRY = -2;
/** Headers behind gates have such starts from here down: the gate has the address. */
const BEHIND = -3;
/** Copies of blocks have such starts from here down. */
const COPIES = -2_000_000;
/** So many instructions are copied for the ways into a region at most. */
const COPIED_MOST = 200;
/** The parameter's low bits say which way in, 0 being the root; the rest the distance of the address from the root in halfwords. */
export const ENTRY_BITS = 8;
const DOORS_MOST = (1 << ENTRY_BITS) - 1;

export interface Door {
  /** Start of the block. */
  readonly start: number;
  readonly index: number;
}

/**
 * The blocks of a region with gates among them, ENTRY first, and the ways in other than the root.
 * @param wanted addresses at which it is to be possible to begin besides
 */
export function withEntries(
  blocks: readonly Block[],
  wanted: ReadonlySet<number>,
): { readonly blocks: readonly Block[]; readonly doors: readonly Door[] } {
  const graph = buildGraph(blocks);
  const loops = loopsOf(graph);
  const starts = graph.blocks.map(({ start }) => start);
  const isDoor = (start: number, b: number): boolean =>
    b > 0 &&
    (start >= 0 || start === DISPATCH) &&
    (graph.isHeader[b] === true || graph.isRejoined[b] === true || start === DISPATCH || wanted.has(start));
  const doors = starts
    .filter(isDoor)
    .slice(0, DOORS_MOST)
    .map((start, i): Door => ({ start, index: i + 1 }));
  const indexOf = new Map(starts.map((start, b) => [start, b]));

  const innermostAround = (b: number): Loop | undefined => loops.findLast(({ body }) => body.has(b));
  /** Starts of copies by those of the originals, for the members of loops that have no gate. */
  const copyOf = new Map<number, number>();
  const copies: Block[] = [];
  let copied = 0;
  for (const { header, body } of loops) {
    const isInner = loops.every((other) => other.header === header || !body.has(other.header));
    const inside = [...body].filter((b) => b !== header && doors.some(({ start }) => start === starts[b]));
    if (!isInner || [...body].some((b) => graph.isRejoined[b] === true || starts[b] === DISPATCH)) continue;
    const reached = new Set(inside);
    for (const b of reached) {
      for (const to of graph.successors[b] as readonly number[])
        if (to !== header && body.has(to)) reached.add(to);
    }
    const originals = [...reached].map((b) => graph.blocks[b] as Block);
    const size = originals.reduce((sum, { code }) => sum + code.length, 0);
    if (copied + size > COPIED_MOST) continue;
    copied += size;
    const own = new Map(originals.map(({ start }, i) => [start, COPIES - copyOf.size - i]));
    for (const [start, copy] of own) copyOf.set(start, copy);
    copies.push(
      ...originals.map((block) => ({
        ...redirected(block, own.get(block.start) as number, own),
        copyOf: block.start,
      })),
    );
  }

  /** The first step from outside into `among`, the loops that are entered on the way, to each door. */
  const casesFor = (inside: readonly Door[], among: readonly Loop[]): Map<number, Door[]> => {
    const cases = new Map<number, Door[]>();
    for (const door of inside) {
      const b = indexOf.get(door.start) as number;
      const first = among.find(({ body }) => body.has(b));
      const copy = copyOf.get(door.start);
      const isCopied = copy !== undefined && innermostAround(b) === first;
      const to = first === undefined ? door.start : (starts[first.header] as number);
      if (isCopied) cases.set(copy, [{ start: copy, index: door.index }]);
      else cases.set(to, [...(cases.get(to) ?? []), door]);
    }
    return cases;
  };

  const gates: Block[] = [];
  const behind = new Map<number, number>();
  loops.forEach(({ header, body }, i) => {
    const inside = doors.filter(({ start }) => {
      const b = indexOf.get(start) as number;
      return b !== header && body.has(b) && !(copyOf.has(start) && innermostAround(b)?.header === header);
    });
    if (inside.length === 0) return;
    const start = starts[header] as number;
    const other = BEHIND - i;
    behind.set(start, other);
    const inner = loops.filter((loop) => loop.header !== header && body.has(loop.header));
    gates.push({ start, code: [], end: { kind: 'gate', cases: casesFor(inside, inner), other } });
  });
  const first: Block = {
    start: ENTRY,
    code: [],
    end: { kind: 'gate', cases: casesFor(doors, loops), other: starts[0] as number },
  };
  const moved = blocks.map((block) => {
    const start = behind.get(block.start);
    return start === undefined ? block : { ...block, start };
  });
  return { blocks: [first, ...gates, ...moved, ...copies], doors };
}
