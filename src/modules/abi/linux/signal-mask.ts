/**
 * The temporary signal mask of ppoll, pselect6 and epoll_pwait.
 *
 * The mask is in force while the call waits; the former one comes back when it ends, or once the frame of the
 * handler that broke it off is built. Source: select(2), "pselect()"; `Thread.restoreMask`.
 */
import { EINVAL } from '../../../abi/linux/errno.ts';
import { SIGSET_SIZE, UNBLOCKABLE } from '../../../abi/linux/signal.ts';
import type { Kernel } from '../../../contracts/kernel.ts';

/** Put the mask at `va` in force, unless that happened in an earlier run. 0 = none. @returns 0, -EINVAL, -EFAULT or WAIT */
export function beginMask(kernel: Kernel, tid: number, va: number, size: number): number {
  if (va === 0) return 0;
  if (size !== SIGSET_SIZE) return -EINVAL;
  const bytes = new Uint8Array(SIGSET_SIZE);
  const error = kernel.user.read(tid, va, bytes);
  if (error !== 0) return error;
  const thread = kernel.process.thread(tid);
  if (thread.restoreMask) return 0;
  thread.savedMaskLow = thread.maskLow;
  thread.savedMaskHigh = thread.maskHigh;
  thread.restoreMask = true;
  const view = new DataView(bytes.buffer);
  kernel.process.setMask(tid, view.getInt32(0, true) & ~UNBLOCKABLE, view.getInt32(4, true));
  return 0;
}

/** The call ends without a handler: put the former mask back. */
export function endMask(kernel: Kernel, tid: number): void {
  const thread = kernel.process.thread(tid);
  if (!thread.restoreMask) return;
  thread.restoreMask = false;
  kernel.process.setMask(tid, thread.savedMaskLow, thread.savedMaskHigh);
}
