/**
 * How pages go out to the swap disk, and how they come back.
 *
 * Every module of slot `vm` reads back what is out; so one that puts nothing out can take the place of one that does. Content passes through the buffer cache, whose waits are the fault's. A frame that several mappings share goes
 * out mapping by mapping: its slot is kept beside it until the last has given it up. State: `swap` and `Space.evicted`.
 */
import { EIO, ENOMEM, ENOSPC } from '../../abi/linux/errno.ts';
import { SECTORS_PER_FRAME } from '../../contracts/block.ts';
import { type Kernel, WAIT } from '../../contracts/kernel.ts';
import { EXTRACT_FRAME_SHIFT, PROT_WRITE } from '../../contracts/pmap.ts';
import { type Space, SWAP_DISK, type Swap, type VmState } from '../../contracts/vm.ts';
import type { Area } from './areas.ts';
import { type Core, readOnly } from './core.ts';
import { enterOwn, enterShared } from './pages.ts';
import { dropSlot, forgetFrame, holdSlot } from './slots.ts';

const PAGE = 4096;
/** Slots read with one that is wanted, as far as they are in use. */
const READ_AHEAD = 7;

/** What could not be written is tried again so much later, twice as late each time; nothing more goes out meanwhile. */
const RETRY_NS = 10_000_000;
/** Doublings; after so many who needs room does not wait for the next any more. */
const PATIENCE = 7;

/** Slots that the swap disk has; 0 without one. */
export function slotsOf(kernel: Kernel): number {
  const disk = kernel.block.disk(kernel.block.find(SWAP_DISK));
  return disk === null || disk.readOnly ? 0 : Math.floor(disk.sectors / SECTORS_PER_FRAME);
}

/** A slot that is free, or -1. */
function freeSlot(swap: Swap, limit: number): number {
  if (swap.used >= limit) return -1;
  for (let tried = 0; tried < limit; tried++) {
    const slot = (swap.next + tried) % limit;
    if ((swap.counts[slot] ?? 0) !== 0) continue;
    swap.next = slot + 1;
    return slot;
  }
  return -1;
}

function postpone(swap: Swap, kernel: Kernel): void {
  swap.retryAt = kernel.clock.monotonic() + RETRY_NS * 2 ** Math.min(swap.refusals, PATIENCE);
}

/** Copy a frame to a slot of its own. @returns the slot, -ENOSPC, -EIO, -ENOMEM or WAIT */
function writeOut(swap: Swap, kernel: Kernel, frame: number): number {
  const slot = freeSlot(swap, slotsOf(kernel));
  if (slot < 0) return -ENOSPC;
  const disk = kernel.block.find(SWAP_DISK);
  const { buffercache } = kernel;
  if (buffercache.store !== undefined) {
    const stored = buffercache.store(disk, slot, frame);
    if (stored === -EIO && swap.retryAt === 0) postpone(swap, kernel);
    return stored < 0 ? stored : slot;
  }
  const unit = buffercache.blank(disk, slot);
  if (unit < 0) return unit;
  kernel.machine.u8.copyWithin(unit * PAGE, frame * PAGE, (frame + 1) * PAGE);
  buffercache.changed(disk, slot);
  return slot;
}

/**
 * Put out a private page that is mapped at `va`. Pre: nobody holds its physical address, as where a kernel entry begins.
 * @returns 0, -ENOSPC, -EIO, -ENOMEM or WAIT; then it is as it was
 */
export function evict(state: VmState, kernel: Kernel, space: Space, va: number, frame: number): number {
  const { swap } = state;
  const { frames } = kernel;
  let slot = swap.slotOf.get(frame) ?? -1;
  if (slot < 0) {
    slot = writeOut(swap, kernel, frame);
    if (slot < 0) return slot;
    if (frames.count(frame) > 1) {
      // Others map it, read-only; the reference keeps it so.
      frames.ref(frame);
      swap.slotOf.set(frame, slot);
      swap.frameOf.set(slot, frame);
    }
  }
  holdSlot(swap, slot);
  space.evicted.set(va / PAGE, slot);
  kernel.pmap.remove(space.id, va);
  space.resident--;
  if (frames.unref(frame) === 1 && swap.slotOf.has(frame)) forgetFrame(swap, kernel, frame, slot);
  return 0;
}

