/**
 * madvise, msync, mincore and the truncation of mapped files.
 *
 * Advice that changes nothing a program can see is checked and taken as read. Source: madvise(2), msync(2), mincore(2).
 */
import { EACCES, EBUSY, EFAULT, EINVAL, EIO, ENOMEM, EOPNOTSUPP } from '../../abi/linux/errno.ts';
import * as advices from '../../abi/linux/mman.ts';
import { superblockOf } from '../../contracts/filesystem.ts';
import { WAIT } from '../../contracts/kernel.ts';
import { EXTRACT_FRAME_SHIFT, MAPPED_DIRTY, PROT_READ, PROT_WRITE } from '../../contracts/pmap.ts';
import {
  type Space,
  USER_LIMIT,
  VMA_DONTFORK,
  VMA_LOCKED,
  VMA_SHARED,
  VMA_SPECIAL,
  VMA_WIPEONFORK,
} from '../../contracts/vm.ts';
import { zeroPhysical } from '../spans.ts';
import { isAligned, pageUp } from './address-space.ts';
import { type Area, carve, coveredTo, findArea, mergeAround } from './areas.ts';
import { type Core, fileSystemOf, isSharedFile, pageIndex, readOnly } from './core.ts';
import { fault } from './fault.ts';
import { lockedBytes } from './lock.ts';
import { discard, noteWritten } from './pages.ts';
import { isEvicted } from './slots.ts';

const PAGE_SIZE = 4096;

/** Advice without an effect that a program could see. */
const IDLE: ReadonlySet<number> = new Set([
  advices.MADV_NORMAL,
  advices.MADV_RANDOM,
  advices.MADV_SEQUENTIAL,
  advices.MADV_WILLNEED,
  advices.MADV_DONTDUMP,
  advices.MADV_DODUMP,
]);
/** Not needed soon. */
const COLD: ReadonlySet<number> = new Set([advices.MADV_COLD, advices.MADV_PAGEOUT]);
const DISCARDS: ReadonlySet<number> = new Set([
  advices.MADV_DONTNEED,
  advices.MADV_DONTNEED_LOCKED,
  advices.MADV_FREE,
]);
/** Advice about fork: the flag and if it is set. */
const FORK_FLAGS: ReadonlyMap<number, readonly [flag: number, set: boolean]> = new Map([
  [advices.MADV_DONTFORK, [VMA_DONTFORK, true]],
  [advices.MADV_DOFORK, [VMA_DONTFORK, false]],
  [advices.MADV_WIPEONFORK, [VMA_WIPEONFORK, true]],
  [advices.MADV_KEEPONFORK, [VMA_WIPEONFORK, false]],
]);
/** All that does something to areas. */
const CHANGES: ReadonlySet<number> = new Set([
  ...DISCARDS,
  ...COLD,
  ...FORK_FLAGS.keys(),
  advices.MADV_REMOVE,
]);
const POPULATES: ReadonlyMap<number, number> = new Map([
  [advices.MADV_POPULATE_READ, PROT_READ],
  [advices.MADV_POPULATE_WRITE, PROT_WRITE],
]);

const isPrivateAnonymous = (area: Readonly<Area>): boolean =>
  area.inode === 0 && (area.flags & (VMA_SHARED | VMA_SPECIAL)) === 0;

/** Fault a range in. */
function populate(core: Core, space: Space, start: number, end: number, access: number): number {
  if (coveredTo(space.vmas, start, end) < end) return -ENOMEM;
  for (let va = start; va < end; va += PAGE_SIZE) {
    if (core.kernel.pmap.translate(space.id, va, access) !== 0) continue;
    const result = fault(core, space, va, access, 0);
    if (result === -EACCES) return -EINVAL;
    if (result === -EIO) return -EFAULT;
    if (result !== 0) return result;
  }
  return 0;
}

/** MADV_REMOVE: shared memory becomes zeros, for all who map it, and in its file. @returns 0, -errno or WAIT */
function punch(core: Core, area: Readonly<Area>, start: number, end: number): number {
  if (area.inode === 0 || (area.flags & (VMA_LOCKED | VMA_SPECIAL)) !== 0) return -EINVAL;
  if ((area.flags & VMA_SHARED) === 0 || (area.maxProt & PROT_WRITE) === 0) return -EACCES;
  if (superblockOf(area.inode) !== 0) {
    const offset = area.offset + (start - area.start);
    return core.kernel.vfs.punch?.(area.inode, offset, end - start) ?? -EOPNOTSUPP;
  }
  for (let va = start; va < end; va += PAGE_SIZE) {
    const frame = core.kernel.pagecache.find(area.inode, pageIndex(area, va));
    if (frame !== 0) zeroPhysical(core.kernel, frame * PAGE_SIZE, PAGE_SIZE);
  }
  return 0;
}

