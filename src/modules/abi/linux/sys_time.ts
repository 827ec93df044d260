/**
 * System calls on clocks and sleeping.
 */
import { CAP_SYS_TIME } from '../../../abi/linux/capability.ts';
import { EINVAL, EOPNOTSUPP, EPERM } from '../../../abi/linux/errno.ts';
import {
  CLOCK_BOOTTIME,
  CLOCK_BOOTTIME_ALARM,
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_COARSE,
  CLOCK_MONOTONIC_RAW,
  CLOCK_REALTIME,
  CLOCK_REALTIME_ALARM,
  CLOCK_REALTIME_COARSE,
  CLOCK_TAI,
  CLOCK_THREAD_CPUTIME_ID,
  TIMER_ABSTIME,
} from '../../../abi/linux/time.ts';
import { type Kernel, RESUMED_BY_TIMEOUT, WAIT } from '../../../contracts/kernel.ts';
import { full, partial, type Row } from './call.ts';
import { cpuTime } from './cpu-clock.ts';
import { absoluteDeadline, NEVER, readTimespec, relativeDeadline, writeRemaining } from './timespec.ts';
import { sleepByCpuTime } from './cpu-sleep.ts';
import { timerCalls } from './sys_timers.ts';
import { get64, put64 } from './usage.ts';

const SECOND = 1_000_000_000;
const MICROSECOND = 1000;

const isRealtime = (id: number): boolean =>
  id === CLOCK_REALTIME || id === CLOCK_REALTIME_COARSE || id === CLOCK_REALTIME_ALARM || id === CLOCK_TAI;
const isMonotonic = (id: number): boolean =>
  id === CLOCK_MONOTONIC ||
  id === CLOCK_MONOTONIC_RAW ||
  id === CLOCK_MONOTONIC_COARSE ||
  id === CLOCK_BOOTTIME ||
  id === CLOCK_BOOTTIME_ALARM;

/** clock_gettime(2) */
function sysClockGettime(kernel: Kernel, tid: number, id: number, at: number): number {
  const { clock } = kernel;
  if (isRealtime(id)) {
    return kernel.user.writePair(tid, at, clock.realtimeSeconds(), clock.realtimeNanoseconds());
  }
  const ns = isMonotonic(id) ? clock.monotonic() : cpuTime(kernel, tid, id);
  if (ns < 0) return ns;
  const seconds = Math.floor(ns / SECOND);
  return kernel.user.writePair(tid, at, seconds, ns - seconds * SECOND);
}

/** Seconds since 1970 that a clock may be set to: Linux leaves room for 30 years of running on in 63 bits of ns. */
const SETTABLE_SECONDS = 8_277_292_036;

/** clock_settime(2) */
function sysClockSettime(kernel: Kernel, tid: number, id: number, at: number): number {
  if (id !== CLOCK_REALTIME) return -EINVAL;
  const time = readTimespec(kernel, tid, at);
  if (typeof time === 'number') return time;
  if (time.seconds >= SETTABLE_SECONDS) return -EINVAL;
  if (!kernel.process.capable(tid, CAP_SYS_TIME)) return -EPERM;
  kernel.clock.setRealtime(time.seconds, time.nanoseconds);
  return 0;
}

/** Coarse clocks step at the rate of a 250 Hz tick. */
const COARSE_NS = 4_000_000;

/** clock_getres(2) */
function sysClockGetres(kernel: Kernel, tid: number, id: number, at: number): number {
  if (!isRealtime(id) && !isMonotonic(id)) {
    const time = cpuTime(kernel, tid, id);
    if (time < 0) return time;
  }
  if (at === 0) return 0;
  const coarse = id === CLOCK_REALTIME_COARSE || id === CLOCK_MONOTONIC_COARSE;
  return kernel.user.writePair(tid, at, 0, coarse ? COARSE_NS : kernel.clock.resolution());
}

/** clock_nanosleep(2) */
function sysClockNanosleep(
  kernel: Kernel,
  tid: number,
  id: number,
  flags: number,
  requestAt: number,
  remainAt: number,
): number {
  if (!isRealtime(id) && !isMonotonic(id)) {
    if (id === CLOCK_THREAD_CPUTIME_ID) return -EOPNOTSUPP;
    return sleepByCpuTime(kernel, tid, id, flags, requestAt, remainAt);
  }
  if (id === CLOCK_REALTIME_COARSE || id === CLOCK_MONOTONIC_COARSE || id === CLOCK_MONOTONIC_RAW) {
    return -EOPNOTSUPP;
  }
  if (kernel.waits.resumed(tid) === RESUMED_BY_TIMEOUT) return 0;
  const absolute = (flags & TIMER_ABSTIME) !== 0;
  let deadline = kernel.waits.progress(tid)[0] ?? -1;
  if (deadline < 0) {
    deadline = absolute
      ? absoluteDeadline(kernel, tid, requestAt, isRealtime(id))
      : relativeDeadline(kernel, tid, requestAt);
    if (deadline < 0) return deadline;
  }
  if (deadline <= kernel.clock.monotonic()) return 0;
  if (kernel.waits.interrupted(tid) && !absolute && remainAt !== 0) {
    const error = writeRemaining(kernel, tid, remainAt, deadline);
    if (error !== 0) return error;
  }
  kernel.waits.keep([deadline]);
  if (deadline !== NEVER) kernel.waits.until(deadline);
  kernel.waits.restart(absolute ? 'no-handler' : 'block');
  return WAIT;
}

