import { describe, expect, it } from 'vitest';
import { EAGAIN } from '../../../abi/linux/errno.ts';
import { RLIMIT_RTTIME } from '../../../abi/linux/resource.ts';
import { SCHED_FLAG_RESET_ON_FORK } from '../../../abi/linux/sched.ts';
import { lowBit, SIGKILL, SIGXCPU } from '../../../abi/linux/signal.ts';
import { createPolicy, type Policy } from '../../../contracts/scheduler.ts';
import { addThread, createFakeProcesses, type FakeProcesses, fork } from '../../../testing/fake-process.ts';

const fifo: Policy = { ...createPolicy(), kind: 'fifo', priority: 9 };
const deadline: Policy = {
  ...createPolicy(),
  kind: 'deadline',
  runtimeNs: 1e6,
  deadlineNs: 1e7,
  periodNs: 1e7,
};

function boot(policy: Policy, nice = 0, flags = 0): { fake: FakeProcesses; pid: number } {
  const fake = createFakeProcesses();
  fake.process().boot(1, 10, 0, 0);
  const pid = fake.process().spawn(2, 10, 10, 1000, 1000);
  const thread = fake.process().thread(pid);
  thread.policy = policy;
  thread.nice = nice;
  thread.policyFlags = flags;
  return { fake, pid };
}

const leases = ({ calls }: FakeProcesses): string[] => calls.filter((call) => call.startsWith('leases.'));

describe('the policy of a thread', () => {
  it('is inherited with a lease of its own, which goes back when the thread ends', () => {
    const { fake, pid } = boot(fifo, -3);
    const child = fork(fake, pid);
    fake.copyState();
    expect(fake.process().thread(child)).toMatchObject({ policy: fifo, nice: -3 });
    expect(leases(fake)).toEqual([`leases.take scheduler realtime ${child}`]);
    fake.process().exitGroup(child, 0);
    expect(leases(fake).slice(1)).toEqual([`leases.give scheduler realtime ${child}`]);
  });

  it('is reset at fork for who asked for it', () => {
    const { fake, pid } = boot(fifo, -3, SCHED_FLAG_RESET_ON_FORK);
    const child = fake.process().thread(fork(fake, pid));
    expect(child).toMatchObject({ policy: createPolicy(), nice: 0, policyFlags: 0 });
    expect(leases(fake)).toEqual([
      `leases.take scheduler realtime ${child.tid}`,
      `leases.give scheduler realtime ${child.tid}`,
    ]);
    const batch = boot({ ...createPolicy(), kind: 'batch' }, -3, SCHED_FLAG_RESET_ON_FORK);
    const other = batch.fake.process().thread(fork(batch.fake, batch.pid));
    expect(other).toMatchObject({ policy: { kind: 'batch' }, nice: 0, policyFlags: 0 });
  });

  it('keeps a thread with a deadline from forking, unless it is reset', () => {
    const { fake, pid } = boot(deadline);
    expect(fork(fake, pid)).toBe(-EAGAIN);
    fake.process().thread(pid).policyFlags = SCHED_FLAG_RESET_ON_FORK;
    expect(fake.process().thread(fork(fake, pid)).policy.kind).toBe('normal');
  });

  it("goes with a thread that takes its leader's place", () => {
    const { fake, pid } = boot(createPolicy());
    const other = addThread(fake, pid);
    fake.process().thread(other).policy = fifo;
    fake.process().exitOthers(other);
    expect(fake.process().thread(pid).policy).toEqual(fifo);
    expect(leases(fake)).toEqual([
      `leases.take scheduler realtime ${pid}`,
      `leases.give scheduler realtime ${other}`,
    ]);
  });

  it('bounds what it runs without blocking (RLIMIT_RTTIME)', () => {
    const { fake, pid } = boot(fifo);
    const group = fake.process().group(pid);
    group.limits[RLIMIT_RTTIME * 2] = 1_000_000;
    group.limits[RLIMIT_RTTIME * 2 + 1] = 2_500_000;
    const pending = (): number => fake.process().pendingLow(pid);
    const run = (before: number, ran: number): void => {
      fake.sinceWake = before;
      fake.process().addTime(pid, ran, 0);
    };
    fake.process().setMask(pid, -1, -1);
    run(0, 999_999_999);
    expect(pending()).toBe(0);
    run(999_999_999, 1);
    expect(pending()).toBe(lowBit(SIGXCPU));
    fake.process().takeSignal(pid, -1, -1);
    run(1_500_000_000, 400_000_000);
    expect(pending()).toBe(0);
    run(1_900_000_000, 200_000_000);
    expect(pending()).toBe(lowBit(SIGXCPU));
    fake.process().takeSignal(pid, -1, -1);
    run(2_400_000_000, 200_000_000);
    expect(group).toMatchObject({ exiting: true, status: SIGKILL });
  });
});
