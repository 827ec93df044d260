/**
 * Pages of an address space: entered, unmapped, protected, moved and copied through pmap.
 *
 * One reference of a frame belongs to each mapping of it. A private page that others hold too is never mapped writable;
 * so a frame with one reference is the mapping's alone.
 */
import { ENOMEM } from '../../abi/linux/errno.ts';
import { type Kernel, WAIT } from '../../contracts/kernel.ts';
import { EXTRACT_FRAME_SHIFT, MAPPED_DIRTY, PIECE_BYTES, PROT_WRITE } from '../../contracts/pmap.ts';
import type { Space } from '../../contracts/vm.ts';
import { homeOfPage } from '../paging/homes.ts';
import type { AddressSpace, Pager } from './address-space.ts';
import { type Area, findArea } from './areas.ts';
import { type Core, fileSystemOf, isShared, isSharedFile, pageIndex, readOnly, spaceOf } from './core.ts';
import { dropEvicted, moveEvicted } from './slots.ts';

const PAGE = 4096;
const PROT_BITS = 7;

/** Tell the file system that a page of a shared mapping was written. @returns 0, -errno or WAIT */
export function noteWritten(core: Core, inode: number, index: number): number {
  const cell = fileSystemOf(core.kernel, inode);
  const known = cell.stat(inode, core.stat);
  if (known !== 0) return known;
  const length = Math.min(core.stat.size - index * PAGE, PAGE);
  return length > 0 ? cell.written(inode, index * PAGE, length) : 0;
}

/** The same where nothing can wait, because the mapping goes. */
function noteLast(core: Core, inode: number, index: number): void {
  if (noteWritten(core, inode, index) === WAIT) fileSystemOf(core.kernel, inode).dirtied?.(inode, index);
}

function addResident(space: AddressSpace, pages: number): void {
  space.resident += pages;
  if (space.resident > space.peakResident) space.peakResident = space.resident;
}

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
  addResident(space, 1);
  return 0;
}

/** Map zeros, or a copy of the frame `source`, that are the mapping's own. @returns 0 or -ENOMEM */
export function enterOwn(
  kernel: Kernel,
  space: AddressSpace,
  va: number,
  source: number,
  prot: number,
): number {
  const frame = kernel.frames.alloc(source === 0, homeOfPage(kernel.machine.layout, space.id, va));
  if (frame === 0) return -ENOMEM;
  if (source !== 0) kernel.machine.u8.copyWithin(frame * PAGE, source * PAGE, (source + 1) * PAGE);
  return enterPage(kernel, space, va, frame, prot);
}

/** Map one more reference of a frame. @returns 0 or -ENOMEM */
export function enterShared(
  kernel: Kernel,
  space: AddressSpace,
  va: number,
  frame: number,
  prot: number,
): number {
  kernel.frames.ref(frame);
  return enterPage(kernel, space, va, frame, prot);
}

/**
 * Call `take` with each piece of [start, end) that has a mapped page, at which it begins. Stops at what is negative.
 * @returns 0 or what it stopped at
 */
export function eachPiece(
  kernel: Kernel,
  space: number,
  start: number,
  end: number,
  take: (from: number, to: number) => number,
): number {
  const { pmap } = kernel;
  for (let from = pmap.next(space, start, end); from >= 0; ) {
    const to = Math.min(end, from - (from % PIECE_BYTES) + PIECE_BYTES);
    const result = take(from, to);
    if (result < 0) return result;
    from = to < end ? pmap.next(space, to, end) : -1;
  }
  return 0;
}

/** Map the pages of a parent's area in its child, and in neither writable. @returns 0 or -ENOMEM */
export function sharePages(core: Core, parent: Space, child: Space, area: Readonly<Area>): number {
  const { kernel, frames } = core;
  const prot = readOnly(area);
  if (kernel.pmap.share === undefined) {
    return eachPage(kernel, parent, area, (va, frame, page) => {
      if ((page & PROT_WRITE) !== 0) kernel.pmap.protect(parent.id, va, prot);
      return enterShared(kernel, child, va, frame, prot);
    });
  }
  return eachPiece(kernel, parent.id, area.start, area.end, (from, to) => {
    const count = kernel.pmap.share?.(parent.id, child.id, from, to, prot, frames) ?? 0;
    if (count < 0) return count;
    if (kernel.frames.refAll !== undefined) kernel.frames.refAll(frames, count);
    else for (let i = 0; i < count; i++) kernel.frames.ref(frames[i] as number);
    addResident(child, count);
    return 0;
  });
}

