import { describe, expect, it } from 'vitest';
import {
  highBit,
  lowBit,
  SIGCHLD,
  SIGCONT,
  SIGHUP,
  SIGINT,
  SIGKILL,
  SIGSEGV,
  SIGSTOP,
  SIGTERM,
  SIGTSTP,
  SIGUSR1,
  SIGUSR2,
  SIG_IGN,
} from '../../../abi/linux/signal.ts';
import { createSignalAction } from '../../../contracts/process.ts';
import {
  addThread,
  createFakeProcesses,
  type FakeProcesses,
  fork,
  sent,
} from '../../../testing/fake-process.ts';

const HANDLER = 0x1000;

function boot(): { fake: FakeProcesses; pid: number } {
  const fake = createFakeProcesses();
  fake.process().boot(1, 10, 0, 0);
  const pid = fake.process().spawn(2, 10, 10, 1000, 1000);
  return { fake, pid };
}

function handle(fake: FakeProcesses, tid: number, signal: number, handler: number): void {
  const action = createSignalAction();
  action.handler = handler;
  fake.process().setAction(tid, signal, action);
}

const take = (fake: FakeProcesses, tid: number): number => {
  const { maskLow, maskHigh } = fake.process().thread(tid);
  return fake.process().takeSignal(tid, ~maskLow, ~maskHigh)?.signal ?? 0;
};

describe('queueing', () => {
  it('keeps a standard signal once and every instance of a real-time signal in order', () => {
    const { fake, pid } = boot();
    fake.process().setMask(pid, -1, -1);
    for (const value of [1, 2, 3]) {
      fake.process().signalGroup(pid, sent(SIGUSR1, value));
      fake.process().signalGroup(pid, sent(40, value));
    }
    fake.copyState();
    fake.process().setMask(pid, 0, 0);
    expect(fake.process().takeSignal(pid, -1, -1)).toMatchObject({ signal: SIGUSR1, value: 1 });
    const values = [1, 2, 3].map(() => fake.process().takeSignal(pid, -1, -1)?.value);
    expect(values).toEqual([1, 2, 3]);
    expect(fake.process().takeSignal(pid, -1, -1)).toBeNull();
  });

  it('takes a synchronous fault first, then the lowest number, the thread before the group', () => {
    const { fake, pid } = boot();
    for (const signal of [SIGINT, SIGSEGV, SIGTERM, SIGHUP]) handle(fake, pid, signal, HANDLER);
    fake.process().signalGroup(pid, sent(SIGHUP));
    fake.process().signalThread(pid, sent(SIGTERM));
    fake.process().signalThread(pid, sent(SIGINT));
    fake.process().signalThread(pid, sent(SIGSEGV));
    expect([1, 2, 3, 4].map(() => take(fake, pid))).toEqual([SIGSEGV, SIGINT, SIGTERM, SIGHUP]);
  });

  it('lets an ignored signal vanish unless it is blocked', () => {
    const { fake, pid } = boot();
    handle(fake, pid, SIGUSR1, SIG_IGN);
    fake.process().signalGroup(pid, sent(SIGUSR1));
    fake.process().signalGroup(pid, sent(SIGCHLD));
    expect(fake.process().pendingLow(pid)).toBe(0);
    fake.process().setMask(pid, lowBit(SIGUSR1) | lowBit(SIGCHLD), 0);
    fake.process().signalGroup(pid, sent(SIGUSR1));
    fake.process().signalGroup(pid, sent(SIGCHLD));
    expect(fake.process().pendingLow(pid)).toBe(lowBit(SIGUSR1) | lowBit(SIGCHLD));
  });

  it('drops what is pending when its action becomes to ignore', () => {
    const { fake, pid } = boot();
    fake.process().setMask(pid, -1, -1);
    fake.process().signalGroup(pid, sent(SIGUSR1));
    fake.process().signalThread(pid, sent(SIGUSR1));
    handle(fake, pid, SIGUSR1, SIG_IGN);
    expect(fake.process().pendingLow(pid)).toBe(0);
  });

  it('never blocks SIGKILL and SIGSTOP', () => {
    const { fake, pid } = boot();
    fake.process().setMask(pid, -1, -1);
    const { maskLow } = fake.process().thread(pid);
    expect(maskLow & (lowBit(SIGKILL) | lowBit(SIGSTOP))).toBe(0);
    fake.process().signalGroup(pid, sent(SIGSTOP));
    expect(fake.process().signalPending(pid)).toBe(true);
  });

  it('gives a signal of the group to a thread that does not block it, one of a thread to that thread alone', () => {
    const { fake, pid } = boot();
    const other = addThread(fake, pid);
    handle(fake, pid, SIGUSR1, HANDLER);
    handle(fake, pid, SIGUSR2, HANDLER);
    fake.process().setMask(pid, -1, -1);
    fake.process().signalGroup(pid, sent(SIGUSR1));
    expect(take(fake, pid)).toBe(0);
    expect(take(fake, other)).toBe(SIGUSR1);
    fake.process().signalThread(pid, sent(SIGUSR2));
    expect(take(fake, other)).toBe(0);
    expect(fake.process().pendingHigh(pid)).toBe(0);
    expect(fake.process().pendingLow(pid)).toBe(lowBit(SIGUSR2));
  });

  it('shows real-time signals in the high half', () => {
    const { fake, pid } = boot();
    fake.process().setMask(pid, -1, -1);
    fake.process().signalGroup(pid, sent(64));
    expect(fake.process().pendingHigh(pid)).toBe(highBit(64));
  });

  it('spares pid 1 what it has no handler for, and not the rest', () => {
    const { fake } = boot();
    for (const signal of [SIGTERM, SIGKILL, SIGSTOP]) fake.process().signalGroup(1, sent(signal));
    expect(fake.process().signalPending(1)).toBe(false);
    handle(fake, 1, SIGTERM, HANDLER);
    fake.process().signalGroup(1, sent(SIGTERM));
    expect(take(fake, 1)).toBe(SIGTERM);
  });

  it('forces a fault past mask and SIG_IGN, with the default action', () => {
    const { fake, pid } = boot();
    handle(fake, pid, SIGSEGV, SIG_IGN);
    fake.process().setMask(pid, -1, -1);
    fake.process().forceSignal(pid, sent(SIGSEGV));
    expect(take(fake, pid)).toBe(SIGSEGV);
    expect(fake.process().action(pid, SIGSEGV).handler).toBe(0);
  });
});

