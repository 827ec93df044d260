/**
 * What the parts of a virtual memory work with: state, kernel, and the policy of the module.
 *
 * The modules of slot `vm` share one state layout and differ in when pages come into being; that is the `Policy`, and what
 * surrounds it is here in lib/vm. A core is made from state and kernel alone, so a fresh instance has the same.
 */
import { type FileSystem, type Stat, superblockOf } from '../../contracts/filesystem.ts';
import type { Kernel } from '../../contracts/kernel.ts';
import { PROT_READ, PROT_WRITE } from '../../contracts/pmap.ts';
import {
  createVma,
  type MapRequest,
  type Space,
  VMA_COUNTED,
  VMA_GROWSDOWN,
  VMA_SHARED,
  VMA_SPECIAL,
  type Vma,
  type VmState,
} from '../../contracts/vm.ts';
import { KernelFault } from '../kernel-fault.ts';
import type { Mapper } from './address-space.ts';
import type { Area, AreaKeeper } from './areas.ts';
import { referObject, unreferObject } from './objects.ts';

const PAGE = 4096;
/** Bytes that stay free below an area that grows down (stack_guard_gap of 256 pages). */
export const GUARD_GAP: number = 256 * PAGE;

/** When pages come into being. None of these may change the list of areas. */
export interface Policy {
  /** Before a mapping is made and anything is replaced. @returns 0, -errno or WAIT */
  admit(core: Core, space: Space, request: MapRequest): number;
  /** A range of areas became accessible: make pages present ahead of their use. @returns 0 or -ENOMEM */
  populate(core: Core, space: Space, start: number, end: number): number;
  /** An access that is allowed found no page. Idempotent. @returns 0, -EIO, -ENOMEM or WAIT */
  absent(core: Core, space: Space, area: Readonly<Area>, page: number, access: number): number;
  /** fork(2): give the child the pages of an area that it has too. @returns 0 or -ENOMEM */
  inherit(core: Core, parent: Space, child: Space, area: Readonly<Area>): number;
  /** MADV_COLD, or MADV_PAGEOUT if `out`: a range of one area is not needed soon. @returns 0 or WAIT */
  cool?(core: Core, space: Space, area: Readonly<Area>, start: number, end: number, out: boolean): number;
  /** Pages that it can keep outside memory; none where absent. */
  outside?(kernel: Kernel): number;
}

export interface Core {
  readonly state: VmState;
  readonly kernel: Kernel;
  readonly policy: Policy;
  readonly mapper: Mapper;
  /** Scratch of one call. */
  readonly stat: Stat;
  /** Scratch of one call: the frames of a piece of pages. */
  readonly frames: Int32Array;
}

export function spaceOf(state: VmState, id: number): Space {
  const space = state.spaces.get(id);
  if (space === undefined) throw new KernelFault(`no address space ${id}`);
  return space;
}

export function copyArea(area: Readonly<Area>): Vma {
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
  (left.flags & (VMA_SPECIAL | VMA_COUNTED)) === 0 &&
  (left.inode === 0 || left.offset + (left.end - left.start) === right.offset);

/** Counts the areas of each inode: shared anonymous objects here, files by pins. Segments of ipc's are told of both. */
export const createKeeper = (state: VmState, kernel: Kernel): AreaKeeper => ({
  copy: copyArea,
  joins,
  hold({ inode }) {
    if (inode === 0) return;
    if (superblockOf(inode) !== 0) {
      kernel.vfs.pinInode(inode);
      return;
    }
    referObject(state, inode);
    kernel.ipc.segmentMapped?.(inode, 1);
  },
  drop({ inode }) {
    if (inode === 0) return;
    if (superblockOf(inode) !== 0) {
      kernel.vfs.unpinInode(inode);
      return;
    }
    unreferObject(state, kernel, inode);
    kernel.ipc.segmentMapped?.(inode, -1);
  },
  edge: (area) => ((area.flags & VMA_GROWSDOWN) !== 0 ? Math.max(area.start - GUARD_GAP, 0) : area.start),
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
  (area.offset + (va - area.start)) / PAGE;

export const isShared = (area: Readonly<Area>): boolean => (area.flags & VMA_SHARED) !== 0;
/** A shared mapping of a file, whose file system is told of writes. */
export const isSharedFile = (area: Readonly<Area>): boolean =>
  isShared(area) && superblockOf(area.inode) !== 0;

/** The area's protection with writing left out. What may be written may be read, also where only PROT_WRITE was asked. */
export const readOnly = ({ prot }: Readonly<Area>): number =>
  (prot & PROT_WRITE) !== 0 ? (prot & ~PROT_WRITE) | PROT_READ : prot;
