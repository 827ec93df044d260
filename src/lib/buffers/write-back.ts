/**
 * Changed units on their way to the disk: when they go, and when they are there for good.
 *
 * They go when a quarter of the cache is dirty, some seconds after the first became so, or when someone asks. A flush of the
 * disk behind all writes makes them durable. Holds no state.
 */
import { EIO } from '../../abi/linux/errno.ts';
import {
  type Buffer,
  type BufferCacheState,
  createDiskSync,
  type DiskSync,
  UNITS_PER_DISK,
} from '../../contracts/buffercache.ts';
import { SECTORS_PER_FRAME } from '../../contracts/block.ts';
import { type Kernel, WAIT } from '../../contracts/kernel.ts';
import { sectorsOf } from '../block/transfer.ts';

/** A change is written after so long at the latest. */
const WRITE_AFTER_NS = 5_000_000_000;
/** All dirty units are written once they are more than one of so many. */
const DIRTY_SHARE = 4;
/** The one timer of the kind `buffers`. */
const TIMER = 0;

const diskOfKey = (key: number): number => Math.floor(key / UNITS_PER_DISK);

export function syncOf(state: BufferCacheState, kernel: Kernel, disk: number): DiskSync {
  let known = state.disks.get(disk);
  if (known === undefined) {
    known = createDiskSync();
    known.event = kernel.waits.newEvent();
    state.disks.set(disk, known);
  }
  return known;
}

/** @param id 0 = every disk */
export function writeBack(state: BufferCacheState, kernel: Kernel, id: number): void {
  for (const key of [...state.dirty]) {
    const disk = diskOfKey(key);
    const unit = state.buffers.get(key);
    const device = kernel.block.disk(disk);
    if ((id !== 0 && disk !== id) || unit === undefined || unit.writing || device === null) continue;
    unit.dirty = false;
    unit.writing = true;
    state.dirty.delete(key);
    const index = key % UNITS_PER_DISK;
    const sector = index * SECTORS_PER_FRAME;
    const error = kernel.block.submit(disk, true, sector, sectorsOf(device, index), unit.frame, key);
    if (error !== 0) kernel.buffercache.completed(key, error);
  }
}

const armed = (kernel: Kernel): boolean => kernel.clock.deadline('buffers', TIMER) >= 0;
const arm = (kernel: Kernel): void =>
  kernel.clock.arm('buffers', TIMER, kernel.clock.monotonic() + WRITE_AFTER_NS);

export function changed(
  state: BufferCacheState,
  kernel: Kernel,
  limit: number,
  disk: number,
  key: number,
  unit: Buffer,
): void {
  unit.valid = true;
  syncOf(state, kernel, disk).changes++;
  if (unit.dirty) return;
  unit.dirty = true;
  state.dirty.add(key);
  if (!armed(kernel)) arm(kernel);
  if (state.dirty.size > limit / DIRTY_SHARE) writeBack(state, kernel, disk);
}

export function expired(state: BufferCacheState, kernel: Kernel): void {
  writeBack(state, kernel, 0);
  if (state.dirty.size > 0) arm(kernel);
}

/** A unit that was changed again while it is being written; its second write follows the first. */
function dirtyOn(state: BufferCacheState, disk: number): Buffer | undefined {
  for (const key of state.dirty) if (diskOfKey(key) === disk) return state.buffers.get(key);
  return undefined;
}

export function sync(state: BufferCacheState, kernel: Kernel, disk: number): number {
  const known = state.disks.get(disk);
  if (known === undefined) return 0;
  writeBack(state, kernel, disk);
  const left = dirtyOn(state, disk);
  if (left !== undefined) {
    kernel.waits.on(left.event);
    return WAIT;
  }
  if (known.durable < known.changes && known.flushing === 0) {
    // A barrier: it ends behind every write that is under way.
    known.flushing = known.changes;
    const error = kernel.block.flush(disk, -disk);
    if (error !== 0) kernel.buffercache.completed(-disk, error);
  }
  if (known.flushing !== 0) {
    kernel.waits.on(known.event);
    return WAIT;
  }
  const failed = known.error !== 0;
  known.error = 0;
  return failed ? -EIO : 0;
}
