/**
 * A fair queue: earliest eligible virtual deadline first, as functions over plain data.
 *
 * Source: I. Stoica and H. Abdel-Wahab, "Earliest eligible virtual deadline first", 1995. Virtual time V advances by the
 * CPU time given divided by the weight of those who want it. A task has been served up to its own point of V; its lag is
 * what it should have had more. It is eligible while it has no more than its share; of the eligible, the one whose
 * request (a slice) is due first in virtual time runs until the request is done. Virtual times are in ns at weight 1024.
 */
import type { Policy } from '../../contracts/scheduler.ts';
import { int, real, record, type Schema } from '../../contracts/schema.ts';
import { clear, createHeap, faultOf, firstOf, type Heap, heapSchema, inOrder, put, remove } from '../heap.ts';

/** What the queue keeps of a task. */
export interface FairTask {
  readonly tid: number;
  nice: number;
  policy: Policy;
  /** Point of virtual time up to which it has been served, and where its request is due; while it is in the queue. */
  servedNs: number;
  dueNs: number;
  /** CPU time that it should have had more, in ns, when it left. */
  lagNs: number;
}

export interface FairQueue {
  virtualNs: number;
  /** Sum of the weights of the tasks in it. */
  weight: number;
  /** Each task is in one of these: by due time, or by the time at which it becomes eligible. Sorted out by `choose`. */
  eligible: Heap;
  waiting: Heap;
  /** The task whose request is being served, 0 = none: it goes on till the request is done or a more urgent one wakes. */
  current: number;
  /** Tie-break: who came first. */
  order: number;
}

export const createFairQueue = (): FairQueue => ({
  virtualNs: 0,
  weight: 0,
  eligible: createHeap(),
  waiting: createHeap(),
  current: 0,
  order: 0,
});

export const fairQueueSchema: Schema<FairQueue> = record<FairQueue>(
  {
    virtualNs: real(),
    weight: int(),
    eligible: heapSchema,
    waiting: heapSchema,
    current: int(),
    order: int(),
  },
  createFairQueue,
);

const UNIT = 1024;
const IDLE_WEIGHT = 3;
/** Nice -20 to 19: 1.25 for each step. Products of 1.25 are the same in every engine, unlike Math.pow. */
const WEIGHTS: readonly number[] = Array.from({ length: 40 }, (_, i) => {
  let ratio = 1;
  for (let step = Math.abs(i - 20); step > 0; step--) ratio *= 1.25;
  return Math.round(i < 20 ? UNIT * ratio : UNIT / ratio);
});

const SLICE_NS = 3_000_000;
const SLICE_MIN_NS = 100_000;
const SLICE_MAX_NS = 100_000_000;
/** A request is not cut shorter than this. */
const QUANTUM_MIN_NS = 50_000;
/** How far ahead of its share a task may be that is given the CPU. */
const GIVEN_NS = 100_000;

export const weightOf = (task: FairTask): number =>
  task.policy.kind === 'idle' ? IDLE_WEIGHT : (WEIGHTS[task.nice + 20] ?? UNIT);

/** Length of the task's requests. */
export function sliceOf({ policy }: FairTask): number {
  if (policy.runtimeNs === 0) return SLICE_NS;
  return Math.max(SLICE_MIN_NS, Math.min(SLICE_MAX_NS, policy.runtimeNs));
}

const virtual = (ns: number, weight: number): number => (ns * UNIT) / weight;

function file(queue: FairQueue, task: FairTask): void {
  if (task.servedNs <= queue.virtualNs) {
    remove(queue.waiting, task.tid);
    put(queue.eligible, task.tid, task.dueNs, queue.order++);
  } else {
    remove(queue.eligible, task.tid);
    put(queue.waiting, task.tid, task.servedNs, queue.order++);
  }
}

/**
 * The task wants the CPU, with the lag with which it left; the sum of all lags stays zero. What it owes it owes in full from where V
 * goes by that, so that none that sleeps often gets more than its share. Of what it has to have a part lapses, which it would
 * have lent to the others: who sleeps is not to save up for a burst.
 */
export function join(queue: FairQueue, task: FairTask): void {
  const weight = weightOf(task);
  if (queue.weight === 0) task.lagNs = 0;
  const owes = task.lagNs < 0;
  if (owes) queue.virtualNs -= virtual(task.lagNs, queue.weight);
  task.servedNs = queue.virtualNs - virtual(task.lagNs, weight);
  task.dueNs = task.servedNs + virtual(sliceOf(task), weight);
  queue.weight += weight;
  if (!owes) queue.virtualNs -= virtual(task.lagNs, queue.weight);
  file(queue, task);
}

/** It no longer wants it. */
export function leave(queue: FairQueue, task: FairTask): void {
  const weight = weightOf(task);
  const lag = ((queue.virtualNs - task.servedNs) * weight) / UNIT;
  const most = 2 * sliceOf(task);
  task.lagNs = Math.max(-most, Math.min(most, lag));
  remove(queue.eligible, task.tid);
  remove(queue.waiting, task.tid);
  if (queue.current === task.tid) queue.current = 0;
  queue.weight -= weight;
  if (queue.weight > 0) queue.virtualNs += virtual(lag, queue.weight);
}

