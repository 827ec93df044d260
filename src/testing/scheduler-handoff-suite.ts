/**
 * What schedulers with the optional interface `handoff` must do beside.
 */
import type { Module } from '../contracts/module.ts';
import type { HandoffOperations, Scheduler } from '../contracts/scheduler.ts';
import { type Check, equal, holds } from './check.ts';
import { addThread, schedulerSubject } from './scheduler-subject.ts';

const US = 1000;
const SECOND = 1_000_000_000;

type Handing = Scheduler & HandoffOperations;

export function handoffChecks<State>(module: Module<Scheduler, State>): readonly Check[] {
  if (!module.manifest.interfaces.includes('handoff')) return [];
  const fresh = (threads: number): Handing => {
    const operations = schedulerSubject(module).operations as Handing;
    for (let tid = 1; tid <= threads; tid++) addThread(operations, tid);
    return operations;
  };
  return [
    {
      name: 'runs next whom the CPU is handed to, and then who handed it over',
      run(): void {
        const operations = fresh(4);
        const from = operations.pick(0);
        const to = from === 4 ? 3 : 4;
        operations.handoff(from, to);
        equal('who gave the CPU away goes on', operations.preempts(from), true);
        operations.tick(from, 5 * US, false);
        equal('who runs', operations.pick(0), to);
        holds('it may run', operations.quantum(to) > 0 && !operations.preempts(to));
        operations.handoff(to, from);
        operations.tick(to, 5 * US, false);
        equal('who runs then', operations.pick(0), from);
      },
    },
    {
      name: 'hands the CPU to nobody who can not run',
      run(): void {
        const operations = fresh(3);
        const from = operations.pick(0);
        const other = from === 3 ? 2 : 3;
        operations.dequeue(other);
        for (const to of [other, 77, from]) operations.handoff(from, to);
        equal(
          'who gave the CPU away goes on',
          [operations.preempts(from), operations.pick(0)],
          [false, from],
        );
      },
    },
    {
      name: 'lets two that hand the CPU to each other starve nobody',
      run(): void {
        const operations = fresh(4);
        const had = [0, 0, 0, 0, 0];
        for (let now = 0; now < 4 * SECOND; ) {
          const tid = operations.pick(0);
          const talks = tid <= 2;
          const ran = talks ? Math.min(20 * US, operations.quantum(tid)) : operations.quantum(tid);
          if (talks) operations.handoff(tid, 3 - tid);
          operations.tick(tid, ran, ran === operations.quantum(tid));
          had[tid] = (had[tid] as number) + ran;
          now += ran;
        }
        for (const tid of [1, 2, 3, 4]) {
          holds(`thread ${tid} has had ${had[tid]} ns of 4 s`, (had[tid] as number) > 0.15 * 4 * SECOND);
        }
      },
    },
    {
      name: 'forgets a turn that was handed on with the thread that had it',
      run(): void {
        const operations = fresh(3);
        const from = operations.pick(0);
        const to = from === 3 ? 2 : 3;
        operations.handoff(from, to);
        operations.remove(to);
        holds('another one runs', [1, 2, 3].includes(operations.pick(0)) && operations.pick(0) !== to);
        operations.remove(from);
        equal('threads left', operations.load(), 1);
        equal('who is handed over', operations.drain().length, 1);
        equal('who runs', operations.pick(0), 0);
      },
    },
  ];
}