/** Unmap a part of an area and release its frames; writes to a shared file are told to its file system. */
function discardPages(
  core: Core,
  space: AddressSpace,
  area: Readonly<Area>,
  start: number,
  end: number,
): void {
  const { pmap, frames } = core.kernel;
  const isTold = isSharedFile(area);
  for (let va = pmap.next(space.id, start, end); va >= 0; va = pmap.next(space.id, va + PAGE, end)) {
    const was = pmap.remove(space.id, va);
    frames.unref(was >>> EXTRACT_FRAME_SHIFT);
    space.resident--;
    if (isTold && (was & MAPPED_DIRTY) !== 0) noteLast(core, area.inode, pageIndex(area, va));
  }
}

/** The same where no file system is told, by pieces. */
function discardPieces(core: Core, space: AddressSpace, start: number, end: number): void {
  const { kernel, frames } = core;
  eachPiece(kernel, space.id, start, end, (from, to) => {
    const count = kernel.pmap.clear?.(space.id, from, to, frames) ?? 0;
    if (kernel.frames.unrefAll !== undefined) kernel.frames.unrefAll(frames, count);
    else for (let i = 0; i < count; i++) kernel.frames.unref(frames[i] as number);
    space.resident -= count;
    return 0;
  });
}

/** Unmap a range and release its frames; writes to shared files are told to their file systems. */
export function discard(core: Core, space: AddressSpace, start: number, end: number): void {
  const byPieces = core.kernel.pmap.clear !== undefined;
  for (let i = findArea(space.vmas, start); i < space.vmas.length; i++) {
    const area = space.vmas[i] as Area;
    if (area.start >= end) break;
    const from = Math.max(start, area.start);
    const to = Math.min(end, area.end);
    if (byPieces && !isSharedFile(area)) discardPieces(core, space, from, to);
    else discardPages(core, space, area, from, to);
  }
  dropEvicted(core.state, core.kernel, spaceOf(core.state, space.id), start, end);
}

/** The protection that a page which is present may have now. A page of a shared file is not writable until told of. */
export function allowed(kernel: Kernel, area: Readonly<Area>, present: number): number {
  if ((area.prot & PROT_WRITE) === 0) return area.prot;
  const writable = isSharedFile(area)
    ? (present & PROT_WRITE) !== 0
    : isShared(area) || kernel.frames.count(present >>> EXTRACT_FRAME_SHIFT) === 1;
  return writable ? area.prot : readOnly(area);
}

function reprotect(core: Core, space: AddressSpace, start: number, end: number): number {
  const { pmap } = core.kernel;
  for (let va = pmap.next(space.id, start, end); va >= 0; va = pmap.next(space.id, va + PAGE, end)) {
    const area = space.vmas[findArea(space.vmas, va)] as Area;
    pmap.protect(space.id, va, allowed(core.kernel, area, pmap.extract(space.id, va)));
  }
  return populate(core, space, start, end);
}

/** Moves pages so that dirty ones are told of, and the new mapping begins clean. */
function move(core: Core, space: AddressSpace, from: number, to: number, length: number): boolean {
  const { pmap } = core.kernel;
  const end = from + length;
  for (let va = pmap.next(space.id, from, end); va >= 0; va = pmap.next(space.id, va + PAGE, end)) {
    const page = pmap.extract(space.id, va);
    if (pmap.enter(space.id, va - from + to, page >>> EXTRACT_FRAME_SHIFT, page & PROT_BITS) === 0) continue;
    for (let back = from; back < va; back += PAGE) pmap.remove(space.id, back - from + to);
    return false;
  }
  for (let va = pmap.next(space.id, from, end); va >= 0; va = pmap.next(space.id, va + PAGE, end)) {
    const was = pmap.remove(space.id, va);
    const area = space.vmas[findArea(space.vmas, va)] as Area;
    if ((was & MAPPED_DIRTY) !== 0 && isSharedFile(area)) noteLast(core, area.inode, pageIndex(area, va));
  }
  moveEvicted(spaceOf(core.state, space.id), from, to, length);
  return true;
}

const populate = (core: Core, space: AddressSpace, start: number, end: number): number =>
  core.policy.populate(core, spaceOf(core.state, space.id), start, end);

/** @param core gives the core, which is made after its pager */
export const createPager = (core: () => Core): Pager => ({
  discard: (space, start, end) => discard(core(), space, start, end),
  reprotect: (space, start, end) => reprotect(core(), space, start, end),
  populate: (space, start, end) => populate(core(), space, start, end),
  move: (space, from, to, length) => move(core(), space, from, to, length),
});

/** Call `take` with each mapped page of an area: its address, frame and `extract` word. Stops at what is not 0. */
export function eachPage(
  kernel: Kernel,
  space: Space,
  area: Readonly<Area>,
  take: (va: number, frame: number, page: number) => number,
): number {
  const { pmap } = kernel;
  for (
    let va = pmap.next(space.id, area.start, area.end);
    va >= 0;
    va = pmap.next(space.id, va + PAGE, area.end)
  ) {
    const page = pmap.extract(space.id, va);
    const result = take(va, page >>> EXTRACT_FRAME_SHIFT, page);
    if (result !== 0) return result;
  }
  return 0;
}
