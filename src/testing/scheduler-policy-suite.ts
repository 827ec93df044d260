/**
 * What schedulers with the optional interfaces `realtime` and `deadline` must do beside.
 *
 * A check of an interface that the module does not state is not in the list.
 */
import type { Module } from '../contracts/module.ts';
import { createPolicy, type Policy, type PolicyOperations, type Scheduler } from '../contracts/scheduler.ts';
import { type Check, equal, holds } from './check.ts';
import { addThread, burn, schedulerSubject, type SettableClock, settableClock } from './scheduler-subject.ts';

const MS = 1_000_000;
const fifo = (priority: number): Policy => ({ ...createPolicy(), kind: 'fifo', priority });
const roundRobin = (priority: number): Policy => ({ ...createPolicy(), kind: 'round-robin', priority });
const reserved = (runtimeMs: number, periodMs: number, deadlineMs = periodMs): Policy => ({
  ...createPolicy(),
  kind: 'deadline',
  runtimeNs: runtimeMs * MS,
  deadlineNs: deadlineMs * MS,
  periodNs: periodMs * MS,
});

type Full = Scheduler & PolicyOperations;

export function policyChecks<State>(module: Module<Scheduler, State>): readonly Check[] {
  const { interfaces } = module.manifest;
  const fresh = (clock?: SettableClock): Full => schedulerSubject(module, clock).operations as Full;
  return [
    ...(interfaces.includes('realtime') ? realtimeChecks(fresh) : []),
    ...(interfaces.includes('deadline') ? deadlineChecks(fresh) : []),
    ...(interfaces.includes('budget') ? budgetChecks(fresh) : []),
  ];
}

type Fresh = (clock?: SettableClock) => Full;

/** A run queue of real-time threads, by number and policy, with a normal thread 9 beside. */
function realtime(fresh: Fresh, policies: readonly Policy[]): Full {
  const operations = fresh();
  addThread(operations, 9, -20);
  policies.forEach((policy, index) => {
    addThread(operations, index + 1);
    operations.setPolicy(index + 1, policy);
  });
  return operations;
}

/** Who would run, one after the other, each blocking in turn. */
function order(operations: Full, count: number): number[] {
  const seen: number[] = [];
  for (let i = 0; i < count; i++) {
    const tid = operations.pick(0);
    seen.push(tid);
    operations.dequeue(tid);
    operations.tick(tid, 0, false);
  }
  for (const tid of seen) operations.enqueue(tid);
  return seen;
}

const realtimeChecks = (fresh: Fresh): readonly Check[] => [
  {
    name: 'runs real-time threads by priority, before normal ones, first come, first served',
    run(): void {
      const operations = realtime(fresh, [fifo(10), roundRobin(50), fifo(50), fifo(1)]);
      equal('order', order(operations, 5), [2, 3, 1, 4, 9]);
      operations.dequeue(2);
      operations.dequeue(3);
      equal('running', [operations.pick(0), operations.preempts(1)], [1, false]);
      operations.enqueue(3);
      equal('a higher one preempts', [operations.preempts(1), operations.pick(0)], [true, 3]);
      operations.dequeue(3);
      equal('the one preempted goes on', operations.pick(0), 1);
    },
  },
  {
    name: 'puts a thread behind its equals when it yields or rises, before them when it falls (sched(7))',
    run(): void {
      const operations = realtime(fresh, [fifo(20), fifo(20), fifo(10)]);
      operations.yield(1);
      equal('after a yield', order(operations, 3), [2, 1, 3]);
      operations.setPolicy(3, fifo(20));
      equal('after a rise', order(operations, 3), [2, 1, 3]);
      operations.setPolicy(2, fifo(30));
      operations.setPolicy(3, fifo(30));
      operations.setPolicy(3, fifo(20));
      equal('after a fall', order(operations, 3), [2, 3, 1]);
      operations.setPolicy(1, roundRobin(20));
      equal('at the same priority', order(operations, 3), [2, 3, 1]);
      operations.setPolicy(2, createPolicy());
      holds('a normal one is below', order(operations, 4).slice(0, 2).join() === '3,1');
    },
  },
  {
    name: 'gives round-robin threads turns, and FIFO threads the CPU until they block',
    run(): void {
      const turns = realtime(fresh, [roundRobin(5), roundRobin(5)]);
      const slice = turns.slice(1);
      holds('a turn is a span of time', slice > 0);
      const had = burn(turns, 6 * slice);
      holds('both had turns', Math.abs((had.get(1) ?? 0) - (had.get(2) ?? 0)) <= slice);
      const forever = realtime(fresh, [fifo(5), fifo(5)]);
      equal('no turns', forever.slice(1), 0);
      equal('the second waits', burn(forever, 900 * MS).get(2), undefined);
    },
  },
  {
    name: 'leaves normal threads a little beside a real-time thread that never blocks',
    run(): void {
      const had = burn(realtime(fresh, [fifo(99)]), 10_000 * MS);
      const share = (had.get(9) ?? 0) / (10_000 * MS);
      holds(`a normal thread has 5 % (${share})`, share > 0.04 && share < 0.07);
      const alone = fresh();
      addThread(alone, 1);
      alone.setPolicy(1, fifo(1));
      equal('alone it has everything', burn(alone, 5000 * MS).get(1), 5000 * MS);
    },
  },
  {
    name: 'counts what a real-time thread ran since it last blocked',
    run(): void {
      const operations = realtime(fresh, [fifo(1)]);
      operations.tick(1, 5 * MS, false);
      operations.yield(1);
      operations.tick(1, 2 * MS, false);
      equal('since then', operations.sinceWake(1), 7 * MS);
      operations.dequeue(1);
      operations.enqueue(1);
      equal('blocked meanwhile', operations.sinceWake(1), 0);
      operations.tick(9, 5 * MS, false);
      equal('of a normal thread', operations.sinceWake(9), 0);
    },
  },
];

