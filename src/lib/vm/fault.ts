/**
 * What a page fault means: the area behind it, growth of a stack, rights, and the first write to a shared frame.
 *
 * What to do about an absent page is the policy's. Nothing changes before a WAIT, so a fault can be taken again.
 */
import { EACCES, EFAULT, EIO, ENOMEM } from '../../abi/linux/errno.ts';
import { superblockOf } from '../../contracts/filesystem.ts';
import { WAIT } from '../../contracts/kernel.ts';
import { EXTRACT_FRAME_SHIFT, PROT_READ, PROT_WRITE } from '../../contracts/pmap.ts';
import { type Space, USER_BOTTOM, USER_LIMIT, VMA_GROWSDOWN } from '../../contracts/vm.ts';
import { resized } from './address-space.ts';
import { type Area, findArea } from './areas.ts';
import { type Core, fileSystemOf, GUARD_GAP, isShared, isSharedFile, pageIndex, readOnly } from './core.ts';
import { isEvicted } from './slots.ts';
import { bringBack } from './swap.ts';
import { allowed, enterOwn, enterShared, noteWritten } from './pages.ts';

const PAGE = 4096;

/** PROT_ bits of which an area needs one: on riscv64 what may be written may be read. */
const accepted = (access: number): number => (access === PROT_READ ? PROT_READ | PROT_WRITE : access);

/** The area of a page, after a stack has grown to it; or null. */
function areaFor(space: Space, page: number, stackLimit: number): Area | null {
  const index = findArea(space.vmas, page);
  const area = space.vmas[index];
  if (area === undefined) return null;
  if (area.start <= page) return area;
  if ((area.flags & VMA_GROWSDOWN) === 0 || area.end - page > stackLimit || page < USER_BOTTOM) return null;
  const below = space.vmas[index - 1];
  if (below !== undefined && below.prot !== 0 && page - below.end < GUARD_GAP) return null;
  resized(space, area.start - page);
  area.start = page;
  return area;
}

/** A page of the area's inode, past whose end there is SIGBUS. @param create a hole gets a page of zeros @returns a frame, 0 for a hole, -EIO, -ENOMEM or WAIT */
export function inodePage(core: Core, area: Readonly<Area>, index: number, create: boolean): number {
  const { pagecache } = core.kernel;
  const present = pagecache.find(area.inode, index);
  if (present !== 0) return present;
  if (superblockOf(area.inode) !== 0) {
    const known = fileSystemOf(core.kernel, area.inode).stat(area.inode, core.stat);
    if (known !== 0) return known === WAIT ? WAIT : -EIO;
    if (index * PAGE >= core.stat.size) return -EIO;
  } else if (index >= (core.state.objectPages.get(area.inode) ?? 0)) {
    return -EIO;
  }
  return pagecache.get(area.inode, index, create);
}

/** Before a page of a shared mapping becomes writable. @returns 0, -EIO or WAIT */
function announce(core: Core, area: Readonly<Area>, page: number): number {
  if (!isSharedFile(area)) return 0;
  const noted = noteWritten(core, area.inode, pageIndex(area, page));
  return noted === 0 || noted === WAIT ? noted : -EIO;
}

/** Map a page of a shared area. */
export function enterFromInode(
  core: Core,
  space: Space,
  area: Readonly<Area>,
  page: number,
  access: number,
): number {
  const frame = inodePage(core, area, pageIndex(area, page), true);
  if (frame < 0) return frame;
  let prot = area.prot;
  if (access === PROT_WRITE) {
    const announced = announce(core, area, page);
    if (announced !== 0) return announced;
  } else if (isSharedFile(area)) {
    prot = readOnly(area);
  }
  return enterShared(core.kernel, space, page, frame, prot);
}

/** A page is mapped, but not for writing. */
function denied(core: Core, space: Space, area: Readonly<Area>, page: number, frame: number): number {
  const { pmap, frames } = core.kernel;
  if (isShared(area)) {
    const announced = announce(core, area, page);
    if (announced === 0) pmap.protect(space.id, page, area.prot);
    return announced;
  }
  if (frames.count(frame) === 1) {
    pmap.protect(space.id, page, area.prot);
    return 0;
  }
  if (enterOwn(core.kernel, space, page, frame, area.prot) !== 0) return -ENOMEM;
  space.resident--;
  frames.unref(frame);
  return 0;
}

export function fault(core: Core, space: Space, va: number, access: number, stackLimit: number): number {
  if (!(va >= 0 && va < USER_LIMIT)) return -EFAULT;
  const page = va - (va & (PAGE - 1));
  const area = areaFor(space, page, stackLimit);
  if (area === null) return -EFAULT;
  if ((area.prot & accepted(access)) === 0) return -EACCES;
  const { kernel } = core;
  const present = kernel.pmap.extract(space.id, page);
  if (present === 0) {
    return isEvicted(space, page)
      ? bringBack(core, space, area, page, access)
      : core.policy.absent(core, space, area, page, access);
  }
  if (access === PROT_WRITE && (present & PROT_WRITE) === 0) {
    return denied(core, space, area, page, present >>> EXTRACT_FRAME_SHIFT);
  }
  // The tables allow it, so the hart's translation is old.
  kernel.pmap.protect(space.id, page, allowed(kernel, area, present));
  kernel.engine.flushPage(page);
  return 0;
}
