/**
 * System calls about where pages go that do not fit into memory: swapon, swapoff.
 *
 * The disk named SWAP_DISK is in use from boot to the end, by a module of vm that can; no other can be prepared for it, so
 * what is left of the calls is what they refuse. Source: swapon(2). Holds no state.
 */
import { CAP_SYS_ADMIN } from '../../../abi/linux/capability.ts';
import { EBUSY, EINVAL, EPERM } from '../../../abi/linux/errno.ts';
import { O_RDWR } from '../../../abi/linux/fcntl.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { SWAP_DISK } from '../../../contracts/vm.ts';
import { readPath } from './at.ts';
import { type Handler, partial, type Row } from './call.ts';

/** Priority, SWAP_FLAG_PREFER and the three kinds of discarding. */
const KNOWN_FLAGS = 0x7_ffff;

/** @returns -EBUSY for the disk that pages go to, -EINVAL for what is no swap area, or why it can not be opened */
function refuse(kernel: Kernel, tid: number, at: number): number {
  if (!kernel.process.capable(tid, CAP_SYS_ADMIN)) return -EPERM;
  const path = readPath(kernel, tid, at);
  if (typeof path === 'number') return path;
  const file = kernel.vfs.open(tid, 0, path, O_RDWR, 0);
  if (file < 0) return file;
  const { kind, object } = kernel.vfs.file(file);
  kernel.vfs.release(file, 0);
  const used = kind === 'disk' && object === kernel.block.find(SWAP_DISK) && kernel.vm.relieve !== undefined;
  return used ? -EBUSY : -EINVAL;
}

/** swapon(2) */
const sysSwapon: Handler = (kernel, tid, at, flags) =>
  (flags & ~KNOWN_FLAGS) !== 0 ? -EINVAL : refuse(kernel, tid, at);

/** swapoff(2) */
const sysSwapoff: Handler = (kernel, tid, at) => refuse(kernel, tid, at);

const NOTE =
  'errors only: the disk named swap is in use from boot on (EBUSY), and no other is a swap area (EINVAL)';

export const swapCalls: readonly Row[] = [
  partial(224, 'swapon', ['ptr', 'uint'], sysSwapon, NOTE),
  partial(225, 'swapoff', ['ptr'], sysSwapoff, NOTE),
];
