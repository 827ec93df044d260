import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StateLayout } from '../../contracts/contract.ts';
import type { Kernel } from '../../contracts/kernel.ts';
import type { Module } from '../../contracts/module.ts';
import { type Scheduler, scheduler as contract } from '../../contracts/scheduler.ts';
import { decode, encode, type Schema } from '../../contracts/schema.ts';
import roundRobin from './round-robin/module.ts';
import timeSharing from './time-sharing/module.ts';

const NO_KERNEL = {} as Kernel;

/** A scheduler whose state can be sent through bytes. */
class Subject {
  readonly name: string;
  operations: Scheduler;
  #state: unknown;
  readonly #module: Module<Scheduler, unknown>;

  constructor(module: Module<Scheduler, unknown>) {
    this.name = module.manifest.name;
    this.#module = module;
    this.#state = module.layout.create();
    this.operations = module.create(this.#state, NO_KERNEL);
  }

  check(): void {
    const layout: StateLayout<unknown> = this.#module.layout;
    expect(layout.verify?.(this.#state) ?? null).toBeNull();
    layout.versions[0]?.schema.check(this.#state, this.name);
  }

  copy(): void {
    const schema = this.#module.layout.versions[0]?.schema as Schema<unknown>;
    this.#state = decode(schema, encode(schema, this.#state));
    this.operations = this.#module.create(this.#state, NO_KERNEL);
  }
}

const MODULES = [roundRobin, timeSharing] as unknown as Module<Scheduler, unknown>[];
const add = (subject: Subject, tid: number, nice = 0): void =>
  subject.operations.add({ tid, nice, runnable: true, cpuNs: 0 });

/** Let threads burn CPU for so long. @returns CPU time by thread */
function burn(subject: Subject, ns: number): Map<number, number> {
  const had = new Map<number, number>();
  for (let now = 0; now < ns; ) {
    const tid = subject.operations.pick(0);
    const ran = subject.operations.quantum(tid);
    subject.operations.tick(tid, ran, true);
    had.set(tid, (had.get(tid) ?? 0) + ran);
    now += ran;
  }
  return had;
}

describe.each(MODULES.map((module) => [module.manifest.name, module] as const))('%s', (_, module) => {
  it('shares the CPU fairly among equals', () => {
    const subject = new Subject(module);
    for (const tid of [5, 6, 7]) add(subject, tid);
    const had = burn(subject, 60e9);
    for (const tid of [5, 6, 7]) expect((had.get(tid) ?? 0) / 60e9).toBeCloseTo(1 / 3, 1);
  });

  it('starves nobody, whatever the nice values', () => {
    const subject = new Subject(module);
    for (let tid = 1; tid <= 5; tid++) add(subject, tid, -20);
    add(subject, 9, 19);
    const had = burn(subject, 120e9);
    expect(had.get(9)).toBeGreaterThan(0);
    // Not only once: it goes on being served.
    expect(burn(subject, 240e9).get(9)).toBeGreaterThan(0);
  });

  it('lets another thread run after a yield', () => {
    const subject = new Subject(module);
    add(subject, 1);
    add(subject, 2);
    const first = subject.operations.pick(0);
    subject.operations.yield(first);
    expect(subject.operations.preempts(first)).toBe(true);
    expect(subject.operations.pick(0)).not.toBe(first);
  });

  it('runs nothing when nothing is runnable, and ignores threads it does not know', () => {
    const subject = new Subject(module);
    const { operations } = subject;
    expect(operations.pick(0)).toBe(0);
    for (const act of [operations.enqueue, operations.dequeue, operations.remove, operations.yield]) act(42);
    operations.tick(42, 1000, true);
    expect([operations.pick(0), operations.load()]).toEqual([0, 0]);
    subject.check();
  });

  it('keeps its invariants and goes on alike after its state went through bytes', () => {
    const step = fc.record({
      act: fc.constantFrom('add', 'remove', 'enqueue', 'dequeue', 'yield', 'nice', 'run'),
      tid: fc.integer({ min: 1, max: 6 }),
      amount: fc.integer({ min: 0, max: 400_000_000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const plain = new Subject(module);
        const copied = new Subject(module);
        const known = new Set<number>();
        for (const { act, tid, amount } of steps) {
          for (const subject of [plain, copied]) {
            const { operations } = subject;
            if (act === 'add' && !known.has(tid)) add(subject, tid, (amount % 40) - 20);
            if (act === 'remove') operations.remove(tid);
            if (act === 'enqueue') operations.enqueue(tid);
            if (act === 'dequeue') operations.dequeue(tid);
            if (act === 'yield') operations.yield(tid);
            if (act === 'nice') operations.setNice(tid, (amount % 40) - 20);
            if (act === 'run') operations.tick(operations.pick(0), amount, amount % 2 === 0);
          }
          if (act === 'add') known.add(tid);
          if (act === 'remove') known.delete(tid);
          copied.copy();
          copied.check();
          expect(copied.operations.pick(0)).toBe(plain.operations.pick(0));
          expect(copied.operations.load()).toBe(plain.operations.load());
        }
      }),
      { numRuns: 60 },
    );
  });

  it('hands every thread over to another scheduler', () => {
    for (const other of MODULES) {
      const from = new Subject(module);
      const to = new Subject(other);
      for (let tid = 1; tid <= 4; tid++) add(from, tid, tid);
      from.operations.dequeue(3);
      burn(from, 1e8);
      const cpu = burn(from, 0);
      expect(cpu.size).toBe(0);
      const next = from.operations.pick(0);
      contract.rebuild?.(from.operations, to.operations);
      from.check();
      to.check();
      expect(from.operations.load()).toBe(0);
      expect(to.operations.load()).toBe(3);
      expect(to.operations.pick(0)).toBe(next);
      const carried = to.operations.drain();
      expect(carried.map(({ tid }) => tid).sort()).toEqual([1, 2, 3, 4]);
      expect(carried.every(({ tid, nice }) => nice === tid)).toBe(true);
      expect(carried.reduce((sum, { cpuNs }) => sum + cpuNs, 0)).toBeGreaterThanOrEqual(1e8);
    }
  });
});

describe('time-sharing', () => {
  it('gives a nicer thread less', () => {
    const subject = new Subject(timeSharing as unknown as Module<Scheduler, unknown>);
    add(subject, 1, 0);
    add(subject, 2, 5);
    const had = burn(subject, 60e9);
    // 1.25 to the fifth is 3: three quarters for the one, a quarter for the other.
    expect((had.get(1) ?? 0) / 60e9).toBeGreaterThan(0.65);
    expect((had.get(1) ?? 0) / 60e9).toBeLessThan(0.85);
  });

  it('runs a thread that seldom wants the CPU before one that always does', () => {
    const subject = new Subject(timeSharing as unknown as Module<Scheduler, unknown>);
    add(subject, 1);
    add(subject, 2);
    subject.operations.dequeue(2);
    burn(subject, 2e9);
    expect(subject.operations.preempts(1)).toBe(false);
    subject.operations.enqueue(2);
    expect(subject.operations.preempts(1)).toBe(true);
    expect(subject.operations.pick(0)).toBe(2);
  });
});
