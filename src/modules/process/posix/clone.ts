/**
 * How processes and threads come to be: boot, spawn, clone. Source: fork(2), clone(2), credentials(7).
 *
 * Registers are not this module's: the caller copies them into the context that is chosen here, before the new
 * thread can run, which is at the end of the same kernel entry at the earliest.
 */
import { ALL_HIGH, ALL_LOW, CAP_SYS_ADMIN, CAP_SYS_RESOURCE } from '../../../abi/linux/capability.ts';
import { EAGAIN, ENOMEM } from '../../../abi/linux/errno.ts';
import { defaultLimits, RLIMIT_NPROC } from '../../../abi/linux/resource.ts';
import { SIGCHLD } from '../../../abi/linux/signal.ts';
import {
  type CloneRequest,
  type Credentials,
  createCredentials,
  createThread,
  createThreadGroup,
  type Thread,
  type ThreadGroup,
} from '../../../contracts/process.ts';
import { assignCredentials, capableOf } from './credentials.ts';
import { inheritPolicy, resetsOnFork } from './policy.ts';
import { notePeak } from './peak.ts';
import { groupOf, INIT, mustGet, type Self, threadOf } from './self.ts';
import { copyFiles, copyHandlers, descriptors, newFiles, newHandlers, newPlace, tooMany } from './tables.ts';

/** kernel.pid_max: one more than the highest pid. Numbers below RESERVED are not used again after a wrap. */
const PID_MAX = 32768;
const RESERVED = 300;

function pidInUse(self: Self, pid: number): boolean {
  if (self.state.threads.has(pid) || self.state.groups.has(pid)) return true;
  for (const group of self.state.groups.values()) if (group.pgid === pid || group.sid === pid) return true;
  return false;
}

/** A number that names no thread, group, process group or session; 0 if all are taken. */
function allocatePid(self: Self): number {
  for (let tried = 0; tried < PID_MAX; tried++) {
    if (self.state.nextPid >= PID_MAX) self.state.nextPid = RESERVED;
    const pid = self.state.nextPid++;
    if (!pidInUse(self, pid)) return pid;
  }
  return 0;
}

/** A free register context, or -1. */
export function allocateContext(self: Self): number {
  const { contexts } = self.state;
  const limit = self.kernel.machine.layout.contexts;
  for (let index = 0; index < limit; index++) {
    if (contexts[index] === true) continue;
    while (contexts.length < index) contexts.push(false);
    contexts[index] = true;
    return index;
  }
  return -1;
}

function addThread(self: Self, tid: number, group: ThreadGroup, context: number): Thread {
  const thread = createThread();
  thread.tid = tid;
  thread.tgid = group.tgid;
  thread.context = context;
  self.state.threads.set(tid, thread);
  group.threads.push(tid);
  return thread;
}

function newGroup(self: Self, tgid: number, parent: number, space: number): ThreadGroup {
  const { waits } = self.kernel;
  const group = createThreadGroup();
  group.tgid = tgid;
  group.parent = parent;
  group.space = space;
  group.childEvent = waits.newEvent();
  group.vforkEvent = waits.newEvent();
  group.threadEvent = waits.newEvent();
  group.signalEvent = waits.newEvent();
  group.startNs = self.kernel.clock.monotonic();
  self.state.groups.set(tgid, group);
  const above = self.state.groups.get(parent);
  if (above !== undefined) above.children.push(tgid);
  return group;
}

function firstCredentials(uid: number, gid: number): Credentials {
  const credentials = createCredentials();
  credentials.uid = credentials.euid = credentials.suid = credentials.fsuid = uid;
  credentials.gid = credentials.egid = credentials.sgid = credentials.fsgid = gid;
  if (uid === 0) {
    credentials.effectiveLow = credentials.permittedLow = ALL_LOW;
    credentials.effectiveHigh = credentials.permittedHigh = ALL_HIGH;
  }
  return credentials;
}

/** A process without a program: it is not runnable until `executed`. */
function firstOfSession(
  self: Self,
  pid: number,
  parent: number,
  space: number,
  root: number,
  cwd: number,
  uid: number,
  gid: number,
): number {
  const context = allocateContext(self);
  if (context < 0) return -EAGAIN;
  const group = newGroup(self, pid, parent, space);
  group.pgid = group.sid = pid;
  group.exitSignal = SIGCHLD;
  group.files = newFiles(self);
  group.handlers = newHandlers(self);
  group.place = newPlace(self, root, cwd, 0o22);
  group.credentials = firstCredentials(uid, gid);
  group.limits = defaultLimits();
  addThread(self, pid, group, context);
  self.kernel.scheduler.add({ tid: pid, nice: 0, runnable: false, cpuNs: 0 });
  return pid;
}

