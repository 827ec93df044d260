/**
 * Real-time threads above all others, as functions over plain data: sched(7), SCHED_FIFO and SCHED_RR.
 *
 * They run by priority, first come, first served within one (`fifo`) or in turns (`round-robin`). When they have had the CPU for
 * 950 ms while others wanted it, those get 50 ms, so that a real-time thread that runs away can not lock anybody out.
 */
import type { Policy } from '../../contracts/scheduler.ts';
import { firstOf, type Heap, put, remove } from '../heap.ts';

/** Turn of a `round-robin` thread: Linux's default. */
export const TURN_NS = 100_000_000;
/** Real-time threads are stopped so often for their account, though they go on at once. */
export const ACCOUNT_NS = 10_000_000;
const STARVED_NS = 950_000_000;
const CREDIT_NS = 50_000_000;

/** What is kept of a thread for the time that it is a real-time one. */
export interface RealtimeTask {
  readonly tid: number;
  policy: Policy;
  runnable: boolean;
  /** Of its turn, for `round-robin`. */
  leftNs: number;
  /** CPU time since it last became runnable, as a real-time thread. */
  sinceWakeNs: number;
}

export interface RealtimeQueue {
  /** Runnable real-time threads: by priority, highest first, then by the order in which they are to run. */
  realtime: Heap;
  /** Next place at the front and at the back of all. */
  front: number;
  back: number;
  /** CPU time of real-time threads while others wanted it, and what those get for it. Credit is 0 if none wants it. */
  starvedNs: number;
  creditNs: number;
}

export const isRealtimePolicy = ({ kind }: Policy): boolean => kind === 'fifo' || kind === 'round-robin';
export const isRealtime = ({ policy }: Pick<RealtimeTask, 'policy'>): boolean => isRealtimePolicy(policy);

const queueUp = ({ realtime }: RealtimeQueue, task: RealtimeTask, place: number): void =>
  put(realtime, task.tid, -task.policy.priority, place);

/** It wants the CPU, or goes behind its equals. */
export const toBack = (queue: RealtimeQueue, task: RealtimeTask): void => queueUp(queue, task, queue.back++);
export function leaveRealtime(queue: RealtimeQueue, task: RealtimeTask): void {
  remove(queue.realtime, task.tid);
}

/** The one to run, or 0: there is none, or it is the others' time. */
export const firstRealtime = (queue: RealtimeQueue): number =>
  queue.creditNs === 0 ? firstOf(queue.realtime) : 0;

/** No other thread wants the CPU any more. */
export function noOthers(queue: RealtimeQueue): void {
  queue.creditNs = queue.starvedNs = 0;
}

/** A thread of the others ran. */
export function chargeCredit(queue: RealtimeQueue, ranNs: number): void {
  queue.creditNs = Math.max(0, queue.creditNs - ranNs);
}

/** How long it may run. @param others whether other threads want the CPU */
export function realtimeQuantum(queue: RealtimeQueue, task: RealtimeTask, others: boolean): number {
  const turn = task.policy.kind === 'round-robin' ? Math.min(task.leftNs, ACCOUNT_NS) : ACCOUNT_NS;
  return others ? Math.min(turn, STARVED_NS - queue.starvedNs) : turn;
}

/** It ran. @param others whether other threads want the CPU */
export function tickRealtime(queue: RealtimeQueue, task: RealtimeTask, ranNs: number, others: boolean): void {
  task.sinceWakeNs += ranNs;
  if (task.policy.kind === 'round-robin') {
    task.leftNs -= ranNs;
    if (task.leftNs <= 0) {
      task.leftNs = TURN_NS;
      if (task.runnable) toBack(queue, task);
    }
  }
  if (!others) return;
  queue.starvedNs += ranNs;
  if (queue.starvedNs < STARVED_NS) return;
  queue.starvedNs = 0;
  queue.creditNs = CREDIT_NS;
}

/** Another real-time policy: to the back if it rises, to the front if it falls, else where it is (sched(7)). */
export function reprioritise(queue: RealtimeQueue, task: RealtimeTask, policy: Policy): void {
  const by = policy.priority - task.policy.priority;
  task.policy = policy;
  if (task.runnable && by !== 0) queueUp(queue, task, by > 0 ? queue.back++ : queue.front--);
}
