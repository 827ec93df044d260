/**
 * What every scheduler must do, whatever its policy (`schedulerConformance`).
 */
import fc from 'fast-check';
import type { Kernel } from '../contracts/kernel.ts';
import type { Module } from '../contracts/module.ts';
import { type Scheduler, scheduler as contract } from '../contracts/scheduler.ts';
import { type Check, equal, holds, Subject } from './check.ts';

/** A scheduler with no kernel behind it. */
export const schedulerSubject = <State>(module: Module<Scheduler, State>): Subject<Scheduler, State> =>
  new Subject(module, {} as Kernel);

export const addThread = (operations: Scheduler, tid: number, nice = 0): void =>
  operations.add({ tid, nice, runnable: true, cpuNs: 0 });

/** Let threads burn CPU for so long. @returns CPU time by thread */
export function burn(operations: Scheduler, ns: number): Map<number, number> {
  const had = new Map<number, number>();
  for (let now = 0; now < ns; ) {
    const tid = operations.pick(0);
    const ran = operations.quantum(tid);
    holds('a quantum is a span of time', ran > 0);
    operations.tick(tid, ran, true);
    had.set(tid, (had.get(tid) ?? 0) + ran);
    now += ran;
  }
  return had;
}

const step = fc.record({
  act: fc.constantFrom('add', 'remove', 'enqueue', 'dequeue', 'yield', 'nice', 'run'),
  tid: fc.integer({ min: 1, max: 6 }),
  amount: fc.integer({ min: 0, max: 400_000_000 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function act(operations: Scheduler, { act, tid, amount }: Step, known: ReadonlySet<number>): void {
  if (act === 'add' && !known.has(tid)) addThread(operations, tid, (amount % 40) - 20);
  if (act === 'remove') operations.remove(tid);
  if (act === 'enqueue') operations.enqueue(tid);
  if (act === 'dequeue') operations.dequeue(tid);
  if (act === 'yield') operations.yield(tid);
  if (act === 'nice') operations.setNice(tid, (amount % 40) - 20);
  if (act === 'run') operations.tick(operations.pick(0), amount, amount % 2 === 0);
}

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
  ];

  function goesOn(steps: readonly Step[]): void {
    const plain = make();
    const copied = make();
    const known = new Set<number>();
    for (const each of steps) {
      act(plain.operations, each, known);
      act(copied.operations, each, known);
      if (each.act === 'add') known.add(each.tid);
      if (each.act === 'remove') known.delete(each.tid);
      copied.copy();
      equal('pick', copied.operations.pick(0), plain.operations.pick(0));
      equal('load', copied.operations.load(), plain.operations.load());
    }
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
