/**
 * Interval timers and CPU time: setitimer(2), timer_create(2), RLIMIT_CPU of getrlimit(2).
 *
 * Timers by the clock are armed in the `clock` slot; timers by CPU time count down as time is added.
 */
import { EAGAIN } from '../../../abi/linux/errno.ts';
import { RLIMIT_CPU } from '../../../abi/linux/resource.ts';
import {
  SI_KERNEL,
  SI_TIMER,
  SIGALRM,
  SIGKILL,
  SIGPROF,
  SIGVTALRM,
  SIGXCPU,
} from '../../../abi/linux/signal.ts';
import {
  createPosixTimer,
  createSignalInfo,
  type PosixTimer,
  type SignalInfo,
  type ThreadGroup,
} from '../../../contracts/process.ts';
import { groupOf, liveThreads, mustGet, type Self } from './self.ts';
import { signalGroup, signalThread } from './signals.ts';

const SECOND = 1_000_000_000;
/** Timers that one process may have: Linux counts them as pending signals, of which a user has some thousands. */
const TIMERS_MAX = 4096;

function kernelSignal(self: Self, group: ThreadGroup, signal: number): void {
  const info = createSignalInfo();
  info.signal = signal;
  info.code = SI_KERNEL;
  signalGroup(self, group.tgid, info);
}

/** Periods that passed unseen, when a timer expires at `now` that was due at `deadline`. */
const missedPeriods = (now: number, deadline: number, interval: number): number =>
  Math.max(0, Math.floor((now - deadline) / interval));

export function timerExpired(self: Self, target: number): void {
  if (target < 0) {
    const timer = self.state.timers.get(-target);
    if (timer !== undefined) expire(self, timer);
    return;
  }
  const group = self.state.groups.get(target);
  if (group === undefined || group.zombie) return;
  if (group.timerInterval > 0) {
    // From the deadline, not from now, so that it does not drift.
    const missed = missedPeriods(self.kernel.clock.monotonic(), group.timerDeadline, group.timerInterval);
    group.timerDeadline += (missed + 1) * group.timerInterval;
    self.kernel.clock.arm('itimer', target, group.timerDeadline);
  }
  kernelSignal(self, group, SIGALRM);
}

/** The timer's signal that is still pending, if any: it is never queued twice. */
function pendingOf(self: Self, timer: PosixTimer): SignalInfo | undefined {
  const mine = (info: SignalInfo): boolean => info.code === SI_TIMER && info.pid === timer.id;
  if (timer.tid !== 0) return self.state.threads.get(timer.tid)?.pending.find(mine);
  return self.state.groups.get(timer.tgid)?.pending.find(mine);
}

function expire(self: Self, timer: PosixTimer): void {
  let missed = 0;
  if (timer.interval > 0) {
    missed = missedPeriods(self.kernel.clock.monotonic(), timer.deadline, timer.interval);
    timer.deadline += (missed + 1) * timer.interval;
    self.kernel.clock.arm('itimer', -timer.id, timer.deadline);
  } else {
    timer.deadline = -1;
  }
  if (timer.signal === 0) return;
  const pending = pendingOf(self, timer);
  if (pending !== undefined) {
    timer.overrun += missed + 1;
    pending.uid = timer.overrun;
    return;
  }
  timer.overrun = missed;
  const info = createSignalInfo();
  info.signal = timer.signal;
  info.code = SI_TIMER;
  // si_timerid and si_overrun lie where si_pid and si_uid do.
  info.pid = timer.id;
  info.uid = missed;
  info.value = timer.value;
  if (timer.tid === 0) signalGroup(self, timer.tgid, info);
  else signalThread(self, timer.tid, info);
}

export function createTimer(
  self: Self,
  tid: number,
  clock: number,
  target: number,
  signal: number,
  value: number | null,
): number {
  const { tgid } = groupOf(self, tid);
  let count = 0;
  for (const other of self.state.timers.values()) if (other.tgid === tgid) count++;
  if (count >= TIMERS_MAX) return -EAGAIN;
  const timer = createPosixTimer();
  timer.id = self.state.nextTimer++;
  timer.tgid = tgid;
  timer.clock = clock;
  timer.tid = target;
  timer.signal = signal;
  timer.value = value ?? timer.id;
  self.state.timers.set(timer.id, timer);
  return timer.id;
}

export function setTimer(self: Self, id: number, deadline: number, interval: number): void {
  const timer = mustGet(self.state.timers, id, 'timer');
  timer.interval = interval;
  timer.deadline = deadline;
  timer.overrun = 0;
  if (deadline < 0) self.kernel.clock.disarm('itimer', -id);
  else self.kernel.clock.arm('itimer', -id, deadline);
}

export function deleteTimer(self: Self, id: number): void {
  self.kernel.clock.disarm('itimer', -id);
  self.state.timers.delete(id);
}

/** All of a process that ends or executes a program. */
export function deleteTimers(self: Self, tgid: number): void {
  for (const timer of [...self.state.timers.values()]) if (timer.tgid === tgid) deleteTimer(self, timer.id);
}

/** CPU time of the group's threads, gone and present. */
function total(self: Self, group: ThreadGroup): number {
  let ns = group.exitedUserNs + group.exitedSystemNs;
  for (const thread of liveThreads(self, group)) ns += thread.userNs + thread.systemNs;
  return ns;
}

/** SIGXCPU once a second from the soft limit on, SIGKILL at the hard one. */
function checkLimit(self: Self, group: ThreadGroup, added: number): void {
  const soft = group.limits[RLIMIT_CPU * 2] as number;
  const hard = group.limits[RLIMIT_CPU * 2 + 1] as number;
  const now = total(self, group);
  if (now >= hard * SECOND) {
    kernelSignal(self, group, SIGKILL);
  } else if (now >= soft * SECOND && Math.floor(now / SECOND) !== Math.floor((now - added) / SECOND)) {
    kernelSignal(self, group, SIGXCPU);
  }
}

export function addTime(self: Self, tid: number, userNs: number, systemNs: number): void {
  const thread = self.state.threads.get(tid);
  if (thread === undefined || thread.dead) return;
  const user = Math.round(userNs);
  const system = Math.round(systemNs);
  thread.userNs += user;
  thread.systemNs += system;
  const group = groupOf(self, tid);
  if (group.virtualLeft > 0) {
    group.virtualLeft -= user;
    if (group.virtualLeft <= 0) {
      group.virtualLeft = group.virtualInterval;
      kernelSignal(self, group, SIGVTALRM);
    }
  }
  if (group.profileLeft > 0) {
    group.profileLeft -= user + system;
    if (group.profileLeft <= 0) {
      group.profileLeft = group.profileInterval;
      kernelSignal(self, group, SIGPROF);
    }
  }
  if (group.limits[RLIMIT_CPU * 2] !== Number.POSITIVE_INFINITY) checkLimit(self, group, user + system);
}
