import { describe, expect, it } from 'vitest';
import type { WaitRequest } from '../../../contracts/process.ts';
import { addThread, createFakeProcesses, fork } from '../../../testing/fake-process.ts';

const ANY: WaitRequest = { which: 0, exited: true, stopped: false, continued: false, keep: false };

describe('lookups of threads and groups', () => {
  const fake = createFakeProcesses(16);
  fake.process().boot(1, 10, 0, 0);
  const pid = fake.process().spawn(2, 10, 10, 0, 0);

  it('throw for a thread that is gone, though it was asked for last', () => {
    const other = addThread(fake, pid);
    expect(fake.process().thread(other).tid).toBe(other);
    expect(fake.process().group(other).tgid).toBe(pid);
    fake.process().exitThread(other, 0);
    expect(() => fake.process().thread(other)).toThrow(`no thread ${other}`);
    expect(fake.process().findThread(other)).toBeNull();
    expect(() => fake.process().thread(99)).toThrow('no thread 99');
  });

  it('throw for a child that was collected', () => {
    const child = fork(fake, pid);
    fake.process().exitGroup(child, 0);
    expect(fake.process().group(child).zombie).toBe(true);
    expect(fake.process().wait(pid, ANY)).toMatchObject({ pid: child });
    expect(() => fake.process().group(child)).toThrow(`no thread ${child}`);
    expect(fake.process().findThread(child)).toBeNull();
  });

  it('find the records of a state that was read back', () => {
    const before = fake.process().thread(pid);
    fake.copyState();
    const after = fake.process().thread(pid);
    expect(after).not.toBe(before);
    expect(after).toEqual(before);
  });
});
