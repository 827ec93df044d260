/**
 * Interval timers and CPU time: setitimer(2), timer_create(2), RLIMIT_CPU and RLIMIT_RTTIME of getrlimit(2).
 *
 * Timers by the clock are armed in the `clock` slot; timers by CPU time count down as time is added.
 */
import { EAGAIN } from '../../../abi/linux/errno.ts';
import { RLIMIT_CPU, RLIMIT_RTTIME } from '../../../abi/linux/resource.ts';
import {
  SI_KERNEL,
  SI_TIMER,
  SIGALRM,
  SIGKILL,
  SIGPROF,
  SIGVTALRM,
  SIGXCPU,
} from '../../../abi/linux/signal.ts';
import { CPUCLOCK_KIND, CPUCLOCK_PERTHREAD, CPUCLOCK_VIRT, cpuClockOwner } from '../../../abi/linux/time.ts';
import {
  createPosixTimer,
  createSignalInfo,
  type PosixTimer,
  type SignalInfo,
  type Thread,
  type ThreadGroup,
  WAKES,
} from '../../../contracts/process.ts';
import { tellsOverrun } from './policy.ts';
import { groupOf, liveThreads, mustGet, type Self } from './self.ts';
import { signalGroup, signalThread } from './signals.ts';

const SECOND = 1_000_000_000;
const MICROSECOND = 1000;
/** DELAYTIMER_MAX. */
const OVERRUN_MAX = 0x7fff_ffff;
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
    if (timer !== undefined) expire(self, timer, self.kernel.clock.monotonic());
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

/** @param now by the timer's clock */
function expire(self: Self, timer: PosixTimer, now: number): void {
  let missed = 0;
  if (timer.interval > 0) {
    missed = missedPeriods(now, timer.deadline, timer.interval);
    timer.deadline += (missed + 1) * timer.interval;
    if (timer.clock >= 0) self.kernel.clock.arm('itimer', -timer.id, timer.deadline);
  } else {
    timer.deadline = -1;
  }
  if (timer.signal === WAKES) {
    self.state.timers.delete(timer.id);
    self.kernel.waits.wake(timer.value, 1);
    return;
  }
  if (timer.signal === 0) return;
  const pending = pendingOf(self, timer);
  if (pending !== undefined) {
    timer.overrun = Math.min(OVERRUN_MAX, timer.overrun + missed + 1);
    pending.uid = timer.overrun;
    return;
  }
  timer.overrun = Math.min(OVERRUN_MAX, missed);
  const info = createSignalInfo();
  info.signal = timer.signal;
  info.code = SI_TIMER;
  // si_timerid and si_overrun lie where si_pid and si_uid do.
  info.pid = timer.id;
  info.uid = timer.overrun;
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
  if (signal === WAKES) forgetSleep(self, target);
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
  if (timer.clock < 0) checkCpuTimer(self, timer);
  else if (deadline < 0) self.kernel.clock.disarm('itimer', -id);
  else self.kernel.clock.arm('itimer', -id, deadline);
}

export function deleteTimer(self: Self, id: number): void {
  self.kernel.clock.disarm('itimer', -id);
  self.state.timers.delete(id);
}

/** The timer that a thread slept by, if a signal ended that. */
export function forgetSleep(self: Self, tid: number): void {
  for (const timer of [...self.state.timers.values()]) {
    if (timer.signal === WAKES && timer.tid === tid) deleteTimer(self, timer.id);
  }
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

/** Now by a clock of CPU time; -1 if who it belongs to is gone. */
function cpuNow(self: Self, clock: number): number {
  const owner = cpuClockOwner(clock);
  const userOnly = (clock & CPUCLOCK_KIND) === CPUCLOCK_VIRT;
  if ((clock & CPUCLOCK_PERTHREAD) !== 0) {
    const thread = self.state.threads.get(owner);
    if (thread === undefined || thread.dead) return -1;
    return userOnly ? thread.userNs : thread.userNs + thread.systemNs;
  }
  const group = self.state.groups.get(owner);
  if (group === undefined || group.zombie) return -1;
  if (!userOnly) return total(self, group);
  return liveThreads(self, group).reduce((ns, { userNs }) => ns + userNs, group.exitedUserNs);
}

function checkCpuTimer(self: Self, timer: PosixTimer): void {
  if (timer.deadline < 0) return;
  const now = cpuNow(self, timer.clock);
  if (now >= timer.deadline) expire(self, timer, now);
}

/** Timers on the CPU time of a thread that ran, or of its process. */
function checkCpuTimers(self: Self, { tid, tgid }: Thread): void {
  for (const timer of [...self.state.timers.values()]) {
    if (timer.clock >= 0) continue;
    const owner = cpuClockOwner(timer.clock);
    const perThread = (timer.clock & CPUCLOCK_PERTHREAD) !== 0;
    if (owner === (perThread ? tid : tgid)) checkCpuTimer(self, timer);
  }
}

/**
 * RLIMIT_RTTIME, in us: what a real-time thread may run without a blocking call. SIGXCPU once a second from the soft
 * limit on, SIGKILL at the hard one.
 */
function checkRealtime(self: Self, thread: Thread, group: ThreadGroup, added: number): void {
  const now = (self.kernel.scheduler.sinceWake?.(thread.tid) ?? 0) + added;
  const soft = (group.limits[RLIMIT_RTTIME * 2] as number) * MICROSECOND;
  const hard = (group.limits[RLIMIT_RTTIME * 2 + 1] as number) * MICROSECOND;
  if (now >= hard) kernelSignal(self, group, SIGKILL);
  else if (now >= soft && (now - added < soft || secondsOf(now - soft) !== secondsOf(now - added - soft))) {
    kernelSignal(self, group, SIGXCPU);
  }
}

const secondsOf = (ns: number): number => Math.floor(ns / SECOND);

/** SIGXCPU once a second from the soft limit on, SIGKILL at the hard one. */
function checkLimit(self: Self, group: ThreadGroup, added: number): void {
  const soft = group.limits[RLIMIT_CPU * 2] as number;
  const hard = group.limits[RLIMIT_CPU * 2 + 1] as number;
  const now = total(self, group);
  if (now >= hard * SECOND) {
    kernelSignal(self, group, SIGKILL);
  } else if (now >= soft * SECOND && secondsOf(now) !== secondsOf(now - added)) {
    kernelSignal(self, group, SIGXCPU);
  }
}

export function addTime(self: Self, tid: number, userNs: number, systemNs: number): void {
  const thread = self.state.threads.get(tid);
  if (thread === undefined || thread.dead) return;
  const user = Math.round(userNs);
  // Together they are what it ran, to the ns, so that its clock never goes back.
  const system = Math.round(userNs + systemNs) - user;
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
  if (self.state.timers.size > 0) checkCpuTimers(self, thread);
  // Asked before the scheduler is told of this run: it is the one that uses the runtime up.
  if (tellsOverrun(thread)) {
    const left = self.kernel.scheduler.budget?.(tid) ?? -1;
    if (left > 0 && user + system >= left) kernelSignal(self, group, SIGXCPU);
  }
  if (group.limits[RLIMIT_CPU * 2] !== Number.POSITIVE_INFINITY) checkLimit(self, group, user + system);
  if (group.limits[RLIMIT_RTTIME * 2] !== Number.POSITIVE_INFINITY && thread.policy.priority > 0) {
    checkRealtime(self, thread, group, user + system);
  }
}
