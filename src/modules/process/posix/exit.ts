/**
 * How threads and processes end. Source: exit_group(2), exit(3) "consequences", set_tid_address(2), wait(2).
 *
 * A thread that is not running is data, so that all threads of a group end at once, in the entry that ends the group.
 */
import {
  CLD_EXITED,
  CLD_KILLED,
  SA_NOCLDWAIT,
  SI_USER,
  SIG_IGN,
  SIGCHLD,
  SIGKILL,
} from '../../../abi/linux/signal.ts';
import { endedBy, exitCode, killedStatus } from '../../../abi/linux/wait.ts';
import { createSignalInfo, type Thread, type ThreadGroup } from '../../../contracts/process.ts';
import { addTally, createTally } from '../../../contracts/tally.ts';
import { allocateContext } from './clone.ts';
import { clearTid, releaseRobust } from './futexes.ts';
import { givePolicyBack, takePolicy } from './policy.ts';
import { ALL, forgetLast, groupOf, INIT, liveThreads, mustGet, type Self, threadOf } from './self.ts';
import { wakeOrphans } from './sessions.ts';
import { setMask } from './pending.ts';
import { actionOf, signalGroup } from './signals.ts';
import { tellPidfds } from './pidfds.ts';
import { dropFiles, dropHandlers, dropPlace, letGo } from './tables.ts';
import { notePeak } from './peak.ts';
import { deleteTimers, forgetSleep } from './timers.ts';
import { reap } from './wait.ts';

/** Take a thread out of the scheduler, the waits and the register contexts. */
function stopRunning(self: Self, thread: Thread): void {
  self.kernel.waits.cancel(thread.tid);
  self.kernel.scheduler.remove(thread.tid);
  givePolicyBack(self, thread);
  self.state.contexts[thread.context] = false;
  thread.dead = true;
  thread.pending = [];
}

export function exitThread(self: Self, tid: number, status: number): void {
  const thread = self.state.threads.get(tid);
  if (thread === undefined || thread.dead) return;
  const group = groupOf(self, tid);
  releaseRobust(self, thread, group);
  self.kernel.ipc.futexOwnerGone?.(tid);
  clearTid(self, thread, group);
  // A group signal that this thread was to take is another's now.
  setMask(self, tid, -1, -1);
  self.kernel.ipc.futexDone(tid);
  letGo(self, tid);
  stopRunning(self, thread);
  group.exitedUserNs += thread.userNs;
  group.exitedSystemNs += thread.systemNs;
  addTally(group.exitedTally, thread.tally);
  if (tid === group.tgid) {
    if (!group.exiting) group.status = status;
  } else {
    forgetLast(self);
    self.state.threads.delete(tid);
    group.threads = group.threads.filter((other) => other !== tid);
  }
  tellPidfds(self, tid, tid !== group.tgid);
  const left = liveThreads(self, group).length;
  forgetSleep(self, tid);
  if (left === 0) endGroup(self, group);
  else if (left === 1) self.kernel.waits.wake(group.threadEvent, ALL);
}

export function exitGroup(self: Self, tgid: number, status: number): void {
  const group = self.state.groups.get(tgid);
  if (group === undefined || group.zombie) return;
  if (!group.exiting) {
    group.exiting = true;
    group.status = status;
  }
  // The leader last, so that its records outlive the others'.
  for (const thread of liveThreads(self, group).reverse()) exitThread(self, thread.tid, group.status);
}

export function exitOthers(self: Self, tid: number): boolean {
  const group = groupOf(self, tid);
  const caller = threadOf(self, tid);
  for (const thread of liveThreads(self, group)) {
    if (thread.tid !== tid && thread.tid !== group.tgid) exitThread(self, thread.tid, 0);
  }
  if (tid === group.tgid) return true;
  const leader = threadOf(self, group.tgid);
  if (leader.dead) {
    leader.context = allocateContext(self);
    if (leader.context < 0) {
      leader.context = caller.context;
      self.state.contexts[leader.context] = true;
    }
    leader.dead = false;
    // What it used is the group's already.
    leader.userNs = leader.systemNs = 0;
    leader.tally = createTally();
  } else {
    self.kernel.ipc.futexDone(leader.tid);
    letGo(self, leader.tid);
    self.kernel.waits.cancel(leader.tid);
    self.kernel.scheduler.remove(leader.tid);
  }
  leader.inherited = null;
  leader.name = caller.name;
  takePolicy(self, caller, leader);
  leader.maskLow = caller.maskLow;
  leader.maskHigh = caller.maskHigh;
  leader.restoreMask = false;
  leader.pending = caller.pending;
  caller.pending = [];
  leader.clearTid = 0;
  leader.robustList = 0;
  const { nice, policy } = leader;
  self.kernel.scheduler.add({ tid: leader.tid, nice, runnable: true, cpuNs: caller.userNs, policy });
  self.kernel.scheduler.enqueue(leader.tid);
  exitThread(self, tid, 0);
  self.state.contexts[leader.context] = true;
  return true;
}

