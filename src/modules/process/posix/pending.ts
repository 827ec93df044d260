/**
 * Pending signals: which a thread may take, in what order, and its mask. Source: signal(7), sigprocmask(2).
 */
import { highBit, lowBit, SYNCHRONOUS, UNBLOCKABLE } from '../../../abi/linux/signal.ts';
import type { SignalInfo, Thread } from '../../../contracts/process.ts';
import { groupOf, liveThreads, type Self, threadOf } from './self.ts';

export const inSet = (signal: number, low: number, high: number): boolean =>
  (signal <= 32 ? lowBit(signal) & low : highBit(signal) & high) !== 0;

export const blocks = (thread: Thread, signal: number): boolean =>
  inSet(signal, thread.maskLow, thread.maskHigh);

export function signalPending(self: Self, tid: number): boolean {
  const thread = threadOf(self, tid);
  const group = groupOf(self, tid);
  if (group.exiting) return true;
  if (group.stopped !== 0) return false;
  if (thread.pending.length === 0 && group.pending.length === 0) return false;
  for (const info of thread.pending) if (!blocks(thread, info.signal)) return true;
  for (const info of group.pending) if (!blocks(thread, info.signal)) return true;
  return false;
}

export function pendingBits(self: Self, tid: number, bit: (signal: number) => number): number {
  let bits = 0;
  for (const info of threadOf(self, tid).pending) bits |= bit(info.signal);
  for (const info of groupOf(self, tid).pending) bits |= bit(info.signal);
  return bits;
}

/** Index of the next of a queue: a synchronous fault, else the lowest number, the oldest of its number; -1 if none. */
function nextOf(pending: readonly SignalInfo[], low: number, high: number): number {
  let best = -1;
  let rank = Number.POSITIVE_INFINITY;
  for (let i = 0; i < pending.length; i++) {
    const { signal } = pending[i] as SignalInfo;
    if (!inSet(signal, low, high)) continue;
    const own = inSet(signal, SYNCHRONOUS, 0) ? signal - 64 : signal;
    if (own < rank) {
      rank = own;
      best = i;
    }
  }
  return best;
}

export function takeSignal(self: Self, tid: number, low: number, high: number): SignalInfo | null {
  const thread = threadOf(self, tid);
  const own = nextOf(thread.pending, low, high);
  if (own >= 0) return thread.pending.splice(own, 1)[0] ?? null;
  const group = groupOf(self, tid);
  const shared = nextOf(group.pending, low, high);
  return shared < 0 ? null : (group.pending.splice(shared, 1)[0] ?? null);
}

/** A signal of the group's that this thread blocks from now on is another thread's to take. */
export function setMask(self: Self, tid: number, low: number, high: number): void {
  const thread = threadOf(self, tid);
  thread.maskLow = low & ~UNBLOCKABLE;
  thread.maskHigh = high | 0;
  const group = groupOf(self, tid);
  if (group.pending.length === 0 || group.threads.length === 1) return;
  for (const { signal } of group.pending) {
    if (!blocks(thread, signal)) continue;
    const other = liveThreads(self, group).find((candidate) => !blocks(candidate, signal));
    if (other !== undefined) self.kernel.waits.notify(other.tid);
  }
}
