/**
 * Page faults of vm/cow: zeros on demand, copies on the first write, file pages from the page cache.
 *
 * Nothing changes before a WAIT, so a fault can be taken again. Holds no state.
 */
import { EACCES, EFAULT, EIO, ENOMEM } from '../../../abi/linux/errno.ts';
import { superblockOf } from '../../../contracts/filesystem.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import { EXTRACT_FRAME_SHIFT, PROT_READ, PROT_WRITE } from '../../../contracts/pmap.ts';
import { type Space, USER_BOTTOM, USER_LIMIT, VMA_GROWSDOWN } from '../../../contracts/vm.ts';
import { type Area, findArea } from '../../../lib/areas.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import { type Core, fileSystemOf, GUARD_GAP, pageIndex } from './core.ts';
import { allowed, copyFrame, enterPage, isShared, isSharedFile, noteWritten } from './pages.ts';

/** Pages around a read fault of a file that are mapped with it if they are in the cache; a power of two. */
const AROUND = 16;

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
  area.start = page;
  return area;
}

/** A page of the area's file, past whose end there is SIGBUS. @returns a frame, 0 for a hole, -EIO, -ENOMEM or WAIT */
function filePage(core: Core, area: Readonly<Area>, index: number): number {
  const { pagecache } = core.kernel;
  const present = pagecache.find(area.inode, index);
  if (present !== 0) return present;
  if (superblockOf(area.inode) !== 0) {
    const known = fileSystemOf(core.kernel, area.inode).stat(area.inode, core.stat);
    if (known !== 0) return known === WAIT ? WAIT : -EIO;
    if (index * PAGE_SIZE >= core.stat.size) return -EIO;
  }
  return pagecache.get(area.inode, index, isShared(area));
}

/** Map the neighbours of a file's page that are in the cache already. */
function mapAround(kernel: Kernel, space: Space, area: Readonly<Area>, page: number): void {
  const bytes = AROUND * PAGE_SIZE;
  const end = Math.min(area.end, page - (page % bytes) + bytes);
  for (let va = Math.max(area.start, page - (page % bytes)); va < end; va += PAGE_SIZE) {
    if (va === page || kernel.pmap.extract(space.id, va) !== 0) continue;
    const frame = kernel.pagecache.find(area.inode, pageIndex(area, va));
    if (frame === 0) continue;
    kernel.frames.ref(frame);
    if (enterPage(kernel, space, va, frame, area.prot & ~PROT_WRITE) !== 0) return;
  }
}

/** A zero page, or a copy of a page, that is the mapping's own. */
function enterOwn(core: Core, space: Space, area: Readonly<Area>, page: number, source: number): number {
  const { kernel } = core;
  const frame = kernel.frames.alloc(source === 0, 0);
  if (frame === 0) return -ENOMEM;
  if (source !== 0) copyFrame(kernel, source, frame);
  return enterPage(kernel, space, page, frame, area.prot);
}

/** Nothing is mapped at `page` yet. */
function absent(core: Core, space: Space, area: Readonly<Area>, page: number, access: number): number {
  if (area.inode === 0) return enterOwn(core, space, area, page, 0);
  const { kernel } = core;
  const index = pageIndex(area, page);
  const frame = filePage(core, area, index);
  if (frame < 0) return frame;
  if (frame === 0 || (access === PROT_WRITE && !isShared(area))) {
    return enterOwn(core, space, area, page, frame);
  }
  let prot = area.prot;
  if (access === PROT_WRITE && isSharedFile(area)) {
    const noted = noteWritten(core, area.inode, index);
    if (noted !== 0) return noted === WAIT ? WAIT : -EIO;
  } else if (superblockOf(area.inode) !== 0) {
    prot &= ~PROT_WRITE;
  }
  kernel.frames.ref(frame);
  const entered = enterPage(kernel, space, page, frame, prot);
  if (entered === 0 && access !== PROT_WRITE) mapAround(kernel, space, area, page);
  return entered;
}

/** A page is mapped but not for writing. */
function denied(core: Core, space: Space, area: Readonly<Area>, page: number, present: number): number {
  const { kernel } = core;
  const frame = present >>> EXTRACT_FRAME_SHIFT;
  if (isShared(area)) {
    const noted = isSharedFile(area) ? noteWritten(core, area.inode, pageIndex(area, page)) : 0;
    if (noted !== 0) return noted === WAIT ? WAIT : -EIO;
    kernel.pmap.protect(space.id, page, area.prot);
    return 0;
  }
  if (kernel.frames.count(frame) === 1) {
    kernel.pmap.protect(space.id, page, area.prot);
    return 0;
  }
  const copy = kernel.frames.alloc(false, 0);
  if (copy === 0) return -ENOMEM;
  copyFrame(kernel, frame, copy);
  kernel.pmap.enter(space.id, page, copy, area.prot);
  kernel.frames.unref(frame);
  return 0;
}

export function fault(core: Core, space: Space, va: number, access: number, stackLimit: number): number {
  if (!(va >= 0 && va < USER_LIMIT)) return -EFAULT;
  const page = va - (va % PAGE_SIZE);
  const area = areaFor(space, page, stackLimit);
  if (area === null) return -EFAULT;
  if ((area.prot & accepted(access)) === 0) return -EACCES;
  const { kernel } = core;
  const present = kernel.pmap.extract(space.id, page);
  if (present === 0) return absent(core, space, area, page, access);
  if (access === PROT_WRITE && (present & PROT_WRITE) === 0) return denied(core, space, area, page, present);
  // The tables allow it, so the hart's translation is old; or they were made under another protection.
  kernel.pmap.protect(space.id, page, allowed(kernel, area, present));
  kernel.engine.flushPage(page);
  return 0;
}