/** The last thread is gone: let go of everything but what the parent may collect. */
function endGroup(self: Self, group: ThreadGroup): void {
  const { kernel } = self;
  group.zombie = true;
  group.stopped = 0;
  group.pending = [];
  kernel.clock.disarm('itimer', group.tgid);
  deleteTimers(self, group.tgid);
  dropFiles(self, group.files, group.tgid);
  dropPlace(self, group.place);
  if (group.executable !== 0) kernel.vfs.releaseDentry(group.executable);
  group.executable = 0;
  notePeak(self, group);
  kernel.vm.release(group.space);
  group.space = 0;
  kernel.ipc.undoSemaphores?.(group.tgid);
  group.vforkDone = true;
  kernel.waits.wake(group.vforkEvent, ALL);
  kernel.waits.wake(group.threadEvent, ALL);
  if (group.sid === group.tgid) leaveTerminal(self, group);
  abandonChildren(self, group);
  // It may have been what tied its process group to the rest of the session.
  const parent = self.state.groups.get(group.parent);
  if (parent !== undefined && parent.pgid !== group.pgid && parent.sid === group.sid) {
    wakeOrphans(self, group.pgid, group);
  }
  dropHandlers(self, group.handlers);
  tellPidfds(self, group.tgid, false);
  announce(self, group);
}

/** A session leader's end hangs up its terminal and takes it from the session. */
function leaveTerminal(self: Self, group: ThreadGroup): void {
  const { tty } = group;
  if (tty !== -1) self.kernel.tty.hangUp(tty);
  for (const other of self.state.groups.values()) if (other.sid === group.sid) other.tty = -1;
}

/** The nearest ancestor that is a subreaper (prctl(2)), or pid 1. */
function reaperOf(self: Self, group: ThreadGroup): number {
  let above = self.state.groups.get(group.parent);
  while (above !== undefined && above.tgid !== INIT) {
    if (above.subreaper && !above.zombie) return above.tgid;
    above = self.state.groups.get(above.parent);
  }
  return INIT;
}

/** Children go to a reaper. When pid 1 itself ends, so does everything (pid_namespaces(7)). */
function abandonChildren(self: Self, group: ThreadGroup): void {
  const { state } = self;
  if (group.tgid === INIT) {
    for (const other of [...state.groups.values()]) {
      if (other !== group) exitGroup(self, other.tgid, killedStatus(SIGKILL));
    }
    return;
  }
  const reaper = reaperOf(self, group);
  const above = mustGet(state.groups, reaper, 'process');
  for (const pid of group.children.slice()) {
    const child = state.groups.get(pid);
    if (child === undefined) continue;
    child.parent = reaper;
    above.children.push(pid);
    child.exitSignal = SIGCHLD;
    if (child.zombie) announce(self, child);
    else {
      if (child.parentDeathSignal !== 0) {
        const info = createSignalInfo();
        info.signal = child.parentDeathSignal;
        info.code = SI_USER;
        info.pid = group.tgid;
        signalGroup(self, pid, info);
      }
      if (child.pgid !== group.pgid && child.sid === group.sid) wakeOrphans(self, child.pgid, group);
    }
  }
  group.children = [];
}

/** Tell the parent; without one that cares the zombie goes at once. */
function announce(self: Self, group: ThreadGroup): void {
  const parent = self.state.groups.get(group.parent);
  if (parent === undefined || parent.zombie) {
    if (group.tgid !== INIT) reap(self, group, null);
    return;
  }
  const action = actionOf(self, parent, SIGCHLD);
  const unwanted =
    group.exitSignal === SIGCHLD && (action.handler === SIG_IGN || (action.flags & SA_NOCLDWAIT) !== 0);
  if (group.exitSignal !== 0 && !(unwanted && action.handler === SIG_IGN)) {
    const killed = endedBy(group.status);
    const info = createSignalInfo();
    info.signal = group.exitSignal;
    info.code = killed === 0 ? CLD_EXITED : CLD_KILLED;
    info.pid = group.tgid;
    info.uid = group.credentials.uid;
    info.status = killed === 0 ? exitCode(group.status) : killed;
    signalGroup(self, parent.tgid, info);
  }
  if (unwanted) reap(self, group, null);
  self.kernel.waits.wake(parent.childEvent, ALL);
}
