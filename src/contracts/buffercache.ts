/**
 * Contract `buffercache`: units of 4096 bytes of disks, kept in frames.
 *
 * Policy here: which unit goes when another needs its room. Mechanism, fixed (src/lib/buffers): a unit that was changed is
 * written back before it goes, when many are, after some seconds, and on request; the number of units is bounded.
 * File systems and the device nodes share the units, so they agree. All modules share one layout; the lists are the
 * policy's to order, and every unit is in one of them.
 */
import { type Contract, layout, type StateLayout } from './contract.ts';
import { array, bool, int, map, record, set } from './schema.ts';

/** Bytes of a unit: a frame. */
export const UNIT = 4096;
/** Key of a unit: disk * this + index. */
export const UNITS_PER_DISK: number = 2 ** 40;
/** No cache is smaller, so that whatever one operation holds fits. */
export const LEAST_UNITS = 256;

export interface Buffer {
  frame: number;
  /** It has the disk's content, or newer. */
  valid: boolean;
  /** It is newer than the disk's, and no write of it is under way that began since. */
  dirty: boolean;
  reading: boolean;
  writing: boolean;
  /** It is read for somebody who waits and has not yet had it: let it stay so long, if it can be. */
  awaited: boolean;
  /** Holders within the entry in progress; 0 at every boundary. */
  holds: number;
  /** Woken when a transfer of it ends. */
  event: number;
}

/** What is known about the durability of one disk. */
export interface DiskSync {
  /** Counts changes of its units; how many of them a completed flush covers, and one under way will (0 = none is). */
  changes: number;
  durable: number;
  flushing: number;
  event: number;
  /** -errno of a write that failed and was not yet reported. */
  error: number;
}

export interface BufferCacheState {
  buffers: Map<number, Buffer>;
  /** Keys, in the order that the policy gives them. Each key of `buffers` is in one of these two. */
  recent: Set<number>;
  frequent: Set<number>;
  /** Keys of units that went not long ago. */
  ghosts: Set<number>;
  /** Keys of dirty units, in the order in which they became so. */
  dirty: Set<number>;
  disks: Map<number, DiskSync>;
  /** Keys of units that `store` made and no write has taken to the disk yet: they stay. */
  unwritten: Set<number>;
  /** Those of them whose last write failed. */
  refused: Set<number>;
  /** -errno of reads that failed, for who asked: key to errno. */
  failed: Map<number, number>;
  /** Since boot: asked for and there, asked for and not. */
  counts: number[];
}

export const createBuffer = (): Buffer => ({
  frame: 0,
  valid: false,
  dirty: false,
  reading: false,
  writing: false,
  awaited: false,
  holds: 0,
  event: 0,
});
export const createDiskSync = (): DiskSync => ({ changes: 0, durable: 0, flushing: 0, event: 0, error: 0 });
const blank = (): BufferCacheState => ({
  buffers: new Map(),
  recent: new Set(),
  frequent: new Set(),
  ghosts: new Set(),
  dirty: new Set(),
  disks: new Map(),
  unwritten: new Set(),
  refused: new Set(),
  failed: new Map(),
  counts: [0, 0],
});

