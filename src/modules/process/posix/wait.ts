/**
 * Collecting children. Source: wait(2), waitid(2).
 */
import { ECHILD } from '../../../abi/linux/errno.ts';
import { CLD_CONTINUED, CLD_EXITED, CLD_KILLED, CLD_STOPPED, SIGCHLD } from '../../../abi/linux/signal.ts';
import { CONTINUED_STATUS, endedBy, stoppedStatus } from '../../../abi/linux/wait.ts';
import type { ThreadGroup, WaitRequest, WaitResult } from '../../../contracts/process.ts';
import { addTally, createTally } from '../../../contracts/tally.ts';
import { tellPidfds } from './pidfds.ts';
import { forgetLast, groupOf, type Self } from './self.ts';

function matches(child: ThreadGroup, { which, kind }: WaitRequest): boolean {
  if (kind !== undefined && (child.exitSignal === SIGCHLD) !== (kind === 'plain')) return false;
  return which === 0 || (which > 0 ? child.tgid === which : child.pgid === -which);
}

function result(child: ThreadGroup, code: number, status: number): WaitResult {
  const tally = createTally();
  addTally(tally, child.exitedTally);
  addTally(tally, child.childTally);
  return {
    pid: child.tgid,
    uid: child.credentials.uid,
    status,
    code,
    userNs: child.exitedUserNs + child.childUserNs,
    systemNs: child.exitedSystemNs + child.childSystemNs,
    tally,
    peakResident: Math.max(child.peakResident, child.childPeakResident),
  };
}

export function wait(self: Self, tid: number, request: WaitRequest): WaitResult | number | null {
  const parent = groupOf(self, tid);
  let any = false;
  for (const pid of parent.children) {
    const child = self.state.groups.get(pid);
    if (child === undefined || !matches(child, request)) continue;
    any = true;
    if (child.zombie) {
      if (!request.exited) continue;
      const code = endedBy(child.status) === 0 ? CLD_EXITED : CLD_KILLED;
      const found = result(child, code, child.status);
      if (!request.keep) reap(self, child, parent);
      return found;
    }
    if (request.stopped && child.stopped !== 0 && !child.stopReported) {
      if (!request.keep) child.stopReported = true;
      return result(child, CLD_STOPPED, stoppedStatus(child.stopped));
    }
    if (request.continued && child.continued) {
      if (!request.keep) child.continued = false;
      return result(child, CLD_CONTINUED, CONTINUED_STATUS);
    }
  }
  return any ? null : -ECHILD;
}

/** The zombie's last records go. @param collector whose children's times grow; null where nobody waited */
export function reap(self: Self, child: ThreadGroup, collector: ThreadGroup | null): void {
  if (collector !== null) {
    collector.childUserNs += child.exitedUserNs + child.childUserNs;
    collector.childSystemNs += child.exitedSystemNs + child.childSystemNs;
    addTally(collector.childTally, child.exitedTally);
    addTally(collector.childTally, child.childTally);
    const peak = Math.max(child.peakResident, child.childPeakResident);
    collector.childPeakResident = Math.max(collector.childPeakResident, peak);
  }
  const parent = self.state.groups.get(child.parent);
  if (parent !== undefined) parent.children = parent.children.filter((pid) => pid !== child.tgid);
  forgetLast(self);
  for (const tid of child.threads) self.state.threads.delete(tid);
  self.state.groups.delete(child.tgid);
  tellPidfds(self, child.tgid, true);
}
