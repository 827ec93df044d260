import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPolicy } from '../../contracts/scheduler.ts';
import {
  change,
  charge,
  choose,
  createFairQueue,
  type FairQueue,
  type FairTask,
  faultOfQueue,
  forfeit,
  join,
  leave,
  restOf,
  sliceOf,
  weightOf,
  woke,
} from './fair.ts';

const MS = 1_000_000;

interface Own extends FairTask {
  queued: boolean;
}

const task = (tid: number, nice = 0): Own => ({
  tid,
  nice,
  policy: createPolicy(),
  servedNs: 0,
  dueNs: 0,
  lagNs: 0,
  queued: false,
});

const lagOf = (queue: FairQueue, own: FairTask): number =>
  ((queue.virtualNs - own.servedNs) * weightOf(own)) / 1024;

/** Serve whoever is chosen for so long. @returns CPU time by thread */
function serve(queue: FairQueue, tasks: ReadonlyMap<number, Own>, ns: number): Map<number, number> {
  const had = new Map<number, number>();
  for (let now = 0; now < ns; ) {
    const own = tasks.get(choose(queue, tasks)) as Own;
    const ran = restOf(own);
    charge(queue, own, ran, true);
    had.set(own.tid, (had.get(own.tid) ?? 0) + ran);
    now += ran;
  }
  return had;
}

function queued(...tasks: Own[]): { queue: FairQueue; tasks: Map<number, Own> } {
  const queue = createFairQueue();
  for (const own of tasks) join(queue, own);
  return { queue, tasks: new Map(tasks.map((own) => [own.tid, own])) };
}

describe('fair queue', () => {
  it('keeps everyone within one request of the exact share', () => {
    const { queue, tasks } = queued(task(1), task(2, 5), task(3, -5));
    const weights = [1, 2, 3].map((tid) => weightOf(tasks.get(tid) as Own));
    const all = weights.reduce((sum, weight) => sum + weight, 0);
    const had = new Map<number, number>();
    for (let now = 0; now < 400 * MS; ) {
      for (const [tid, ns] of serve(queue, tasks, 1)) {
        had.set(tid, (had.get(tid) ?? 0) + ns);
        now += ns;
      }
      for (const tid of [1, 2, 3]) {
        const exact = (now * (weights[tid - 1] as number)) / all;
        expect(Math.abs((had.get(tid) ?? 0) - exact)).toBeLessThanOrEqual(3 * MS + 10);
      }
    }
  });

  it('lets the sum of what some have had too much be what others lack, whatever comes and goes', () => {
    const step = fc.record({
      act: fc.constantFrom('join', 'leave', 'run', 'run', 'yield', 'nice'),
      tid: fc.integer({ min: 1, max: 5 }),
      amount: fc.integer({ min: 1, max: 4 * MS }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const queue = createFairQueue();
        const tasks = new Map([1, 2, 3, 4, 5].map((tid) => [tid, task(tid, tid * 3 - 9)]));
        for (const { act, tid, amount } of steps) {
          const own = tasks.get(tid) as Own;
          if (act === 'join' && !own.queued) {
            join(queue, own);
            own.queued = true;
            woke(queue, own, tasks);
          }
          if (act === 'leave' && own.queued) {
            leave(queue, own);
            own.queued = false;
          }
          if (act === 'yield' && own.queued) forfeit(queue, own);
          if (act === 'nice' && own.queued) {
            change(queue, own, () => {
              own.nice = (amount % 40) - 20;
            });
          }
          const within = new Map([...tasks].filter(([, { queued: there }]) => there));
          expect(faultOfQueue(queue, within)).toBeNull();
          let sum = 0;
          for (const other of within.values()) sum += lagOf(queue, other);
          expect(Math.abs(sum)).toBeLessThan(1000);
          const next = choose(queue, tasks);
          expect(next !== 0).toBe(within.size > 0);
          if (act === 'run' && next !== 0) charge(queue, tasks.get(next) as Own, amount, true);
        }
      }),
    );
  });

  it('gives a thread that sleeps nothing for having slept', () => {
    const { queue, tasks } = queued(task(1), task(2));
    serve(queue, tasks, 100 * MS);
    const sleeper = tasks.get(2) as Own;
    leave(queue, sleeper);
    serve(queue, tasks, 1000 * MS);
    join(queue, sleeper);
    const had = serve(queue, tasks, 200 * MS);
    expect(Math.abs((had.get(1) ?? 0) - (had.get(2) ?? 0))).toBeLessThanOrEqual(6 * MS);
  });

  it('charges one that blocked for what it ran before', () => {
    const { queue, tasks } = queued(task(1), task(2));
    const own = tasks.get(choose(queue, tasks)) as Own;
    leave(queue, own);
    charge(queue, own, 2 * MS, false);
    expect(own.lagNs).toBeCloseTo(-1 * MS, 3);
    join(queue, own);
    expect(choose(queue, tasks)).not.toBe(own.tid);
  });

  it('forgives nothing of what is owed by sleeping, and takes a part of a credit', () => {
    const own = task(3);
    const { queue } = queued(task(1), task(2), own);
    charge(queue, own, 2 * MS, true);
    leave(queue, own);
    const owed = own.lagNs;
    expect(owed).toBeLessThan(-MS);
    for (let i = 0; i < 100; i++) {
      join(queue, own);
      leave(queue, own);
    }
    expect(own.lagNs).toBeCloseTo(owed, 3);
    own.lagNs = -owed;
    join(queue, own);
    leave(queue, own);
    // Its weight is a third of all.
    expect(own.lagNs).toBeCloseTo((-owed * 2) / 3, 3);
  });

  it('answers sooner for a shorter slice, and never at once for batch and idle', () => {
    const waker = task(3);
    waker.policy = { ...createPolicy(), runtimeNs: 100_000 };
    expect([sliceOf(task(1)), sliceOf(waker)]).toEqual([3 * MS, 100_000]);
    for (const [kind, preempts] of [
      ['normal', true],
      ['batch', false],
      ['idle', false],
    ] as const) {
      const { queue, tasks } = queued(task(1), task(2));
      tasks.set(3, waker);
      waker.policy = { ...waker.policy, kind };
      waker.lagNs = 0;
      const before = choose(queue, tasks);
      charge(queue, tasks.get(before) as Own, MS, true);
      join(queue, waker);
      woke(queue, waker, tasks);
      expect(choose(queue, tasks) === 3).toBe(preempts);
    }
  });
});
