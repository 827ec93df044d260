/**
 * Flags of pidfd_open(2) and pidfd_send_signal(2). Data.
 */
import { O_EXCL, O_NONBLOCK } from './fcntl.ts';

export const PIDFD_NONBLOCK: number = O_NONBLOCK;
export const PIDFD_THREAD: number = O_EXCL;

/** Whom the signal is for; without any of them, what the file stands for. */
export const PIDFD_SIGNAL_THREAD = 1;
export const PIDFD_SIGNAL_THREAD_GROUP = 2;
export const PIDFD_SIGNAL_PROCESS_GROUP = 4;
