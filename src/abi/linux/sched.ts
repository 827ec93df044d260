/**
 * Scheduling policies and struct sched_attr (sched(7), sched_setattr(2)). Data only.
 */
export const SCHED_OTHER = 0;
export const SCHED_FIFO = 1;
export const SCHED_RR = 2;
export const SCHED_BATCH = 3;
export const SCHED_IDLE = 5;
export const SCHED_DEADLINE = 6;
/** Policies by the names that the kernel has for them. */
export const POLICY_NUMBERS: Readonly<
  Record<'normal' | 'fifo' | 'round-robin' | 'batch' | 'idle' | 'deadline', number>
> = { normal: 0, fifo: 1, 'round-robin': 2, batch: 3, idle: 5, deadline: 6 };
/** Known by its number; no kernel has it without a program that schedules. */
export const SCHED_EXT = 7;
/** Or-ed into a policy. */
export const SCHED_RESET_ON_FORK = 0x4000_0000;

export const PRIO_PROCESS = 0;
export const PRIO_PGRP = 1;
export const PRIO_USER = 2;

/** Priorities of the real-time policies. */
export const PRIORITY_MIN = 1;
export const PRIORITY_MAX = 99;

/** sched_flags. */
export const SCHED_FLAG_RESET_ON_FORK = 0x01;
export const SCHED_FLAG_RECLAIM = 0x02;
export const SCHED_FLAG_DL_OVERRUN = 0x04;
export const SCHED_FLAG_KEEP_POLICY = 0x08;
export const SCHED_FLAG_KEEP_PARAMS = 0x10;

/** Least runtime (a resolution of 2^10 ns) and bounds of a period (kernel.sched_deadline_period_) of a deadline, in ns. */
export const DEADLINE_RUNTIME_MIN = 1024;
export const DEADLINE_PERIOD_MIN = 100_000;
export const DEADLINE_PERIOD_MAX: number = (1 << 22) * 1000;

export const SCHED_ATTR_SIZE_VER0 = 48;
export const SCHED_ATTR_SIZE_VER1 = 56;
export const SCHED_ATTR_SIZE_MAX = 4096;
export const SA_SIZE = 0;
export const SA_POLICY = 4;
export const SA_FLAGS = 8;
export const SA_NICE = 16;
export const SA_PRIORITY = 20;
export const SA_RUNTIME = 24;
export const SA_DEADLINE = 32;
export const SA_PERIOD = 40;

/** getrandom(2). */
export const GRND_NONBLOCK = 1;
export const GRND_RANDOM = 2;
export const GRND_INSECURE = 4;
