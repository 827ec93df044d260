/**
 * What every part of vm/cow works with: the state, the kernel and the mapper of one instance.
 *
 * Holds the keeping of inodes behind areas. All of it is rebuilt from the state and the kernel by a new instance.
 */
import { createStat, type FileSystem, type Stat, superblockOf } from '../../../contracts/filesystem.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import {
  createVma,
  type Space,
  USER_BOTTOM,
  USER_LIMIT,
  USER_TOP,
  VMA_GROWSDOWN,
  VMA_SHARED,
  VMA_SPECIAL,
  type Vma,
  type VmState,
} from '../../../contracts/vm.ts';
import type { Mapper, Pager } from '../../../lib/address-space.ts';
import type { Area, AreaKeeper } from '../../../lib/areas.ts';
import { KernelFault } from '../../../lib/kernel-fault.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';

/** Bytes that stay free below an area that grows down (stack_guard_gap of 256 pages). */
export const GUARD_GAP: number = 256 * PAGE_SIZE;

export interface Core {
  readonly state: VmState;
  readonly kernel: Kernel;
  readonly mapper: Mapper;
  /** Filled by each file system call that needs one. */
  readonly stat: Stat;
}

export function spaceOf(state: VmState, id: number): Space {
  const space = state.spaces.get(id);
  if (space === undefined) throw new KernelFault(`no address space ${id}`);
  return space;
}

export function copyArea(area: Area): Vma {
  const copy = createVma();
  copy.start = area.start;
  copy.end = area.end;
  copy.prot = area.prot;
  copy.maxProt = area.maxProt;
  copy.flags = area.flags;
  copy.inode = area.inode;
  copy.offset = area.offset;
  return copy;
}

const joins = (left: Area, right: Area): boolean =>
  left.prot === right.prot &&
  left.maxProt === right.maxProt &&
  left.flags === right.flags &&
  left.inode === right.inode &&
  (left.flags & VMA_SPECIAL) === 0 &&
  (left.inode === 0 || left.offset + (left.end - left.start) === right.offset);

/** One area fewer maps a shared anonymous object: at none left its pages go. */
function dropAnonymous(state: VmState, kernel: Kernel, inode: number): void {
  const left = (state.anonymous.get(inode) ?? 0) - 1;
  if (left > 0) {
    state.anonymous.set(inode, left);
    return;
  }
  state.anonymous.delete(inode);
  kernel.pagecache.truncate(inode, 0);
}

const createKeeper = (state: VmState, kernel: Kernel): AreaKeeper => ({
  copy: copyArea,
  joins,
  hold({ inode }) {
    if (inode === 0) return;
    if (superblockOf(inode) === 0) state.anonymous.set(inode, (state.anonymous.get(inode) ?? 0) + 1);
    else kernel.vfs.pinInode(inode);
  },
  drop({ inode }) {
    if (inode === 0) return;
    if (superblockOf(inode) === 0) dropAnonymous(state, kernel, inode);
    else kernel.vfs.unpinInode(inode);
  },
  edge: (area) => ((area.flags & VMA_GROWSDOWN) !== 0 ? Math.max(area.start - GUARD_GAP, 0) : area.start),
});

export const createCore = (state: VmState, kernel: Kernel, pager: Pager): Core => ({
  state,
  kernel,
  mapper: {
    keeper: createKeeper(state, kernel),
    pager,
    shared: VMA_SHARED,
    bottom: USER_BOTTOM,
    top: USER_TOP,
    limit: USER_LIMIT,
  },
  stat: createStat(),
});

/** The cell that serves an inode of a mounted file system. */
export function fileSystemOf(kernel: Kernel, inode: number): FileSystem {
  const type = kernel.vfs.fileSystemOf(superblockOf(inode));
  const cell = kernel.filesystem[type];
  if (cell === undefined) throw new KernelFault(`no file system serves ${type}`);
  return cell;
}

/** Index of the page of an area's inode that is mapped at `va`. */
export const pageIndex = (area: Readonly<Area>, va: number): number =>
  (area.offset + (va - area.start)) / PAGE_SIZE;
