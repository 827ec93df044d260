/**
 * Contract `abi`: what a trap from a guest means: system calls, signal frames, program loading.
 *
 * Policy here: the personality that guests see. Mechanism, fixed: the nucleus runs contexts, stores wait records and
 * runs a call again when it is woken. An interrupted or resumed call finds its arguments unchanged in the context's
 * registers, because a result is stored only when the call ends.
 */
import { type Contract, layout, type StateLayout } from './contract.ts';
import { int, map, record } from './schema.ts';

export interface AbiState {
  /** Calls by system call number, and those of them that answered ENOSYS because they are absent. */
  calls: Map<number, number>;
  absent: Map<number, number>;
}

const blank = (): AbiState => ({ calls: new Map(), absent: new Map() });

export const abiLayout: StateLayout<AbiState> = layout(
  'abi',
  record<AbiState>({ calls: map(int(), int()), absent: map(int(), int()) }, blank),
  blank,
);

/** `syscall`: the context was set by the call itself (rt_sigreturn, execve, exit): store no result, leave the pc alone. */
export const NO_RESULT = -8193;

export interface Abi {
  /**
   * Run the call that the context's registers hold, for the first time or again.
   * @returns the result for a0 (>= 0 or -errno), WAIT, or NO_RESULT. Hot path.
   */
  syscall(tid: number): number;
  /** A fault that vm refused, an illegal instruction, a breakpoint. @param cause EXIT_ code @param address signed @param error vm's -errno or 0 */
  trap(tid: number, cause: number, address: number, error: number): void;
  /**
   * Before the thread goes back to user mode, or when a signal breaks off its wait: act on signals, build a frame.
   * @param broken index in RESTART_CLASSES of the wait that is broken off, or -1. Its call has stored no result and the pc is
   * still at the ecall: before a frame is built the result becomes -EINTR, or the call is left to run again after the
   * handler, by the class and SA_RESTART.
   * @returns true if a frame was built; false after naming a wait: the frame's page is not in memory, nothing was taken, and it
   * is asked again when woken; else false leaves the broken-off call to run again at once. Hot path.
   */
  signals(tid: number, broken: number): boolean;
  /** Load a program into a new process of the host's: arguments as byte strings. @returns 0, -errno or WAIT */
  exec(tid: number, path: string, argv: readonly string[], envp: readonly string[]): number;
  /** Table of system calls: number, name, support status and note. */
  table(): readonly SyscallRow[];
  /** The name of a call for traces, `syscall_N` if it is unknown. */
  nameOf(call: number): string;
  /** Calls so far by number: all, and those that answered ENOSYS because they are absent. */
  counts(): Readonly<AbiState>;
  /** For --strace: the call that the registers hold, with its arguments. Asked before it runs, because it may change them. */
  describe(tid: number): string;
  /** For --strace: a result as a programmer reads it. */
  describeResult(result: number): string;
}

export interface SyscallRow {
  readonly number: number;
  readonly name: string;
  readonly support: 'full' | 'partial';
  readonly note: string;
}

export const RESTART_CLASSES = ['disk', 'restart', 'no-handler', 'eintr', 'block', 'always'] as const;

export const abi: Contract<Abi> = {
  name: 'abi',
  version: 1,
  operations: [
    'syscall',
    'trap',
    'signals',
    'exec',
    'table',
    'nameOf',
    'counts',
    'describe',
    'describeResult',
  ],
  interfaces: {
    /** System calls of a family; without it they are absent. Sockets, with what sends and receives on them. */
    sockets: [],
    /** epoll, eventfd, timerfd and signalfd. */
    notifiers: [],
    /** Semaphores and message queues of System V. */
    'sysv-ipc': [],
    /** POSIX message queues. */
    'posix-queues': [],
  },
};
