/**
 * Which pages of an address space lie outside memory, and how often each slot is named.
 *
 * Follows what becomes of areas: dropped, moved, inherited by a child. Moves no content. State: `swap` and `Space.evicted`.
 */
import type { Kernel } from '../../contracts/kernel.ts';
import { type Space, SWAP_DISK, type Swap, type VmState } from '../../contracts/vm.ts';

const PAGE = 4096;
const LEAST_COUNTS = 64;

/** True if the page at `va` lies outside memory. Hot path of faults. */
export const isEvicted = (space: Space, va: number): boolean =>
  space.evicted.size !== 0 && space.evicted.has(va / PAGE);

/** One more entry names a slot. */
export function holdSlot(swap: Swap, slot: number): void {
  if (slot >= swap.counts.length) {
    const grown = new Uint16Array(Math.max(LEAST_COUNTS, 2 ** Math.ceil(Math.log2(slot + 1))));
    grown.set(swap.counts);
    swap.counts = grown;
  }
  const before = swap.counts[slot] as number;
  if (before === 0) swap.used++;
  swap.counts[slot] = before + 1;
}

/** A frame is not kept beside its slot any more. */
export function forgetFrame(swap: Swap, kernel: Kernel, frame: number, slot: number): void {
  swap.slotOf.delete(frame);
  swap.frameOf.delete(slot);
  kernel.frames.unref(frame);
}

/** One entry fewer names a slot. */
export function dropSlot(swap: Swap, kernel: Kernel, slot: number): void {
  const left = (swap.counts[slot] as number) - 1;
  swap.counts[slot] = left;
  if (left > 0) return;
  swap.used--;
  kernel.buffercache.discard?.(kernel.block.find(SWAP_DISK), slot);
  const frame = swap.frameOf.get(slot);
  if (frame !== undefined) forgetFrame(swap, kernel, frame, slot);
}

/** Call `each` with the pages of [start, end) that are out. It may take out the one that it is given. */
function eachEvicted(
  space: Space,
  start: number,
  end: number,
  each: (page: number, slot: number) => void,
): void {
  const { evicted } = space;
  if (evicted.size === 0) return;
  const first = start / PAGE;
  const last = end / PAGE;
  if (last - first > evicted.size) {
    for (const [page, slot] of [...evicted]) if (page >= first && page < last) each(page, slot);
    return;
  }
  for (let page = first; page < last; page++) {
    const slot = evicted.get(page);
    if (slot !== undefined) each(page, slot);
  }
}

export function countEvicted(space: Space, start: number, end: number): number {
  let count = 0;
  eachEvicted(space, start, end, () => {
    count++;
  });
  return count;
}

/** A range is unmapped. */
export function dropEvicted(
  { swap }: VmState,
  kernel: Kernel,
  space: Space,
  start: number,
  end: number,
): void {
  eachEvicted(space, start, end, (page, slot) => {
    space.evicted.delete(page);
    dropSlot(swap, kernel, slot);
  });
}

/** A range is moved to a free one. */
export function moveEvicted(space: Space, from: number, to: number, length: number): void {
  const moved: [number, number][] = [];
  eachEvicted(space, from, from + length, (page, slot) => {
    space.evicted.delete(page);
    moved.push([page + (to - from) / PAGE, slot]);
  });
  for (const [page, slot] of moved) space.evicted.set(page, slot);
}

/** fork(2): the child has the same pages out. */
export function shareEvicted(
  { swap }: VmState,
  parent: Space,
  child: Space,
  start: number,
  end: number,
): void {
  eachEvicted(parent, start, end, (page, slot) => {
    child.evicted.set(page, slot);
    holdSlot(swap, slot);
  });
}