/** Advice about one area, clipped to [start, end). @returns 0, -errno or WAIT */
function adviseArea(
  core: Core,
  space: Space,
  area: Area,
  start: number,
  end: number,
  advice: number,
): number {
  if (DISCARDS.has(advice)) {
    if ((area.flags & VMA_SPECIAL) !== 0) return -EINVAL;
    if ((area.flags & VMA_LOCKED) !== 0 && advice !== advices.MADV_DONTNEED_LOCKED) return -EINVAL;
    if (advice === advices.MADV_FREE && !isPrivateAnonymous(area)) return -EINVAL;
    discard(core, space, start, end);
    return 0;
  }
  if (COLD.has(advice)) {
    if ((area.flags & (VMA_LOCKED | VMA_SPECIAL)) !== 0) return -EINVAL;
    return core.policy.cool?.(core, space, area, start, end, advice === advices.MADV_PAGEOUT) ?? 0;
  }
  if (advice === advices.MADV_REMOVE) return punch(core, area, start, end);
  const change = FORK_FLAGS.get(advice);
  if (change === undefined) return 0;
  const [flag, set] = change;
  if (advice === advices.MADV_WIPEONFORK && !isPrivateAnonymous(area)) return -EINVAL;
  carve(space.vmas, start, end, core.mapper.keeper);
  const inside = space.vmas[findArea(space.vmas, start)] as Area;
  inside.flags = set ? inside.flags | flag : inside.flags & ~flag;
  return 0;
}

/** madvise(2). Areas are advised in order; a hole is passed over and reported last. */
export function advise(core: Core, space: Space, address: number, length: number, advice: number): number {
  const access = POPULATES.get(advice);
  if (!IDLE.has(advice) && !CHANGES.has(advice) && access === undefined) {
    return -EINVAL;
  }
  if (!isAligned(address) || length > USER_LIMIT) return -EINVAL;
  const end = address + pageUp(length);
  if (end === address) return 0;
  if (end > USER_LIMIT) return -ENOMEM;
  if (access !== undefined) return populate(core, space, address, end, access);

  let result = coveredTo(space.vmas, address, end) < end ? -ENOMEM : 0;
  for (let at = address; at < end; ) {
    const area = space.vmas[findArea(space.vmas, at)];
    if (area === undefined || area.start >= end) break;
    const stop = Math.min(area.end, end);
    const advised = adviseArea(core, space, area, Math.max(area.start, at), stop, advice);
    if (advised !== 0) {
      result = advised;
      break;
    }
    at = stop;
  }
  mergeAround(space.vmas, address, end, core.mapper.keeper);
  return result;
}

/** Report the pages of one area that were written, and have the next write of each reported again. */
function syncArea(core: Core, space: Space, area: Readonly<Area>, start: number, end: number): number {
  const { pmap } = core.kernel;
  for (let va = pmap.next(space.id, start, end); va >= 0; va = pmap.next(space.id, va + PAGE_SIZE, end)) {
    const page = pmap.extract(space.id, va);
    if ((page & MAPPED_DIRTY) === 0) continue;
    const noted = noteWritten(core, area.inode, pageIndex(area, va));
    if (noted !== 0) return noted;
    pmap.enter(space.id, va, page >>> EXTRACT_FRAME_SHIFT, readOnly(area));
  }
  return fileSystemOf(core.kernel, area.inode).flush(area.inode);
}

/** msync(2). */
export function sync(core: Core, space: Space, address: number, length: number, flags: number): number {
  const { MS_ASYNC, MS_INVALIDATE, MS_SYNC } = advices;
  if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) !== 0 || !isAligned(address)) return -EINVAL;
  if ((flags & MS_ASYNC) !== 0 && (flags & MS_SYNC) !== 0) return -EINVAL;
  const end = address + pageUp(length);
  if (!(end <= USER_LIMIT)) return -ENOMEM;
  if (end === address) return 0;
  if ((flags & MS_INVALIDATE) !== 0 && lockedBytes(space, address, end) > 0) return -EBUSY;
  if ((flags & MS_SYNC) !== 0) {
    for (let index = findArea(space.vmas, address); index < space.vmas.length; index++) {
      const area = space.vmas[index] as Area;
      if (area.start >= end) break;
      if (!isSharedFile(area)) continue;
      const done = syncArea(core, space, area, Math.max(area.start, address), Math.min(area.end, end));
      if (done === WAIT) return WAIT;
      if (done !== 0) return -EIO;
    }
  }
  return coveredTo(space.vmas, address, end) < end ? -ENOMEM : 0;
}

/** mincore(2): of a file what is in the page cache, of other memory what is mapped. */
export function residency(
  core: Core,
  space: Space,
  address: number,
  length: number,
  into: Uint8Array,
): number {
  const end = address + pageUp(length);
  if (!(end <= USER_LIMIT) || coveredTo(space.vmas, address, end) < end) return -ENOMEM;
  const { pmap, pagecache } = core.kernel;
  for (let va = address, i = 0; va < end; va += PAGE_SIZE, i++) {
    const area = space.vmas[findArea(space.vmas, va)] as Area;
    let present = pmap.extract(space.id, va) !== 0;
    if (!present && area.inode !== 0 && !isEvicted(space, va))
      present = pagecache.find(area.inode, pageIndex(area, va)) !== 0;
    into[i] = present ? 1 : 0;
  }
  return 0;
}

/** A file shrank: no mapping keeps its pages at and above an index. */
export function truncated(core: Core, inode: number, fromIndex: number): void {
  if (superblockOf(inode) === 0) return;
  for (const space of core.state.spaces.values()) {
    for (const area of space.vmas) {
      if (area.inode !== inode) continue;
      const start = Math.max(area.start, area.start + fromIndex * PAGE_SIZE - area.offset);
      if (start < area.end) discard(core, space, start, area.end);
    }
  }
}
