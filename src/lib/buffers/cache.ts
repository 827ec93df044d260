/**
 * The operations of the slot `buffercache`, but for which unit goes, which is a policy's to say.
 *
 * A unit is in a frame of its own. Room is made by dropping one that is clean; where none is, everything dirty is written
 * and the caller waits. Completions only wake, so that a disk which answers at once does not recurse. Holds no state.
 */
import { EIO, ENOMEM } from '../../abi/linux/errno.ts';
import { SECTORS_PER_FRAME } from '../../contracts/block.ts';
import {
  type Buffer,
  type BufferCache,
  type BufferCacheState,
  createBuffer,
  LEAST_UNITS,
  UNITS_PER_DISK,
} from '../../contracts/buffercache.ts';
import { type Kernel, WAIT } from '../../contracts/kernel.ts';
import { KernelFault } from '../kernel-fault.ts';
import { sectorsOf } from '../block/transfer.ts';
import type { Policy } from './policy.ts';
import { discard, retry, store, written } from './kept.ts';
import { changed, expired, sync, syncOf, writeBack } from './write-back.ts';

const ALL: number = Number.MAX_SAFE_INTEGER;
/** One frame of so many, at most, holds a unit; and no more than so many do. */
const SHARE = 32;
const MOST_UNITS = 8192;

/** Most units kept. */
export const limitOf = (kernel: Kernel): number =>
  Math.min(MOST_UNITS, Math.max(LEAST_UNITS, Math.floor(kernel.frames.total() / SHARE)));

const keyOf = (disk: number, unit: number): number => disk * UNITS_PER_DISK + unit;
const diskOfKey = (key: number): number => Math.floor(key / UNITS_PER_DISK);

