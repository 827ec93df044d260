/**
 * What execve(2) does to a process beside its memory: tables, handlers, names. Source: execve(2), "Effect on process attributes".
 */
import { SIGCHLD } from '../../../abi/linux/signal.ts';
import { clearTid, releaseRobust } from './futexes.ts';
import { notePeak } from './peak.ts';
import { ALL, groupOf, type Self, threadOf } from './self.ts';
import { deleteTimers } from './timers.ts';
import { closeMarked, copyHandlers, dropHandlers, unshareFiles } from './tables.ts';

/** Pending signals, the mask and interval timers stay; a shared descriptor table becomes the process's own. */
export function executed(self: Self, tid: number, space: number, name: string): void {
  const { kernel } = self;
  const thread = threadOf(self, tid);
  const group = groupOf(self, tid);
  if (group.space !== space) {
    releaseRobust(self, thread, group);
    clearTid(self, thread, group);
    const before = group.space;
    notePeak(self, group);
    group.space = space;
    kernel.vm.release(before);
  }
  unshareFiles(self, tid);
  closeMarked(self, tid);
  deleteTimers(self, group.tgid);
  const handlers = group.handlers;
  group.handlers = copyHandlers(self, handlers, true);
  dropHandlers(self, handlers);
  thread.name = name;
  thread.clearTid = 0;
  thread.robustList = 0;
  thread.restoreMask = false;
  thread.altStack = 0;
  thread.altStackSize = 0;
  thread.altStackFlags = 2;
  group.executed = true;
  group.keepCapabilities = false;
  group.dumpable = true;
  group.exitSignal = SIGCHLD;
  group.vforkDone = true;
  kernel.waits.wake(group.vforkEvent, ALL);
  kernel.scheduler.enqueue(tid);
}