export const bufferCacheLayout: StateLayout<BufferCacheState> = layout(
  'buffercache',
  record<BufferCacheState>(
    {
      buffers: map(
        int(),
        record<Buffer>(
          {
            frame: int(),
            valid: bool(),
            dirty: bool(),
            reading: bool(),
            writing: bool(),
            awaited: bool(),
            holds: int(),
            event: int(),
          },
          createBuffer,
        ),
      ),
      recent: set(int()),
      frequent: set(int()),
      ghosts: set(int()),
      dirty: set(int()),
      disks: map(
        int(),
        record<DiskSync>(
          { changes: int(), durable: int(), flushing: int(), event: int(), error: int() },
          createDiskSync,
        ),
      ),
      unwritten: set(int()),
      refused: set(int()),
      failed: map(int(), int()),
      counts: array(int()),
    },
    blank,
  ),
  blank,
  (state) => {
    const listed = state.recent.size + state.frequent.size;
    if (listed !== state.buffers.size) return `${state.buffers.size} units are kept but ${listed} are listed`;
    let dirty = 0;
    for (const [key, unit] of state.buffers) {
      if (!state.recent.has(key) && !state.frequent.has(key)) return `unit ${key} is in no list`;
      if (unit.dirty !== state.dirty.has(key)) return `unit ${key} is dirty in one place only`;
      if (unit.dirty && !unit.valid) return `unit ${key} is dirty but has no content`;
      if (unit.holds !== 0) return `unit ${key} is held between two entries`;
      if (unit.dirty) dirty++;
    }
    for (const key of state.unwritten) if (!state.buffers.has(key)) return `unit ${key} is lost`;
    for (const key of state.refused) if (!state.unwritten.has(key)) return `unit ${key} was not kept`;
    return dirty === state.dirty.size
      ? null
      : `${dirty} units are dirty but ${state.dirty.size} are listed so`;
  },
);

/** Counts for /proc and tests. */
export interface BufferCounts {
  readonly units: number;
  readonly dirty: number;
  readonly writing: number;
  readonly hits: number;
  readonly misses: number;
  /** Most units kept. */
  readonly limit: number;
}

export interface BufferCache {
  /**
   * The frame of a unit with its content, which stays until another operation of this slot is called, or longer if it is
   * held. A read is started if it is absent. @returns a frame, -EIO, -ENOMEM or WAIT. Hot path.
   */
  get(disk: number, unit: number): number;
  /** The same for a unit that the caller will overwrite in full and then call `changed` for, so nothing is read. */
  blank(disk: number, unit: number): number;
  /** Start to read up to `count` units if they are absent and there is room. Does not wait. */
  prefetch(disk: number, unit: number, count: number): void;
  /** A unit that `get` or `blank` gave stays until `release`, within this entry. Pre: it is there. */
  hold(disk: number, unit: number): void;
  release(disk: number, unit: number): void;
  /** The unit's frame was written to. Pre: `get` or `blank` gave it in this entry. Begins to write back if many are dirty. */
  changed(disk: number, unit: number): void;
  /**
   * Interface `kept-writes`. Make a unit a copy of a frame. Its content is the cache's to keep until the disk has it, however
   * often that fails. @returns 0, -EIO (writes fail at present), -ENOMEM or WAIT (too many are under way)
   */
  store?(disk: number, unit: number, frame: number): number;
  /** Interface `kept-writes`. Nobody will ask for the unit's content any more. */
  discard?(disk: number, unit: number): void;
  /** Interface `kept-writes`. Begin once more to write what could not be written. @returns how many units */
  retry?(disk: number): number;
  /** All changes so far are to be durable. @returns 0, -EIO (once for each failure) or WAIT; to be asked again */
  sync(disk: number): number;
  /** Begin to write every dirty unit of a disk, or of all (0). Does not wait. */
  writeBack(disk: number): void;
  /** Forget the disk's units that are clean. Pre: none is held. */
  drop(disk: number): void;
  /** Give back up to `wanted` frames of clean units. @returns how many */
  reclaim(wanted: number): number;
  counts(): BufferCounts;
  /** `block` has ended a transfer. @param tag as it was given */
  completed(tag: number, errno: number): void;
  /** The timer of kind `buffers` expired. */
  expired(): void;
}

export const buffercache: Contract<BufferCache> = {
  name: 'buffercache',
  version: 1,
  operations: [
    'get',
    'blank',
    'prefetch',
    'hold',
    'release',
    'changed',
    'sync',
    'writeBack',
    'drop',
    'reclaim',
    'counts',
    'completed',
    'expired',
  ],
  interfaces: {
    /** Units that exist nowhere else until their disk has them. */
    'kept-writes': ['store', 'discard', 'retry'],
  },
};
