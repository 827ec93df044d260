/**
 * Part of contract `process`: files that stand for a process or a thread, whatever becomes of its number.
 *
 * The optional interface `pidfds`. An open file of kind `pidfd` names one by id; it goes with the file's last descriptor.
 * Source: pidfd_open(2), pidfd_send_signal(2).
 */
import { bool, int, record, type Schema } from './schema.ts';

export interface Pidfd {
  id: number;
  /** 0 once it is collected, or the thread has ended: its number may be another's by now. */
  pid: number;
  /** It stands for one thread (PIDFD_THREAD). */
  thread: boolean;
  /** Woken when it ends, and again when it is collected. */
  event: number;
}

export const createPidfd = (): Pidfd => ({ id: 0, pid: 0, thread: false, event: 0 });
export const pidfdSchema: Schema<Pidfd> = record<Pidfd>(
  { id: int(), pid: int(), thread: bool(), event: int() },
  createPidfd,
);

export interface PidfdOperations {
  /** @returns its id, -ESRCH (there is none), -ENOENT (a thread that leads no process, without `thread`) */
  openPidfd(pid: number, thread: boolean): number;
  pidfd(id: number): Readonly<Pidfd>;
  /** POLLIN once it has ended, POLLHUP once it is collected. */
  pollPidfd(id: number): number;
  armPidfd(id: number): void;
  /** The last descriptor is gone. */
  closePidfd(id: number): void;
}

export const PIDFD_OPERATIONS: readonly (keyof PidfdOperations)[] = [
  'openPidfd',
  'pidfd',
  'pollPidfd',
  'armPidfd',
  'closePidfd',
];
