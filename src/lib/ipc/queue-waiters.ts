/**
 * Who waits to send to or receive from a named queue: by priority, then by arrival.
 *
 * A waiter that is served is taken out of line at once, so that nobody overtakes it; its record stays until its thread has
 * looked. One whose thread timed out or was interrupted and has not looked yet is passed over, and one of a thread that is
 * gone is dropped.
 */
import type { Kernel } from '../../contracts/kernel.ts';
import {
  createNamedMessage,
  createQueueWaiter,
  type NamedMessage,
  type QueueWaiter,
} from '../../contracts/named-queues.ts';
import { effectivePolicy, rankOf } from '../../contracts/scheduler.ts';

/** Linux's priority: real-time threads from 0 to 98, deadline ones before them, others from 100 to 139 by nice. */
const LAST_REALTIME = 99;
const USUAL = 120;

function orderOf(kernel: Kernel, tid: number): number {
  const thread = kernel.process.thread(tid);
  const rank = rankOf(effectivePolicy(thread));
  return rank > 0 ? LAST_REALTIME - rank : USUAL + thread.nice;
}

export const of = (waiters: readonly QueueWaiter[], tid: number): QueueWaiter | null =>
  waiters.find((waiter) => waiter.tid === tid) ?? null;

export function drop(waiters: QueueWaiter[], tid: number): void {
  const at = waiters.findIndex((waiter) => waiter.tid === tid);
  if (at >= 0) waiters.splice(at, 1);
}

const isGone = (kernel: Kernel, { tid }: QueueWaiter): boolean =>
  kernel.process.findThread(tid)?.dead !== false;

/** The thread waits. @returns its event */
export function enter(
  kernel: Kernel,
  waiters: QueueWaiter[],
  tid: number,
  message: NamedMessage | null,
): number {
  for (let i = waiters.length - 1; i >= 0; i--) {
    const other = waiters[i] as QueueWaiter;
    if (other.tid === tid || isGone(kernel, other)) waiters.splice(i, 1);
  }
  const waiter = createQueueWaiter();
  waiter.tid = tid;
  waiter.order = orderOf(kernel, tid);
  waiter.event = kernel.waits.newEvent();
  waiter.message = message ?? createNamedMessage();
  let at = waiters.length;
  while (at > 0 && (waiters[at - 1] as QueueWaiter).order > waiter.order) at--;
  waiters.splice(at, 0, waiter);
  return waiter.event;
}

/** The first who still waits: woken, and its wait done. */
export function first(kernel: Kernel, waiters: readonly QueueWaiter[]): QueueWaiter | null {
  for (const waiter of waiters) {
    if (waiter.done || kernel.waits.wake(waiter.event, 1) === 0) continue;
    waiter.done = true;
    return waiter;
  }
  return null;
}
