/**
 * Process groups, sessions and their terminal. Source: setpgid(2), setsid(2), credentials(7), POSIX.1 "orphaned process group".
 */
import { EACCES, EINVAL, EPERM, ESRCH } from '../../../abi/linux/errno.ts';
import { SIGCONT, SIGHUP, SI_KERNEL } from '../../../abi/linux/signal.ts';
import { createSignalInfo, type ThreadGroup } from '../../../contracts/process.ts';
import { groupOf, type Self } from './self.ts';
import { signalProcessGroup } from './signals.ts';

export function setProcessGroup(self: Self, tid: number, pid: number, pgid: number): number {
  const caller = groupOf(self, tid);
  const wanted = pid === 0 ? caller.tgid : pid;
  const target = pgid === 0 ? wanted : pgid;
  if (target < 0) return -EINVAL;
  const group = self.state.groups.get(wanted);
  if (group === undefined) return -ESRCH;
  if (group.parent === caller.tgid) {
    if (group.sid !== caller.sid) return -EPERM;
    if (group.executed) return -EACCES;
  } else if (group !== caller) {
    return -ESRCH;
  }
  if (group.sid === group.tgid) return -EPERM;
  if (target !== wanted) {
    let found = false;
    for (const other of self.state.groups.values()) {
      if (other.pgid === target && other.sid === caller.sid) found = true;
    }
    if (!found) return -EPERM;
  }
  group.pgid = target;
  return 0;
}

export function startSession(self: Self, tid: number): number {
  const group = groupOf(self, tid);
  for (const other of self.state.groups.values()) if (other.pgid === group.tgid) return -EPERM;
  group.sid = group.tgid;
  group.pgid = group.tgid;
  group.tty = -1;
  return group.tgid;
}

export function setTerminal(self: Self, tgid: number, tty: number): void {
  const group = self.state.groups.get(tgid);
  if (group === undefined) return;
  group.tty = tty;
  if (tty !== -1) return;
  for (const other of self.state.groups.values()) if (other.sid === group.sid) other.tty = -1;
}

/**
 * No member has a parent in another process group of the same session.
 * @param leaving a group that counts no more, because it is exiting
 */
export function isOrphaned(self: Self, pgid: number, leaving: ThreadGroup | null): boolean {
  for (const group of self.state.groups.values()) {
    if (group.pgid !== pgid || group === leaving || group.zombie) continue;
    const parent = self.state.groups.get(group.parent);
    if (parent === undefined || parent.parent === 0) continue;
    if (parent.pgid !== pgid && parent.sid === group.sid) return false;
  }
  return true;
}

/** A process group that became orphaned with a stopped member: SIGHUP, SIGCONT to all of it (POSIX, _exit). */
export function wakeOrphans(self: Self, pgid: number, leaving: ThreadGroup): void {
  let stopped = false;
  for (const group of self.state.groups.values()) {
    if (group.pgid === pgid && group.stopped !== 0 && !group.zombie) stopped = true;
  }
  if (!stopped || !isOrphaned(self, pgid, leaving)) return;
  for (const signal of [SIGHUP, SIGCONT]) {
    const info = createSignalInfo();
    info.signal = signal;
    info.code = SI_KERNEL;
    signalProcessGroup(self, pgid, info);
  }
}
