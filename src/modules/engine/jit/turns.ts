/**
 * What the copies of a loop's turns access by looks taken before them.
 *
 * Where an address is a sum of what registers were before the turns (forms.ts), it lies in a known range about a *root*, the sum without its constant. All
 * accesses off one root are found by one look at the page of that range. A root may move from turn to turn by a multiple of a register: then the look is for the
 * first turn, and finds the last one on the same page.
 */
import { PAGE_SIZE } from '../../../machine/layout.ts';
import type { Block } from './discover.ts';
import { siteOf } from './bases.ts';
import {
  addGuard,
  addTerms,
  type Form,
  formAfter,
  formOf,
  type Guard,
  meetForms,
  type Sum,
  ZERO,
} from './forms.ts';
import { type Graph, loopsOf } from './graph.ts';
import { effectsOf } from './registers.ts';
import type { Turns } from './unroll.ts';

const REGISTERS = 32;
/** Bytes that a look at one page covers at most: the more, the less often they lie in one page. */
const SPAN_MOST = 1024;
/** A table that is accessed by an index of which only the range is known is looked up page by page if it is larger than the one, and not at all if it is larger than the other. */
const TABLE_LEAST = 128;
const TABLE_MOST = 4096;
/** The same for one that is looked up once, when the loop is come into. */
const STEADY_MOST = 16_384;
const ROOTS_MOST = 6;
const NO_GUARDS: readonly Guard[] = [];

/** What is looked up before turns. */
export interface Root {
  /** See Sum. */
  readonly terms: readonly number[];
  /** What the constant is at least, and at most with the length of the access. */
  readonly low: number;
  readonly end: number;
  readonly writes: boolean;
  /** It may lie on several pages, whose frames must lie as they do. */
  readonly isTable: boolean;
  /** It is the same as long as the loop is not left: what was found before some turns holds before the next ones. */
  readonly isSteady: boolean;
  /** By which register it moves on from turn to turn, how often that is added from the first to the last, and what it is at most: it is not negative. */
  readonly stride: { readonly register: number; readonly times: number; readonly most: number } | null;
}

/** An access by a look ahead. */
export interface Ahead {
  /** Of its root, among those of its turns. */
  readonly number: number;
  /** Where it is in the range that was looked up; null if that depends on the way there. */
  readonly offset: number | null;
}

/** What is to be found out before turns. */
export interface Lookout {
  readonly roots: readonly Root[];
  readonly guards: readonly Guard[];
  /** Blocks of the loop. */
  readonly body: ReadonlySet<number>;
}

const setOf = (terms: readonly number[]): number =>
  terms.reduce((set, n, i) => (i % 2 === 0 ? set | (1 << n) : set), 0);

/** As a set, the registers that it takes to find out. */
export function registersOf({ roots, guards }: Lookout): number {
  let set = 0;
  for (const { terms } of [...roots, ...guards]) set |= setOf(terms);
  for (const { stride } of roots) if (stride !== null) set |= 1 << stride.register;
  return set;
}

export interface Rooted {
  /** By block and instruction; null for what is no access off a root. */
  readonly ahead: readonly (readonly (Ahead | null)[])[];
  readonly lookouts: ReadonlyMap<Turns, Lookout>;
}

/** An access in all turns. */
interface Access {
  /** By turn: block and number of the instruction, and the form of the address. */
  readonly places: readonly { readonly block: number; readonly i: number; readonly form: Form }[];
  readonly bytes: number;
  readonly isWrite: boolean;
}

