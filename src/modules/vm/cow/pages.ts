/**
 * The pages of vm/cow: unmapped, protected, moved and copied through pmap.
 *
 * One reference of a frame belongs to each mapping. Nothing is populated ahead of a fault. A private page that others
 * hold too is never mapped writable; so a frame with one reference is the mapping's alone.
 */
import { ENOMEM } from '../../../abi/linux/errno.ts';
import { superblockOf } from '../../../contracts/filesystem.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { EXTRACT_FRAME_SHIFT, MAPPED_DIRTY, PROT_WRITE } from '../../../contracts/pmap.ts';
import { VMA_SHARED } from '../../../contracts/vm.ts';
import type { AddressSpace, Pager } from '../../../lib/address-space.ts';
import { type Area, findArea } from '../../../lib/areas.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import { type Core, fileSystemOf, pageIndex } from './core.ts';

export const isShared = (area: Readonly<Area>): boolean => (area.flags & VMA_SHARED) !== 0;
/** A shared mapping of a file, whose file system is told of writes. */
export const isSharedFile = (area: Readonly<Area>): boolean =>
  isShared(area) && superblockOf(area.inode) !== 0;

/** Tell the file system that a page of a shared mapping was written. @returns 0, -errno or WAIT */
export function noteWritten(core: Core, inode: number, index: number): number {
  const cell = fileSystemOf(core.kernel, inode);
  const known = cell.stat(inode, core.stat);
  if (known !== 0) return known;
  const offset = index * PAGE_SIZE;
  const length = Math.min(core.stat.size - offset, PAGE_SIZE);
  return length > 0 ? cell.written(inode, offset, length) : 0;
}

/** Unmap a page and release its frame. */
function drop(kernel: Kernel, space: AddressSpace, va: number): number {
  const was = kernel.pmap.remove(space.id, va);
  kernel.frames.unref(was >>> EXTRACT_FRAME_SHIFT);
  space.resident--;
  return was;
}

export function discard(core: Core, space: AddressSpace, start: number, end: number): void {
  const { kernel } = core;
  const { pmap } = kernel;
  for (let va = pmap.next(space.id, start, end); va >= 0; va = pmap.next(space.id, va + PAGE_SIZE, end)) {
    const was = drop(kernel, space, va);
    if ((was & MAPPED_DIRTY) === 0) continue;
    const area = space.vmas[findArea(space.vmas, va)] as Area;
    if (isSharedFile(area)) noteWritten(core, area.inode, pageIndex(area, va));
  }
}

/** The protection that a page which is present may have now. */
export function allowed(kernel: Kernel, area: Readonly<Area>, present: number): number {
  if ((area.prot & PROT_WRITE) === 0) return area.prot;
  const writable = isSharedFile(area)
    ? (present & PROT_WRITE) !== 0
    : isShared(area) || kernel.frames.count(present >>> EXTRACT_FRAME_SHIFT) === 1;
  return writable ? area.prot : area.prot & ~PROT_WRITE;
}

function reprotect(core: Core, space: AddressSpace, start: number, end: number): number {
  const { pmap } = core.kernel;
  for (let va = pmap.next(space.id, start, end); va >= 0; va = pmap.next(space.id, va + PAGE_SIZE, end)) {
    const area = space.vmas[findArea(space.vmas, va)] as Area;
    pmap.protect(space.id, va, allowed(core.kernel, area, pmap.extract(space.id, va)));
  }
  return 0;
}

function move(kernel: Kernel, space: AddressSpace, from: number, to: number, length: number): boolean {
  const { pmap } = kernel;
  const end = from + length;
  for (let va = pmap.next(space.id, from, end); va >= 0; va = pmap.next(space.id, va + PAGE_SIZE, end)) {
    const page = pmap.extract(space.id, va);
    if (pmap.enter(space.id, va - from + to, page >>> EXTRACT_FRAME_SHIFT, page & 7) !== 0) {
      for (let back = from; back < va; back += PAGE_SIZE) pmap.remove(space.id, back - from + to);
      return false;
    }
  }
  for (let va = pmap.next(space.id, from, end); va >= 0; va = pmap.next(space.id, va + PAGE_SIZE, end)) {
    pmap.remove(space.id, va);
  }
  return true;
}

/** @param core gives the core, which is made after its pager */
export const createPager = (core: () => Core): Pager => ({
  discard: (space, start, end) => discard(core(), space, start, end),
  reprotect: (space, start, end) => reprotect(core(), space, start, end),
  populate: () => 0,
  move: (space, from, to, length) => move(core().kernel, space, from, to, length),
});

/** Map a frame, whose reference the mapping takes over; it is released if that fails. @returns 0 or -ENOMEM */
export function enterPage(
  kernel: Kernel,
  space: AddressSpace,
  va: number,
  frame: number,
  prot: number,
): number {
  if (kernel.pmap.enter(space.id, va, frame, prot) !== 0) {
    kernel.frames.unref(frame);
    return -ENOMEM;
  }
  space.resident++;
  return 0;
}

export function copyFrame(kernel: Kernel, from: number, to: number): void {
  kernel.machine.u8.copyWithin(to * PAGE_SIZE, from * PAGE_SIZE, (from + 1) * PAGE_SIZE);
}

/** Give a child the pages of one area; private ones become read-only on both sides. @returns 0 or -ENOMEM */
export function sharePages(
  kernel: Kernel,
  parent: AddressSpace,
  child: AddressSpace,
  area: Readonly<Area>,
): number {
  const { pmap, frames } = kernel;
  for (
    let va = pmap.next(parent.id, area.start, area.end);
    va >= 0;
    va = pmap.next(parent.id, va + PAGE_SIZE, area.end)
  ) {
    const page = pmap.extract(parent.id, va);
    const frame = page >>> EXTRACT_FRAME_SHIFT;
    const prot = area.prot & ~PROT_WRITE;
    if ((page & PROT_WRITE) !== 0) pmap.protect(parent.id, va, prot);
    frames.ref(frame);
    const entered = enterPage(kernel, child, va, frame, prot);
    if (entered !== 0) return entered;
  }
  return 0;
}
