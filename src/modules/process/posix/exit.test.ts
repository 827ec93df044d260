import { describe, expect, it } from 'vitest';
import { EACCES, EAGAIN, ECHILD, EPERM, ESRCH } from '../../../abi/linux/errno.ts';
import { SIGCHLD, SIGHUP, SIG_IGN } from '../../../abi/linux/signal.ts';
import { createSignalAction, type WaitRequest } from '../../../contracts/process.ts';
import {
  addThread,
  createFakeProcesses,
  type FakeProcesses,
  fork,
  sent,
} from '../../../testing/fake-process.ts';

const ANY: WaitRequest = { which: 0, exited: true, stopped: true, continued: true, keep: false };
const EXITED_3 = 3 << 8;

function boot(contexts = 16): { fake: FakeProcesses; pid: number } {
  const fake = createFakeProcesses(contexts);
  fake.process().boot(1, 10, 0, 0);
  const pid = fake.process().spawn(2, 10, 10, 0, 0);
  return { fake, pid };
}

function setChild(fake: FakeProcesses, pid: number, handler: number, flags: number): void {
  const action = createSignalAction();
  action.handler = handler;
  action.flags = flags;
  fake.process().setAction(pid, SIGCHLD, action);
}

describe('exit and wait', () => {
  it('keeps a zombie until it is collected, and tells how it ended', () => {
    const { fake, pid } = boot();
    setChild(fake, pid, 0x1000, 0);
    const first = fork(fake, pid);
    const second = fork(fake, pid);
    expect(fake.process().wait(pid, ANY)).toBeNull();
    fake.process().exitGroup(first, EXITED_3);
    fake.process().exitGroup(second, 9);
    fake.copyState();
    expect(fake.process().takeSignal(pid, -1, -1)).toMatchObject({ code: 1, pid: first, status: 3 });
    expect(fake.process().wait(pid, { ...ANY, which: second })).toMatchObject({
      pid: second,
      status: 9,
      code: 2,
    });
    expect(fake.process().wait(pid, { ...ANY, keep: true })).toMatchObject({
      pid: first,
      status: EXITED_3,
      code: 1,
    });
    expect(fake.process().wait(pid, ANY)).toMatchObject({ pid: first });
    expect(fake.process().wait(pid, ANY)).toBe(-ECHILD);
    expect(fake.process().findGroup(first)).toBeNull();
  });

  it('collects a child at once whose parent ignores SIGCHLD or set SA_NOCLDWAIT', () => {
    for (const [handler, flags] of [
      [SIG_IGN, 0],
      [0x1000, 2],
    ] as const) {
      const { fake, pid } = boot();
      setChild(fake, pid, handler, flags);
      const child = fork(fake, pid);
      fake.process().exitGroup(child, 0);
      expect(fake.process().findGroup(child)).toBeNull();
      expect(fake.process().wait(pid, ANY)).toBe(-ECHILD);
      expect(fake.process().pendingLow(pid) !== 0).toBe(handler !== SIG_IGN);
    }
  });

  it('reports a stop and a continue once each', () => {
    const { fake, pid } = boot();
    const child = fork(fake, pid);
    fake.process().stopGroup(child, 20);
    expect(fake.process().wait(pid, { ...ANY, stopped: false })).toBeNull();
    expect(fake.process().wait(pid, ANY)).toMatchObject({ status: (20 << 8) | 0x7f, code: 5 });
    expect(fake.process().wait(pid, ANY)).toBeNull();
    fake.process().signalGroup(child, sent(18));
    expect(fake.process().wait(pid, ANY)).toMatchObject({ status: 0xffff, code: 6 });
    expect(fake.process().wait(pid, ANY)).toBeNull();
  });

  it('wakes who waits for a child', () => {
    const { fake, pid } = boot();
    const child = fork(fake, pid);
    fake.waits.begin();
    fake.waits.on(fake.process().group(pid).childEvent);
    fake.waits.commit(pid, { operation: 'syscall' });
    expect(fake.waits.ready(pid)).toBeNull();
    fake.process().exitGroup(child, 0);
    expect(fake.waits.ready(pid)).not.toBeNull();
  });

  it('ends with the last thread, with the status of the leader', () => {
    const { fake, pid } = boot();
    const child = fork(fake, pid);
    const thread = addThread(fake, child);
    fake.process().exitThread(child, EXITED_3);
    expect(fake.process().wait(pid, ANY)).toBeNull();
    fake.process().exitThread(thread, 0);
    expect(fake.process().wait(pid, ANY)).toMatchObject({ pid: child, status: EXITED_3 });
  });

  it('releases descriptors, place, address space and contexts exactly once', () => {
    const { fake, pid } = boot(4);
    const child = fork(fake, pid);
    const p = fake.process();
    p.install(child, 77, 0, false);
    const thread = addThread(fake, child);
    expect(fork(fake, child)).toBe(-EAGAIN);
    fake.calls.length = 0;
    p.exitGroup(child, 0);
    expect(fake.calls.filter((call) => call === `vfs.release 77 ${child}`)).toHaveLength(1);
    expect(fake.calls.filter((call) => call.startsWith('vm.release'))).toHaveLength(1);
    expect(fake.state().fileTables.size).toBe(2);
    expect(p.findThread(thread)).toBeNull();
    p.wait(pid, ANY);
    expect(fake.state().contexts.filter(Boolean)).toHaveLength(2);
    expect(fork(fake, pid)).toBeGreaterThan(0);
  });

  it('clears the thread id word and wakes a joiner while others share the memory', () => {
    const { fake, pid } = boot();
    const thread = addThread(fake, pid);
    fake.memory.setUint32(64, thread, true);
    fake.process().thread(thread).clearTid = 64;
    fake.process().exitThread(thread, 0);
    expect(fake.memory.getUint32(64, true)).toBe(0);
    expect(fake.calls).toContain('futexWake 2 64 1 -1');
    fake.memory.setUint32(64, 5, true);
    fake.process().thread(pid).clearTid = 64;
    fake.process().exitThread(pid, 0);
    expect(fake.memory.getUint32(64, true)).toBe(5);
  });

  it('marks robust futexes of a dead owner', () => {
    const { fake, pid } = boot();
    const thread = addThread(fake, pid);
    const [head, node] = [256, 512];
    fake.memory.setUint32(head, node, true);
    fake.memory.setInt32(head + 8, 16, true);
    fake.memory.setUint32(node, head, true);
    fake.memory.setUint32(node + 16, (0x8000_0000 | thread) >>> 0, true);
    fake.process().thread(thread).robustList = head;
    fake.process().exitThread(thread, 0);
    expect(fake.memory.getUint32(node + 16, true)).toBe(0xc000_0000);
    expect(fake.calls).toContain(`futexWake 2 ${node + 16} 1 -1`);
  });
});

