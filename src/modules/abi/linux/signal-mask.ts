/**
 * The mask that a call brings along for the time of its wait: sigsuspend, ppoll, pselect, epoll_pwait.
 *
 * The old mask comes back when the call ends, or, if a handler ends it, with that handler's return: the frame has it.
 */
import type { Kernel } from '../../../contracts/kernel.ts';

/**
 * Use the mask until `leaveMask`; called at every run of the handler.
 * @returns true if a signal is to be acted on at once: the call must not wait, but report what it has or -EINTR
 */
export function enterMask(kernel: Kernel, tid: number, low: number, high: number): boolean {
  const thread = kernel.process.thread(tid);
  if (!thread.restoreMask) {
    thread.savedMaskLow = thread.maskLow;
    thread.savedMaskHigh = thread.maskHigh;
    thread.restoreMask = true;
  }
  kernel.process.setMask(tid, low, high);
  return !kernel.waits.interrupted(tid) && kernel.process.signalPending(tid);
}

/** The call ends with a result of its own. Not before -EINTR or WAIT: the signal is to find the call's mask. */
export function leaveMask(kernel: Kernel, tid: number): void {
  const thread = kernel.process.thread(tid);
  if (!thread.restoreMask) return;
  thread.restoreMask = false;
  kernel.process.setMask(tid, thread.savedMaskLow, thread.savedMaskHigh);
}
