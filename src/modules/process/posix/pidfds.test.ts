import { describe, expect, it } from 'vitest';
import { ENOENT, ESRCH } from '../../../abi/linux/errno.ts';
import { POLLHUP, POLLIN } from '../../../abi/linux/poll.ts';
import type { PidfdOperations } from '../../../contracts/pidfds.ts';
import { addThread, createFakeProcesses, type FakeProcesses, fork } from '../../../testing/fake-process.ts';

const ENDED = POLLIN | POLLHUP;
const ALL = { which: 0, exited: true, stopped: false, continued: false, keep: false };

function boot(): { fake: FakeProcesses; pid: number; pidfds: () => PidfdOperations } {
  const fake = createFakeProcesses();
  fake.process().boot(1, 10, 0, 0);
  const pid = fake.process().spawn(2, 10, 10, 0, 0);
  return { fake, pid, pidfds: () => fake.process() as unknown as PidfdOperations };
}

describe('a pidfd', () => {
  it('tells of the end of its process, and of being collected, to who waits, over replacement', () => {
    const { fake, pid, pidfds } = boot();
    const child = fork(fake, pid);
    const id = pidfds().openPidfd(child, false);
    fake.copyState();
    expect(pidfds().pollPidfd(id) & ENDED).toBe(0);
    fake.waits.begin();
    pidfds().armPidfd(id);
    fake.waits.commit(pid, { operation: 'syscall' });
    fake.process().exitGroup(child, 0);
    expect(fake.waits.resumed(pid)).not.toBe(0);
    expect(pidfds().pollPidfd(id) & ENDED).toBe(POLLIN);
    expect(pidfds().pidfd(id).pid).toBe(child);
    fake.process().wait(pid, ALL);
    fake.copyState();
    expect([pidfds().pollPidfd(id) & ENDED, pidfds().pidfd(id).pid]).toEqual([ENDED, 0]);
    pidfds().closePidfd(id);
    expect(fake.state().pidfds.size).toBe(0);
  });

  it('stands for its process, not for the one that has the number afterwards', () => {
    const { fake, pid, pidfds } = boot();
    const child = fork(fake, pid);
    const id = pidfds().openPidfd(child, false);
    fake.process().exitGroup(child, 0);
    fake.process().wait(pid, ALL);
    fake.state().nextPid = child;
    expect(fork(fake, pid)).toBe(child);
    expect(pidfds().pidfd(id).pid).toBe(0);
  });

  it('stands for a thread alone if it is told so', () => {
    const { fake, pid, pidfds } = boot();
    const other = addThread(fake, pid);
    expect([pidfds().openPidfd(other, false), pidfds().openPidfd(999, true)]).toEqual([-ENOENT, -ESRCH]);
    const [one, all] = [pidfds().openPidfd(other, true), pidfds().openPidfd(pid, false)];
    fake.process().exitThread(other, 0);
    expect([pidfds().pollPidfd(one) & ENDED, pidfds().pollPidfd(all) & ENDED]).toEqual([ENDED, 0]);
  });
});
