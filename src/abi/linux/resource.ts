/**
 * Resource limits and usage: numbers of getrlimit(2), struct rusage and struct rlimit. Data only.
 */
export const RLIMIT_CPU = 0;
export const RLIMIT_FSIZE = 1;
export const RLIMIT_DATA = 2;
export const RLIMIT_STACK = 3;
export const RLIMIT_CORE = 4;
export const RLIMIT_RSS = 5;
export const RLIMIT_NPROC = 6;
export const RLIMIT_NOFILE = 7;
export const RLIMIT_MEMLOCK = 8;
export const RLIMIT_AS = 9;
export const RLIMIT_LOCKS = 10;
export const RLIMIT_SIGPENDING = 11;
export const RLIMIT_MSGQUEUE = 12;
export const RLIMIT_NICE = 13;
export const RLIMIT_RTPRIO = 14;
export const RLIMIT_RTTIME = 15;
export const RLIMIT_COUNT = 16;

/** Most descriptors that a process may ask for (fs.nr_open). */
export const NR_OPEN = 65536;

/** Half of the threads that there can be, so that one user does not take them all. */
const MOST_PROCESSES = 2048;
const MOST_SIGNALS = 4096;

/** Soft and hard limit of each resource in a first process. */
export function defaultLimits(): Float64Array {
  const limits = new Float64Array(RLIMIT_COUNT * 2).fill(Number.POSITIVE_INFINITY);
  const set = (resource: number, soft: number, hard: number): void => {
    limits[resource * 2] = soft;
    limits[resource * 2 + 1] = hard;
  };
  set(RLIMIT_STACK, 8 << 20, Number.POSITIVE_INFINITY);
  set(RLIMIT_CORE, 0, Number.POSITIVE_INFINITY);
  set(RLIMIT_NOFILE, 1024, NR_OPEN);
  set(RLIMIT_MEMLOCK, 8 << 20, 8 << 20);
  set(RLIMIT_NPROC, MOST_PROCESSES, MOST_PROCESSES);
  set(RLIMIT_SIGPENDING, MOST_SIGNALS, MOST_SIGNALS);
  set(RLIMIT_MSGQUEUE, 819200, 819200);
  set(RLIMIT_NICE, 0, 0);
  set(RLIMIT_RTPRIO, 0, 0);
  return limits;
}

export const RLIMIT_SIZE = 16;

/** getrusage(2). */
export const RUSAGE_SELF = 0;
export const RUSAGE_CHILDREN = -1;
export const RUSAGE_THREAD = 1;
export const RUSAGE_SIZE = 144;
export const RUSAGE_UTIME = 0;
export const RUSAGE_STIME = 16;
export const RUSAGE_MAXRSS = 32;
export const RUSAGE_MINFLT = 64;
export const RUSAGE_MAJFLT = 72;
export const RUSAGE_NVCSW = 128;
export const RUSAGE_NIVCSW = 136;
