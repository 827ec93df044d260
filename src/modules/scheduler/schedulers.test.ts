import { describe, expect, it } from 'vitest';
import type { Module } from '../../contracts/module.ts';
import type { Scheduler } from '../../contracts/scheduler.ts';
import { addThread, burn, schedulerSubject } from '../../testing/scheduler-subject.ts';
import { schedulerConformance } from '../../testing/scheduler-suite.ts';
import deadline from './deadline/module.ts';
import fair from './fair/module.ts';
import lottery from './lottery/module.ts';
import roundRobin from './round-robin/module.ts';
import timeSharing from './time-sharing/module.ts';

const MODULES = [roundRobin, timeSharing, fair, deadline, lottery] as unknown as Module<Scheduler, unknown>[];

describe.each(MODULES.map((module) => [module.manifest.name, module] as const))('%s', (_, module) => {
  for (const { name, run } of schedulerConformance(module, MODULES)) it(name, run);
});

describe('time-sharing', () => {
  it('gives a nicer thread less', () => {
    const subject = schedulerSubject(timeSharing);
    addThread(subject.operations, 1, 0);
    addThread(subject.operations, 2, 5);
    const had = burn(subject.operations, 60e9);
    // 1.25 to the fifth is 3: three quarters for the one, a quarter for the other.
    expect((had.get(1) ?? 0) / 60e9).toBeGreaterThan(0.65);
    expect((had.get(1) ?? 0) / 60e9).toBeLessThan(0.85);
  });

  it('runs a thread that seldom wants the CPU before one that always does', () => {
    const subject = schedulerSubject(timeSharing);
    addThread(subject.operations, 1);
    addThread(subject.operations, 2);
    subject.operations.dequeue(2);
    burn(subject.operations, 2e9);
    expect(subject.operations.preempts(1)).toBe(false);
    subject.operations.enqueue(2);
    expect(subject.operations.preempts(1)).toBe(true);
    expect(subject.operations.pick(0)).toBe(2);
  });
});
