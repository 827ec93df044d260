/**
 * Contract `clock`: Linux's clocks over the hardware counter, and the timers that wait on them.
 *
 * Policy here: resolution, coalescing and the order of timers. Mechanism, fixed: `Kernel.time`.
 */
import { type Contract, layout, type StateLayout } from './contract.ts';
import { array, int, oneOf, record } from './schema.ts';

/**
 * Who is told when a timer expires: the wait of a thread, an interval timer of a thread group (setitimer(2)), who waits for an
 * event, a disk whose transfer takes its time, or the buffer cache that is to write back.
 */
export type TimerKind = 'wait' | 'itimer' | 'event' | 'block' | 'buffers';

export interface Timer {
  kind: TimerKind;
  /**
   * For `wait` a tid, or 0: nobody is told, but the scheduler is asked again, as one who was throttled may go on. For
   * `itimer` a tgid, or minus the id of a timer of timer_create(2). For `event` the event, for `block` the disk; else 0.
   */
  target: number;
  /** Monotonic ns. */
  deadline: number;
  /** Tie-break: timers of one deadline expire in the order in which they were armed. */
  order: number;
}

export interface ClockState {
  /** Added to boot time by clock_settime(2): whole seconds, and 0 to 999999999 ns, for ns alone would pass 2^53. */
  realtimeSeconds: number;
  realtimeNanoseconds: number;
  /** Sorted by (deadline, order), soonest first. At most one of each (kind, target). */
  timers: Timer[];
  nextOrder: number;
}

const blankTimer = (): Timer => ({ kind: 'wait', target: 0, deadline: 0, order: 0 });
const blank = (): ClockState => ({ realtimeSeconds: 0, realtimeNanoseconds: 0, timers: [], nextOrder: 1 });

export const clockLayout: StateLayout<ClockState> = layout(
  'clock',
  record<ClockState>(
    {
      realtimeSeconds: int(),
      realtimeNanoseconds: int(),
      timers: array(
        record<Timer>(
          {
            kind: oneOf<TimerKind>('wait', 'itimer', 'event', 'block', 'buffers'),
            target: int(),
            deadline: int(),
            order: int(),
          },
          blankTimer,
        ),
      ),
      nextOrder: int(),
    },
    blank,
  ),
  blank,
  (state) => {
    for (let i = 1; i < state.timers.length; i++) {
      const before = state.timers[i - 1] as Timer;
      const after = state.timers[i] as Timer;
      if (before.deadline > after.deadline) return 'timers are out of order';
    }
    return null;
  },
);

export interface Clock {
  /** Nanoseconds since boot (CLOCK_MONOTONIC and CLOCK_BOOTTIME). Hot path. */
  monotonic(): number;
  /** CLOCK_REALTIME: whole seconds since 1970. */
  realtimeSeconds(): number;
  /** The rest in ns, of the moment at which the seconds were asked for last: of another the two could be a second off. */
  realtimeNanoseconds(): number;
  /** Set CLOCK_REALTIME. */
  setRealtime(seconds: number, nanoseconds: number): void;
  /** The monotonic deadline at which CLOCK_REALTIME reaches a time; 0 if it is past. */
  realtimeToMonotonic(seconds: number, nanoseconds: number): number;
  /** Resolution in ns. */
  resolution(): number;
  /** Arm, or move, the one timer of this kind and target. */
  arm(kind: TimerKind, target: number, deadline: number): void;
  disarm(kind: TimerKind, target: number): void;
  /** Deadline of an armed timer, or -1. */
  deadline(kind: TimerKind, target: number): number;
  /** The soonest deadline, or -1. Hot path. */
  next(): number;
  /** Take the soonest timer whose deadline is at or before `now`; null if none. */
  expire(now: number): Timer | null;
}

export const clock: Contract<Clock> = {
  name: 'clock',
  version: 1,
  operations: [
    'monotonic',
    'realtimeSeconds',
    'realtimeNanoseconds',
    'setRealtime',
    'realtimeToMonotonic',
    'resolution',
    'arm',
    'disarm',
    'deadline',
    'next',
    'expire',
  ],
  interfaces: {},
};
