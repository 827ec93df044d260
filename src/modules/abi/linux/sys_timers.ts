/**
 * System calls on interval timers: getitimer, setitimer, and those of timer_create.
 */
import { EINVAL, EOPNOTSUPP } from '../../../abi/linux/errno.ts';
import { NSIG, SIGALRM } from '../../../abi/linux/signal.ts';
import {
  CLOCK_BOOTTIME,
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_COARSE,
  CLOCK_MONOTONIC_RAW,
  CLOCK_REALTIME,
  CLOCK_REALTIME_COARSE,
  CLOCK_TAI,
  ITIMER_PROF,
  ITIMER_REAL,
  ITIMER_VIRTUAL,
  ITIMERSPEC_SIZE,
  ITIMERVAL_SIZE,
  SIGEV_NONE,
  SIGEV_SIGNAL,
  SIGEV_THREAD_ID,
  SIGEVENT_NOTIFY,
  SIGEVENT_SIGNO,
  SIGEVENT_SIZE,
  SIGEVENT_TID,
  SIGEVENT_VALUE,
  TIMER_ABSTIME,
} from '../../../abi/linux/time.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { PosixTimer } from '../../../contracts/process.ts';
import { full, type Row } from './call.ts';
import { cpuTime, resolveCpuClock } from './cpu-clock.ts';
import { NEVER } from './timespec.ts';
import { get64, putTimespec, putTimeval } from './usage.ts';

const SECOND = 1_000_000_000;
const MICROSECOND = 1000;

/** What an interval timer has left and its interval, in ns; 0 left = not armed. */
function timerState(kernel: Kernel, tid: number, which: number): { left: number; interval: number } {
  const group = kernel.process.group(tid);
  if (which === ITIMER_VIRTUAL) return { left: group.virtualLeft, interval: group.virtualInterval };
  if (which === ITIMER_PROF) return { left: group.profileLeft, interval: group.profileInterval };
  const deadline = kernel.clock.deadline('itimer', group.tgid);
  if (deadline < 0) return { left: 0, interval: 0 };
  // A timer that runs is never told as zero, which would mean that it does not.
  const left = Math.max(MICROSECOND, deadline - kernel.clock.monotonic());
  return { left, interval: group.timerInterval };
}

function timerImage(kernel: Kernel, tid: number, which: number): Uint8Array {
  const { left, interval } = timerState(kernel, tid, which);
  const bytes = new Uint8Array(ITIMERVAL_SIZE);
  const data = new DataView(bytes.buffer);
  putTimeval(data, 0, interval);
  putTimeval(data, 16, left);
  return bytes;
}

/** getitimer(2) */
function sysGetitimer(kernel: Kernel, tid: number, which: number, at: number): number {
  if (which < ITIMER_REAL || which > ITIMER_PROF) return -EINVAL;
  return kernel.user.write(tid, at, timerImage(kernel, tid, which));
}

/** A time of seconds and parts in ns, or -1 if it is none. @param unit ns of a part */
export function timeAt(data: DataView, at: number, unit: number): number {
  const seconds = get64(data, at);
  const parts = get64(data, at + 8);
  if (seconds < 0 || parts < 0 || parts * unit >= SECOND) return -1;
  return Math.min(seconds * SECOND + parts * unit, (NEVER - 1) / 2);
}

/** setitimer(2) */
function sysSetitimer(kernel: Kernel, tid: number, which: number, newAt: number, oldAt: number): number {
  const bytes = new Uint8Array(ITIMERVAL_SIZE);
  if (newAt !== 0) {
    const error = kernel.user.read(tid, newAt, bytes);
    if (error !== 0) return error;
  }
  const data = new DataView(bytes.buffer);
  const interval = timeAt(data, 0, MICROSECOND);
  const value = timeAt(data, 16, MICROSECOND);
  if (interval < 0 || value < 0 || which < ITIMER_REAL || which > ITIMER_PROF) return -EINVAL;
  if (oldAt !== 0) {
    const error = kernel.user.write(tid, oldAt, timerImage(kernel, tid, which));
    if (error !== 0) return error;
  }
  const group = kernel.process.group(tid);
  if (which === ITIMER_VIRTUAL) {
    group.virtualLeft = value;
    group.virtualInterval = interval;
  } else if (which === ITIMER_PROF) {
    group.profileLeft = value;
    group.profileInterval = interval;
  } else {
    group.timerInterval = interval;
    group.timerDeadline = kernel.clock.monotonic() + value;
    if (value === 0) kernel.clock.disarm('itimer', group.tgid);
    else kernel.clock.arm('itimer', group.tgid, group.timerDeadline);
  }
  return 0;
}

const isReal = (clock: number): boolean => clock === CLOCK_REALTIME || clock === CLOCK_TAI;

/** Clocks that can be read, but have no timers. */
const NO_TIMERS: ReadonlySet<number> = new Set([
  CLOCK_MONOTONIC_RAW,
  CLOCK_REALTIME_COARSE,
  CLOCK_MONOTONIC_COARSE,
]);

