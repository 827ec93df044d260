/**
 * Scheduling policies and struct sched_attr (sched(7), sched_setattr(2)). Data only.
 */
export const SCHED_OTHER = 0;
export const SCHED_FIFO = 1;
export const SCHED_RR = 2;
export const SCHED_BATCH = 3;
export const SCHED_IDLE = 5;
export const SCHED_DEADLINE = 6;
/** Or-ed into a policy. */
export const SCHED_RESET_ON_FORK = 0x4000_0000;

export const PRIO_PROCESS = 0;
export const PRIO_PGRP = 1;
export const PRIO_USER = 2;

export const SCHED_ATTR_SIZE_VER0 = 48;
export const SA_SIZE = 0;
export const SA_POLICY = 4;
export const SA_FLAGS = 8;
export const SA_NICE = 16;
export const SA_PRIORITY = 20;

/** getrandom(2). */
export const GRND_NONBLOCK = 1;
export const GRND_RANDOM = 2;
export const GRND_INSECURE = 4;