/** Accesses whose addresses are known in all turns. @param members blocks, in reverse postorder */
function accessesOf({ blocks, successors }: Graph, members: readonly number[], count: number): Access[] {
  type Place = Access['places'][number];
  const found = new Map<string, { places: Place[]; bytes: number; isWrite: boolean }>();
  const before = new Map<number, (Form | null)[]>();
  for (const b of members) {
    const forms = before.get(b) ?? Array.from({ length: REGISTERS }, (_, r) => (r === 0 ? ZERO : formOf(r)));
    const { code, original } = blocks[b] as Block;
    code.forEach((instruction, i) => {
      const site = siteOf(instruction);
      const form = site === null ? null : (forms[site.register] as Form | null);
      if (site !== null && form !== null && !form.isHigh) {
        const { offset, bytes, isWrite } = site;
        const name = `${original} ${i}`;
        const all = found.get(name) ?? { places: [], bytes, isWrite };
        found.set(name, all);
        const { least, most } = form;
        all.places.push({ block: b, i, form: { ...form, least: least + offset, most: most + offset } });
      }
      const { x } = effectsOf(instruction).defines;
      if (x !== 0)
        forms[instruction.decoded.operands.rd] = formAfter(instruction, (r) => forms[r] as Form | null);
    });
    for (const to of successors[b] as readonly number[]) {
      if (to <= b) continue;
      const other = before.get(to);
      if (other === undefined) before.set(to, forms.slice());
      else for (let r = 1; r < REGISTERS; r++) other[r] = meetForms(other[r] as Form, forms[r] as Form);
    }
  }
  return [...found.values()].filter(({ places }) => places.length === count);
}

/** By which terms a sum moves from turn to turn, alike in all; null if it does not. */
function movement(sums: readonly Sum[]): readonly number[] | null {
  const [first, second] = sums as [Sum, Sum];
  const by = addTerms(second.terms, first.terms, -1);
  const isAlike = sums.every(
    ({ terms }, turn) => addTerms(terms, addTerms(first.terms, by, turn), -1).length === 0,
  );
  return isAlike ? by : null;
}

const factorOf = (terms: readonly number[], register: number): number => {
  const at = terms.findIndex((n, i) => i % 2 === 0 && n === register);
  return at < 0 ? 0 : (terms[at + 1] as number);
};

/**
 * Guards without the register of a stride: of those that differ in its factor alone one stands for all, since it is at least 0 and at most `limit`.
 */
function withoutStride(all: readonly Guard[], register: number, limit: number): readonly Guard[] {
  let found: readonly Guard[] = [];
  const lowest = new Map<string, number>();
  const restOf = ({ terms }: Guard): readonly number[] =>
    addTerms(terms, [register, factorOf(terms, register)], -1);
  for (const guard of all) {
    const name = String(restOf(guard));
    const factor = factorOf(guard.terms, register);
    lowest.set(name, Math.min(lowest.get(name) ?? factor, factor));
  }
  for (const guard of all) {
    const rest = restOf(guard);
    const factor = lowest.get(String(rest)) as number;
    const more = (factorOf(guard.terms, register) - factor) * limit;
    const terms = addTerms(rest, [register, factor], 1);
    found = addGuard(found, { ...guard, terms, most: guard.most + more });
  }
  return found;
}

/** Where an access is for all turns, and what that takes for granted. @param changed registers that the loop changes, as a set */
function rootOf(
  { places, bytes, isWrite }: Access,
  changed: number,
): { readonly root: Root; readonly guards: readonly Guard[] } | null {
  const forms = places.map(({ form }) => form);
  const by = movement(forms);
  const first = forms[0] as Form;
  const guards = forms.flatMap((form) => form.guards);
  if (by === null || by.length > 2 || (by[1] ?? 1) < 0 || first.terms.length === 0) return null;
  const times = (by[1] ?? 0) * (forms.length - 1);
  const stride =
    times === 0 ? null : { register: by[0] as number, times, most: Math.floor(PAGE_SIZE / times) };
  const low = Math.min(...forms.map(({ least }) => least));
  const end = Math.max(...forms.map(({ most }) => most)) + bytes;
  return {
    root: {
      terms: first.terms,
      low,
      end,
      writes: isWrite,
      isSteady: (setOf(first.terms) & changed) === 0,
      isTable: stride === null && end - low > TABLE_LEAST && forms.some(({ least, most }) => least < most),
      stride,
    },
    guards: stride === null ? guards : withoutStride(guards, stride.register, stride.most),
  };
}

