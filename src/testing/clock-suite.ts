/**
 * What every clock must do (`clockConformance`).
 */
import fc from 'fast-check';
import type { Clock } from '../contracts/clock.ts';
import type { Kernel } from '../contracts/kernel.ts';
import type { Module } from '../contracts/module.ts';
import { type Check, equal, Subject } from './check.ts';

const BOOT_SECONDS = 1_700_000_000;
const timer = fc.record({
  target: fc.integer({ min: 1, max: 30 }),
  deadline: fc.integer({ min: 0, max: 20 }),
});
type Timer = typeof timer extends fc.Arbitrary<infer T> ? T : never;

export function clockConformance<State>(module: Module<Clock, State>): readonly Check[] {
  const make = (): { subject: Subject<Clock, State>; time: { ns: number } } => {
    const time = { ns: 0 };
    const kernel = {
      time: { now: () => time.ns, bootSeconds: BOOT_SECONDS, bootNanoseconds: 900_000_000 },
    } as unknown as Kernel;
    return { subject: new Subject(module, kernel), time };
  };
  const inOrder = (armed: readonly Timer[]): void => {
    const { subject } = make();
    const last = new Map<number, { deadline: number; order: number }>();
    armed.forEach(({ target, deadline }, order) => {
      subject.operations.arm('wait', target, deadline);
      last.set(target, { deadline, order });
      subject.copy();
    });
    const expected = [...last].sort(([, a], [, b]) => a.deadline - b.deadline || a.order - b.order);
    const got: number[] = [];
    for (let now = 0; now <= 20; now++) {
      const { operations } = subject;
      for (let due = operations.expire(now); due !== null; due = operations.expire(now)) {
        equal('when it expires', due.deadline, now);
        got.push(due.target);
      }
    }
    equal(
      'order of expiry',
      got,
      expected.map(([target]) => target),
    );
  };
  return [
    {
      name: 'timers expire in the order of deadline, then of arming, and never early',
      run: () => fc.assert(fc.property(fc.array(timer, { maxLength: 60 }), inOrder), { numRuns: 60 }),
    },
    {
      name: 'timers are one for each kind and target',
      run(): void {
        const { operations: clock } = make().subject;
        clock.arm('wait', 1, 50);
        clock.arm('itimer', 1, 40);
        clock.arm('wait', 1, 30);
        equal(
          'deadlines',
          [clock.deadline('wait', 1), clock.deadline('itimer', 1), clock.next()],
          [30, 40, 30],
        );
        clock.disarm('wait', 1);
        clock.disarm('wait', 7);
        equal('deadlines after disarm', [clock.deadline('wait', 1), clock.next()], [-1, 40]);
        equal('expiry before its time', clock.expire(39), null);
      },
    },
    {
      name: 'real time carries seconds over and follows settime',
      run(): void {
        const { subject, time } = make();
        const { operations: clock } = subject;
        const now = (): number[] => [clock.realtimeSeconds(), clock.realtimeNanoseconds()];
        time.ns = 200_000_000;
        equal('real time', now(), [BOOT_SECONDS + 1, 100_000_000]);
        clock.setRealtime(1000, 5);
        equal('real time that was set', now(), [1000, 5]);
        time.ns += 999_999_995;
        equal('real time later', now(), [1001, 0]);
        equal('monotonic time', clock.monotonic(), 1_199_999_995);
        subject.check();
      },
    },
    {
      name: 'a time of day becomes a deadline',
      run(): void {
        const { subject, time } = make();
        const { operations: clock } = subject;
        time.ns = 1000;
        equal('later', clock.realtimeToMonotonic(BOOT_SECONDS + 1, 0), 100_000_000);
        equal('earlier', clock.realtimeToMonotonic(BOOT_SECONDS, 0), 0);
        equal('never', clock.realtimeToMonotonic(2 ** 50, 0), Number.MAX_SAFE_INTEGER);
      },
    },
  ];
}
