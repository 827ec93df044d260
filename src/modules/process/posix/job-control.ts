/**
 * Stopping and continuing groups, and what their parents hear of it. Source: signal(7), wait(2), POSIX.1 2.4.
 */
import {
  CLD_CONTINUED,
  CLD_STOPPED,
  SA_NOCLDSTOP,
  SIG_IGN,
  SIGCHLD,
  SIGCONT,
} from '../../../abi/linux/signal.ts';
import { createSignalInfo, type ThreadGroup } from '../../../contracts/process.ts';
import { ALL, liveThreads, type Self } from './self.ts';
import { actionOf, signalGroup } from './signals.ts';

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
