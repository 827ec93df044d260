/**
 * What identifies the word of a futex: where it is for all who share it. Source: futex(2).
 */
import { EFAULT, EINVAL } from '../../../abi/linux/errno.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { PROT_READ } from '../../../contracts/pmap.ts';
import { USER_LIMIT, VMA_SHARED } from '../../../contracts/vm.ts';

/** A word as futexes are keyed: `space` 0 with a physical address in shared memory. */
export interface Key {
  readonly space: number;
  readonly address: number;
}

/**
 * The key of a futex word. A word in private memory keys by its virtual address even without FUTEX_PRIVATE_FLAG:
 * fork and copy on write move it to another frame while a thread waits.
 * @returns it, -EINVAL (alignment), -EFAULT or WAIT
 */
export function keyOf(kernel: Kernel, tid: number, va: number, isPrivate: boolean): Key | number {
  if ((va & 3) !== 0) return -EINVAL;
  if (va >= USER_LIMIT) return -EFAULT;
  const { space } = kernel.process.group(tid);
  if (isPrivate) return { space, address: va };
  const error = kernel.user.readU32(tid, va);
  if (error !== 0) return error;
  const areas = kernel.vm.areas(space);
  let low = 0;
  let high = areas.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((areas[middle] as { end: number }).end <= va) low = middle + 1;
    else high = middle;
  }
  const area = areas[low];
  if (area === undefined || va < area.start || (area.flags & VMA_SHARED) === 0) return { space, address: va };
  const physical = kernel.pmap.translate(space, va, PROT_READ);
  return physical === 0 ? -EFAULT : { space: 0, address: physical };
}
