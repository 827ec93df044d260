/**
 * The plain clock: nanosecond resolution, timers exactly when they are due, ties in the order of arming.
 *
 * Source: clock_gettime(2), timer behaviour as in time(7). One sorted array of timers, found by binary search: moving a
 * timer costs its length, which is the number of sleeping threads.
 */
import {
  type Clock,
  type ClockState,
  clockLayout,
  type Timer,
  type TimerKind,
} from '../../../contracts/clock.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Module } from '../../../contracts/module.ts';

const SECOND = 1_000_000_000;

function create(state: ClockState, kernel: Kernel): Clock {
  const indexOf = (kind: TimerKind, target: number): number =>
    state.timers.findIndex((timer) => timer.target === target && timer.kind === kind);

  /** First place whose deadline is later: a new timer goes behind those of its own deadline. */
  const placeFor = (deadline: number): number => {
    let low = 0;
    let high = state.timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((state.timers[middle] as Timer).deadline <= deadline) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  /** CLOCK_REALTIME in ns after the second of boot plus the offset's seconds: small enough to be exact. */
  const sinceBase = (): number =>
    kernel.time.bootNanoseconds + state.realtimeNanoseconds + Math.floor(kernel.time.now());
  const baseSeconds = (): number => kernel.time.bootSeconds + state.realtimeSeconds;
  /** `sinceBase` when the seconds were asked for, for who asks for the rest in the same entry. */
  let asked = 0;

  return {
    monotonic: () => Math.floor(kernel.time.now()),
    realtimeSeconds() {
      asked = sinceBase();
      return baseSeconds() + Math.floor(asked / SECOND);
    },
    realtimeNanoseconds: () => asked % SECOND,
    setRealtime(seconds, nanoseconds) {
      const ahead = nanoseconds - kernel.time.bootNanoseconds - Math.floor(kernel.time.now());
      const carry = Math.floor(ahead / SECOND);
      state.realtimeSeconds = seconds - kernel.time.bootSeconds + carry;
      state.realtimeNanoseconds = ahead - carry * SECOND;
    },
    realtimeToMonotonic(seconds, nanoseconds) {
      const away = seconds - baseSeconds();
      const offset = kernel.time.bootNanoseconds + state.realtimeNanoseconds;
      const at = away * SECOND + nanoseconds - offset;
      if (at <= kernel.time.now()) return 0;
      return Math.min(at, Number.MAX_SAFE_INTEGER);
    },
    resolution: () => 1,
    arm(kind, target, deadline) {
      const before = indexOf(kind, target);
      if (before >= 0) state.timers.splice(before, 1);
      const whole = Math.ceil(Math.min(deadline, Number.MAX_SAFE_INTEGER));
      state.timers.splice(placeFor(whole), 0, { kind, target, deadline: whole, order: state.nextOrder++ });
    },
    disarm(kind, target) {
      const at = indexOf(kind, target);
      if (at >= 0) state.timers.splice(at, 1);
    },
    deadline(kind, target) {
      const at = indexOf(kind, target);
      return at < 0 ? -1 : (state.timers[at] as Timer).deadline;
    },
    next: () => state.timers[0]?.deadline ?? -1,
    expire(now) {
      const first = state.timers[0];
      if (first === undefined || first.deadline > now) return null;
      state.timers.shift();
      return first;
    },
  };
}

export const tickClock: Module<Clock, ClockState> = {
  manifest: {
    slot: 'clock',
    name: 'tick',
    version: '1.0.0',
    contract: 1,
    interfaces: [],
    needs: {},
    description: 'Nanosecond clocks; each timer expires when it is due',
  },
  layout: clockLayout,
  create,
};
export default tickClock;
