/**
 * vm/paging: memory on demand and copy on write, and pages that are not used go to a disk when memory runs low.
 *
 * A fault that finds memory low makes room and then waits until the next entry, because whoever asked for the page may hold
 * physical addresses of others that have just gone; run again, it finds room. The policy on demand, slots and reading back
 * are lib/vm's, the choice of pages is in clock.ts. Without a disk named `swap` it is what vm/cow is.
 */
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import type { Module } from '../../../contracts/module.ts';
import { type Vm, type VmState, vmLayout } from '../../../contracts/vm.ts';
import { copyOnWrite } from '../../../lib/vm/copy-on-write.ts';
import { type Policy, spaceOf } from '../../../lib/vm/core.ts';
import { countEvicted, isEvicted } from '../../../lib/vm/slots.ts';
import { vmOperations } from '../../../lib/vm/spaces.ts';
import { nextRetry, slotsOf } from '../../../lib/vm/swap.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import { BATCH, cool, isLow, isShort, makeRoom } from './clock.ts';

const policy: Policy = {
  ...copyOnWrite,
  outside: slotsOf,
  cool: ({ state, kernel }, space, area, start, end, out) =>
    cool(state, kernel, space, area, start, end, out),
};

/** Name a wait that ends at a time, or as soon as this entry does. */
function comeAgain(state: VmState, kernel: Kernel, at: number): number {
  const { swap } = state;
  if (swap.event === 0) swap.event = kernel.waits.newEvent();
  kernel.waits.on(swap.event);
  kernel.clock.arm('event', swap.event, at);
  return WAIT;
}

/** @returns WAIT if room was made or may be soon, or a slot is being written so that it can be; or 0 */
function give(state: VmState, kernel: Kernel, wanted: number): number {
  const made = makeRoom(state, kernel, wanted);
  if (made > 0) return comeAgain(state, kernel, kernel.clock.monotonic());
  if (made === WAIT || !isShort(kernel)) return made;
  const at = nextRetry(state);
  return at > 0 ? comeAgain(state, kernel, at) : 0;
}

/** Make room as far as it goes without waiting. */
function makeEnough(state: VmState, kernel: Kernel): void {
  while (isLow(kernel) && makeRoom(state, kernel, BATCH) > 0);
}

function create(state: VmState, kernel: Kernel): Vm {
  const operations = vmOperations(state, kernel, policy);
  return {
    ...operations,
    fault(space, va, access, stackLimit) {
      // What is out has its room in the reserve: a page that was read for it must not go to make room for it.
      const reserved = !isShort(kernel) && isEvicted(spaceOf(state, space), va - (va & (PAGE_SIZE - 1)));
      if (!reserved && isLow(kernel) && give(state, kernel, BATCH) === WAIT) return WAIT;
      return operations.fault(space, va, access, stackLimit);
    },
    fork(space) {
      // Its caller holds no physical address. Behind it the child's tid is written, which may not wait.
      makeEnough(state, kernel);
      const child = operations.fork(space);
      makeEnough(state, kernel);
      return child;
    },
    relieve: (frames) => give(state, kernel, frames),
    evicted: (space, start, end) =>
      space === -1 ? state.swap.used : countEvicted(spaceOf(state, space), start, end),
  };
}

export const pagingVm: Module<Vm, VmState> = {
  manifest: {
    slot: 'vm',
    name: 'paging',
    version: '1.0.0',
    contract: 1,
    interfaces: [
      'mapped-files',
      'copy-on-write',
      'locking',
      'barriers',
      'sealing',
      'shared-objects',
      'paging',
    ],
    needs: {
      block: 1,
      buffercache: 1,
      clock: 1,
      engine: 1,
      frames: 1,
      pmap: 1,
      pagecache: 1,
      ipc: 1,
      filesystem: 1,
      vfs: 1,
    },
    description: 'memory on demand; pages that are not used go to the disk named swap',
  },
  layout: vmLayout,
  create,
};

export default pagingVm;