export function boot(self: Self, space: number, root: number, uid: number, gid: number): number {
  self.state.nextPid = INIT + 1;
  return firstOfSession(self, INIT, 0, space, root, root, uid, gid);
}

export function spawn(
  self: Self,
  space: number,
  root: number,
  cwd: number,
  uid: number,
  gid: number,
): number {
  const pid = allocatePid(self);
  return pid === 0 ? -EAGAIN : firstOfSession(self, pid, INIT, space, root, cwd, uid, gid);
}

/** RLIMIT_NPROC: threads of the real user, unless it may pass the limit. */
function overProcessLimit(self: Self, tid: number): boolean {
  const group = groupOf(self, tid);
  const limit = group.limits[RLIMIT_NPROC * 2] as number;
  const { uid } = group.credentials;
  if (limit === Number.POSITIVE_INFINITY || uid === 0) return false;
  if (capableOf(group.credentials, CAP_SYS_RESOURCE) || capableOf(group.credentials, CAP_SYS_ADMIN))
    return false;
  let count = 0;
  for (const other of self.state.groups.values()) {
    if (other.credentials.uid === uid) count += other.threads.length;
  }
  return count >= limit;
}

export function clone(self: Self, tid: number, request: CloneRequest): number {
  const caller = threadOf(self, tid);
  const group = groupOf(self, tid);
  if (overProcessLimit(self, tid)) return -EAGAIN;
  if (caller.policy.kind === 'deadline' && !resetsOnFork(caller)) return -EAGAIN;
  if (!request.shareFiles && tooMany(self, descriptors(self, tid).length)) return -ENOMEM;
  const context = allocateContext(self);
  if (context < 0) return -EAGAIN;
  const pid = allocatePid(self);
  if (pid === 0) {
    self.state.contexts[context] = false;
    return -EAGAIN;
  }
  const home = request.thread ? group : childGroup(self, group, pid, request);
  const thread = addThread(self, pid, home, context);
  thread.name = caller.name;
  thread.ioPriority = caller.ioPriority;
  thread.timerSlack = thread.defaultTimerSlack = caller.timerSlack;
  inheritPolicy(self, caller, thread);
  thread.maskLow = caller.restoreMask ? caller.savedMaskLow : caller.maskLow;
  thread.maskHigh = caller.restoreMask ? caller.savedMaskHigh : caller.maskHigh;
  // An alternate stack belongs to an address space: it is lost where the child shares that and runs beside the parent.
  if (!request.thread && (request.space !== group.space || request.vfork)) {
    thread.altStack = caller.altStack;
    thread.altStackSize = caller.altStackSize;
    thread.altStackFlags = caller.altStackFlags;
  }
  self.kernel.counters.forks++;
  const { nice, policy } = thread;
  self.kernel.scheduler.add({ tid: pid, nice, runnable: true, cpuNs: 0, policy, from: tid });
  self.kernel.scheduler.enqueue(pid);
  return pid;
}

function childGroup(self: Self, from: ThreadGroup, tgid: number, request: CloneRequest): ThreadGroup {
  const { state, kernel } = self;
  // Only pid 1's own parent is 0; a sibling of pid 1 would have none.
  const parent = request.parentOfCaller && from.parent !== 0 ? from.parent : from.tgid;
  const group = newGroup(self, tgid, parent, request.space);
  group.pgid = from.pgid;
  group.sid = from.sid;
  group.tty = from.tty;
  group.exitSignal = request.parentOfCaller ? from.exitSignal : request.exitSignal;
  group.vforkDone = !request.vfork;
  if (request.shareFiles) {
    group.files = from.files;
    mustGet(state.fileTables, from.files, 'descriptor table').users++;
  } else {
    group.files = copyFiles(self, from.files);
  }
  const place = mustGet(state.places, from.place, 'place');
  if (request.shareFs) {
    group.place = from.place;
    place.users++;
  } else {
    group.place = newPlace(self, place.root, place.cwd, place.umask);
  }
  if (request.shareHandlers) {
    group.handlers = from.handlers;
    mustGet(state.handlers, from.handlers, 'handler table').users++;
  } else {
    group.handlers = copyHandlers(self, from.handlers, request.clearHandlers);
  }
  assignCredentials(group.credentials, from.credentials);
  group.limits = from.limits.slice();
  if (from.executable !== 0) kernel.vfs.holdDentry(from.executable);
  group.executable = from.executable;
  group.argumentStart = from.argumentStart;
  group.argumentEnd = from.argumentEnd;
  group.environmentStart = from.environmentStart;
  group.environmentEnd = from.environmentEnd;
  group.auxiliary = from.auxiliary.slice();
  group.noNewPrivileges = from.noNewPrivileges;
  group.dumpable = from.dumpable;
  group.hugePagesDisabled = from.hugePagesDisabled;
  // What the child begins with is its own peak (getrusage(2)).
  notePeak(self, group);
  return group;
}