/** A thread that works `jobMs` in each period and then waits for the next: yields, as sched_setattr(2) has it. */
function periodic(
  operations: Full,
  clock: SettableClock,
  jobMs: number,
  periodMs: number,
  jobs: number,
): number {
  let missed = 0;
  for (let job = 1; job <= jobs; job++) {
    let left = jobMs * MS;
    while (left > 0) {
      const tid = operations.pick(0);
      let ran = operations.quantum(tid);
      if (tid === 1) ran = Math.min(ran, left);
      if (clock.wake > clock.now) ran = Math.min(ran, clock.wake - clock.now);
      clock.now += ran;
      if (tid === 1) left -= ran;
      if (tid === 1 && left === 0) operations.yield(1);
      operations.tick(tid, ran, false);
    }
    if (clock.now > job * periodMs * MS) missed++;
  }
  return missed;
}

const deadlineChecks = (fresh: Fresh): readonly Check[] => [
  {
    name: 'runs the earliest deadline first, before all others',
    run(): void {
      const operations = realtime(fresh, [reserved(1, 30), reserved(1, 10), fifo(99), reserved(1, 20)]);
      equal('order', order(operations, 5), [2, 4, 1, 3, 9]);
      equal('a later deadline does not preempt', operations.preempts(2), false);
      equal('an earlier one does', operations.preempts(4), true);
    },
  },
  {
    name: 'meets every deadline beside threads that never block, and leaves them the rest',
    run(): void {
      const clock = settableClock();
      const operations = fresh(clock);
      for (const tid of [1, 2, 3]) addThread(operations, tid);
      operations.setPolicy(2, fifo(99));
      operations.setPolicy(1, reserved(4, 10));
      equal('deadlines missed', periodic(operations, clock, 4, 10, 200), 0);
    },
  },
  {
    name: 'gives a thread that never blocks its runtime in each period and no more',
    run(): void {
      const clock = settableClock();
      const operations = fresh(clock);
      for (const tid of [1, 2, 3]) addThread(operations, tid);
      operations.setPolicy(1, reserved(2, 10));
      operations.setPolicy(2, reserved(3, 15, 5));
      const had = burn(operations, 3000 * MS, clock);
      const shares = [1, 2, 3].map((tid) => Math.round((had.get(tid) ?? 0) / (30 * MS)));
      equal('per cent of the CPU', shares, [20, 20, 60]);
      operations.dequeue(3);
      equal('nor when nobody else wants the CPU', burn(operations, 1500 * MS, clock).get(1), 300 * MS);
    },
  },
  {
    name: 'gives who reclaims what other deadlines leave, and takes nothing from those',
    run(): void {
      const clock = settableClock();
      const operations = fresh(clock);
      for (const tid of [1, 2, 3]) addThread(operations, tid);
      operations.setPolicy(1, { ...reserved(2, 10), reclaims: true });
      operations.setPolicy(2, reserved(3, 10));
      const had = burn(operations, 3000 * MS, clock);
      const share = (had.get(1) ?? 0) / (3000 * MS);
      holds(`it has more than was promised (${share})`, share > 0.35 && share < 0.4);
      equal('the other has what was promised', Math.round((had.get(2) ?? 0) / (30 * MS)), 30);
      operations.remove(2);
      const alone = (burn(operations, 3000 * MS, clock).get(1) ?? 0) / (3000 * MS);
      holds(`alone it has what may be promised (${alone})`, alone > 0.93 && alone < 0.97);
    },
  },
  {
    name: 'begins a new period for a thread that wakes up late, and does not let it gain by short sleeps',
    run(): void {
      const clock = settableClock();
      const operations = fresh(clock);
      for (const tid of [1, 2]) addThread(operations, tid);
      operations.setPolicy(1, reserved(2, 10));
      let had = 0;
      for (const end = 1000 * MS; clock.now < end; ) {
        const tid = operations.pick(0);
        let ran = Math.min(operations.quantum(tid), MS);
        if (clock.wake > clock.now) ran = Math.min(ran, clock.wake - clock.now);
        clock.now += ran;
        if (tid === 1) had += ran;
        // It sleeps for an instant after each ms.
        if (tid === 1) operations.dequeue(1);
        operations.tick(tid, ran, false);
        if (tid === 1) operations.enqueue(1);
      }
      holds(`it has its share (${had / MS} of 200)`, had > 190 * MS && had <= 202 * MS);
      operations.dequeue(1);
      clock.now += 55 * MS;
      operations.enqueue(1);
      equal('its whole runtime again', [operations.pick(0), operations.quantum(1)], [1, 2 * MS]);
    },
  },
  {
    name: 'gives a thread that wakes up shortly before its deadline another one, by its bandwidth',
    run(): void {
      const clock = settableClock();
      const operations = fresh(clock);
      for (const tid of [1, 2]) addThread(operations, tid);
      operations.setPolicy(1, reserved(5, 10));
      operations.setPolicy(2, reserved(2, 15));
      equal('the earlier deadline', operations.pick(0), 1);
      operations.dequeue(1);
      clock.now = 2 * MS;
      operations.enqueue(1);
      equal('five of eight are too many', operations.preempts(2), true);
      operations.dequeue(1);
      clock.now = 8 * MS;
      operations.enqueue(1);
      equal('by its old deadline it would go first', operations.pick(0), 2);
    },
  },
  {
    name: 'gives nothing for asking again, and lets a thread go back to be normal',
    run(): void {
      const clock = settableClock();
      const operations = fresh(clock);
      for (const tid of [1, 2]) addThread(operations, tid);
      operations.setPolicy(1, reserved(2, 10));
      operations.tick(operations.pick(0), MS, false);
      operations.setPolicy(1, reserved(2, 10));
      equal('what is left', operations.quantum(operations.pick(0)), MS);
      operations.tick(1, MS, false);
      operations.setPolicy(1, reserved(3, 10));
      equal('it waits for its period', operations.pick(0), 2);
      operations.setPolicy(1, createPolicy());
      const had = burn(operations, 100 * MS, clock);
      holds('it has half', Math.abs((had.get(1) ?? 0) - 50 * MS) < 6 * MS);
    },
  },
  {
    name: 'promises no more than there is',
    run(): void {
      const operations = fresh();
      for (const tid of [1, 2, 3]) addThread(operations, tid);
      equal('half', operations.admits(1, reserved(5, 10)), true);
      operations.setPolicy(1, reserved(5, 10));
      equal('the other half', operations.admits(2, reserved(5, 10)), false);
      equal('less', operations.admits(2, reserved(4, 10)), true);
      equal('more for the same', operations.admits(1, reserved(9, 10)), true);
      operations.remove(1);
      equal('all of it', operations.admits(2, reserved(96, 100)), false);
      equal('nearly all', operations.admits(2, reserved(95, 100)), true);
    },
  },
];

const budgetChecks = (fresh: Fresh): readonly Check[] => [
  {
    name: 'tells what is left of the runtime of a thread with a deadline',
    run(): void {
      const operations = fresh();
      addThread(operations, 1);
      equal('of a normal thread', operations.budget(1), -1);
      operations.setPolicy(1, reserved(4, 10));
      equal('at first', operations.budget(1), 4 * MS);
      operations.tick(1, MS, false);
      equal('after a ms', operations.budget(1), 3 * MS);
      operations.tick(1, 4 * MS, true);
      equal('used up', operations.budget(1), 0);
    },
  },
];
