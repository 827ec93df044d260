/**
 * Contract `scheduler`: which runnable thread runs next, and for how long.
 *
 * Policy here: order and quantum. Mechanism, fixed: the nucleus switches contexts, counts time and preempts. A policy
 * sees thread ids, nice values and times only. Each module has a state layout of its own; `drain` and `add` carry the
 * threads from one to another.
 */
import type { Contract } from './contract.ts';

/** Pid 1 is the kernel's own and never runs. */
const INIT = 1;

/** A thread as one scheduler hands it to the next. */
export interface Schedulable {
  readonly tid: number;
  /** -20 to 19. */
  readonly nice: number;
  readonly runnable: boolean;
  /** CPU time that it has had, in ns. */
  readonly cpuNs: number;
}

export interface Scheduler {
  /** A thread that the scheduler has not seen. */
  add(thread: Schedulable): void;
  /** The thread is gone. */
  remove(tid: number): void;
  /** It became runnable. Idempotent. Hot path. */
  enqueue(tid: number): void;
  /** It blocked or stopped. Idempotent. Hot path. */
  dequeue(tid: number): void;
  /** The thread to run now; it stays runnable. 0 if none is. Hot path. */
  pick(hart: number): number;
  /** How long the thread that was picked may run, in ns. */
  quantum(tid: number): number;
  /** The thread ran for so long; `expired` if it used its quantum up. Hot path. */
  tick(tid: number, ranNs: number, expired: boolean): void;
  /** sched_yield(2). */
  yield(tid: number): void;
  /** True if a runnable thread should preempt `tid` now: asked after each wake-up. Hot path. */
  preempts(tid: number): boolean;
  setNice(tid: number, nice: number): void;
  /** Runnable threads. */
  load(): number;
  /** Every thread, in the order in which they would run; leaves the scheduler empty. */
  drain(): Schedulable[];
}

export const scheduler: Contract<Scheduler> = {
  name: 'scheduler',
  version: 1,
  operations: [
    'add',
    'remove',
    'enqueue',
    'dequeue',
    'pick',
    'quantum',
    'tick',
    'yield',
    'preempts',
    'setNice',
    'load',
    'drain',
  ],
  interfaces: {},
  rebuild(from, to) {
    for (const thread of from.drain()) to.add(thread);
  },
  recover({ process, waits }, to) {
    for (const group of process.groups()) {
      for (const tid of group.threads) {
        const thread = process.findThread(tid);
        if (thread === null || thread.dead) continue;
        const { nice, userNs, systemNs } = thread;
        const runnable = tid !== INIT && waits.waiting(tid) === null && group.stopped === 0;
        to.add({ tid, nice, runnable, cpuNs: userNs + systemNs });
      }
    }
  },
};
