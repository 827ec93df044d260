/**
 * Priorities of block I/O: ioprio_set(2).
 *
 * A priority is a class above IOPRIO_CLASS_SHIFT and a level below it. Source: <linux/ioprio.h>.
 */
export const IOPRIO_CLASS_SHIFT = 13;
export const IOPRIO_CLASS_NONE = 0;
export const IOPRIO_CLASS_RT = 1;
export const IOPRIO_CLASS_BE = 2;
export const IOPRIO_CLASS_IDLE = 3;
/** Levels of the real-time and best-effort classes. */
export const IOPRIO_BE_NR = 8;
export const IOPRIO_WHO_PROCESS = 1;
export const IOPRIO_WHO_PGRP = 2;
export const IOPRIO_WHO_USER = 3;
