/**
 * The operations of slot `vm`, for any policy: address spaces made, copied, mapped into and released.
 *
 * Gives the record that a module of the slot returns. What differs between modules is in their `Policy`.
 */
import { EINVAL, ENOMEM } from '../../abi/linux/errno.ts';
import { createStat } from '../../contracts/filesystem.ts';
import type { Kernel } from '../../contracts/kernel.ts';
import { PIECE_PAGES, PROT_EXEC, PROT_READ, PROT_WRITE, THREE_LEVELS_LIMIT } from '../../contracts/pmap.ts';
import {
  createSpace,
  createVma,
  type MapRequest,
  type Space,
  USER_BOTTOM,
  USER_LIMIT,
  USER_TOP,
  VMA_DONTFORK,
  VMA_HEAP,
  VMA_LOCKED,
  VMA_NORESERVE,
  VMA_SHARED,
  VMA_WIPEONFORK,
  type Vm,
  type VmState,
} from '../../contracts/vm.ts';
import {
  addArea,
  isAligned,
  pageUp,
  placeArea,
  protect,
  remap,
  resized,
  setBreak,
  unmap,
  unmapRange,
} from './address-space.ts';
import type { Area } from './areas.ts';
import { type Core, copyArea, createKeeper, isShared, type Policy, spaceOf } from './core.ts';
import { fault } from './fault.ts';
import { lock, lockAll, lockedBytes } from './lock.ts';
import { addObject, attachments, dropObject, forgetUnused, holdObject } from './objects.ts';
import { createPager } from './pages.ts';
import { shareEvicted } from './slots.ts';
import { advise, residency, sync, truncated } from './upkeep.ts';

const PAGE = 4096;
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
  child.barriers = parent.barriers;
  for (const area of parent.vmas) {
    if ((area.flags & VMA_DONTFORK) !== 0) continue;
    const copy = copyArea(area);
    copy.flags &= ~VMA_LOCKED;
    child.vmas.push(copy);
    resized(child, copy.end - copy.start);
    core.mapper.keeper.hold(copy);
    if ((area.flags & VMA_WIPEONFORK) !== 0) continue;
    if (core.policy.inherit(core, parent, child, area) !== 0) {
      release(core, child);
      return -ENOMEM;
    }
    shareEvicted(core.state, parent, child, area.start, area.end);
  }
  return id;
}

/** Pages of memory and of what is outside. */
const pagesAtAll = ({ kernel, policy }: Core): number =>
  kernel.frames.total() + (policy.outside?.(kernel) ?? 0);

/** More private memory than there is memory and swap at all is refused at once (proc(5), overcommit_memory 0). */
const isTooMuch = (core: Core, length: number, prot: number, flags: number): boolean =>
  (prot & PROT_WRITE) !== 0 &&
  (flags & (VMA_SHARED | VMA_NORESERVE)) === 0 &&
  length / PAGE > pagesAtAll(core);

function map(core: Core, space: Space, request: MapRequest): number {
  const { mapper, state, policy } = core;
  const { prot, flags } = request;
  if (request.length <= 0 || !isAligned(request.offset)) return -EINVAL;
  const length = pageUp(request.length);
  const start = placeArea(space, request.address, length, request.fixed, request.noReplace, mapper);
  if (start < 0) return start;
  if (isTooMuch(core, length, prot, flags)) return -ENOMEM;
  const admitted = policy.admit(core, space, request);
  if (admitted !== 0) return admitted;
  if (request.fixed) {
    const cleared = unmapRange(space, start, start + length, mapper);
    if (cleared !== 0) return cleared;
  }
  const area = createVma();
  area.start = start;
  area.end = start + length;
  area.prot = prot;
  area.maxProt = request.maxProt;
  area.flags = flags | space.future;
  area.inode = request.inode;
  if (area.inode !== 0) area.offset = request.offset;
  else if (isShared(area)) area.inode = addObject(state, length / PAGE);
  const { inode } = area;
  const added = addArea(space, area, mapper);
  if (added !== 0) {
    forgetUnused(state, inode);
    return added;
  }
  return start;
}

function brk(core: Core, space: Space, address: number): number {
  const heap = createVma();
  heap.prot = PROT_READ | PROT_WRITE;
  heap.maxProt = PROT_READ | PROT_WRITE | PROT_EXEC;
  heap.flags = VMA_HEAP | space.future;
  if (isTooMuch(core, address - space.brk, heap.prot, heap.flags)) return space.brk;
  return setBreak(space, address, heap, core.mapper);
}

const mayWrite = (area: Readonly<Area>): boolean => isShared(area) && (area.maxProt & PROT_WRITE) !== 0;

function createCore(state: VmState, kernel: Kernel, policy: Policy): Core {
  const core: Core = {
    state,
    kernel,
    policy,
    mapper: {
      keeper: createKeeper(state, kernel),
      pager: createPager(() => core),
      shared: VMA_SHARED,
      bottom: USER_BOTTOM,
      top: USER_TOP,
      limit: () => kernel.pmap.limit?.() ?? THREE_LEVELS_LIMIT,
    },
    stat: createStat(),
    frames: new Int32Array(PIECE_PAGES),
  };
  return core;
}

/** Every operation of the contract, under a policy. */
export function vmOperations(state: VmState, kernel: Kernel, policy: Policy): Vm {
  const core = createCore(state, kernel, policy);
  const { mapper } = core;
  const at = (id: number): Space => spaceOf(state, id);
  return {
    create: () => create(core),
    retain(space) {
      at(space).users++;
    },
    release: (space) => release(core, at(space)),
    fork: (space) => fork(core, at(space)),
    map: (space, request) => map(core, at(space), request),
    unmap: (space, address, length) => unmap(at(space), address, length, mapper),
    protect: (space, address, length, prot) => protect(at(space), address, length, prot, mapper),
    remap: (space, address, oldLength, newLength, flags, newAddress) =>
      remap(at(space), address, oldLength, newLength, flags, newAddress, mapper),
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
    makeObject: (pages) => holdObject(state, pages, pagesAtAll(core)),
    dropObject: (inode) => dropObject(state, kernel, inode),
    attachments: (inode) => attachments(state, inode),
    mayWrite(inode) {
      for (const space of state.spaces.values()) {
        if (space.vmas.some((area) => area.inode === inode && mayWrite(area))) return true;
      }
      return false;
    },
    residency: (space, address, length, into) => residency(core, at(space), address, length, into),
    areas: (space) => at(space).vmas,
    size: (space) => at(space).size,
    peakSize: (space) => at(space).peakSize,
    peakResident: (space) => at(space).peakResident,
    lock: (space, start, end, locked) => lock(core, at(space), start, end, locked),
    lockAll(space, present, future) {
      if (present !== null) lockAll(core, at(space), present);
      at(space).future = future ? VMA_LOCKED : 0;
    },
    barriers: (space, add) => (at(space).barriers |= add),
    locked: (space, start, end) => lockedBytes(at(space), start, end),
    resident: (space) => at(space).resident,
  };
}