const nameOf = ({ terms, stride, isTable }: Root): string =>
  `${terms} ${stride?.register} ${stride?.times} ${isTable}`;

/** Accesses that one look finds. */
interface Group {
  readonly root: Root;
  readonly guards: readonly Guard[];
  readonly accesses: readonly Access[];
}

const spanMost = ({ isTable, isSteady }: Root): number =>
  !isTable ? SPAN_MOST : isSteady ? STEADY_MOST : TABLE_MOST;

/** Accesses off the same root together. @param changed see rootOf */
function groupsOf(all: readonly Access[], changed: number): Group[] {
  const groups = new Map<string, Group>();
  for (const access of all) {
    const one = rootOf(access, changed);
    if (one === null) continue;
    const { root, guards } = one;
    const before = groups.get(nameOf(root)) ?? { root, guards: [], accesses: [] };
    groups.set(nameOf(root), {
      root: {
        ...root,
        low: Math.min(before.root.low, root.low),
        end: Math.max(before.root.end, root.end),
        writes: before.root.writes || root.writes,
      },
      guards: [...before.guards, ...guards],
      accesses: [...before.accesses, access],
    });
  }
  return [...groups.values()];
}

/** True if the first turn can not be done without coming by one of some blocks. @param members of the turns, in reverse postorder */
function isOnEachTurn(
  { blocks, predecessors }: Graph,
  { second }: Turns,
  members: readonly number[],
  some: ReadonlySet<number>,
): boolean {
  const passed = new Map<number, boolean>();
  const isBefore = (b: number): boolean =>
    (predecessors[b] as readonly number[]).every((from) => passed.get(from) === true);
  for (const b of members) {
    if (blocks[b]?.start === second) return isBefore(b);
    passed.set(b, some.has(b) || isBefore(b));
  }
  return false;
}

/** Registers that some blocks write to, as a set. */
function definedIn({ blocks }: Graph, some: ReadonlySet<number>): number {
  let set = 0;
  for (const b of some) for (const one of (blocks[b] as Block).code) set |= effectsOf(one).defines.x;
  return set;
}

/** Find what turns can access by looks before them. */
export function findRoots(graph: Graph): Rooted {
  const ahead = graph.blocks.map(({ code }) => code.map((): Ahead | null => null));
  const lookouts = new Map<Turns, Lookout>();
  const membersOf = new Map<Turns, number[]>();
  graph.blocks.forEach(({ turns }, b) => {
    if (turns !== undefined) membersOf.set(turns, [...(membersOf.get(turns) ?? []), b]);
  });
  const loops = loopsOf(graph);
  for (const [turns, members] of membersOf) {
    const header = graph.blocks.findIndex(({ end }) => end.kind === 'turns' && end.turns === turns);
    const body = loops.find((loop) => loop.header === header)?.body ?? new Set();
    const good = groupsOf(accessesOf(graph, members, turns.count), definedIn(graph, body))
      .filter(
        ({ root, accesses }) =>
          root.end - root.low <= spanMost(root) &&
          // What is not accessed in each turn may well be no address.
          isOnEachTurn(
            graph,
            turns,
            members,
            new Set(accesses.map(({ places }) => places[0]?.block as number)),
          ),
      )
      .slice(0, ROOTS_MOST);
    lookouts.set(turns, {
      roots: good.map(({ root }) => root),
      body,
      guards: good.flatMap(({ guards }) => guards).reduce(addGuard, NO_GUARDS),
    });
    good.forEach(({ root, accesses }, number) => {
      for (const { block, i, form } of accesses.flatMap(({ places }) => places)) {
        const isExact = root.stride === null && form.least === form.most;
        (ahead[block] as (Ahead | null)[])[i] = { number, offset: isExact ? form.least - root.low : null };
      }
    });
  }
  return { ahead, lookouts };
}
