/**
 * Making room: the hand of the clock goes round all mapped pages and puts out those that were not used since it last passed.
 *
 * Corbató's second chance (1968). A page that was used is spared once. Pages of files that can be read again are only
 * unmapped, and are the page cache's to drop; pages that exist nowhere else go to the swap disk. State: the hand.
 */
import { superblockOf } from '../../../contracts/filesystem.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import { EXTRACT_FRAME_SHIFT, MAPPED_DIRTY } from '../../../contracts/pmap.ts';
import {
  type Space,
  USER_LIMIT,
  VMA_LOCKED,
  VMA_SPECIAL,
  VMA_STACK,
  type Vma,
  type VmState,
} from '../../../contracts/vm.ts';
import { findArea } from '../../../lib/vm/areas.ts';
import { fileSystemOf, isShared, pageIndex } from '../../../lib/vm/core.ts';
import { dropUnmapped, evict, retryWrites, slotsOf } from '../../../lib/vm/swap.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';

/** Room is made when less than one frame in so many is free, which is more than files need to grow; and so many at the least. */
const LOW_SHARE = 12;
const LEAST_FREE = 16;
/** Frames that one pass is to give. */
export const BATCH = 32;
/** The top of a stack stays: it has the arguments and the environment, which /proc shows without waiting. */
const KEPT_OF_STACK: number = 16 * PAGE_SIZE;
/** Pages that one pass looks at while some frames are left. */
const MOST_LOOKS = 4096;

/** What is left is for those who can not wait. */
export const isShort = ({ frames }: Kernel): boolean => frames.free() <= LEAST_FREE;

export const isLow = (kernel: Kernel): boolean => {
  const { frames } = kernel;
  return frames.free() < Math.max(LEAST_FREE, Math.floor(frames.total() / LOW_SHARE));
};

/** A page of a file that is as its file system would read it again. */
function isClean(kernel: Kernel, area: Readonly<Vma>, va: number, page: number): boolean {
  if (area.inode === 0 || superblockOf(area.inode) === 0) return false;
  const index = pageIndex(area, va);
  if (isShared(area) && (page & MAPPED_DIRTY) !== 0) return false;
  return (
    kernel.pagecache.find(area.inode, index) === page >>> EXTRACT_FRAME_SHIFT &&
    fileSystemOf(kernel, area.inode).refills(area.inode, index)
  );
}

/** What `take` says of a page that the page cache may drop now. */
const UNMAPPED = 1;

/** Take one page that was not used. @returns 0, UNMAPPED, -errno (it stays) or WAIT */
function take(state: VmState, kernel: Kernel, space: Space, va: number): number {
  const area = space.vmas[findArea(space.vmas, va)] as Vma;
  if ((area.flags & (VMA_SPECIAL | VMA_LOCKED)) !== 0) return 0;
  if ((area.flags & VMA_STACK) !== 0 && area.end - va <= KEPT_OF_STACK) return 0;
  const page = kernel.pmap.extract(space.id, va);
  const frame = page >>> EXTRACT_FRAME_SHIFT;
  if (isClean(kernel, area, va, page)) {
    kernel.pmap.remove(space.id, va);
    kernel.frames.unref(frame);
    space.resident--;
    return UNMAPPED;
  }
  // Shared memory and what a file system keeps in the page cache alone stay.
  if (
    isShared(area) ||
    (area.inode !== 0 && kernel.pagecache.find(area.inode, pageIndex(area, va)) === frame)
  )
    return 0;
  return evict(state, kernel, space, va, frame);
}

/**
 * madvise(2): pages of a range go first when room is made (MADV_COLD), or go now (MADV_PAGEOUT) unless others have them too.
 * Pre: as for `evict`. @returns 0 or WAIT; then what has gone is gone
 */
export function cool(
  state: VmState,
  kernel: Kernel,
  space: Space,
  area: Readonly<Vma>,
  start: number,
  end: number,
  out: boolean,
): number {
  const { pmap, frames } = kernel;
  for (let va = pmap.next(space.id, start, end); va >= 0; va = pmap.next(space.id, va + PAGE_SIZE, end)) {
    if (!out) {
      pmap.age?.(space.id, va);
      continue;
    }
    if (area.inode === 0 && frames.count(pmap.extract(space.id, va) >>> EXTRACT_FRAME_SHIFT) > 1) continue;
    if (take(state, kernel, space, va) === WAIT) return WAIT;
  }
  return 0;
}

/** The address spaces from the hand's on, round to itself: the rest of its pages comes last. */
function round(state: VmState): Space[] {
  const ids = [...state.spaces.keys()];
  const from = ids.findIndex((id) => id >= state.swap.handSpace);
  const order = from < 0 ? ids : [...ids.slice(from), ...ids.slice(0, from)];
  return order.map((id) => state.spaces.get(id) as Space);
}

/** Turn the hand until `goal` frames are free or may be. @returns 0, or WAIT if a slot must be written first */
function turn(state: VmState, kernel: Kernel, goal: number): number {
  const { swap } = state;
  const { frames, pmap } = kernel;
  let looks = 0;
  let unmapped = 0;
  // Twice round, for a page may be spared once; and the first space's first part a third time.
  const spaces = round(state);
  for (const space of [...spaces, ...spaces, ...spaces.slice(0, 1)]) {
    let at = space.id === swap.handSpace ? swap.handAddress : 0;
    swap.handSpace = space.id;
    for (;;) {
      const va = pmap.next(space.id, at, USER_LIMIT);
      if (va < 0) break;
      at = va + PAGE_SIZE;
      swap.handAddress = at;
      if (++looks >= MOST_LOOKS && frames.free() > LEAST_FREE) return 0;
      if (pmap.age?.(space.id, va) === true) continue;
      const taken = take(state, kernel, space, va);
      if (taken === WAIT) return WAIT;
      if (taken === UNMAPPED) unmapped++;
      if (frames.free() + unmapped >= goal) return 0;
    }
    swap.handAddress = 0;
    swap.handSpace = space.id + 1;
  }
  return 0;
}

/** Free up to `wanted` frames. Pre: as for `evict`. @returns how many; if none and a wait is named, WAIT */
export function makeRoom(state: VmState, kernel: Kernel, wanted: number): number {
  const { frames } = kernel;
  if (slotsOf(kernel) === 0) return 0;
  const before = frames.free();
  const goal = before + wanted;
  retryWrites(state, kernel);
  dropUnmapped(state, kernel);
  if (frames.free() < goal) kernel.pagecache.reclaim(goal - frames.free());
  let turned = 0;
  if (frames.free() < goal) turned = turn(state, kernel, goal);
  if (frames.free() < goal) kernel.pagecache.reclaim(goal - frames.free());
  const gained = frames.free() - before;
  return gained > 0 ? gained : turned;
}