describe('families', () => {
  it('gives orphans to the nearest subreaper, else to pid 1', () => {
    const { fake, pid } = boot();
    const reaper = fork(fake, pid);
    fake.process().group(reaper).subreaper = true;
    const middle = fork(fake, reaper);
    const leaf = fork(fake, middle);
    fake.process().exitGroup(middle, 0);
    expect(fake.process().group(leaf).parent).toBe(reaper);
    fake.process().exitGroup(reaper, 0);
    expect(fake.process().group(leaf).parent).toBe(1);
    fake.process().exitGroup(leaf, 0);
    expect(fake.process().wait(1, { ...ANY, which: leaf })).toMatchObject({ pid: leaf });
  });

  it('sends the signal of PR_SET_PDEATHSIG', () => {
    const { fake, pid } = boot();
    const parent = fork(fake, pid);
    const child = fork(fake, parent);
    fake.process().setMask(child, -1, -1);
    fake.process().group(child).parentDeathSignal = SIGHUP;
    fake.process().exitGroup(parent, 0);
    expect(fake.process().takeSignal(child, -1, -1)).toMatchObject({ signal: SIGHUP });
  });

  it('hangs up the terminal of a session whose leader ends', () => {
    const { fake, pid } = boot();
    fake.process().setTerminal(pid, 0);
    const child = fork(fake, pid);
    expect(fake.process().group(child).tty).toBe(0);
    fake.process().exitGroup(pid, 0);
    expect(fake.calls).toContain('tty.hangUp 0');
    expect(fake.process().group(child).tty).toBe(-1);
  });

  it('keeps to the rules of setpgid and setsid', () => {
    const { fake, pid } = boot();
    const p = fake.process();
    const child = fork(fake, pid);
    const grandchild = fork(fake, child);
    expect(p.setProcessGroup(pid, 0, 0)).toBe(-EPERM);
    expect(p.setProcessGroup(pid, grandchild, 0)).toBe(-ESRCH);
    expect(p.setProcessGroup(pid, child, 12345)).toBe(-EPERM);
    expect(p.setProcessGroup(pid, child, 0)).toBe(0);
    expect(p.group(child).pgid).toBe(child);
    expect(p.startSession(child)).toBe(-EPERM);
    p.executed(grandchild, 3, 'x');
    expect(p.setProcessGroup(child, grandchild, 0)).toBe(-EACCES);
    expect(p.startSession(grandchild)).toBe(grandchild);
    expect(p.setProcessGroup(pid, child, grandchild)).toBe(-EPERM);
  });

  it('lets the parent of a vfork go on at exec or exit', () => {
    const { fake, pid } = boot();
    const child = fork(fake, pid, { vfork: true, space: 2 });
    expect(fake.process().group(child).vforkDone).toBe(false);
    fake.process().executed(child, 9, 'program');
    expect(fake.process().group(child).vforkDone).toBe(true);
    expect(fake.calls).toContain('vm.release 2');
  });
});

