/**
 * Memory that stays: mlock, mlock2, munlock, mlockall, munlockall, and the limit on it.
 *
 * Source: mlock(2), getrlimit(2). What is locked is faulted in; which areas are is vm's.
 */
import { EAGAIN, EINVAL, ENOMEM } from '../../../abi/linux/errno.ts';
import { MADV_POPULATE_READ, MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT } from '../../../abi/linux/mman.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import { USER_LIMIT } from '../../../contracts/vm.ts';
import { pageUp } from '../../../lib/vm/address-space.ts';
import { coveredTo } from '../../../lib/vm/areas.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import { BAD_ADDRESS, full, type Row } from './call.ts';
import { lockedBytes, mayLock, spaceOf } from './memory_limits.ts';

const MLOCK_ONFAULT = 1;

function mark(kernel: Kernel, space: number, start: number, end: number, locked: boolean): number {
  const { vm } = kernel;
  return vm.lock?.(space, start, end, locked) ?? (coveredTo(vm.areas(space), start, end) < end ? -ENOMEM : 0);
}

/** The range of whole pages. @returns 0, -EINVAL (it wraps around, as from the highest addresses) or -ENOMEM */
function checkRange(address: number, length: number): number {
  if (length > USER_LIMIT || (address === BAD_ADDRESS && length > 0)) return -EINVAL;
  return pageUp(address + length) > USER_LIMIT ? -ENOMEM : 0;
}

function lock(kernel: Kernel, tid: number, address: number, length: number, populate: boolean): number {
  const { vm } = kernel;
  const space = spaceOf(kernel, tid);
  const start = address - (address % PAGE_SIZE);
  const bad = checkRange(address, length);
  if (bad !== 0) return mayLock(kernel, tid, 0, 0) || bad;
  const end = pageUp(address + length);
  const more = end - start - lockedBytes(kernel, space, start, end);
  const may = mayLock(kernel, tid, lockedBytes(kernel, space, 0, USER_LIMIT) + more, -ENOMEM);
  if (may !== 0) return may;
  const marked = mark(kernel, space, start, end, true);
  if (marked !== 0 || !populate || start === end) return marked;
  const filled = vm.advise(space, start, end - start, MADV_POPULATE_READ);
  if (filled === 0 || filled === WAIT) return filled;
  return filled === -ENOMEM && coveredTo(vm.areas(space), start, end) === end ? -EAGAIN : -ENOMEM;
}

/** mlock(2) */
const sysMlock = (kernel: Kernel, tid: number, address: number, length: number): number =>
  lock(kernel, tid, address, length, true);

/** mlock2(2) */
function sysMlock2(kernel: Kernel, tid: number, address: number, length: number, flags: number): number {
  if ((flags & ~MLOCK_ONFAULT) !== 0) return -EINVAL;
  return lock(kernel, tid, address, length, (flags & MLOCK_ONFAULT) === 0);
}

/** munlock(2) */
function sysMunlock(kernel: Kernel, tid: number, address: number, length: number): number {
  const bad = checkRange(address, length);
  if (bad !== 0) return bad;
  return mark(kernel, spaceOf(kernel, tid), address - (address % PAGE_SIZE), pageUp(address + length), false);
}

/** Fault in all that is mapped; what can not be is passed over. @returns 0 or WAIT */
function fillAll(kernel: Kernel, space: number): number {
  const { vm } = kernel;
  // Faults may merge or grow areas, so each step looks anew.
  for (let at = 0; ; ) {
    const area = vm.areas(space).find(({ end }) => end > at);
    if (area === undefined) return 0;
    const { start, end, prot } = area;
    at = end;
    if (prot === 0) continue;
    if (vm.advise(space, start, end - start, MADV_POPULATE_READ) === WAIT) return WAIT;
  }
}

/** mlockall(2) */
function sysMlockall(kernel: Kernel, tid: number, flags: number): number {
  if (flags === 0 || flags === MCL_ONFAULT || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) !== 0) {
    return -EINVAL;
  }
  const { vm } = kernel;
  const space = spaceOf(kernel, tid);
  const current = (flags & MCL_CURRENT) !== 0;
  const may = mayLock(kernel, tid, current ? vm.size(space) * PAGE_SIZE : 0, -ENOMEM);
  if (may !== 0) return may;
  vm.lockAll?.(space, current ? true : null, (flags & MCL_FUTURE) !== 0);
  return current && (flags & MCL_ONFAULT) === 0 ? fillAll(kernel, space) : 0;
}

/** munlockall(2) */
function sysMunlockall(kernel: Kernel, tid: number): number {
  kernel.vm.lockAll?.(spaceOf(kernel, tid), false, false);
  return 0;
}

export const lockCalls: readonly Row[] = [
  full(228, 'mlock', ['ptr', 'size'], sysMlock),
  full(229, 'munlock', ['ptr', 'size'], sysMunlock),
  full(230, 'mlockall', ['uint'], sysMlockall),
  full(231, 'munlockall', [], sysMunlockall),
  full(284, 'mlock2', ['ptr', 'size', 'uint'], sysMlock2),
];