/** timer_create(2) */
function sysTimerCreate(kernel: Kernel, tid: number, id: number, eventAt: number, idAt: number): number {
  const byTime = isReal(id) || id === CLOCK_MONOTONIC || id === CLOCK_BOOTTIME;
  const clock = byTime ? id : resolveCpuClock(kernel, tid, id);
  if (clock === null) return NO_TIMERS.has(id) ? -EOPNOTSUPP : -EINVAL;
  let signal = SIGALRM;
  let target = 0;
  // Without an event si_value is the timer's own id.
  let value: number | null = null;
  if (eventAt !== 0) {
    const bytes = new Uint8Array(SIGEVENT_SIZE);
    const error = kernel.user.read(tid, eventAt, bytes);
    if (error !== 0) return error;
    const data = new DataView(bytes.buffer);
    const notify = data.getInt32(SIGEVENT_NOTIFY, true);
    signal = notify === SIGEV_NONE ? 0 : data.getInt32(SIGEVENT_SIGNO, true);
    if (notify !== SIGEV_NONE && notify !== SIGEV_SIGNAL && notify !== SIGEV_THREAD_ID) return -EINVAL;
    if (notify !== SIGEV_NONE && (signal < 1 || signal > NSIG)) return -EINVAL;
    value = get64(data, SIGEVENT_VALUE);
    if (notify === SIGEV_THREAD_ID) {
      target = data.getInt32(SIGEVENT_TID, true);
      const thread = kernel.process.findThread(target);
      if (thread === null || thread.tgid !== kernel.process.thread(tid).tgid) return -EINVAL;
    }
  }
  // The page first, so that no timer is left that nobody knows.
  const error = kernel.user.spans(tid, idAt, 4, true, kernel.user.scratch);
  if (error !== 0) return error;
  const timer = kernel.process.createTimer(tid, clock, target, signal, value);
  return timer < 0 ? timer : kernel.user.writeU32(tid, idAt, timer);
}

/** Now by the timer's own clock; 0 if that is the CPU time of who is gone. */
const nowOf = (kernel: Kernel, tid: number, { clock }: Readonly<PosixTimer>): number =>
  clock >= 0 ? kernel.clock.monotonic() : Math.max(0, cpuTime(kernel, tid, clock));

/** An itimerspec: what is left, and the interval. @param deadline ns by the clock whose time is `now`, -1 = none */
export function timerSpec(now: number, deadline: number, interval: number): Uint8Array {
  const bytes = new Uint8Array(ITIMERSPEC_SIZE);
  const data = new DataView(bytes.buffer);
  putTimespec(data, 0, interval);
  if (deadline >= 0) putTimespec(data, 16, Math.max(1, deadline - now));
  return bytes;
}

const specOf = (kernel: Kernel, tid: number, timer: Readonly<PosixTimer>): Uint8Array =>
  timerSpec(nowOf(kernel, tid, timer), timer.deadline, timer.interval);

/** timer_gettime(2) */
function sysTimerGettime(kernel: Kernel, tid: number, id: number, at: number): number {
  const timer = kernel.process.timer(tid, id);
  if (timer === null) return -EINVAL;
  return kernel.user.write(tid, at, specOf(kernel, tid, timer));
}

/** timer_settime(2) */
function sysTimerSettime(
  kernel: Kernel,
  tid: number,
  id: number,
  flags: number,
  newAt: number,
  oldAt: number,
): number {
  if (newAt === 0) return -EINVAL;
  const bytes = new Uint8Array(ITIMERSPEC_SIZE);
  const error = kernel.user.read(tid, newAt, bytes);
  if (error !== 0) return error;
  const data = new DataView(bytes.buffer);
  const interval = timeAt(data, 0, 1);
  const value = timeAt(data, 16, 1);
  const timer = kernel.process.timer(tid, id);
  if (interval < 0 || value < 0 || timer === null) return -EINVAL;
  if (oldAt !== 0) {
    const written = kernel.user.write(tid, oldAt, specOf(kernel, tid, timer));
    if (written !== 0) return written;
  }
  const now = nowOf(kernel, tid, timer);
  let deadline = now + value;
  if ((flags & TIMER_ABSTIME) !== 0) {
    deadline = isReal(timer.clock)
      ? kernel.clock.realtimeToMonotonic(get64(data, 16), get64(data, 24))
      : value;
    // A time that is past expires at once; by CPU time of what is in the account, so let it be past for sure.
    if (timer.clock >= 0) deadline = Math.max(deadline, now);
  }
  kernel.process.setTimer(id, value === 0 ? -1 : deadline, interval);
  return 0;
}

/** timer_getoverrun(2) */
const sysTimerGetoverrun = (kernel: Kernel, tid: number, id: number): number =>
  kernel.process.timer(tid, id)?.overrun ?? -EINVAL;

/** timer_delete(2) */
function sysTimerDelete(kernel: Kernel, tid: number, id: number): number {
  if (kernel.process.timer(tid, id) === null) return -EINVAL;
  kernel.process.deleteTimer(id);
  return 0;
}

export const timerCalls: readonly Row[] = [
  full(102, 'getitimer', ['int', 'ptr'], sysGetitimer),
  full(103, 'setitimer', ['int', 'ptr', 'ptr'], sysSetitimer),
  full(107, 'timer_create', ['int', 'ptr', 'ptr'], sysTimerCreate),
  full(108, 'timer_gettime', ['int', 'ptr'], sysTimerGettime),
  full(109, 'timer_getoverrun', ['int'], sysTimerGetoverrun),
  full(110, 'timer_settime', ['int', 'int', 'ptr', 'ptr'], sysTimerSettime),
  full(111, 'timer_delete', ['int'], sysTimerDelete),
];