describe('job control', () => {
  it('stops every thread, tells the parent, and goes on at SIGCONT', () => {
    const { fake, pid } = boot();
    fake.process().executed(pid, 2, 'shell');
    handle(fake, pid, SIGCHLD, HANDLER);
    const child = fork(fake, pid);
    const second = addThread(fake, child);
    fake.process().stopGroup(child, SIGTSTP);
    expect([fake.runnable.has(child), fake.runnable.has(second)]).toEqual([false, false]);
    expect(fake.process().takeSignal(pid, -1, -1)).toMatchObject({ signal: SIGCHLD, code: 5, pid: child });
    expect(fake.process().signalPending(child)).toBe(false);
    fake.copyState();
    fake.process().signalGroup(child, sent(SIGCONT));
    expect([fake.runnable.has(child), fake.runnable.has(second)]).toEqual([true, true]);
    expect(fake.process().takeSignal(pid, -1, -1)).toMatchObject({
      signal: SIGCHLD,
      code: 6,
      status: SIGCONT,
    });
  });

  it('says nothing to a parent with SA_NOCLDSTOP', () => {
    const { fake, pid } = boot();
    const action = createSignalAction();
    action.handler = HANDLER;
    action.flags = 1;
    fake.process().setAction(pid, SIGCHLD, action);
    const child = fork(fake, pid);
    fake.process().stopGroup(child, SIGSTOP);
    expect(fake.process().pendingLow(pid)).toBe(0);
  });

  it('lets stop and continue signals cancel each other', () => {
    const { fake, pid } = boot();
    fake.process().setMask(pid, -1, -1);
    fake.process().signalGroup(pid, sent(SIGTSTP));
    fake.process().signalGroup(pid, sent(SIGCONT));
    expect(fake.process().pendingLow(pid)).toBe(lowBit(SIGCONT));
    fake.process().signalGroup(pid, sent(SIGTSTP));
    expect(fake.process().pendingLow(pid)).toBe(lowBit(SIGTSTP));
  });

  it('starts a stopped group that is killed', () => {
    const { fake, pid } = boot();
    const child = fork(fake, pid);
    fake.process().stopGroup(child, SIGSTOP);
    fake.process().signalGroup(child, sent(SIGTERM));
    expect(fake.process().signalPending(child)).toBe(false);
    fake.process().signalGroup(child, sent(SIGKILL));
    expect(fake.process().signalPending(child)).toBe(true);
    expect(fake.runnable.has(child)).toBe(true);
  });

  it('sends SIGHUP and SIGCONT to a process group that is orphaned with a stopped member', () => {
    const { fake, pid } = boot();
    const shell = fork(fake, pid);
    const job = fork(fake, shell);
    fake.process().setProcessGroup(job, 0, 0);
    handle(fake, job, SIGHUP, HANDLER);
    expect(fake.process().orphaned(fake.process().group(job).pgid)).toBe(false);
    fake.process().stopGroup(job, SIGTSTP);
    fake.process().exitGroup(shell, 0);
    expect(fake.process().orphaned(job)).toBe(true);
    expect(fake.process().group(job).stopped).toBe(0);
    expect(take(fake, job)).toBe(SIGHUP);
  });

  it('leaves a process group alone that was orphaned before a member exits', () => {
    const { fake, pid } = boot();
    const stopped = fork(fake, pid);
    const other = fork(fake, pid);
    fake.process().stopGroup(stopped, SIGSTOP);
    fake.process().exitGroup(other, 0);
    expect(fake.process().group(stopped).stopped).toBe(SIGSTOP);
    expect(fake.process().signalPending(pid)).toBe(false);
  });
});
