/**
 * Clocks and interval timers (clock_gettime(2), setitimer(2)). Data only.
 */
export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;
export const CLOCK_PROCESS_CPUTIME_ID = 2;
export const CLOCK_THREAD_CPUTIME_ID = 3;
export const CLOCK_MONOTONIC_RAW = 4;
export const CLOCK_REALTIME_COARSE = 5;
export const CLOCK_MONOTONIC_COARSE = 6;
export const CLOCK_BOOTTIME = 7;
export const CLOCK_REALTIME_ALARM = 8;
export const CLOCK_BOOTTIME_ALARM = 9;
export const CLOCK_TAI = 11;
/** In a negative id, which is ~pid << 3 | kind: the clock of one thread instead of a process; kind of time. */
export const CPUCLOCK_PERTHREAD = 4;
export const CPUCLOCK_KIND = 3;

/** Kinds of CPU time: user and system; user; what the scheduler counts, which is both. */
export const CPUCLOCK_PROF = 0;
export const CPUCLOCK_VIRT = 1;
export const CPUCLOCK_SCHED = 2;

/** The id of a clock of CPU time that names its process or thread. */
export const cpuClockOf = (id: number, perThread: boolean): number =>
  (~id << 3) | (perThread ? CPUCLOCK_PERTHREAD : 0) | CPUCLOCK_SCHED;
/** Who is named by such an id, 0 = the caller. */
export const cpuClockOwner = (clock: number): number => ~(clock >> 3);

export const TIMER_ABSTIME = 1;

export const ITIMER_REAL = 0;
export const ITIMER_VIRTUAL = 1;
export const ITIMER_PROF = 2;
/** struct itimerval: interval, then value, each a struct timeval. */
export const ITIMERVAL_SIZE = 32;
/** struct itimerspec: interval, then value, each a struct timespec. */
export const ITIMERSPEC_SIZE = 32;

/** struct sigevent (sigevent(3)): 64 bytes. */
export const SIGEVENT_SIZE = 64;
export const SIGEVENT_VALUE = 0;
export const SIGEVENT_SIGNO = 8;
export const SIGEVENT_NOTIFY = 12;
export const SIGEVENT_TID = 16;
export const SIGEV_SIGNAL = 0;
export const SIGEV_NONE = 1;
export const SIGEV_THREAD = 2;
export const SIGEV_THREAD_ID = 4;
