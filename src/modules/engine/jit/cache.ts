/**
 * The code cache's accounts: which WebAssembly modules there are, whose translations they hold, and which are to go.
 *
 * The host frees code by the module, when none of its functions can be called any more. So it is modules that are counted and
 * evicted, the one that was linked longest ago first: links are undone at each eviction, and what is in use is linked again.
 */
import type { WasmModule } from '../../../machine/wasm/host.ts';
import type { TranslationCounts } from '../../../contracts/engine.ts';

export interface CacheOptions {
  /** Bytes of WebAssembly. */
  readonly most: number;
  /** Host time in ns. */
  readonly now: () => number;
}
/** Without a kernel: as many as there is room for, and no time. */
export const UNBOUNDED: CacheOptions = { most: Number.POSITIVE_INFINITY, now: () => 0 };

/** A module that was compiled. */
export interface Emitted<T> {
  readonly code: WasmModule;
  readonly bytes: Uint8Array;
  /** Its translations that can still be called. */
  readonly members: Set<T>;
  /** When one of them was linked last, by the cache's own count. */
  used: number;
}

export interface CodeCache<T> {
  /** What a module may have before another is begun: many to a cache, so that what is evicted is a small part of it. */
  readonly moduleMost: number;
  /** A module was compiled. Pre: `victims` were dropped. */
  emit(code: WasmModule, bytes: Uint8Array): Emitted<T>;
  /** @param isOld an earlier run made it */
  add(emitted: Emitted<T>, member: T, isOld: boolean): void;
  remove(emitted: Emitted<T>, member: T): void;
  /** The same translation is in another module now, which takes no more room than the one that it was in. */
  move(member: T, from: Emitted<T>, to: Emitted<T>): void;
  touch(emitted: Emitted<T>): void;
  /** What is to be dropped before a module of so many bytes comes in. */
  victims(bytes: number): readonly T[];
  /** So many of those that were removed were evicted. */
  noteEvicted(count: number): void;
  noteTime(ns: number): void;
  all(): readonly T[];
  /** Those with a live translation. */
  modules(): readonly Emitted<T>[];
  /** How many translations there are. */
  size(): number;
  counts(): TranslationCounts;
}

const PARTS = 8;
/** Room is made for so much at once: an eviction undoes all links. */
const KEPT = 3 / 4;

export function createCodeCache<T>({ most }: CacheOptions): CodeCache<T> {
  const modules = new Set<Emitted<T>>();
  const counts = {
    modules: 0,
    hostNs: 0,
    made: 0,
    old: 0,
    dropped: 0,
    evicted: 0,
    live: 0,
    emittedBytes: 0,
    liveBytes: 0,
  };
  let clock = 0;
  const enter = (emitted: Emitted<T>, member: T): void => {
    if (emitted.members.size === 0) {
      modules.add(emitted);
      counts.liveBytes += emitted.bytes.length;
    }
    emitted.members.add(member);
  };
  /** @returns false if it was not there */
  const leave = (emitted: Emitted<T>, member: T): boolean => {
    if (!emitted.members.delete(member)) return false;
    if (emitted.members.size === 0) {
      modules.delete(emitted);
      counts.liveBytes -= emitted.bytes.length;
    }
    return true;
  };
  return {
    moduleMost: most / PARTS,
    emit(code, bytes) {
      counts.modules++;
      counts.emittedBytes += bytes.length;
      return { code, bytes, members: new Set(), used: ++clock };
    },
    add(emitted, member, isOld) {
      enter(emitted, member);
      counts.made++;
      if (isOld) counts.old++;
      counts.live++;
    },
    remove(emitted, member) {
      if (!leave(emitted, member)) return;
      counts.dropped++;
      counts.live--;
    },
    move(member, from, to) {
      leave(from, member);
      enter(to, member);
    },
    touch(emitted) {
      emitted.used = ++clock;
    },
    victims(bytes) {
      if (counts.liveBytes + bytes <= most) return [];
      const result: T[] = [];
      let live = counts.liveBytes;
      for (const emitted of [...modules].sort((a, b) => a.used - b.used)) {
        if (live + bytes <= most * KEPT) break;
        result.push(...emitted.members);
        live -= emitted.bytes.length;
      }
      return result;
    },
    noteEvicted(count) {
      counts.evicted += count;
      counts.dropped -= count;
    },
    noteTime(ns) {
      counts.hostNs += ns;
    },
    all: () => [...modules].flatMap(({ members }) => [...members]),
    modules: () => [...modules],
    size: () => counts.live,
    counts: () => ({ ...counts, mostBytes: most }),
  };
}
