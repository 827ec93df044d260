import { beforeEach, describe, expect, it } from 'vitest';
import { type Kernel, RESUMED_BY_EVENT, RESUMED_BY_SIGNAL, RESUMED_BY_TIMEOUT } from '../contracts/kernel.ts';
import { SYSCALL, WaitQueues } from './waits.ts';

interface Told {
  readonly runnable: number[];
  readonly armed: Map<number, number>;
  /** Threads whose group is to exit. */
  readonly exiting: Set<number>;
}

function fixture(): { waits: WaitQueues; told: Told } {
  const told: Told = { runnable: [], armed: new Map(), exiting: new Set() };
  const kernel = {
    scheduler: { enqueue: (tid: number) => void told.runnable.push(tid), dequeue: () => {} },
    clock: {
      arm: (_kind: string, tid: number, at: number) => void told.armed.set(tid, at),
      disarm: (_kind: string, tid: number) => void told.armed.delete(tid),
    },
    process: { group: (tid: number) => ({ exiting: told.exiting.has(tid) }) },
  } as unknown as Kernel;
  return { waits: new WaitQueues(kernel), told };
}

describe('WaitQueues', () => {
  let waits: WaitQueues;
  let told: Told;
  beforeEach(() => {
    ({ waits, told } = fixture());
  });

  const waitOn = (tid: number, ...events: number[]): void => {
    waits.begin();
    for (const event of events) waits.on(event);
    waits.restart('restart');
    waits.commit(tid, SYSCALL);
  };

  it('wakes waiters in the order in which they came, as many as asked for', () => {
    const event = waits.newEvent();
    for (const tid of [5, 3, 4]) waitOn(tid, event);
    expect(waits.wake(event, 2)).toBe(2);
    expect(told.runnable).toEqual([5, 3]);
    expect(waits.resumed(5)).toBe(RESUMED_BY_EVENT);
    expect(waits.resumed(4)).toBe(0);
    expect(waits.wake(event, 9)).toBe(1);
    expect(waits.wake(event, 9)).toBe(0);
  });

  it('takes a thread that waits for several events off every queue', () => {
    const [a, b] = [waits.newEvent(), waits.newEvent()];
    waitOn(1, a, b);
    expect(waits.wake(b, 1)).toBe(1);
    expect(waits.waiters(a)).toEqual([]);
    expect(waits.wake(a, 1)).toBe(0);
    expect(told.runnable).toEqual([1]);
  });

  it('tells who watches an event once, until what fired is taken, and through others', () => {
    const [a, b, inner, outer] = [1, 2, 3, 4].map(() => waits.newEvent()) as [number, number, number, number];
    waits.begin();
    waits.on(a);
    waits.on(b);
    waits.watch(inner, 70);
    waits.on(inner);
    waits.watch(outer, 80);
    waitOn(1, outer);
    waits.wake(b, 1);
    waits.wake(a, 1);
    expect(told.runnable).toEqual([1]);
    expect([waits.fired(inner), waits.fired(outer), waits.fired(inner)]).toEqual([[70], [80], []]);
    waitOn(2, inner);
    waits.unwatch(outer, 80);
    waits.wake(a, 1);
    expect([waits.fired(outer), waits.fired(inner)]).toEqual([[], [70]]);
    waits.unwatch(inner, 70);
    waits.wake(a, 1);
    expect([told.runnable, waits.fired(inner)]).toEqual([[1, 2], []]);
  });

  it('tells of several exclusive watchers only as many as it takes for one thread to wake', () => {
    const [a, idle, first, second, plain] = [1, 2, 3, 4, 5].map(() => waits.newEvent()) as [
      number,
      number,
      number,
      number,
      number,
    ];
    for (const to of [idle, first, second]) {
      waits.begin();
      waits.on(a);
      waits.watch(to, to, true);
    }
    waits.begin();
    waits.on(a);
    waits.watch(plain, plain);
    waitOn(1, first);
    waitOn(2, second);
    waitOn(3, plain);
    waits.wake(a, 1);
    expect(told.runnable).toEqual([1, 3]);
    expect([idle, first, second, plain].map((to) => waits.fired(to).length)).toEqual([1, 1, 0, 1]);
    waits.finish(1);
    waits.wake(a, 1);
    expect(told.runnable).toEqual([1, 3, 2]);
  });

  it('forgets a thread that is cancelled or undone, though it was asked for last', () => {
    const event = waits.newEvent();
    expect(waits.resumed(4)).toBe(0);
    const undo = waits.checkpoint();
    waitOn(4, event);
    expect(waits.waiting(4)).toBe('restart');
    undo();
    expect(waits.waiting(4)).toBeNull();
    waitOn(4, event);
    waits.wake(event, 1);
    expect(waits.resumed(4)).toBe(RESUMED_BY_EVENT);
    waits.cancel(4);
    expect(waits.resumed(4)).toBe(0);
    waitOn(4, event);
    expect(waits.waiting(4)).toBe('restart');
  });

  it('keeps progress over runs until the call ends', () => {
    const event = waits.newEvent();
    waits.begin();
    waits.on(event);
    waits.keep([7, 8]);
    waits.commit(1, SYSCALL);
    waits.wake(event, 1);
    expect(waits.progress(1)).toEqual([7, 8]);
    waitOn(1, event);
    expect(waits.progress(1)).toEqual([7, 8]);
    waits.finish(1);
    expect(waits.progress(1)).toEqual([]);
  });

  it('arms one timer at the soonest deadline and disarms it when an event comes first', () => {
    const event = waits.newEvent();
    waits.begin();
    waits.on(event);
    waits.until(90);
    waits.until(50);
    waits.until(70);
    waits.commit(2, SYSCALL);
    expect(told.armed.get(2)).toBe(50);
    waits.wake(event, 1);
    expect(told.armed.size).toBe(0);
  });

  it('times out once', () => {
    const event = waits.newEvent();
    waits.begin();
    waits.on(event);
    waits.until(50);
    waits.commit(2, SYSCALL);
    waits.timeOut(2);
    expect(waits.resumed(2)).toBe(RESUMED_BY_TIMEOUT);
    expect(waits.wake(event, 1)).toBe(0);
    expect(told.runnable).toEqual([2]);
  });

  it('lets a signal break off any wait but one on the disk, and a kill that too', () => {
    const event = waits.newEvent();
    waitOn(1, event);
    waits.begin();
    waits.on(event);
    waits.commit(2, SYSCALL);
    waits.notify(1);
    waits.notify(2);
    expect(waits.resumed(1)).toBe(RESUMED_BY_SIGNAL);
    expect(waits.waiting(2)).toBe('disk');
    expect(waits.waiters(event)).toEqual([2]);
    told.exiting.add(2);
    waits.notify(2);
    expect(waits.resumed(2)).toBe(RESUMED_BY_SIGNAL);
  });

  it('moves waiters between events in order', () => {
    const [from, to] = [waits.newEvent(), waits.newEvent()];
    for (const tid of [1, 2, 3]) waitOn(tid, from);
    expect(waits.requeue(from, to, 2)).toBe(2);
    expect(waits.waiters(from)).toEqual([3]);
    expect(waits.waiters(to)).toEqual([1, 2]);
    expect(waits.wake(to, 5)).toBe(2);
  });

  it('hides that a call ever ran when it begins anew, but not from one that keeps time itself', () => {
    const event = waits.newEvent();
    waits.begin();
    waits.on(event);
    waits.restart('block');
    waits.keep([11]);
    waits.commit(1, SYSCALL);
    waits.notify(1);
    const record = waits.ready(1);
    expect(record).not.toBeNull();
    if (record === null) return;
    waits.rearm(record, 'block');
    expect([waits.resumed(1), ...waits.progress(1)]).toEqual([RESUMED_BY_EVENT, 11]);
    waits.rearm(record, 'restart');
    expect([waits.resumed(1), ...waits.progress(1)]).toEqual([0]);
  });
});