/** @param policy says which unit goes */
export function bufferOperations(state: BufferCacheState, kernel: Kernel, policy: Policy): BufferCache {
  const { buffers, unwritten } = state;

  const isIdle = (key: number, unit: Buffer): boolean =>
    !unit.dirty && !unit.reading && !unit.writing && unit.holds === 0 && !unwritten.has(key);

  const remove = (key: number, unit: Buffer): void => {
    policy.removed(state, key, limitOf(kernel));
    buffers.delete(key);
    kernel.frames.unref(unit.frame);
  };

  /** Drop one clean unit. @param any one that was read for somebody too, if there is no other */
  const dropOne = (any: boolean): boolean => {
    let spare = -1;
    for (const key of policy.candidates(state, limitOf(kernel))) {
      const unit = buffers.get(key) as Buffer;
      if (!isIdle(key, unit)) continue;
      if (unit.awaited) {
        if (spare < 0) spare = key;
        continue;
      }
      remove(key, unit);
      return true;
    }
    if (!any) return false;
    if (spare >= 0) remove(spare, buffers.get(spare) as Buffer);
    return spare >= 0;
  };

  /** Nothing can go: write what is dirty. @returns 0 to try again, WAIT or -ENOMEM */
  const clean = (): number => {
    if (dropOne(true)) return 0;
    writeBack(state, kernel, 0);
    if (dropOne(true)) return 0;
    for (const unit of buffers.values()) {
      if (!unit.reading && !unit.writing) continue;
      kernel.waits.on(unit.event);
      return WAIT;
    }
    return -ENOMEM;
  };

  /** A unit without content. @param wait else there must be room without waiting @returns it, WAIT or -ENOMEM */
  const add = (disk: number, unit: number, wait: boolean): Buffer | number => {
    const limit = limitOf(kernel);
    const device = kernel.block.disk(disk);
    const short = device === null || sectorsOf(device, unit) < SECTORS_PER_FRAME;
    let frame = 0;
    while (frame === 0) {
      frame = buffers.size < limit ? kernel.frames.alloc(short, 0) : 0;
      if (frame !== 0) break;
      const room = wait ? clean() : dropOne(true) ? 0 : -ENOMEM;
      if (room !== 0) return room;
    }
    const key = keyOf(disk, unit);
    const added = createBuffer();
    added.frame = frame;
    added.event = kernel.waits.newEvent();
    buffers.set(key, added);
    policy.inserted(state, key, limit);
    return added;
  };

  const inRange = (disk: number, unit: number): boolean => {
    const device = kernel.block.disk(disk);
    return device !== null && unit >= 0 && unit * SECTORS_PER_FRAME < device.sectors;
  };

  /** Begin to read a unit that is in the cache without content. */
  const load = (disk: number, unit: number, into: Buffer, awaited: boolean): void => {
    const device = kernel.block.disk(disk);
    if (device === null) return;
    into.reading = true;
    into.awaited = awaited;
    const sector = unit * SECTORS_PER_FRAME;
    const key = keyOf(disk, unit);
    const error = kernel.block.submit(disk, false, sector, sectorsOf(device, unit), into.frame, key);
    if (error !== 0) completed(key, error);
  };

  const completed = (tag: number, errno: number): void => {
    if (tag < 0) {
      const known = syncOf(state, kernel, -tag);
      if (errno !== 0) known.error = errno;
      known.durable = known.flushing;
      known.flushing = 0;
      kernel.waits.wake(known.event, ALL);
      return;
    }
    const unit = buffers.get(tag);
    if (unit === undefined) throw new KernelFault(`unit ${tag} was moved but is not in the cache`);
    const wasRead = unit.reading;
    unit.reading = false;
    unit.writing = false;
    if (wasRead) unit.valid = errno === 0;
    else written(state, tag, errno === 0, unit.dirty);
    if (!wasRead && errno !== 0) syncOf(state, kernel, diskOfKey(tag)).error = errno;
    kernel.waits.wake(unit.event, ALL);
    if (!wasRead || errno === 0) return;
    state.failed.set(tag, errno);
    remove(tag, unit);
  };

  const get = (disk: number, index: number): number => {
    const key = keyOf(disk, index);
    const present = buffers.get(key);
    if (present?.valid === true) {
      state.counts[0] = (state.counts[0] as number) + 1;
      present.awaited = false;
      policy.touched(state, key);
      return present.frame;
    }
    if (state.failed.delete(key) || !inRange(disk, index)) return -EIO;
    if (present === undefined) state.counts[1] = (state.counts[1] as number) + 1;
    const unit = present ?? add(disk, index, true);
    if (typeof unit === 'number') return unit;
    if (!unit.reading) load(disk, index, unit, true);
    unit.awaited = true;
    // A disk in memory has answered by now.
    if (unit.valid) {
      unit.awaited = false;
      return unit.frame;
    }
    if (state.failed.delete(key)) return -EIO;
    kernel.waits.on(unit.event);
    return WAIT;
  };

  const there = (disk: number, index: number): Buffer => {
    const unit = buffers.get(keyOf(disk, index));
    if (unit === undefined) throw new KernelFault(`unit ${index} of disk ${disk} is not in the cache`);
    return unit;
  };

  const blank = (disk: number, index: number): number => {
    const present = buffers.get(keyOf(disk, index));
    if (present?.valid === true) return get(disk, index);
    if (!inRange(disk, index)) return -EIO;
    if (present?.reading === true) {
      kernel.waits.on(present.event);
      return WAIT;
    }
    const unit = present ?? add(disk, index, true);
    return typeof unit === 'number' ? unit : unit.frame;
  };
  const touched = (disk: number, index: number): void =>
    changed(state, kernel, limitOf(kernel), disk, keyOf(disk, index), there(disk, index));

  return {
    get,
    blank,
    prefetch(disk, first, count) {
      for (let index = first; index < first + count && inRange(disk, index); index++) {
        if (buffers.has(keyOf(disk, index))) continue;
        const unit = add(disk, index, false);
        if (typeof unit === 'number') return;
        load(disk, index, unit, false);
      }
    },
    hold(disk, index) {
      there(disk, index).holds++;
    },
    release(disk, index) {
      there(disk, index).holds--;
    },
    changed: touched,
    store: (disk, index, frame) =>
      store(state, kernel, limitOf(kernel), { blank, changed: touched }, disk, index, frame),
    discard: (disk, index) => discard(state, disk, index),
    retry: (disk) => retry(state, kernel, disk),
    sync: (disk) => sync(state, kernel, disk),
    writeBack: (disk) => writeBack(state, kernel, disk),
    drop(disk) {
      for (const [key, unit] of buffers) if (diskOfKey(key) === disk && isIdle(key, unit)) remove(key, unit);
    },
    reclaim(wanted) {
      // Who waits for a unit may be who wants room.
      let given = 0;
      while (given < wanted && dropOne(false)) given++;
      return given;
    },
    counts() {
      let writing = 0;
      for (const unit of buffers.values()) if (unit.writing) writing++;
      const [hits = 0, misses = 0] = state.counts;
      return { units: buffers.size, dirty: state.dirty.size, writing, hits, misses, limit: limitOf(kernel) };
    },
    completed,
    expired: () => expired(state, kernel),
  };
}
