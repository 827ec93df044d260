/**
 * Files that stand for processes and threads. Source: pidfd_open(2), "poll(2)".
 */
import { ENOENT, ESRCH } from '../../../abi/linux/errno.ts';
import { POLLHUP, POLLIN, POLLRDNORM } from '../../../abi/linux/poll.ts';
import { createPidfd, type Pidfd, type PidfdOperations } from '../../../contracts/pidfds.ts';
import { ALL, mustGet, type Self } from './self.ts';

const pidfdOf = (self: Self, id: number): Pidfd => mustGet(self.state.pidfds, id, 'pidfd');

function openPidfd(self: Self, pid: number, thread: boolean): number {
  const { state, kernel } = self;
  if (!state.groups.has(pid)) {
    const found = state.threads.get(pid);
    if (found === undefined) return -ESRCH;
    if (!thread) return -ENOENT;
  }
  const pidfd = createPidfd();
  pidfd.id = state.nextPidfd++;
  pidfd.pid = pid;
  pidfd.thread = thread;
  pidfd.event = kernel.waits.newEvent();
  state.pidfds.set(pidfd.id, pidfd);
  return pidfd.id;
}

function pollPidfd(self: Self, id: number): number {
  const { pid, thread } = pidfdOf(self, id);
  if (pid === 0) return POLLIN | POLLRDNORM | POLLHUP;
  const { threads, groups } = self.state;
  const ended = thread ? threads.get(pid)?.dead !== false : groups.get(pid)?.zombie !== false;
  return ended ? POLLIN | POLLRDNORM : 0;
}

/** Whoever has this number has ended. @param gone the number may be another's from now on */
export function tellPidfds(self: Self, pid: number, gone: boolean): void {
  for (const pidfd of self.state.pidfds.values()) {
    if (pidfd.pid !== pid) continue;
    if (gone) pidfd.pid = 0;
    self.kernel.waits.wake(pidfd.event, ALL);
  }
}

export const pidfdOperations = (self: Self): PidfdOperations => ({
  openPidfd: (pid, thread) => openPidfd(self, pid, thread),
  pidfd: (id) => pidfdOf(self, id),
  pollPidfd: (id) => pollPidfd(self, id),
  armPidfd: (id) => self.kernel.waits.on(pidfdOf(self, id).event),
  closePidfd: (id) => void self.state.pidfds.delete(id),
});
