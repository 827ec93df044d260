/**
 * clock_nanosleep(2) by CPU time: until a process, or a thread other than the caller, has used some.
 *
 * The sleep is a timer of `process` that wakes an event. Progress: the deadline and that event.
 */
import { EINVAL } from '../../../abi/linux/errno.ts';
import { CPUCLOCK_PERTHREAD, cpuClockOwner, TIMER_ABSTIME } from '../../../abi/linux/time.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import { WAKES } from '../../../contracts/process.ts';
import { cpuTime, resolveCpuClock } from './cpu-clock.ts';
import { absoluteDeadline, NEVER, readTimespec, writeRemaining } from './timespec.ts';

const SECOND = 1_000_000_000;

/** @returns 0, -EFAULT, -EINVAL, -EAGAIN or WAIT */
export function sleepByCpuTime(
  kernel: Kernel,
  tid: number,
  id: number,
  flags: number,
  requestAt: number,
  remainAt: number,
): number {
  const { process, waits } = kernel;
  const absolute = (flags & TIMER_ABSTIME) !== 0;
  let [deadline = -1, event = 0] = waits.progress(tid);
  const clock = resolveCpuClock(kernel, tid, id);
  if (clock === null && id >= 0) return -EINVAL;
  if (deadline < 0) {
    // A time that is bad goes before a clock of nobody.
    const time = readTimespec(kernel, tid, requestAt);
    if (typeof time === 'number') return time;
    if (clock === null || ((clock & CPUCLOCK_PERTHREAD) !== 0 && cpuClockOwner(clock) === tid))
      return -EINVAL;
    deadline = absolute
      ? absoluteDeadline(kernel, tid, requestAt, false)
      : Math.min(NEVER, cpuTime(kernel, tid, clock) + time.seconds * SECOND + time.nanoseconds);
    if (deadline <= cpuTime(kernel, tid, clock)) return 0;
    event = waits.newEvent();
    const timer = process.createTimer(tid, clock, tid, WAKES, event);
    if (timer < 0) return timer;
    process.setTimer(timer, deadline, 0);
  }
  // Who is gone has used up what it ever will: then only a signal ends the sleep.
  const now = clock === null ? -1 : cpuTime(kernel, tid, clock);
  if (now >= deadline) return 0;
  if (waits.interrupted(tid) && !absolute && remainAt !== 0) {
    const error = writeRemaining(kernel, tid, remainAt, deadline, Math.max(now, 0));
    if (error !== 0) return error;
  }
  waits.keep([deadline, event]);
  waits.on(event);
  waits.restart(absolute ? 'no-handler' : 'block');
  return WAIT;
}
