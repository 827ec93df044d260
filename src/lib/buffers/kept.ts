/**
 * Units whose content is nowhere else until their disk has it: they stay in the cache, however often a write of them fails.
 *
 * No more than a half of the cache may be such, so that there is room for others. State: `unwritten`, `refused`.
 */
import { EIO } from '../../abi/linux/errno.ts';
import {
  type BufferCache,
  type BufferCacheState,
  UNIT,
  UNITS_PER_DISK,
} from '../../contracts/buffercache.ts';
import { type Kernel, WAIT } from '../../contracts/kernel.ts';
import { writeBack } from './write-back.ts';

/** One unit of so many may be kept. */
const KEPT_SHARE = 2;

const diskOfKey = (key: number): number => Math.floor(key / UNITS_PER_DISK);

const isRefused = ({ refused }: BufferCacheState, disk: number): boolean => {
  for (const key of refused) if (diskOfKey(key) === disk) return true;
  return false;
};

/** Wait for one that is being written. @returns WAIT, or 0 if none is */
function awaitOne({ unwritten, buffers }: BufferCacheState, kernel: Kernel): number {
  for (const key of unwritten) {
    const unit = buffers.get(key);
    if (unit?.writing !== true) continue;
    kernel.waits.on(unit.event);
    return WAIT;
  }
  return 0;
}

/** @param limit units of the cache @param cache its other operations */
export function store(
  state: BufferCacheState,
  kernel: Kernel,
  limit: number,
  cache: Pick<BufferCache, 'blank' | 'changed'>,
  disk: number,
  index: number,
  frame: number,
): number {
  const { unwritten } = state;
  if (isRefused(state, disk)) return -EIO;
  if (unwritten.size >= limit / KEPT_SHARE) {
    writeBack(state, kernel, disk);
    if (awaitOne(state, kernel) === WAIT) return WAIT;
    if (isRefused(state, disk)) return -EIO;
  }
  const unit = cache.blank(disk, index);
  if (unit < 0) return unit;
  kernel.machine.u8.copyWithin(unit * UNIT, frame * UNIT, (frame + 1) * UNIT);
  unwritten.add(disk * UNITS_PER_DISK + index);
  cache.changed(disk, index);
  return 0;
}

/** A write of a unit has ended. @param dirty it was changed since that began */
export function written(
  { unwritten, refused }: BufferCacheState,
  key: number,
  ok: boolean,
  dirty: boolean,
): void {
  if (!unwritten.has(key)) return;
  if (!ok) {
    refused.add(key);
    return;
  }
  refused.delete(key);
  if (!dirty) unwritten.delete(key);
}

export function discard(state: BufferCacheState, disk: number, index: number): void {
  const key = disk * UNITS_PER_DISK + index;
  state.unwritten.delete(key);
  state.refused.delete(key);
  const unit = state.buffers.get(key);
  if (unit === undefined || !state.dirty.delete(key)) return;
  unit.dirty = false;
}

export function retry(state: BufferCacheState, kernel: Kernel, disk: number): number {
  let count = 0;
  for (const key of state.refused) {
    const unit = state.buffers.get(key);
    if (diskOfKey(key) !== disk || unit === undefined) continue;
    unit.dirty = true;
    state.dirty.add(key);
    count++;
  }
  if (count > 0) writeBack(state, kernel, disk);
  return count;
}
