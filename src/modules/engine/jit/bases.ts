/**
 * Which accesses share one look at the page tables: those off one base register, between two of its definitions.
 *
 * Such accesses are a web. The first one on a way through looks up the page that all of the web lie in, and keeps the physical
 * address in the register's *base*, a local that is below NO_BASE when nothing is known. Data flow over a region finds webs, and for each access
 * whether a look was taken on every way there, on some or on none. A call keeps a base if the register is what it was before, and
 * an addition of a constant moves it within the page.
 */
import type { Block, Instruction } from './discover.ts';
import type { Graph } from './graph.ts';
import type { Flow, Point } from './registers.ts';
import type { Ahead } from './turns.ts';

/** Bytes from the first to behind the last that a web covers: the farther apart, the likelier on two pages. */
const SPAN_MOST = 512;
/** No frame is below this, and so no base. */
export const NO_BASE = 4096;
const REGISTERS = 32;
const NO_WEB = -1;

export interface Web {
  readonly register: number;
  /** Offsets from the register of the first byte and behind the last. */
  low: number;
  end: number;
  writes: boolean;
}

/** An access that is one of a web. */
export interface Shared {
  readonly web: Web;
  /** A look was taken on every way here; on none. */
  readonly always: boolean;
  readonly never: boolean;
}

export interface Bases {
  /** All registers that have a base somewhere. */
  readonly registers: number;
  /** By block and instruction; null for what shares nothing. */
  readonly shared: readonly (readonly (Shared | null)[])[];
  /** By block and instruction: registers whose base has a meaning before it. */
  readonly known: readonly (readonly number[])[];
  /** By block and instruction: the web whose base an addition moves. */
  readonly moved: readonly (readonly (Web | null)[])[];
}

/** What an instruction adds to a register, if that is all it does and it is little; 0 otherwise. A base moves along then. */
export function shiftOf({ decoded: { row, operands } }: Instruction): number {
  const { rd, rs1, imm } = operands;
  return row.mnemonic === 'addi' && rd === rs1 && rd !== 0 && Math.abs(imm) <= SPAN_MOST ? imm : 0;
}

export interface Site {
  readonly register: number;
  readonly offset: number;
  readonly bytes: number;
  readonly isWrite: boolean;
}

export function siteOf({ decoded }: Instruction): Site | null {
  const { row, operands } = decoded;
  const { semantics } = row;
  if (semantics.kind !== 'load' && semantics.kind !== 'store') return null;
  const { rs1: register, imm: offset } = operands;
  if (register === 0) return null;
  return { register, offset, bytes: semantics.bytes, isWrite: semantics.kind === 'store' };
}

/** The offset at which a span of SPAN_MOST covers most accesses. */
function bestLow(sites: readonly Site[]): number {
  const sorted = sites.toSorted((a, b) => a.offset - b.offset);
  let low = 0;
  let most = 0;
  let last = 0;
  sorted.forEach(({ offset }, first) => {
    while (last < sorted.length && endOf(sorted[last] as Site) <= offset + SPAN_MOST) last++;
    if (last - first <= most) return;
    most = last - first;
    low = offset;
  });
  return low;
}
const endOf = ({ offset, bytes }: Site): number => offset + bytes;

/** What holds before an instruction: of each register the web, and as a set whether a look was taken on every way there. */
interface State {
  readonly webs: Int32Array;
  always: number;
}
const copyOf = ({ webs, always }: State): State => ({ webs: webs.slice(), always });

type Sites = readonly (readonly (Site | null)[])[];
/** Told what holds before each instruction; `site` is a number of its own, or -1. */
type See = (block: number, i: number, site: number, state: State) => void;

