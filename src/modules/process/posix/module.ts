/**
 * Processes as POSIX and Linux have them. The parts are beside; this file only fills the table.
 */
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Module } from '../../../contracts/module.ts';
import { type Process, type ProcessState, processLayout, WAKES } from '../../../contracts/process.ts';
import { highBit, lowBit } from '../../../abi/linux/signal.ts';
import { boot, clone, spawn } from './clone.ts';
import { capableOf, maySignal, setCredentials } from './credentials.ts';
import { executed } from './exec.ts';
import { exitGroup, exitOthers, exitThread } from './exit.ts';
import { pidfdOperations } from './pidfds.ts';
import { pendingBits, setMask, signalPending, takeSignal } from './pending.ts';
import { createSelf, findThread, groupOf, threadOf } from './self.ts';
import { inherit } from './policy.ts';
import { isOrphaned, setProcessGroup, setTerminal, startSession } from './sessions.ts';
import {
  actionOf,
  forceSignal,
  setAction,
  signalGroup,
  signalProcessGroup,
  signalThread,
  stopGroup,
} from './signals.ts';
import {
  close,
  closesOnExec,
  descriptors,
  fileOf,
  holdFile,
  install,
  installAt,
  letGo,
  placeOf,
  setCloseOnExec,
  unshareFiles,
} from './tables.ts';
import { addTime, createTimer, deleteTimer, setTimer, timerExpired } from './timers.ts';
import { wait } from './wait.ts';

function create(state: ProcessState, kernel: Kernel): Process {
  const self = createSelf(state, kernel);
  return {
    boot: (space, root, uid, gid) => boot(self, space, root, uid, gid),
    clone: (tid, request) => clone(self, tid, request),
    spawn: (space, root, cwd, uid, gid) => spawn(self, space, root, cwd, uid, gid),
    thread: (tid) => threadOf(self, tid),
    group: (tid) => groupOf(self, tid),
    findThread: (tid) => findThread(self, tid),
    findGroup: (tgid) => state.groups.get(tgid) ?? null,
    groups: () => [...state.groups.values()].sort((a, b) => a.tgid - b.tgid),
    place: (tid) => placeOf(self, tid),
    exitThread: (tid, status) => exitThread(self, tid, status),
    exitGroup: (tgid, status) => exitGroup(self, tgid, status),
    exitOthers: (tid) => exitOthers(self, tid),
    executed: (tid, space, name) => executed(self, tid, space, name),
    wait: (tid, request) => wait(self, tid, request),
    file: (tid, fd) => fileOf(self, tid, fd),
    holdFile: (tid, fd, bound) => holdFile(self, tid, fd, bound),
    letGo: (tid) => letGo(self, tid),
    closesOnExec: (tid, fd) => closesOnExec(self, tid, fd),
    setCloseOnExec: (tid, fd, on) => setCloseOnExec(self, tid, fd, on),
    install: (tid, file, from, closeOnExec) => install(self, tid, file, from, closeOnExec),
    installAt: (tid, file, fd, closeOnExec) => installAt(self, tid, file, fd, closeOnExec),
    close: (tid, fd) => close(self, tid, fd),
    descriptors: (tid) => descriptors(self, tid),
    unshareFiles: (tid) => unshareFiles(self, tid),
    setProcessGroup: (tid, pid, pgid) => setProcessGroup(self, tid, pid, pgid),
    startSession: (tid) => startSession(self, tid),
    setTerminal: (tgid, tty) => setTerminal(self, tgid, tty),
    orphaned: (pgid) => isOrphaned(self, pgid, null),
    signalGroup: (tgid, info) => signalGroup(self, tgid, info),
    signalThread: (tid, info) => signalThread(self, tid, info),
    signalProcessGroup: (pgid, info) => signalProcessGroup(self, pgid, info),
    maySignal: (tid, tgid, signal) => maySignal(self, tid, tgid, signal),
    forceSignal: (tid, info) => forceSignal(self, tid, info),
    signalPending: (tid) => signalPending(self, tid),
    pendingLow: (tid) => pendingBits(self, tid, lowBit),
    pendingHigh: (tid) => pendingBits(self, tid, highBit),
    takeSignal: (tid, low, high) => takeSignal(self, tid, low, high),
    action: (tid, signal) => actionOf(self, groupOf(self, tid), signal),
    setAction: (tid, signal, action) => setAction(self, tid, signal, action),
    setMask: (tid, low, high) => setMask(self, tid, low, high),
    stopGroup: (tgid, signal) => stopGroup(self, tgid, signal),
    credentials: (tid) => groupOf(self, tid).credentials,
    setCredentials: (tid, credentials) => setCredentials(self, tid, credentials),
    capable: (tid, capability) => capableOf(groupOf(self, tid).credentials, capability),
    inherit: (tid, policy) => inherit(self, tid, policy),
    addTime: (tid, userNs, systemNs) => addTime(self, tid, userNs, systemNs),
    timerExpired: (target) => timerExpired(self, target),
    createTimer: (tid, clock, target, signal, value) => createTimer(self, tid, clock, target, signal, value),
    timer(tid, id) {
      const timer = state.timers.get(id);
      if (timer === undefined || timer.signal === WAKES) return null;
      return timer.tgid === threadOf(self, tid).tgid ? timer : null;
    },
    setTimer: (id, deadline, interval) => setTimer(self, id, deadline, interval),
    deleteTimer: (id) => deleteTimer(self, id),
    ...pidfdOperations(self),
  };
}

export const posixProcess: Module<Process, ProcessState> = {
  manifest: {
    slot: 'process',
    name: 'posix',
    version: '1.0.0',
    contract: 1,
    interfaces: ['priority-inheritance', 'held-files', 'pidfds'],
    needs: { clock: 1, scheduler: 1, ipc: 1, vm: 1, pmap: 1, tty: 1, vfs: 1 },
    description: 'Processes, threads, sessions and signals as POSIX and Linux define them',
  },
  layout: processLayout,
  create,
};
export default posixProcess;
