/**
 * A region, from its code to the body of a function: needs nothing but what it is given, so that it can be done in another thread.
 *
 * What is not known there, the addresses of link words, is left open in the body.
 */
import { WasmBytes, fillIn } from '../../../machine/wasm/bytes.ts';
import { Func } from '../../../machine/wasm/module.ts';
import { type Block, discover, type ReadCode } from './discover.ts';
import { emitRegion, type WayIn } from './emit.ts';
import { CALLEE_MOST, inlined } from './inline.ts';
import { type Tables, TRANSLATION } from './tables.ts';

/** What is to be written. All of it is plain data. */
export interface Job {
  readonly root: number;
  /** Most instructions, null for as many as a function may have. */
  readonly most: number | null;
  /** What `discover` is to know of it. */
  readonly targets: readonly number[];
  readonly doors: ReadonlySet<number>;
  /** Starts of blocks that were seen often: the loops that some of them head are worth more. */
  readonly hot: ReadonlySet<number>;
  /** Code that was read: addresses, and the halfword at each. */
  readonly code: ReadonlyMap<number, number>;
  /** Addresses that were found to be stops. */
  readonly stops: ReadonlySet<number>;
  /** See Surroundings in emit.ts. */
  readonly isTrusting: boolean;
  /** The same in functions that are put in place of calls. */
  readonly calleeStops: ReadonlySet<number>;
}

/** What is alike for all regions: see Surroundings in emit.ts. */
export interface Conditions {
  readonly tables: Tables;
  readonly isFused: boolean;
  readonly large: number;
}

/** The body of the function of a region. */
export interface Text {
  readonly body: Uint8Array;
  /** Where branches stand that are hardly ever taken. */
  readonly rare: readonly number[];
  /** Where link words are to be named: each as the place, the index of its pc in `calls`, and the offset into the link word. */
  readonly open: readonly number[];
  /** What it has link words for, by pc. */
  readonly calls: readonly number[];
  readonly ways: readonly WayIn[];
}

/** Code as it is read, and a note of what was. */
export interface Reading {
  readonly blocks: readonly Block[];
  readonly code: ReadonlyMap<number, number>;
  readonly stops: ReadonlySet<number>;
  readonly calleeStops: ReadonlySet<number>;
}

interface Addresses {
  has(pc: number): boolean;
}

/** The same, with a note of those that were asked for. */
const noting = (all: Addresses, found: Set<number>): Addresses => ({
  has(pc) {
    const isOne = all.has(pc);
    if (isOne) found.add(pc);
    return isOne;
  },
});

/** Find the blocks of a region. @param stops, calleeStops addresses at which it ends, and what is put in place of calls */
export function readRegion(
  read: ReadCode,
  { root, most, targets, doors }: Pick<Job, 'root' | 'most' | 'targets' | 'doors'>,
  stops: Addresses,
  calleeStops: Addresses,
): Reading {
  const code = new Map<number, number>();
  const stopped = new Set<number>();
  const calleeStopped = new Set<number>();
  const readNoted = (pc: number): number => {
    const halfword = read(pc);
    code.set(pc, halfword);
    return halfword;
  };
  const own = discover(readNoted, root, most ?? undefined, noting(stops, stopped), targets, doors);
  const blocks = inlined(own, (pc) =>
    discover(readNoted, pc, CALLEE_MOST + 1, noting(calleeStops, calleeStopped)),
  );
  return { blocks, code, stops: stopped, calleeStops: calleeStopped };
}

/** @param blocks the root first; at least one */
export function writeRegion(
  blocks: readonly Block[],
  { doors, hot, isTrusting }: Pick<Job, 'doors' | 'hot' | 'isTrusting'>,
  conditions: Conditions,
): Text {
  const f = new Func(0, TRANSLATION.parameters, TRANSLATION.results);
  const numbers = new Map<number, number>();
  const ways = emitRegion(f, blocks, doors, {
    ...conditions,
    hot,
    isTrusting,
    // The first type of the module that it will be in.
    type: 0,
    linkOf(pc) {
      const number = numbers.get(pc) ?? numbers.size;
      numbers.set(pc, number);
      return number;
    },
  });
  const encoded = f.encode();
  return {
    body: encoded.finish().slice(),
    rare: encoded.rare,
    open: encoded.open,
    calls: [...numbers.keys()],
    ways,
  };
}

/** What another thread does. */
export interface Request {
  readonly conditions: Conditions;
  readonly jobs: readonly Job[];
}

/** Write regions from what was read of them. */
export function writeJobs({ conditions, jobs }: Request): readonly Text[] {
  return jobs.map((job) => {
    const { blocks } = readRegion((pc) => job.code.get(pc) ?? -1, job, job.stops, job.calleeStops);
    return writeRegion(blocks, job, conditions);
  });
}

/** Put the addresses of link words into a body. @param wordFor the address for a pc */
export function linked({ body, rare, open, calls }: Text, wordFor: (pc: number) => number): WasmBytes {
  const words = calls.map(wordFor);
  for (let i = 0; i < open.length; i += 3) {
    const [at, number, addend] = open.slice(i, i + 3) as [number, number, number];
    fillIn(body, at, (words[number] as number) + addend);
  }
  return WasmBytes.of(body, rare);
}
