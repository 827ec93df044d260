import { describe, expect, it } from 'vitest';
import { RLIMIT_CPU } from '../../../abi/linux/resource.ts';
import {
  SI_TIMER,
  SIGALRM,
  SIGKILL,
  SIGPROF,
  SIGUSR1,
  SIGVTALRM,
  SIGXCPU,
} from '../../../abi/linux/signal.ts';
import { createFakeProcesses, type FakeProcesses, fork } from '../../../testing/fake-process.ts';

const SECOND = 1_000_000_000;

function boot(): { fake: FakeProcesses; pid: number } {
  const fake = createFakeProcesses();
  fake.process().boot(1, 10, 0, 0);
  const pid = fake.process().spawn(2, 10, 10, 0, 0);
  fake.process().setMask(pid, -1, -1);
  return { fake, pid };
}

const take = (fake: FakeProcesses, pid: number): number =>
  fake.process().takeSignal(pid, -1, -1)?.signal ?? 0;

describe('timers by the clock', () => {
  it('keep to their period however late they are seen', () => {
    const { fake, pid } = boot();
    const group = fake.process().group(pid);
    group.timerInterval = 10;
    group.timerDeadline = 100;
    fake.now = 127;
    fake.process().timerExpired(pid);
    expect(fake.calls).toContain(`clock.arm itimer ${pid} 130`);
    expect(take(fake, pid)).toBe(SIGALRM);
  });

  it('queue one signal and count what it stands for', () => {
    const { fake, pid } = boot();
    const id = fake.process().createTimer(pid, 1, 0, SIGUSR1, null);
    fake.process().setTimer(id, 100, 10);
    for (const now of [100, 110, 145]) {
      fake.now = now;
      fake.process().timerExpired(-id);
      fake.copyState();
    }
    // Due at 100, 110, 120, 130, 140: one signal, four more periods.
    expect(fake.process().takeSignal(pid, -1, -1)).toMatchObject({
      code: SI_TIMER,
      pid: id,
      uid: 4,
      value: id,
    });
    expect(take(fake, pid)).toBe(0);
    expect(fake.process().timer(pid, id)).toMatchObject({ deadline: 150, overrun: 4 });
  });

  it('belong to one process, and go with it or with its program', () => {
    const { fake, pid } = boot();
    const child = fork(fake, pid);
    const id = fake.process().createTimer(pid, 1, 0, SIGUSR1, 5);
    const other = fake.process().createTimer(child, 1, 0, SIGUSR1, 5);
    expect(fake.process().timer(child, id)).toBeNull();
    fake.process().executed(child, 7, 'program');
    expect(fake.process().timer(child, other)).toBeNull();
    fake.process().exitGroup(pid, 0);
    expect(fake.state().timers.size).toBe(0);
    fake.process().timerExpired(-id);
  });
});

describe('timers by CPU time', () => {
  it('count user time, or all of it', () => {
    const { fake, pid } = boot();
    const group = fake.process().group(pid);
    group.virtualLeft = group.virtualInterval = 100;
    group.profileLeft = 150;
    fake.process().addTime(pid, 99, 0);
    expect(take(fake, pid)).toBe(0);
    fake.process().addTime(pid, 1, 60);
    expect([take(fake, pid), take(fake, pid), take(fake, pid)]).toEqual([SIGVTALRM, SIGPROF, 0]);
    expect([group.virtualLeft, group.profileLeft]).toEqual([100, 0]);
  });

  it('warn each second from the soft limit on and kill at the hard one', () => {
    const { fake, pid } = boot();
    const { limits } = fake.process().group(pid);
    limits[RLIMIT_CPU * 2] = 2;
    limits[RLIMIT_CPU * 2 + 1] = 4;
    const seen: number[] = [];
    for (let i = 0; i < 7; i++) {
      fake.process().addTime(pid, SECOND / 2, 0);
      seen.push(take(fake, pid));
    }
    expect(seen).toEqual([0, 0, 0, SIGXCPU, 0, SIGXCPU, 0]);
    fake.process().addTime(pid, SECOND / 2, 0);
    expect(fake.process().group(pid)).toMatchObject({ exiting: true, status: SIGKILL });
  });
});
