/**
 * What is kept of translations from one run to the next, and which of an earlier run's are still to be taken up.
 *
 * A translation is good wherever the same code stands at the same addresses, for that is all that it was made from beside the
 * `Conditions`. So it waits by its pages until its code is found there.
 */
import type { Kept } from '../../../contracts/kept.ts';
import { compileModule, type WasmModule } from '../../../machine/wasm/host.ts';
import type { Body } from './binary.ts';
import type { WayIn } from './emit.ts';
import type { Listing } from './listing.ts';
import { pack, toPack } from './packing.ts';

/** All addresses are virtual. */
export interface KeptRegion {
  /** Name in its module, and where it stands there. */
  readonly name: string;
  readonly body: Body;
  readonly isPart: boolean;
  readonly pages: readonly number[];
  readonly listing: Listing;
  readonly ways: readonly WayIn[];
  /** What it has link words for. */
  readonly calls: readonly number[];
  /** What had been learned of it (aims.ts). */
  readonly targets: readonly number[];
  readonly doors: readonly number[];
  readonly hot: readonly number[];
  /** How many runs in a row did without it. */
  readonly idle: number;
}

export interface KeptModule {
  readonly bytes: Uint8Array;
  /** The host's machine code of it, if it gives that out. */
  readonly code: Uint8Array | null;
  /** Of how many regions that is. */
  readonly optimised: number;
  readonly regions: readonly KeptRegion[];
}

export interface KeptTranslations {
  /** What all of it relies on. */
  readonly conditions: string;
  /** The pc of each link word by its number, NO_WORD for none. */
  readonly words: readonly number[];
  readonly modules: readonly KeptModule[];
}

export const NO_WORD = -1;
/** A region is kept for so many runs that do not use it. */
const IDLE_MOST = 8;
/** What is optimised is kept anew when there is so much more of it. */
const GROWN = 1.02;

/** A module of an earlier run. */
export interface Old<E> {
  readonly module: KeptModule;
  code: WasmModule | null;
  /** Its account, once some of it was taken up. */
  emitted: E | null;
}

/** A region of an earlier run that is not in place. */
export interface Waiting<E> {
  readonly region: KeptRegion;
  readonly old: Old<E>;
  /** A physical page that was found to hold other code. */
  other: number;
}

/** A module with regions that are in place. */
export interface Live<E> {
  readonly emitted: E;
  readonly code: WasmModule;
  readonly bytes: Uint8Array;
  /** Of all regions that are in place. */
  readonly functions: readonly unknown[];
  readonly regions: readonly KeptRegion[];
}

export interface Keeping<E> {
  /** The pcs of link words by number, as they must be for what was kept. */
  readonly words: readonly number[];
  /** How many regions wait. */
  size(): number;
  /** What waits for code in a page. */
  at(page: number): readonly Waiting<E>[];
  code(old: Old<E>): WasmModule;
  /** It is in place, or not wanted any more. */
  end(waiting: Waiting<E>): void;
  /** It is no longer in place, and may be again. */
  resume(waiting: Waiting<E>): void;
  /**
   * What to keep for the next run. Modules that are small beside the others are put together.
   * @returns null if that is hardly more than what was found
   */
  next(living: readonly Live<E>[], numberOf: (pc: number) => number): KeptTranslations | null;
}

function isUsable(found: unknown, conditions: string, wordsMost: number): found is KeptTranslations {
  if (typeof found !== 'object' || found === null) return false;
  const kept = found as Partial<KeptTranslations>;
  return kept.conditions === conditions && (kept.words?.length ?? wordsMost) < wordsMost;
}

export interface KeepingOptions {
  /** What all translations rely on. */
  readonly conditions: () => string;
  /** Link words that may be taken. */
  readonly wordsMost: number;
  /** Bytes of a module at most. */
  readonly moduleMost: number;
  /** The memory is. */
  readonly shared: boolean;
}

export function createKeeping<E>(
  kept: Kept | null,
  { conditions, wordsMost, moduleMost, shared }: KeepingOptions,
): Keeping<E> {
  const found = kept?.found() ?? null;
  const usable = found !== null && isUsable(found, conditions(), wordsMost) ? found : null;
  const olds = (usable?.modules ?? []).map((module): Old<E> => ({ module, code: null, emitted: null }));
  const byPage = new Map<number, Waiting<E>[]>();
  const waiting = new Set<Waiting<E>>();

  const resume = (one: Waiting<E>): void => {
    waiting.add(one);
    for (const page of one.region.pages) {
      const all = byPage.get(page) ?? [];
      byPage.set(page, all);
      all.push(one);
    }
  };
  for (const old of olds) for (const region of old.module.regions) resume({ region, old, other: 0 });

  return {
    words: usable?.words ?? [],
    size: () => waiting.size,
    at: (page) => [...(byPage.get(page) ?? [])],
    code(old) {
      if (old.code !== null) return old.code;
      const { code, bytes } = old.module;
      const ready = kept === null || code === null ? null : kept.moduleOf(code, bytes);
      old.code = ready === null ? compileModule(bytes) : ready;
      return old.code;
    },
    end(one) {
      waiting.delete(one);
      for (const page of one.region.pages) {
        const rest = byPage.get(page)?.filter((other) => other !== one) ?? [];
        if (rest.length > 0) byPage.set(page, rest);
        else byPage.delete(page);
      }
    },
    resume,
    next(living, numberOf) {
      const rest = new Map<Old<E>, KeptRegion[]>();
      for (const { region, old } of waiting) {
        const idle = region.idle + 1;
        if (idle <= IDLE_MOST) rest.set(old, [...(rest.get(old) ?? []), { ...region, idle }]);
      }
      const modules: KeptModule[] = [];
      let isMore = false;
      let [optimisedBefore, optimisedNow] = [0, 0];
      for (const { emitted, code: module, bytes, functions, regions } of living) {
        const old = olds.find((one) => one.emitted === emitted);
        const others = old === undefined ? [] : (rest.get(old) ?? []);
        if (old !== undefined) rest.delete(old);
        const before = old?.module.optimised ?? 0;
        const now = kept?.optimised(functions) ?? 0;
        const fresh = now > before ? (kept?.codeOf(module) ?? null) : null;
        isMore ||= old === undefined;
        optimisedBefore += before;
        optimisedNow += Math.max(before, now);
        modules.push({
          bytes,
          code: fresh ?? old?.module.code ?? null,
          optimised: Math.max(before, now),
          regions: [...regions, ...others],
        });
      }
      if (!isMore && optimisedNow <= optimisedBefore * GROWN) return null;
      for (const [old, regions] of rest) modules.push({ ...old.module, regions });
      const groups = toPack(modules, moduleMost);
      const replaced = new Set(groups.flat());
      const all = [
        ...modules.filter((module) => !replaced.has(module)),
        ...groups.map((group): KeptModule => {
          const { bytes, moved } = pack(group, shared);
          const regions = moved.map(({ region, name, body }) => ({ ...region, name, body }));
          return { bytes, regions, code: null, optimised: 0 };
        }),
      ];
      const pcs = new Map<number, number>();
      for (const { regions } of all) {
        for (const { calls } of regions) for (const pc of calls) pcs.set(numberOf(pc), pc);
      }
      const length = Math.max(0, ...[...pcs.keys()].map((number) => number + 1));
      const words = Array.from({ length }, (_, number) => pcs.get(number) ?? NO_WORD);
      return { conditions: conditions(), words, modules: all };
    },
  };
}
