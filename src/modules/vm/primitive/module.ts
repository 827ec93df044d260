/**
 * vm/primitive: every page gets its frame when it is mapped, and fork copies them all.
 *
 * What a first virtual memory does: no fault after a mapping is made, and no sharing but of shared anonymous memory, whose
 * frames a child shares. A shared mapping of a file is -ENODEV. Reservations (no access, MAP_NORESERVE) get frames when
 * they are opened or touched. It serves what another module of the slot mapped: absent pages and shared frames are resolved
 * by faults, mapped files included.
 */
import { ENODEV, ENOMEM } from '../../../abi/linux/errno.ts';
import { superblockOf } from '../../../contracts/filesystem.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import type { Module } from '../../../contracts/module.ts';
import {
  type MapRequest,
  type Space,
  VMA_NORESERVE,
  VMA_SHARED,
  type Vm,
  type VmState,
  vmLayout,
} from '../../../contracts/vm.ts';
import { pageUp } from '../../../lib/vm/address-space.ts';
import { type Area, findArea } from '../../../lib/vm/areas.ts';
import {
  type Core,
  fileSystemOf,
  isShared,
  isSharedFile,
  type Policy,
  pageIndex,
} from '../../../lib/vm/core.ts';
import { enterFromInode, inodePage } from '../../../lib/vm/fault.ts';
import { eachPage, enterOwn, enterShared } from '../../../lib/vm/pages.ts';
import { vmOperations } from '../../../lib/vm/spaces.ts';
import { isEvicted } from '../../../lib/vm/slots.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';

/** A reservation gets no frames ahead of its use. */
const isReservation = (prot: number, flags: number): boolean => prot === 0 || (flags & VMA_NORESERVE) !== 0;

/** Read all of a file that a mapping covers. @returns 0, or WAIT; what can not be read is left to a fault */
function readIn(core: Core, { inode, offset, length }: MapRequest): number {
  const known = fileSystemOf(core.kernel, inode).stat(inode, core.stat);
  if (known === WAIT) return WAIT;
  const end = Math.min(offset + length, known === 0 ? core.stat.size : 0);
  for (let at = offset; at < end; at += PAGE_SIZE) {
    if (core.kernel.pagecache.get(inode, at / PAGE_SIZE, false) === WAIT) return WAIT;
  }
  return 0;
}

function enterAbsent(core: Core, space: Space, area: Readonly<Area>, page: number, access: number): number {
  const { kernel } = core;
  if (area.inode === 0) return enterOwn(kernel, space, page, 0, area.prot);
  if (isShared(area)) return enterFromInode(core, space, area, page, access);
  const frame = inodePage(core, area, pageIndex(area, page), false);
  return frame < 0 ? frame : enterOwn(kernel, space, page, frame, area.prot);
}

/** Give every page of an area within [start, end) a frame. */
function fill(core: Core, space: Space, area: Readonly<Area>, start: number, end: number): number {
  for (let va = start; va < end; va += PAGE_SIZE) {
    if (core.kernel.pmap.extract(space.id, va) !== 0 || isEvicted(space, va)) continue;
    const entered = enterAbsent(core, space, area, va, 0);
    if (entered === -ENOMEM) return -ENOMEM;
    // Past the end of the file, or not in the cache: a fault will tell or fetch.
    if (entered !== 0) return 0;
  }
  return 0;
}

const policy: Policy = {
  admit(core, _space, request) {
    const { prot, flags, inode, length } = request;
    if (inode !== 0 && superblockOf(inode) !== 0) {
      if ((flags & VMA_SHARED) !== 0) return -ENODEV;
      if (readIn(core, request) === WAIT) return WAIT;
    }
    if (isReservation(prot, flags)) return 0;
    return pageUp(length) / PAGE_SIZE > core.kernel.frames.free() ? -ENOMEM : 0;
  },
  populate(core, space, start, end) {
    for (let index = findArea(space.vmas, start); index < space.vmas.length; index++) {
      const area = space.vmas[index] as Area;
      if (area.start >= end) break;
      if (isReservation(area.prot, area.flags) || isSharedFile(area)) continue;
      const filled = fill(core, space, area, Math.max(area.start, start), Math.min(area.end, end));
      if (filled !== 0) return filled;
    }
    return 0;
  },
  absent: enterAbsent,
  inherit(core, parent, child, area) {
    // A mapped file is not its own work: the child's faults find its pages in the page cache.
    if (isSharedFile(area)) return 0;
    return eachPage(core.kernel, parent, area, (va, frame) =>
      isShared(area)
        ? enterShared(core.kernel, child, va, frame, area.prot)
        : enterOwn(core.kernel, child, va, frame, area.prot),
    );
  },
};

export const primitiveVm: Module<Vm, VmState> = {
  manifest: {
    slot: 'vm',
    name: 'primitive',
    version: '1.0.0',
    contract: 1,
    interfaces: ['locking', 'barriers', 'sealing', 'shared-objects', 'peaks'],
    needs: {
      block: 1,
      buffercache: 1,
      engine: 1,
      frames: 1,
      pmap: 1,
      pagecache: 1,
      ipc: 1,
      filesystem: 1,
      vfs: 1,
    },
    description: 'frames for every page at once, fork copies them all, no shared files',
  },
  layout: vmLayout,
  create: (state, kernel) => vmOperations(state, kernel, policy),
};

export default primitiveVm;
