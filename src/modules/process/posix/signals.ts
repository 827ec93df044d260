/**
 * Sending, queueing and taking signals. Source: signal(7), sigaction(2), kill(2); POSIX.1, "Signal Concepts".
 *
 * What a signal does when it is taken is the abi's business; here it is queued, dropped, or ends, stops or continues
 * its group. A standard signal is pending once however often it is sent; a real-time signal queues.
 */
import {
  defaultAction,
  highBit,
  lowBit,
  SIG_DFL,
  SIG_IGN,
  SIGCONT,
  SIGKILL,
  SIGRTMIN,
  STOP_SIGNALS,
  SYNCHRONOUS,
  UNBLOCKABLE,
} from '../../../abi/linux/signal.ts';
import { killedStatus } from '../../../abi/linux/wait.ts';
import {
  createSignalAction,
  createSignalInfo,
  type SignalAction,
  type SignalInfo,
  type Thread,
  type ThreadGroup,
} from '../../../contracts/process.ts';
import { continueGroup } from './job-control.ts';
import { ALL, groupOf, INIT, liveThreads, mustGet, type Self, threadOf } from './self.ts';

const DEFAULT: Readonly<SignalAction> = Object.freeze(createSignalAction());

const inSet = (signal: number, low: number, high: number): boolean =>
  (signal <= 32 ? lowBit(signal) & low : highBit(signal) & high) !== 0;

export const blocks = (thread: Thread, signal: number): boolean =>
  inSet(signal, thread.maskLow, thread.maskHigh);

export function actionOf(self: Self, group: ThreadGroup, signal: number): Readonly<SignalAction> {
  return mustGet(self.state.handlers, group.handlers, 'handler table').actions.get(signal) ?? DEFAULT;
}

/** Would the signal do nothing? pid 1 is spared what it has no handler for, SIGKILL and SIGSTOP included. */
function ignored(self: Self, group: ThreadGroup, signal: number): boolean {
  const { handler } = actionOf(self, group, signal);
  if (handler === SIG_IGN) return true;
  if (handler !== SIG_DFL) return false;
  return group.tgid === INIT || defaultAction(signal) === 'ignore';
}

function dropPending(self: Self, group: ThreadGroup, low: number, high: number): void {
  const keep = (info: SignalInfo): boolean => !inSet(info.signal, low, high);
  if (group.pending.length > 0) group.pending = group.pending.filter(keep);
  for (const thread of liveThreads(self, group)) {
    if (thread.pending.length > 0) thread.pending = thread.pending.filter(keep);
  }
}

/** What sending does beside queueing: stop and continue signals cancel each other, SIGCONT and SIGKILL start a stopped group. */
function prepare(self: Self, group: ThreadGroup, signal: number): void {
  if (signal === SIGCONT) {
    dropPending(self, group, STOP_SIGNALS, 0);
    continueGroup(self, group, true);
  } else if (inSet(signal, STOP_SIGNALS, 0)) {
    dropPending(self, group, lowBit(SIGCONT), 0);
  }
}

function queue(pending: SignalInfo[], info: SignalInfo): void {
  if (info.signal < SIGRTMIN && pending.some((other) => other.signal === info.signal)) return;
  const record = createSignalInfo();
  record.signal = info.signal;
  record.code = info.code;
  record.pid = info.pid;
  record.uid = info.uid;
  record.status = info.status;
  record.address = info.address;
  record.value = info.value;
  pending.push(record);
}

/** SIGKILL that is not ignored: the group is to exit, whatever its threads are doing. */
function condemn(self: Self, group: ThreadGroup): void {
  if (!group.exiting) {
    group.exiting = true;
    group.status = killedStatus(SIGKILL);
  }
  continueGroup(self, group, false);
  for (const thread of liveThreads(self, group)) self.kernel.waits.notify(thread.tid);
}

export function signalGroup(self: Self, tgid: number, info: SignalInfo): void {
  const group = self.state.groups.get(tgid);
  if (group === undefined || group.zombie || info.signal === 0) return;
  const { signal } = info;
  prepare(self, group, signal);
  const live = liveThreads(self, group);
  // A blocked signal is kept even if it is ignored now: the action may change before it is unblocked (POSIX).
  if (ignored(self, group, signal) && !live.some((thread) => blocks(thread, signal))) return;
  if (signal === SIGKILL) {
    if (!ignored(self, group, signal)) condemn(self, group);
    return;
  }
  queue(group.pending, info);
  const target = live.find((thread) => !blocks(thread, signal));
  if (target !== undefined) self.kernel.waits.notify(target.tid);
  self.kernel.waits.wake(group.signalEvent, ALL);
}

export function signalThread(self: Self, tid: number, info: SignalInfo): void {
  const thread = self.state.threads.get(tid);
  if (thread === undefined || thread.dead || info.signal === 0) return;
  const group = groupOf(self, tid);
  const { signal } = info;
  prepare(self, group, signal);
  if (ignored(self, group, signal) && !blocks(thread, signal)) return;
  if (signal === SIGKILL) {
    condemn(self, group);
    return;
  }
  queue(thread.pending, info);
  if (!blocks(thread, signal)) self.kernel.waits.notify(tid);
  self.kernel.waits.wake(group.signalEvent, ALL);
}

export function signalProcessGroup(self: Self, pgid: number, info: SignalInfo): number {
  let count = 0;
  for (const group of [...self.state.groups.values()]) {
    if (group.pgid !== pgid || group.zombie) continue;
    count++;
    signalGroup(self, group.tgid, info);
  }
  return count;
}

export function forceSignal(self: Self, tid: number, info: SignalInfo): void {
  const thread = threadOf(self, tid);
  const group = groupOf(self, tid);
  const { signal } = info;
  if (blocks(thread, signal) || actionOf(self, group, signal).handler === SIG_IGN) {
    mustGet(self.state.handlers, group.handlers, 'handler table').actions.delete(signal);
    thread.maskLow &= ~lowBit(signal);
    thread.maskHigh &= ~highBit(signal);
  }
  queue(thread.pending, info);
  self.kernel.waits.notify(tid);
}

export function signalPending(self: Self, tid: number): boolean {
  const thread = threadOf(self, tid);
  const group = groupOf(self, tid);
  if (group.exiting) return true;
  if (group.stopped !== 0) return false;
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

export function setAction(self: Self, tid: number, signal: number, action: SignalAction): void {
  const group = groupOf(self, tid);
  const record = createSignalAction();
  record.handler = action.handler;
  record.flags = action.flags;
  record.maskLow = action.maskLow & ~UNBLOCKABLE;
  record.maskHigh = action.maskHigh;
  mustGet(self.state.handlers, group.handlers, 'handler table').actions.set(signal, record);
  if (record.handler === SIG_IGN || (record.handler === SIG_DFL && defaultAction(signal) === 'ignore')) {
    dropPending(self, group, lowBit(signal), highBit(signal));
  }
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
