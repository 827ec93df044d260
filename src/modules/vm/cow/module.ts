/**
 * vm/cow: memory on demand, copy-on-write fork, private and shared mappings of files.
 *
 * A page gets a frame at its first use; after fork(2) both sides share frames until one writes. The price is a fault for
 * each first use and each first write. State: the areas of each address space; pages are in pmap and frames.
 */
import { EINVAL, ENOMEM } from '../../../abi/linux/errno.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Module } from '../../../contracts/module.ts';
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '../../../contracts/pmap.ts';
import {
  createSpace,
  createVma,
  type MapRequest,
  type Space,
  USER_LIMIT,
  USER_TOP,
  VMA_DONTFORK,
  VMA_HEAP,
  VMA_NORESERVE,
  VMA_SHARED,
  VMA_WIPEONFORK,
  type Vm,
  type VmState,
  vmLayout,
} from '../../../contracts/vm.ts';
import {
  addArea,
  isAligned,
  pageUp,
  placeArea,
  protect,
  remap,
  setBreak,
  unmap,
  unmapRange,
} from '../../../lib/address-space.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import { advise, residency, sync, truncated } from './advise.ts';
import { type Core, copyArea, createCore, spaceOf } from './core.ts';
import { fault } from './fault.ts';
import { createPager, isShared, sharePages } from './pages.ts';

/** Room for the stack above the highest mapping (128 MiB, as Linux leaves at least). */
const STACK_ROOM = 0x800_0000;

function create(core: Core): number {
  const { state, kernel } = core;
  const id = state.nextSpace;
  if (kernel.pmap.create(id) !== 0) return -ENOMEM;
  state.nextSpace++;
  const space = createSpace();
  space.id = id;
  space.users = 1;
  space.mmapTop = USER_TOP - STACK_ROOM;
  state.spaces.set(id, space);
  return id;
}

function release(core: Core, space: Space): void {
  space.users--;
  if (space.users > 0) return;
  unmapRange(space, 0, USER_LIMIT, core.mapper);
  core.kernel.pmap.destroy(space.id);
  core.state.spaces.delete(space.id);
}

function fork(core: Core, parent: Space): number {
  const id = create(core);
  if (id < 0) return id;
  const child = spaceOf(core.state, id);
  child.brkStart = parent.brkStart;
  child.brk = parent.brk;
  child.mmapTop = parent.mmapTop;
  for (const area of parent.vmas) {
    if ((area.flags & VMA_DONTFORK) !== 0) continue;
    const copy = copyArea(area);
    child.vmas.push(copy);
    core.mapper.keeper.hold(copy);
    // Shared pages are found again through the page cache when the child wants them.
    if (isShared(area) || (area.flags & VMA_WIPEONFORK) !== 0) continue;
    if (sharePages(core.kernel, parent, child, area) !== 0) {
      release(core, child);
      return -ENOMEM;
    }
  }
  return id;
}

/** More private memory than there is memory at all is refused at once (proc(5), overcommit_memory 0). */
const isTooMuch = (kernel: Kernel, length: number, prot: number, flags: number): boolean =>
  (prot & PROT_WRITE) !== 0 &&
  (flags & (VMA_SHARED | VMA_NORESERVE)) === 0 &&
  length / PAGE_SIZE > kernel.frames.total();

function map(core: Core, space: Space, request: MapRequest): number {
  const { kernel, mapper, state } = core;
  const { prot, flags } = request;
  if (request.length <= 0 || !isAligned(request.offset)) return -EINVAL;
  const length = pageUp(request.length);
  const start = placeArea(space, request.address, length, request.fixed, request.noReplace, mapper);
  if (start < 0) return start;
  if (isTooMuch(kernel, length, prot, flags)) return -ENOMEM;
  if (request.fixed) {
    const cleared = unmapRange(space, start, start + length, mapper);
    if (cleared !== 0) return cleared;
  }
  const area = createVma();
  area.start = start;
  area.end = start + length;
  area.prot = prot;
  area.maxProt = request.maxProt;
  area.flags = flags;
  area.inode = request.inode;
  if (area.inode !== 0) area.offset = request.offset;
  else if (isShared(area)) area.inode = state.nextAnonymous++;
  const added = addArea(space, area, mapper);
  if (added !== 0) return added;
  if ((prot & PROT_EXEC) !== 0) kernel.engine.flushCode();
  return start;
}

function brk(core: Core, space: Space, address: number): number {
  const heap = createVma();
  heap.prot = PROT_READ | PROT_WRITE;
  heap.maxProt = PROT_READ | PROT_WRITE | PROT_EXEC;
  heap.flags = VMA_HEAP;
  if (isTooMuch(core.kernel, address - space.brk, heap.prot, heap.flags)) return space.brk;
  return setBreak(space, address, heap, core.mapper);
}

function sizeOf(space: Space): number {
  let bytes = 0;
  for (const area of space.vmas) bytes += area.end - area.start;
  return bytes / PAGE_SIZE;
}

export const cowVm: Module<Vm, VmState> = {
  manifest: {
    slot: 'vm',
    name: 'cow',
    version: '1.0.0',
    contract: 1,
    interfaces: ['mapped-files', 'copy-on-write'],
    needs: { engine: 1, frames: 1, pmap: 1, pagecache: 1, filesystem: 1, vfs: 1 },
    description: 'memory on demand, copy-on-write fork, mapped files',
  },
  layout: vmLayout,
  create(state, kernel) {
    const core: Core = createCore(
      state,
      kernel,
      createPager(() => core),
    );
    const at = (id: number): Space => spaceOf(state, id);
    return {
      create: () => create(core),
      retain(space) {
        at(space).users++;
      },
      release: (space) => release(core, at(space)),
      fork: (space) => fork(core, at(space)),
      map: (space, request) => map(core, at(space), request),
      unmap: (space, address, length) => unmap(at(space), address, length, core.mapper),
      protect(space, address, length, prot) {
        const result = protect(at(space), address, length, prot, core.mapper);
        if ((prot & PROT_EXEC) !== 0) kernel.engine.flushCode();
        return result;
      },
      remap: (space, address, oldLength, newLength, flags, newAddress) =>
        remap(at(space), address, oldLength, newLength, flags, newAddress, core.mapper),
      setHeap(space, start) {
        at(space).brkStart = start;
        at(space).brk = start;
      },
      brk: (space, address) => brk(core, at(space), address),
      advise: (space, address, length, advice) => advise(core, at(space), address, length, advice),
      sync: (space, address, length, flags) => sync(core, at(space), address, length, flags),
      fault: (space, va, access, stackLimit) => fault(core, at(space), va, access, stackLimit),
      truncated: (inode, fromIndex) => truncated(core, inode, fromIndex),
      mapped(inode) {
        for (const space of state.spaces.values()) {
          if (space.vmas.some((area) => area.inode === inode)) return true;
        }
        return false;
      },
      residency: (space, address, length, into) => residency(core, at(space), address, length, into),
      areas: (space) => at(space).vmas,
      size: (space) => sizeOf(at(space)),
      resident: (space) => at(space).resident,
    };
  },
};

export default cowVm;
