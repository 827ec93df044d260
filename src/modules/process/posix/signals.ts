/**
 * Sending signals, stopping and continuing groups. Source: signal(7), kill(2), wait(2); POSIX.1, "Signal Concepts".
 *
 * What a signal does when it is taken is the abi's business; here it is queued, dropped, or ends, stops or continues
 * its group, and parents hear of that. A standard signal is pending once however often it is sent; a real-time one queues.
 */
import {
  CLD_CONTINUED,
  CLD_STOPPED,
  defaultAction,
  highBit,
  lowBit,
  SA_NOCLDSTOP,
  SIG_DFL,
  SIG_IGN,
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGRTMIN,
  STOP_SIGNALS,
  UNBLOCKABLE,
} from '../../../abi/linux/signal.ts';
import { RLIMIT_SIGPENDING } from '../../../abi/linux/resource.ts';
import { killedStatus } from '../../../abi/linux/wait.ts';
import {
  createSignalAction,
  createSignalInfo,
  type SignalAction,
  type SignalInfo,
  type ThreadGroup,
} from '../../../contracts/process.ts';
import { blocks, inSet } from './pending.ts';
import { ALL, groupOf, INIT, liveThreads, mustGet, type Self, threadOf } from './self.ts';

const DEFAULT: Readonly<SignalAction> = Object.freeze(createSignalAction());

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

/** SIGCHLD for a stop or continue, unless the parent said SA_NOCLDSTOP; waiters are woken in any case. */
function tellParent(self: Self, group: ThreadGroup, code: number, status: number): void {
  const parent = self.state.groups.get(group.parent);
  if (parent === undefined || parent.zombie) return;
  const action = actionOf(self, parent, SIGCHLD);
  if (action.handler !== SIG_IGN && (action.flags & SA_NOCLDSTOP) === 0) {
    const info = createSignalInfo();
    info.signal = SIGCHLD;
    info.code = code;
    info.pid = group.tgid;
    info.uid = group.credentials.uid;
    info.status = status;
    signalGroup(self, parent.tgid, info);
  }
  self.kernel.waits.wake(parent.childEvent, ALL);
}

export function stopGroup(self: Self, tgid: number, signal: number): void {
  const group = self.state.groups.get(tgid);
  if (group === undefined || group.zombie || group.exiting || group.stopped !== 0) return;
  group.stopped = signal;
  group.stopReported = false;
  group.continued = false;
  // A thread that waits goes on waiting; woken before SIGCONT it does not get past its next return to user mode.
  for (const { tid } of liveThreads(self, group)) self.kernel.scheduler.dequeue(tid);
  tellParent(self, group, CLD_STOPPED, signal);
}

/** @param report false where the group goes on only to die of SIGKILL */
export function continueGroup(self: Self, group: ThreadGroup, report: boolean): void {
  if (group.stopped === 0) return;
  group.stopped = 0;
  group.stopReported = false;
  for (const { tid } of liveThreads(self, group)) {
    if (self.kernel.waits.waiting(tid) === null) self.kernel.scheduler.enqueue(tid);
    self.kernel.waits.notify(tid);
  }
  if (!report) return;
  group.continued = true;
  tellParent(self, group, CLD_CONTINUED, SIGCONT);
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

/** RLIMIT_SIGPENDING, counted for the process rather than its user. */
function queueFull(self: Self, group: ThreadGroup): boolean {
  let count = group.pending.length;
  for (const thread of liveThreads(self, group)) count += thread.pending.length;
  return count >= (group.limits[RLIMIT_SIGPENDING * 2] as number);
}

/** A signal that finds the queue full is still pending once. */
function queue(self: Self, group: ThreadGroup, pending: SignalInfo[], info: SignalInfo): void {
  const once = info.signal < SIGRTMIN || (pending.length > 0 && queueFull(self, group));
  if (once && pending.some((other) => other.signal === info.signal)) return;
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
  queue(self, group, group.pending, info);
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
  queue(self, group, thread.pending, info);
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
  queue(self, group, thread.pending, info);
  self.kernel.waits.notify(tid);
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
