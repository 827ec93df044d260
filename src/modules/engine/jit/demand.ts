/**
 * What is to be translated: samples, misses, and what has been run to pay for it (tiering.ts).
 */
import type { Tiering } from './tiering.ts';

/** An address at which a translation is to begin; a part does not begin with a function. */
export interface Wanted {
  readonly root: number;
  readonly isPart: boolean;
  /** In place of one that there is. */
  readonly again: boolean;
  /** How often it was seen running. */
  readonly samples: number;
  /** How many instructions it has, if that is known by now; else 0. */
  readonly instructions: number;
}

/** What the demand has done for it. */
export interface Supply {
  /** Translate what is wanted. */
  translate(hart: number): void;
  /** A pc was seen often: it is to be wanted, or the function that it is in. */
  seek(hart: number, pc: number, samples: number): void;
  /** A pc was gone to in vain: is it to be a way into a function that there is? Then that will be translated again. */
  remember(pc: number): boolean;
  /** How many translations there are. */
  size(): number;
}

export interface Demand {
  /** So many instructions were run since this was said last. */
  ran(instructions: number): void;
  sample(hart: number, pc: number): void;
  /** Translated code went to a pc in vain, so many times. */
  missed(hart: number, pc: number, times: number): void;
  want(hart: number, root: number, isPart: boolean, samples: number): void;
  wantAgain(root: number, isPart: boolean): void;
  /** How often a pc was seen. */
  seen(pc: number): number;
  /** Everything that is wanted and can be paid for as far as is known; the rest stays. */
  take(): readonly Wanted[];
  /** @returns true if it is to be translated now; else it stays wanted */
  pay(want: Wanted, instructions: number): boolean;
  /** What was seen no longer counts. */
  forgetSeen(): void;
  /** Nothing is wanted. */
  clear(): void;
}

/** What part of `missed` makes an address worth remembering. */
const REMEMBERED = 1 / 8;
/** How many instructions may be translated at once at most, however long nothing was. */
const CREDIT_MOST = 4000;
/** How much that is wanted and not paid for is remembered. */
const UNPAID_MOST = 64;
const SAMPLES_MOST = 16_384;
/** What a miss costs, in instructions interpreted. */
const MISS = 200;

/** How often translated code goes to an address in vain until that is of interest. */
export const missesToRemember = ({ missed }: Tiering): number => Math.ceil(missed * REMEMBERED);

const isPowerOfTwo = (value: number): boolean => Number.isInteger(value) && (value & (value - 1)) === 0;

/** Count some more of a pc. */
function count(counts: Map<number, number>, pc: number, times = 1): number {
  const seen = (counts.get(pc) ?? 0) + times;
  if (counts.size >= SAMPLES_MOST) counts.clear();
  counts.set(pc, seen);
  return seen;
}

export function createDemand(tiering: Tiering, supply: Supply): Demand {
  const samples = new Map<number, number>();
  const misses = new Map<number, number>();
  const wanted = new Map<number, Wanted>();
  /** Wanted before, and not paid for. */
  const unpaid = new Map<number, Wanted>();
  /** Instructions that were run and not used up by translating. */
  let credit = 0;
  /** Samples since something was translated, and misses of what is not there because of that. */
  let waited = 0;
  let impatient = 0;

  const isHot = (instructions: number, seen: number): boolean =>
    seen * tiering.slice >= instructions * tiering.price;
  /**
   * How long to wait for more. A program is faster where its code is in few modules, each of which has instances, pages and jump tables of its
   * own; but the first ones of a program can not wait.
   */
  const restraint = (): number => (wanted.size >= tiering.share * supply.size() ? 1 : tiering.restraint);
  const isAny = (): boolean => wanted.size + unpaid.size > 0;
  const want = (hart: number, root: number, isPart: boolean, seen: number): void => {
    const before = wanted.get(root) ?? unpaid.get(root);
    if (before !== undefined && before.samples >= seen) return;
    unpaid.delete(root);
    wanted.set(root, { root, isPart, again: false, samples: seen, instructions: 0 });
    if (wanted.size >= tiering.batch) supply.translate(hart);
  };

  return {
    ran(instructions) {
      credit = Math.min(credit + instructions, CREDIT_MOST * tiering.worth);
    },
    sample(hart, pc) {
      if (isAny() && ++waited >= tiering.patience * restraint()) {
        waited = 0;
        supply.translate(hart);
      }
      const seen = count(samples, pc);
      if (seen % tiering.stillHot === 0) {
        // Its function may have been translated since.
        if (wanted.size === 0) want(hart, pc, true, seen);
        else if (restraint() === 1) supply.translate(hart);
      } else if (isPowerOfTwo(seen / tiering.hot)) supply.seek(hart, pc, seen);
    },
    missed(hart, pc, times) {
      const seen = count(misses, pc, times);
      const before = seen - times;
      const remembered = missesToRemember(tiering);
      if (before < remembered && seen >= remembered) supply.remember(pc);
      const isDue = Math.floor(before / tiering.missed) < Math.floor(seen / tiering.missed);
      if (isDue && (!supply.remember(pc) || seen > 2 * tiering.missed)) {
        want(hart, pc, true, (seen * MISS) / tiering.slice);
        return;
      }
      if (seen <= tiering.missed || !isAny()) return;
      impatient += times;
      if (impatient >= tiering.missed * restraint()) {
        impatient = 0;
        supply.translate(hart);
      }
    },
    want,
    seen: (pc) => samples.get(pc) ?? 0,
    wantAgain(root, isPart) {
      unpaid.delete(root);
      wanted.set(root, { root, isPart, again: true, samples: 0, instructions: 0 });
    },
    take() {
      const all = [...wanted.values()];
      for (const one of unpaid.values()) {
        if (credit < 0 && !isHot(one.instructions, one.samples)) continue;
        unpaid.delete(one.root);
        all.push(one);
      }
      wanted.clear();
      return all;
    },
    pay(one, instructions) {
      if (isHot(instructions, one.samples)) return true;
      if (credit >= 0) {
        credit -= instructions * tiering.worth;
        return true;
      }
      unpaid.set(one.root, { ...one, instructions });
      const [oldest] = unpaid.keys();
      if (unpaid.size > UNPAID_MOST) unpaid.delete(oldest as number);
      return false;
    },
    forgetSeen() {
      samples.clear();
      misses.clear();
    },
    clear() {
      wanted.clear();
      unpaid.clear();
    },
  };
}
