/**
 * A scheduler under test with a clock that the test sets, and threads that burn CPU time on it.
 */
import type { Kernel } from '../contracts/kernel.ts';
import type { Module } from '../contracts/module.ts';
import type { Scheduler } from '../contracts/scheduler.ts';
import { equal, holds, Subject } from './check.ts';

/** A scheduler with nothing of a kernel behind it but a clock that the test sets. */
export const schedulerSubject = <State>(
  module: Module<Scheduler, State>,
  clock: SettableClock = settableClock(),
): Subject<Scheduler, State> => new Subject(module, { clock } as unknown as Kernel);

export interface SettableClock {
  now: number;
  monotonic(): number;
  /** Time at which the scheduler wants to be asked again, -1 = never. */
  wake: number;
  arm(kind: string, target: number, deadline: number): void;
}

export function settableClock(): SettableClock {
  const clock: SettableClock = {
    now: 0,
    wake: -1,
    monotonic: () => clock.now,
    arm(kind, target, deadline) {
      equal('timer of a scheduler', [kind, target], ['wait', 0]);
      clock.wake = deadline;
    },
  };
  return clock;
}

export const addThread = (operations: Scheduler, tid: number, nice = 0): void =>
  operations.add({ tid, nice, runnable: true, cpuNs: 0 });

/** Let threads burn CPU for so long. @returns CPU time by thread */
export function burn(
  operations: Scheduler,
  ns: number,
  clock: SettableClock = settableClock(),
): Map<number, number> {
  const had = new Map<number, number>();
  const end = clock.now + ns;
  while (clock.now < end) {
    const tid = operations.pick(0);
    if (tid === 0) {
      holds('an idle machine is woken again', clock.wake > clock.now);
      clock.now = clock.wake;
      continue;
    }
    let ran = operations.quantum(tid);
    holds('a quantum is a span of time', ran > 0);
    if (clock.wake > clock.now) ran = Math.min(ran, clock.wake - clock.now);
    clock.now += ran;
    operations.tick(tid, ran, true);
    had.set(tid, (had.get(tid) ?? 0) + ran);
  }
  return had;
}