/** It left and joins again with what has changed of it; it goes on if it was being served. */
export function change(queue: FairQueue, task: FairTask, by: () => void): void {
  const served = queue.current === task.tid;
  leave(queue, task);
  by();
  join(queue, task);
  if (served) queue.current = task.tid;
}

/** The task ran. @param queued it is still in the queue; one that blocks is charged after it left */
export function charge(queue: FairQueue, task: FairTask, ranNs: number, queued: boolean): void {
  const weight = weightOf(task);
  if (!queued) {
    task.lagNs += ranNs * (weight / (queue.weight + weight) - 1);
    return;
  }
  task.servedNs += virtual(ranNs, weight);
  queue.virtualNs += virtual(ranNs, queue.weight);
  if (task.servedNs >= task.dueNs) nextRequest(queue, task);
}

function nextRequest(queue: FairQueue, task: FairTask): void {
  task.dueNs = task.servedNs + virtual(sliceOf(task), weightOf(task));
  if (queue.current === task.tid) queue.current = 0;
  file(queue, task);
}

/** The task gives up the rest of its request (sched_yield(2)). */
export function forfeit(queue: FairQueue, task: FairTask): void {
  const weight = weightOf(task);
  const rest = Math.max(0, task.dueNs - task.servedNs);
  task.servedNs += rest;
  queue.virtualNs += (rest * weight) / queue.weight;
  nextRequest(queue, task);
}

/** A task that has just joined by waking: does it take the CPU from the one being served? */
export function woke(queue: FairQueue, task: FairTask, tasks: ReadonlyMap<number, FairTask>): void {
  if (queue.current === 0 || task.policy.kind === 'batch') return;
  const current = tasks.get(queue.current) as FairTask;
  if (task.policy.kind === 'idle') return;
  if (current.policy.kind === 'idle' || (task.servedNs <= queue.virtualNs && task.dueNs < current.dueNs)) {
    queue.current = 0;
  }
}

/**
 * The task being served gives way to another one in the queue, if that is not ahead of its share by more than a moment: so two that
 * hand the CPU to each other stay at their shares, and wait as others do once they have had them.
 */
export function give(queue: FairQueue, from: FairTask, to: FairTask): void {
  if (queue.current !== from.tid) return;
  if (to.servedNs <= queue.virtualNs + virtual(GIVEN_NS, weightOf(to))) queue.current = to.tid;
}

/** The task to run; 0 if there is none. */
export function choose(queue: FairQueue, tasks: ReadonlyMap<number, FairTask>): number {
  if (queue.current !== 0 || queue.weight === 0) return queue.current;
  for (;;) {
    promote(queue, tasks);
    const first = firstOf(queue.eligible);
    if (first === 0) {
      // Rounding, or V went back as one with lag joined: nobody is behind, so time goes on to the first who will be.
      queue.virtualNs = queue.waiting.keys[0] as number;
      continue;
    }
    const task = tasks.get(first) as FairTask;
    if (task.servedNs <= queue.virtualNs) {
      queue.current = first;
      return first;
    }
    file(queue, task);
  }
}

function promote(queue: FairQueue, tasks: ReadonlyMap<number, FairTask>): void {
  const { waiting } = queue;
  while (waiting.ids.length > 0 && (waiting.keys[0] as number) <= queue.virtualNs) {
    file(queue, tasks.get(firstOf(waiting)) as FairTask);
  }
}

/** How long the task may run: till its request is done. */
export function restOf(task: FairTask): number {
  const rest = ((task.dueNs - task.servedNs) * weightOf(task)) / UNIT;
  return Math.max(QUANTUM_MIN_NS, Math.ceil(rest));
}

export const sizeOf = (queue: FairQueue): number => queue.eligible.ids.length + queue.waiting.ids.length;

/** All tasks about in the order in which they would run; leaves the queue empty. */
export function empty(queue: FairQueue): number[] {
  const { current } = queue;
  const order = [...inOrder(queue.eligible), ...inOrder(queue.waiting)].filter((tid) => tid !== current);
  clear(queue.eligible);
  clear(queue.waiting);
  queue.current = 0;
  queue.weight = 0;
  return current === 0 ? order : [current, ...order];
}

/** @param within the tasks that belong in the queue @returns what is wrong, or null */
export function faultOfQueue(queue: FairQueue, within: ReadonlyMap<number, FairTask>): string | null {
  const fault = faultOf(queue.eligible) ?? faultOf(queue.waiting);
  if (fault !== null) return fault;
  let weight = 0;
  for (const task of within.values()) {
    if (queue.eligible.places.has(task.tid) === queue.waiting.places.has(task.tid)) {
      return `thread ${task.tid} is not in one queue`;
    }
    weight += weightOf(task);
  }
  if (weight !== queue.weight) return `the weight is ${queue.weight} where ${weight} is right`;
  if (sizeOf(queue) !== within.size) return 'a queue holds threads that are not runnable';
  return queue.current === 0 || within.has(queue.current)
    ? null
    : `thread ${queue.current} can not be served`;
}
