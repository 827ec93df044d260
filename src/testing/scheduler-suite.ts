/**
 * What every scheduler must do, whatever its policy (`schedulerConformance`).
 */
import fc from 'fast-check';
import type { Module } from '../contracts/module.ts';
import {
  createPolicy,
  type Policy,
  POLICY_KINDS,
  type Schedulable,
  type Scheduler,
  scheduler as contract,
} from '../contracts/scheduler.ts';
import { type Check, equal, holds, type Subject } from './check.ts';
import { handoffChecks } from './scheduler-handoff-suite.ts';
import { policyChecks } from './scheduler-policy-suite.ts';
import { addThread, burn, schedulerSubject, type SettableClock, settableClock } from './scheduler-subject.ts';

const step = fc.record({
  act: fc.constantFrom('add', 'remove', 'enqueue', 'dequeue', 'yield', 'nice', 'policy', 'handoff', 'run'),
  tid: fc.integer({ min: 1, max: 6 }),
  amount: fc.integer({ min: 0, max: 400_000_000 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function policyOf(amount: number): Policy {
  const kind = POLICY_KINDS[amount % POLICY_KINDS.length] as Policy['kind'];
  const policy = { ...createPolicy(), kind };
  const some = 1 + (amount % 99);
  if (kind === 'fifo' || kind === 'round-robin') return { ...policy, priority: some };
  if (kind !== 'deadline') return { ...policy, runtimeNs: (amount % 3) * 1_000_000 };
  const runtimeNs = some * 10_000;
  return { ...policy, runtimeNs, deadlineNs: runtimeNs * 10, periodNs: runtimeNs * (10 + (amount % 4)) };
}

function act(
  operations: Scheduler,
  { act, tid, amount }: Step,
  known: ReadonlySet<number>,
  clock: SettableClock,
): void {
  if (act === 'add' && !known.has(tid)) addThread(operations, tid, (amount % 40) - 20);
  if (act === 'remove') operations.remove(tid);
  if (act === 'enqueue') operations.enqueue(tid);
  if (act === 'dequeue') operations.dequeue(tid);
  if (act === 'yield') operations.yield(tid);
  if (act === 'nice') operations.setNice(tid, (amount % 40) - 20);
  if (act === 'policy') operations.setPolicy?.(tid, policyOf(amount));
  if (act === 'handoff') operations.handoff?.(operations.pick(0), tid);
  if (act !== 'run') return;
  const ran = operations.pick(0);
  clock.now += amount;
  // A thread may block in the middle of its run: it is charged for it after it left.
  if (amount % 5 === 0) operations.dequeue(ran);
  operations.tick(ran, amount, amount % 2 === 0);
}

/** Threads by number, with all that goes with them. */
const described = (threads: readonly Schedulable[]): string[] =>
  threads
    .map(({ tid, nice, runnable, cpuNs, policy }) =>
      [tid, nice, runnable, cpuNs, JSON.stringify(policy ?? createPolicy())].join(' '),
    )
    .sort();

/** @param others schedulers that it must be able to hand its threads over to; itself unless told */
export function schedulerConformance<State>(
  module: Module<Scheduler, State>,
  others: readonly Module<Scheduler, unknown>[] = [module as unknown as Module<Scheduler, unknown>],
): readonly Check[] {
  const make = (): Subject<Scheduler, State> => schedulerSubject(module);
  return [
    {
      name: 'shares the CPU fairly among equals',
      run(): void {
        const { operations } = make();
        for (const tid of [5, 6, 7]) addThread(operations, tid);
        const had = burn(operations, 60e9);
        for (const tid of [5, 6, 7]) {
          holds(`thread ${tid} has a third`, Math.abs((had.get(tid) ?? 0) / 60e9 - 1 / 3) < 0.05);
        }
      },
    },
    {
      name: 'starves nobody, whatever the nice values',
      run(): void {
        const { operations } = make();
        for (let tid = 1; tid <= 5; tid++) addThread(operations, tid, -20);
        addThread(operations, 9, 19);
        holds('the nicest thread runs', (burn(operations, 120e9).get(9) ?? 0) > 0);
        holds('it goes on being served', (burn(operations, 240e9).get(9) ?? 0) > 0);
      },
    },
    {
      name: 'lets a thread go on beside one that it has made',
      run(): void {
        const { operations } = make();
        addThread(operations, 1);
        burn(operations, 10e9);
        operations.add({ tid: 2, nice: 0, runnable: true, cpuNs: 0, from: 1 });
        const had = burn(operations, 1e9);
        for (const tid of [1, 2]) holds(`thread ${tid} runs`, (had.get(tid) ?? 0) > 0.3e9);
      },
    },
    {
      name: 'lets another thread run after a yield',
      run(): void {
        const { operations } = make();
        addThread(operations, 1);
        addThread(operations, 2);
        const first = operations.pick(0);
        operations.yield(first);
        equal('preempts after a yield', operations.preempts(first), true);
        holds('another is picked', operations.pick(0) !== first);
      },
    },
    {
      name: 'runs nothing when nothing is runnable, and ignores threads it does not know',
      run(): void {
        const subject = make();
        const { operations } = subject;
        equal('pick of none', operations.pick(0), 0);
        operations.enqueue(42);
        operations.dequeue(42);
        operations.remove(42);
        operations.yield(42);
        operations.tick(42, 1000, true);
        equal('pick and load', [operations.pick(0), operations.load()], [0, 0]);
        subject.check();
      },
    },
    {
      name: 'keeps its invariants and goes on alike after its state went through bytes',
      run: () => fc.assert(fc.property(fc.array(step, { maxLength: 80 }), goesOn), { numRuns: 60 }),
    },
    {
      name: 'hands every thread over to another scheduler',
      run: () => others.forEach(handsOver),
    },
    {
      name: 'gives and takes threads in any state, with their policies, whether it can honour them or not',
      run: () => fc.assert(fc.property(fc.array(step, { maxLength: 40 }), exchanged), { numRuns: 40 }),
    },
    ...policyChecks(module),
    ...handoffChecks(module),
  ];

  function goesOn(steps: readonly Step[]): void {
    const clocks = [settableClock(), settableClock()] as const;
    const plain = schedulerSubject(module, clocks[0]);
    const copied = schedulerSubject(module, clocks[1]);
    const known = new Set<number>();
    for (const each of steps) {
      act(plain.operations, each, known, clocks[0]);
      act(copied.operations, each, known, clocks[1]);
      if (each.act === 'add') known.add(each.tid);
      if (each.act === 'remove') known.delete(each.tid);
      copied.copy();
      const next = plain.operations.pick(0);
      equal('pick', copied.operations.pick(0), next);
      equal('load', copied.operations.load(), plain.operations.load());
      if (next !== 0) equal('what was picked preempts itself', plain.operations.preempts(next), false);
    }
  }

  /** Threads in any state, to each other scheduler and back: as they were, and what was to run next still is. */
  function exchanged(steps: readonly Step[]): void {
    for (const other of others) {
      const clock = settableClock();
      const here = schedulerSubject(module, clock);
      const there = schedulerSubject(other, clock);
      const known = new Set<number>();
      for (const each of steps) {
        act(here.operations, each, known, clock);
        if (each.act === 'add') known.add(each.tid);
        if (each.act === 'remove') known.delete(each.tid);
      }
      const before = carried(here, there);
      equal('threads there', carried(there, here), before);
      const back = here.operations.drain();
      holds('every thread is back', back.length === known.size);
      equal('threads back', described(back), before);
      here.check();
    }
  }

  /** @returns the threads that `to` was handed by `from` */
  function carried(from: Subject<Scheduler, unknown>, to: Subject<Scheduler, unknown>): readonly string[] {
    const seen: Schedulable[] = [];
    const add = to.operations.add;
    const load = from.operations.load();
    contract.rebuild?.(from.operations, {
      ...to.operations,
      add: (thread) => {
        seen.push(thread);
        add(thread);
      },
    });
    from.check();
    to.check();
    equal('load', [from.operations.load(), to.operations.load()], [0, load]);
    holds(
      'the runnable come first',
      seen.findIndex(({ runnable }) => !runnable) >= load || load === seen.length,
    );
    return described(seen);
  }

  function handsOver(other: Module<Scheduler, unknown>): void {
    const from = make();
    const to = schedulerSubject(other);
    for (let tid = 1; tid <= 4; tid++) addThread(from.operations, tid, tid);
    from.operations.dequeue(3);
    burn(from.operations, 1e8);
    const next = from.operations.pick(0);
    contract.rebuild?.(from.operations, to.operations);
    from.check();
    to.check();
    equal('load left', from.operations.load(), 0);
    equal('load carried', to.operations.load(), 3);
    equal('the next thread', to.operations.pick(0), next);
    const carried = to.operations.drain();
    equal('threads carried', carried.map(({ tid }) => tid).sort(), [1, 2, 3, 4]);
    equal(
      'nice values carried',
      carried.map(({ tid, nice }) => nice - tid),
      [0, 0, 0, 0],
    );
    holds('CPU times are carried', carried.reduce((sum, { cpuNs }) => sum + cpuNs, 0) >= 1e8);
  }
}
