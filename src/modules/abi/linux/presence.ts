/**
 * Bringing pages in ahead of what can not wait for them: frames of signals, the last words of a thread.
 */
import { RLIMIT_STACK } from '../../../abi/linux/resource.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import { PROT_WRITE } from '../../../contracts/pmap.ts';
import { USER_LIMIT } from '../../../contracts/vm.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';

/** Make a range writable as far as it may be. @returns true if a page is not to be had now; the wait for it is named */
export function isAwaited(kernel: Kernel, tid: number, va: number, length: number): boolean {
  const { pmap, vm, process } = kernel;
  const { space, limits } = process.group(tid);
  for (let at = va - (va % PAGE_SIZE); at < va + length && at < USER_LIMIT; at += PAGE_SIZE) {
    if (pmap.translate(space, at, PROT_WRITE) !== 0) continue;
    if (vm.fault(space, at, PROT_WRITE, limits[RLIMIT_STACK * 2] as number) === WAIT) return true;
  }
  return false;
}