describe('execve', () => {
  it('goes on under the id of the leader when another thread calls it', () => {
    const { fake, pid } = boot();
    const child = fork(fake, pid);
    const second = addThread(fake, child);
    const third = addThread(fake, child);
    fake.process().exitThread(child, 0);
    fake.process().setMask(third, 0b1100, 0);
    expect(fake.process().exitOthers(third)).toBe(true);
    expect(fake.process().findThread(second)).toBeNull();
    expect(fake.process().findThread(third)).toBeNull();
    expect(fake.process().thread(child).dead).toBe(false);
    expect(fake.process().thread(child).maskLow).toBe(0b1100);
    expect(fake.process().group(child).zombie).toBe(false);
    expect(fake.runnable.has(child)).toBe(true);
    expect(fake.state().contexts[fake.process().thread(child).context]).toBe(true);
    fake.copyState();
  });

  it('closes what is marked, resets handlers and keeps ignored and pending signals', () => {
    const { fake, pid } = boot();
    const p = fake.process();
    p.install(pid, 50, 0, false);
    p.install(pid, 51, 0, true);
    setChild(fake, pid, 0x1000, 2);
    const ignore = createSignalAction();
    ignore.handler = SIG_IGN;
    p.setAction(pid, SIGHUP, ignore);
    p.setMask(pid, -1, -1);
    p.signalGroup(pid, sent(10));
    p.executed(pid, 3, 'name');
    expect(p.descriptors(pid)).toEqual([0]);
    expect(p.action(pid, SIGCHLD).handler).toBe(0);
    expect(p.action(pid, SIGHUP).handler).toBe(SIG_IGN);
    expect(p.takeSignal(pid, -1, -1)?.signal).toBe(10);
    expect(p.thread(pid).name).toBe('name');
  });
});

describe('descriptors', () => {
  it('takes the lowest free number and shares or copies tables', () => {
    const { fake, pid } = boot();
    const p = fake.process();
    expect([p.install(pid, 1, 0, false), p.install(pid, 2, 0, false), p.install(pid, 3, 10, false)]).toEqual([
      0, 1, 10,
    ]);
    p.close(pid, 0);
    expect(p.install(pid, 4, 0, true)).toBe(0);
    const copy = fork(fake, pid);
    const share = fork(fake, pid, { shareFiles: true });
    p.close(pid, 1);
    expect(p.descriptors(copy)).toEqual([0, 1, 10]);
    expect(p.descriptors(share)).toEqual([0, 10]);
    p.unshareFiles(share);
    p.close(pid, 10);
    expect(p.file(share, 10)).toBe(3);
    fake.copyState();
    expect(fake.process().closesOnExec(share, 0)).toBe(true);
  });
});
