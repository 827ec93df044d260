/**
 * The limits on memory: of an address space, of its data, of what is locked. Source: getrlimit(2), mlock(2).
 */
import { CAP_IPC_LOCK } from '../../../abi/linux/capability.ts';
import { EPERM } from '../../../abi/linux/errno.ts';
import { RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK } from '../../../abi/linux/resource.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { PROT_WRITE } from '../../../contracts/pmap.ts';
import { VMA_GROWSDOWN, VMA_SHARED } from '../../../contracts/vm.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';

/** The thread's address space. */
export const spaceOf = (kernel: Kernel, tid: number): number => kernel.process.group(tid).space;

export const softLimit = (kernel: Kernel, tid: number, resource: number): number =>
  kernel.process.group(tid).limits[resource * 2] ?? Number.POSITIVE_INFINITY;

/** Bytes of private memory that may be written, the stack left out (RLIMIT_DATA). */
function dataBytes(kernel: Kernel, space: number): number {
  let bytes = 0;
  for (const area of kernel.vm.areas(space)) {
    if ((area.prot & PROT_WRITE) !== 0 && (area.flags & (VMA_SHARED | VMA_GROWSDOWN)) === 0) {
      bytes += area.end - area.start;
    }
  }
  return bytes;
}

/** True if `more` bytes would pass RLIMIT_AS, or RLIMIT_DATA if they count as data. */
export function exceedsLimits(
  kernel: Kernel,
  tid: number,
  space: number,
  more: number,
  data: boolean,
): boolean {
  const total = softLimit(kernel, tid, RLIMIT_AS);
  if (total !== Number.POSITIVE_INFINITY && kernel.vm.size(space) * PAGE_SIZE + more > total) return true;
  const limit = softLimit(kernel, tid, RLIMIT_DATA);
  return data && limit !== Number.POSITIVE_INFINITY && dataBytes(kernel, space) + more > limit;
}

/** May the process have `bytes` locked in all? @returns 0, -EPERM (it may lock nothing) or `over` */
export function mayLock(kernel: Kernel, tid: number, bytes: number, over: number): number {
  if (kernel.process.capable(tid, CAP_IPC_LOCK)) return 0;
  const limit = softLimit(kernel, tid, RLIMIT_MEMLOCK);
  if (limit === 0) return -EPERM;
  return bytes > limit ? over : 0;
}

/** Bytes of a range that are locked; none where vm keeps no locks, because nothing leaves memory there. */
export const lockedBytes = (kernel: Kernel, space: number, start: number, end: number): number =>
  kernel.vm.locked?.(space, start, end) ?? 0;
