/**
 * The mask that a call brings along for the time of its wait: sigsuspend, ppoll, pselect, epoll_pwait.
 *
 * The old mask comes back when the call ends, or, if a handler ends it, with that handler's return: the frame has it.
 */
import { EINVAL } from '../../../abi/linux/errno.ts';
import { SIGSET_SIZE } from '../../../abi/linux/signal.ts';
import type { Kernel } from '../../../contracts/kernel.ts';

/**
 * Use the mask at user address `va` until `endMask`; none if it is NULL. Called at every run of the handler.
 * @returns 0, -EINVAL (size), -EFAULT or WAIT
 */
export function beginMask(kernel: Kernel, tid: number, va: number, size: number): number {
  if (va === 0) return 0;
  if (size !== SIGSET_SIZE) return -EINVAL;
  const error = kernel.user.readRecord(tid, va, SIGSET_SIZE);
  if (error !== 0) return error;
  const data = kernel.user.record;
  const thread = kernel.process.thread(tid);
  if (!thread.restoreMask) {
    thread.savedMaskLow = thread.maskLow;
    thread.savedMaskHigh = thread.maskHigh;
    thread.restoreMask = true;
  }
  kernel.process.setMask(tid, data.getInt32(0, true), data.getInt32(4, true));
  return 0;
}

/** The call ends with a result of its own; not before WAIT, for a signal is to find the call's mask. */
export function endMask(kernel: Kernel, tid: number): void {
  const thread = kernel.process.thread(tid);
  if (!thread.restoreMask) return;
  thread.restoreMask = false;
  kernel.process.setMask(tid, thread.savedMaskLow, thread.savedMaskHigh);
}
