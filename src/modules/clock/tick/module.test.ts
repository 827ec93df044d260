import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clockLayout } from '../../../contracts/clock.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import tickClock from './module.ts';

const BOOT_SECONDS = 1_700_000_000;

function make(): {
  clock: ReturnType<typeof tickClock.create>;
  state: ReturnType<typeof clockLayout.create>;
  time: { ns: number };
} {
  const time = { ns: 0 };
  const kernel = {
    time: { now: () => time.ns, bootSeconds: BOOT_SECONDS, bootNanoseconds: 900_000_000 },
  } as unknown as Kernel;
  const state = clockLayout.create();
  return { clock: tickClock.create(state, kernel), state, time };
}

describe('timers', () => {
  it('expire in the order of deadline, then of arming, and never early', () => {
    const timer = fc.record({
      target: fc.integer({ min: 1, max: 30 }),
      deadline: fc.integer({ min: 0, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(timer, { maxLength: 60 }), (armed) => {
        const { clock, state } = make();
        const last = new Map<number, { deadline: number; order: number }>();
        armed.forEach(({ target, deadline }, order) => {
          clock.arm('wait', target, deadline);
          last.set(target, { deadline, order });
        });
        expect(clockLayout.verify?.(state)).toBeNull();
        const expected = [...last].sort(([, a], [, b]) => a.deadline - b.deadline || a.order - b.order);
        const got: number[] = [];
        for (let now = 0; now <= 20; now++) {
          for (let due = clock.expire(now); due !== null; due = clock.expire(now)) {
            expect(due.deadline).toBe(now);
            got.push(due.target);
          }
        }
        expect(got).toEqual(expected.map(([target]) => target));
      }),
    );
  });

  it('are one for each kind and target', () => {
    const { clock } = make();
    clock.arm('wait', 1, 50);
    clock.arm('itimer', 1, 40);
    clock.arm('wait', 1, 30);
    expect([clock.deadline('wait', 1), clock.deadline('itimer', 1), clock.next()]).toEqual([30, 40, 30]);
    clock.disarm('wait', 1);
    clock.disarm('wait', 7);
    expect([clock.deadline('wait', 1), clock.next()]).toEqual([-1, 40]);
    expect(clock.expire(39)).toBeNull();
  });
});

describe('real time', () => {
  it('carries seconds over and follows settime', () => {
    const { clock, time } = make();
    time.ns = 200_000_000;
    expect([clock.realtimeSeconds(), clock.realtimeNanoseconds()]).toEqual([BOOT_SECONDS + 1, 100_000_000]);
    clock.setRealtime(1000, 5);
    expect([clock.realtimeSeconds(), clock.realtimeNanoseconds()]).toEqual([1000, 5]);
    time.ns += 999_999_995;
    expect([clock.realtimeSeconds(), clock.realtimeNanoseconds()]).toEqual([1001, 0]);
    expect(clock.monotonic()).toBe(1_199_999_995);
  });

  it('turns a time of day into a deadline', () => {
    const { clock, time } = make();
    time.ns = 1000;
    expect(clock.realtimeToMonotonic(BOOT_SECONDS + 1, 0)).toBe(100_000_000);
    expect(clock.realtimeToMonotonic(BOOT_SECONDS, 0)).toBe(0);
    expect(clock.realtimeToMonotonic(2 ** 50, 0)).toBe(Number.MAX_SAFE_INTEGER);
  });
});