/** Find the webs of some sites. @returns the web that a site is of, by its number; and a walk over all that holds */
function flow(
  graph: Graph,
  points: readonly (readonly Point[])[],
  sites: Sites,
  fresh: readonly boolean[],
): { readonly webOf: (site: number) => number; readonly walk: (see: See) => void } {
  /** Union-find. */
  const parents: number[] = [];
  const registers: number[] = [];
  const numbers = sites.map((list) =>
    list.map((site) => {
      if (site === null) return -1;
      registers.push(site.register);
      return parents.push(parents.length) - 1;
    }),
  );
  const find = (site: number): number => {
    let at = site;
    while (parents[at] !== at) at = parents[at] as number;
    return at;
  };
  const union = (a: number, b: number): number => {
    const root = Math.min(find(a), find(b));
    parents[find(a)] = parents[find(b)] = root;
    return root;
  };
  const before: (State | null)[] = graph.blocks.map(() => null);
  /** Reused: what holds where a block is being looked at. */
  const state: State = { webs: new Int32Array(REGISTERS), always: 0 };
  const carry = (b: number, see: See | null): void => {
    const start = before[b] as State;
    state.webs.set(start.webs);
    state.always = start.always;
    const { code, turns } = graph.blocks[b] as Block;
    (points[b] as readonly Point[]).forEach(({ effects }, i) => {
      const site = (numbers[b] as readonly number[])[i] as number;
      if (see !== null) see(b, i, site, state);
      if (site >= 0) {
        const register = registers[site] as number;
        const web = state.webs[register] as number;
        state.webs[register] = web === NO_WEB ? find(site) : union(web, site);
        state.always |= 1 << register;
      }
      // What a call changes is seen when it is back, so all may be lost there.
      if (effects.isCall) state.always = 0;
      const { x } = effects.defines;
      if (x === 0) return;
      state.always &= ~x;
      if (turns !== undefined || shiftOf(code[i] as Instruction) === 0)
        state.webs[31 - Math.clz32(x)] = NO_WEB;
    });
  };

  /** @returns true if that changed what is known before a block */
  const join = (b: number): boolean => {
    const old = before[b] as State | null;
    if (old === null) {
      before[b] = copyOf(state);
      return true;
    }
    let changed = false;
    for (let r = 1; r < REGISTERS; r++) {
      const mine = old.webs[r] as number;
      const other = state.webs[r] as number;
      if (other === NO_WEB || (mine !== NO_WEB && find(mine) === find(other))) continue;
      old.webs[r] = mine === NO_WEB ? other : union(mine, other);
      changed = true;
    }
    const always = old.always & state.always;
    if (always !== old.always) changed = true;
    old.always = always;
    return changed;
  };
  fresh.forEach((isFresh, b) => {
    if (isFresh || b === 0) before[b] = { webs: new Int32Array(REGISTERS).fill(NO_WEB), always: 0 };
  });
  for (let again = true; again; ) {
    again = false;
    graph.blocks.forEach((_, b) => {
      carry(b, null);
      for (const to of graph.successors[b] as readonly number[])
        if (fresh[to] !== true && join(to)) again = true;
    });
  }
  return {
    webOf: find,
    walk(see) {
      graph.blocks.forEach((_, b) => {
        carry(b, see);
      });
    },
  };
}

/** Sites that share nothing are left out. */
function worthwhile(
  graph: Graph,
  points: readonly (readonly Point[])[],
  sites: Sites,
  fresh: readonly boolean[],
): Sites {
  const { webOf, walk } = flow(graph, points, sites, fresh);
  const members = new Map<number, Site[]>();
  const profiting = new Set<number>();
  const webs = sites.map((list) => list.map(() => NO_WEB));
  walk((b, i, number, state) => {
    if (number < 0) return;
    const web = webOf(number);
    const site = (sites[b] as readonly (Site | null)[])[i] as Site;
    (webs[b] as number[])[i] = web;
    members.set(web, [...(members.get(web) ?? []), site]);
    if (state.webs[site.register] !== NO_WEB) profiting.add(web);
  });
  const lows = new Map([...profiting].map((web) => [web, bestLow(members.get(web) as Site[])]));
  return sites.map((list, b) =>
    list.map((site, i) => {
      const low = lows.get((webs[b] as number[])[i] as number);
      if (site === null || low === undefined) return null;
      return site.offset >= low && endOf(site) <= low + SPAN_MOST ? site : null;
    }),
  );
}

/** @param ahead by block and instruction: not null for accesses that are done otherwise */
export function findBases(
  graph: Graph,
  { points, fresh }: Flow,
  ahead: readonly (readonly (Ahead | null)[])[],
): Bases {
  const all = graph.blocks.map(({ code }, b) =>
    code.map((one, i) => (ahead[b]?.[i] === null ? siteOf(one) : null)),
  );
  const sites = worthwhile(graph, points, all, fresh);
  const { webOf, walk } = flow(graph, points, sites, fresh);
  const webs = new Map<number, Web>();
  const shared = sites.map((list) => list.map((): Shared | null => null));
  const known = sites.map((list) => list.map(() => 0));
  const moves = sites.map((list) => list.map(() => NO_WEB));
  walk((b, i, number, state) => {
    let set = 0;
    for (let r = 1; r < REGISTERS; r++) if (state.webs[r] !== NO_WEB) set |= 1 << r;
    (known[b] as number[])[i] = set;
    const { code, turns } = graph.blocks[b] as Block;
    const instruction = code[i] as Instruction;
    // Turns that are looked at beforehand do without bases.
    if (turns === undefined && shiftOf(instruction) !== 0)
      (moves[b] as number[])[i] = state.webs[instruction.decoded.operands.rd] as number;
    if (number < 0) return;
    const { register, offset, bytes, isWrite } = (sites[b] as readonly (Site | null)[])[i] as Site;
    const root = webOf(number);
    const web = webs.get(root) ?? { register, low: offset, end: offset, writes: false };
    web.low = Math.min(web.low, offset);
    web.end = Math.max(web.end, offset + bytes);
    web.writes ||= isWrite;
    webs.set(root, web);
    const bit = 1 << register;
    (shared[b] as (Shared | null)[])[i] = {
      web,
      always: (state.always & bit) !== 0,
      never: (set & bit) === 0,
    };
  });
  let registers = 0;
  for (const { register } of webs.values()) registers |= 1 << register;
  const moved = moves.map((list) =>
    list.map((web) => (web === NO_WEB ? null : (webs.get(webOf(web)) ?? null))),
  );
  return { registers, shared, known, moved };
}
