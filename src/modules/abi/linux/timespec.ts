/**
 * Time-outs in user memory: struct timespec as nanoseconds and as a deadline.
 *
 * Nanoseconds are numbers; a time beyond NEVER is NEVER, which no timer reaches. Holds no state.
 */
import { EINVAL } from '../../../abi/linux/errno.ts';
import type { Kernel } from '../../../contracts/kernel.ts';

/** struct timespec: seconds and nanoseconds, 64 bits each. */
export const TIMESPEC_SIZE = 16;
const SECOND = 1_000_000_000;
/** A deadline that is none: 2^53 - 1 ns, 104 days short of which clocks do not get. */
export const NEVER: number = Number.MAX_SAFE_INTEGER;

interface Timespec {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** @returns the time at va, -EFAULT, -EINVAL (negative, or a second or more of nanoseconds) or WAIT */
export function readTimespec(kernel: Kernel, tid: number, va: number): Timespec | number {
  const error = kernel.user.readRecord(tid, va, TIMESPEC_SIZE);
  if (error !== 0) return error;
  const view = kernel.user.record;
  const seconds = view.getInt32(4, true) * 0x1_0000_0000 + view.getUint32(0, true);
  const nanoseconds = view.getUint32(8, true);
  if (seconds < 0 || view.getInt32(12, true) !== 0 || nanoseconds >= SECOND) return -EINVAL;
  return { seconds, nanoseconds };
}

const after = (kernel: Kernel, ns: number): number => Math.min(NEVER, kernel.clock.monotonic() + ns);

/** The monotonic deadline of a time-out that begins now. @returns it, -EFAULT, -EINVAL or WAIT */
export function relativeDeadline(kernel: Kernel, tid: number, va: number): number {
  const time = readTimespec(kernel, tid, va);
  return typeof time === 'number' ? time : after(kernel, time.seconds * SECOND + time.nanoseconds);
}

/** The monotonic deadline of an absolute time. Same returns. */
export function absoluteDeadline(kernel: Kernel, tid: number, va: number, realtime: boolean): number {
  const time = readTimespec(kernel, tid, va);
  if (typeof time === 'number') return time;
  return Math.min(
    NEVER,
    realtime
      ? kernel.clock.realtimeToMonotonic(time.seconds, time.nanoseconds)
      : time.seconds * SECOND + time.nanoseconds,
  );
}

/** Write what is left until a deadline. @param now by its clock @returns 0, -EFAULT or WAIT */
export function writeRemaining(
  kernel: Kernel,
  tid: number,
  va: number,
  deadline: number,
  now: number = kernel.clock.monotonic(),
): number {
  const ns = Math.max(0, deadline - now);
  const seconds = Math.floor(ns / SECOND);
  return kernel.user.writePair(tid, va, seconds, ns - seconds * SECOND);
}