/** nanosleep(2) */
const sysNanosleep = (kernel: Kernel, tid: number, requestAt: number, remainAt: number): number =>
  sysClockNanosleep(kernel, tid, CLOCK_MONOTONIC, 0, requestAt, remainAt);

/** gettimeofday(2) */
function sysGettimeofday(kernel: Kernel, tid: number, timeAt: number, zoneAt: number): number {
  if (timeAt !== 0) {
    const { clock } = kernel;
    const seconds = clock.realtimeSeconds();
    const microseconds = Math.floor(clock.realtimeNanoseconds() / MICROSECOND);
    const error = kernel.user.writePair(tid, timeAt, seconds, microseconds);
    if (error !== 0) return error;
  }
  return zoneAt === 0 ? 0 : kernel.user.write(tid, zoneAt, new Uint8Array(8));
}

/** settimeofday(2) */
function sysSettimeofday(kernel: Kernel, tid: number, timeAt: number): number {
  if (timeAt === 0) return kernel.process.capable(tid, CAP_SYS_TIME) ? 0 : -EPERM;
  const bytes = new Uint8Array(16);
  const error = kernel.user.read(tid, timeAt, bytes);
  if (error !== 0) return error;
  const data = new DataView(bytes.buffer);
  const seconds = get64(data, 0);
  const microseconds = get64(data, 8);
  if (seconds < 0 || seconds >= SETTABLE_SECONDS || microseconds < 0 || microseconds >= 1_000_000) {
    return -EINVAL;
  }
  if (!kernel.process.capable(tid, CAP_SYS_TIME)) return -EPERM;
  kernel.clock.setRealtime(seconds, microseconds * MICROSECOND);
  return 0;
}

/** struct timex: 208 bytes; the fields that are not zero. */
const TIMEX_SIZE = 208;
const TIMEX_STATUS = 40;
const TIMEX_TIME = 72;
const TIMEX_TICK = 88;
const STA_UNSYNC = 0x40;
const TIME_ERROR = 5;

/** adjtimex(2): the clock is not disciplined, and says so. */
function sysAdjtimex(kernel: Kernel, tid: number, at: number): number {
  const error = kernel.user.readU32(tid, at);
  if (error !== 0) return error;
  if (kernel.user.value !== 0) return kernel.process.capable(tid, CAP_SYS_TIME) ? -EINVAL : -EPERM;
  const bytes = new Uint8Array(TIMEX_SIZE);
  const data = new DataView(bytes.buffer);
  data.setInt32(TIMEX_STATUS, STA_UNSYNC, true);
  put64(data, TIMEX_TIME, kernel.clock.realtimeSeconds());
  put64(data, TIMEX_TIME + 8, Math.floor(kernel.clock.realtimeNanoseconds() / MICROSECOND));
  put64(data, TIMEX_TICK, 10_000);
  const written = kernel.user.write(tid, at, bytes);
  return written !== 0 ? written : TIME_ERROR;
}

/** clock_adjtime(2) */
const sysClockAdjtime = (kernel: Kernel, tid: number, id: number, at: number): number =>
  id === CLOCK_REALTIME ? sysAdjtimex(kernel, tid, at) : -EOPNOTSUPP;

export const timeCalls: readonly Row[] = [
  ...timerCalls,
  full(101, 'nanosleep', ['ptr', 'ptr'], sysNanosleep),
  full(112, 'clock_settime', ['int', 'ptr'], sysClockSettime),
  full(113, 'clock_gettime', ['int', 'ptr'], sysClockGettime),
  full(114, 'clock_getres', ['int', 'ptr'], sysClockGetres),
  full(115, 'clock_nanosleep', ['int', 'int', 'ptr', 'ptr'], sysClockNanosleep),
  full(169, 'gettimeofday', ['ptr', 'ptr'], sysGettimeofday),
  partial(171, 'adjtimex', ['ptr'], sysAdjtimex, 'reading only'),
  partial(266, 'clock_adjtime', ['int', 'ptr'], sysClockAdjtime, 'reading only'),
  partial(170, 'settimeofday', ['ptr', 'ptr'], sysSettimeofday, 'the time zone is ignored'),
];