/** Try failed writes again, if it is time. What they were to store is in the buffer cache still. */
export function retryWrites({ swap }: VmState, kernel: Kernel): void {
  if (swap.retryAt === 0 || kernel.clock.monotonic() < swap.retryAt) return;
  const begun = kernel.buffercache.retry?.(kernel.block.find(SWAP_DISK)) ?? 0;
  if (begun > 0) {
    swap.refusals++;
    postpone(swap, kernel);
  } else {
    swap.retryAt = 0;
    swap.refusals = 0;
  }
}

/** When it is worth to try again, where failed writes keep pages from going out: a time, or 0 = it is not. */
export const nextRetry = ({ swap }: VmState): number => (swap.refusals < PATIENCE ? swap.retryAt : 0);

/** Give back frames that nothing maps any more. @returns how many */
export function dropUnmapped({ swap }: VmState, kernel: Kernel): number {
  let dropped = 0;
  for (const [frame, slot] of swap.slotOf) {
    if (kernel.frames.count(frame) !== 1) continue;
    forgetFrame(swap, kernel, frame, slot);
    dropped++;
  }
  return dropped;
}

/** The frame with a slot's content, in the buffer cache. @returns it, -EIO, -ENOMEM or WAIT */
function readBack(swap: Swap, kernel: Kernel, slot: number): number {
  const disk = kernel.block.find(SWAP_DISK);
  const unit = kernel.buffercache.get(disk, slot);
  if (unit >= 0) return unit;
  if (unit !== WAIT) return unit === -ENOMEM ? -ENOMEM : -EIO;
  let count = 0;
  while (count < READ_AHEAD && (swap.counts[slot + 1 + count] ?? 0) !== 0) count++;
  kernel.buffercache.prefetch(disk, slot + 1, count);
  return WAIT;
}

/**
 * Memory is so short that only the buffer which a page was read into can make room for it.
 * @returns 0 or -ENOMEM; then the buffer may have gone, and can be read again
 */
function enterInPlace(kernel: Kernel, space: Space, page: number, buffer: number, prot: number): number {
  const { u8 } = kernel.machine;
  const content = u8.slice(buffer * PAGE, (buffer + 1) * PAGE);
  if (kernel.buffercache.reclaim(1) === 0) return -ENOMEM;
  const entered = enterOwn(kernel, space, page, 0, prot);
  if (entered === 0) u8.set(content, (kernel.pmap.extract(space.id, page) >>> EXTRACT_FRAME_SHIFT) * PAGE);
  return entered;
}

/** A fault on a page that is out. Idempotent. @returns 0, -EIO, -ENOMEM or WAIT */
export function bringBack(
  core: Core,
  space: Space,
  area: Readonly<Area>,
  page: number,
  access: number,
): number {
  const { kernel } = core;
  const { swap } = core.state;
  const slot = space.evicted.get(page / PAGE) as number;
  const kept = swap.frameOf.get(slot);
  let entered: number;
  if (kept !== undefined && access !== PROT_WRITE) {
    entered = enterShared(kernel, space, page, kept, readOnly(area));
  } else {
    const source = kept ?? readBack(swap, kernel, slot);
    if (source < 0) return source;
    entered = enterOwn(kernel, space, page, source, area.prot);
    if (entered === -ENOMEM && kept === undefined)
      entered = enterInPlace(kernel, space, page, source, area.prot);
  }
  if (entered !== 0) return entered;
  space.evicted.delete(page / PAGE);
  dropSlot(swap, kernel, slot);
  return 0;
}
