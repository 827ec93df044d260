/**
 * What every implementation of futexes must do (part of `ipcConformance`).
 */
import { EDEADLK, EINVAL } from '../abi/linux/errno.ts';
import type { FutexInheritance, FutexVectors, MovedFutexes, OwnedFutexes } from '../contracts/futexes.ts';
import type { Ipc } from '../contracts/ipc.ts';
import { WAIT } from '../contracts/kernel.ts';
import { createPolicy } from '../contracts/scheduler.ts';
import { type Check, equal } from './check.ts';
import { addProcess, type FakeGuest, run } from './fake-guest.ts';
import type { IpcWorld } from './ipc-world.ts';

const EVERY_BIT = 0xffffffff;
type Full = Ipc & OwnedFutexes & MovedFutexes & FutexVectors & FutexInheritance;

/** Threads that a test names exist; each is a process. @param priority of a real-time thread, 0 = a normal one */
function thread(guest: FakeGuest, tid: number, priority: number = 0): void {
  if (!guest.threads.has(tid)) addProcess(guest, tid, tid, tid);
  const policy = {
    ...createPolicy(),
    kind: priority > 0 ? ('fifo' as const) : ('normal' as const),
    priority,
  };
  (guest.threads.get(tid) as { policy: typeof policy }).policy = policy;
}

function begin(world: IpcWorld<unknown>, tid: number, wait: () => number): number {
  return run(world.guest, tid, () => {
    const event = wait();
    if (event < 0) return event;
    world.guest.waits.on(event);
    return WAIT;
  });
}

function futexWait(world: IpcWorld<unknown>, tid: number, address: number, bits: number = EVERY_BIT): void {
  if (!world.guest.threads.has(tid)) thread(world.guest, tid);
  begin(world, tid, () => world.ipc.futexWait(tid, 1, address, bits));
}

export function futexChecks<State>(
  interfaces: readonly string[],
  make: () => IpcWorld<State>,
): readonly Check[] {
  const optional = (name: string, checks: readonly Check[]): readonly Check[] =>
    interfaces.includes(name) ? checks : [];
  return [
    {
      name: 'a futex wakes in order of arrival those whose bits meet, in that space',
      run(): void {
        const world = make();
        for (const tid of [11, 12, 13]) futexWait(world, tid, 100, tid === 12 ? 2 : 1);
        equal('another space', world.ipc.futexWake(2, 100, 9, EVERY_BIT), 0);
        equal('woken by bits', world.ipc.futexWake(1, 100, 9, 2), 1);
        world.subject.copy();
        equal('woken first', world.ipc.futexWake(1, 100, 1, EVERY_BIT), 1);
        equal('order', world.guest.woken, [12, 11]);
        const done = [11, 12, 13].map((tid) => world.ipc.futexDone(tid));
        equal('done', done, [true, true, false]);
        world.subject.check();
      },
    },
    {
      name: 'a futex gives a wake-up to the next when a thread has left its wait but not looked yet',
      run(): void {
        const world = make();
        futexWait(world, 11, 100);
        futexWait(world, 12, 100);
        world.guest.waits.timeOut(11);
        equal('woken', world.ipc.futexWake(1, 100, 1, EVERY_BIT), 1);
        equal('done', [world.ipc.futexDone(11), world.ipc.futexDone(12)], [false, true]);
      },
    },
    {
      name: 'a futex moves waiters to the end of another queue',
      run(): void {
        const world = make();
        futexWait(world, 21, 200);
        for (const tid of [11, 12, 13, 14]) futexWait(world, tid, 100);
        equal('woken and moved', world.ipc.futexRequeue(1, 100, 1, 1, 200, 2), 3);
        equal('woken at once', world.guest.woken.splice(0), [11]);
        equal('woken there', world.ipc.futexWake(1, 200, 9, EVERY_BIT), 3);
        equal('order', world.guest.woken.splice(0), [21, 12, 13]);
        equal('left', world.ipc.futexWake(1, 100, 9, EVERY_BIT), 1);
      },
    },
    ...optional('ownership', [ownership(make)]),
    ...optional('requeue-to-own', [moving(make)]),
    ...optional('futex-vectors', [vectors(make)]),
    ...optional('priority-inheritance', [inheritance(make), circles(make)]),
  ];
}

const ownership = <State>(make: () => IpcWorld<State>): Check => ({
  name: 'a futex that is owned passes to its waiters in order, and tells them that its owner is gone',
  run(): void {
    const world = make();
    const { guest } = world;
    const ipc = (): Ipc & OwnedFutexes => world.ipc as Ipc & OwnedFutexes;
    for (const tid of [11, 12, 13]) {
      addProcess(guest, tid, tid, tid);
      run(guest, tid, () => {
        guest.waits.on(ipc().futexWaitToOwn(tid, 1, 100, 10));
        return WAIT;
      });
    }
    equal('woken by a plain wake-up', ipc().futexWake(1, 100, 9, EVERY_BIT), -EINVAL);
    guest.waits.timeOut(11);
    guest.woken.length = 0;
    equal('next', ipc().futexNext(1, 100), 12);
    ipc().futexGrant(1, 100, 12);
    world.subject.copy();
    ipc().futexOwnerGone(10);
    equal('woken', guest.woken.splice(0), [12]);
    ipc().futexOwnerGone(12);
    equal('woken as the new owner is gone', guest.woken, [13]);
    const done = [11, 12, 13].map((tid) => ipc().futexDone(tid));
    equal('done', done, [false, true, false]);
    futexWait(world, 11, 100);
    equal('next of those who wait for a wake-up', ipc().futexNext(1, 100), -EINVAL);
  },
});

const moving = <State>(make: () => IpcWorld<State>): Check => ({
  name: 'waiters of a futex are moved to one that is owned, by priority, and own it in turn',
  run(): void {
    const world = make();
    const ipc = (): Full => world.ipc as Full;
    for (const tid of [10, 11, 12, 13]) {
      thread(world.guest, tid, tid === 12 ? 5 : 0);
      if (tid > 10) begin(world, tid, () => ipc().futexWaitToMove(tid, 1, 100, 1, 200));
    }
    equal('a plain wake-up', ipc().futexWake(1, 100, 9, EVERY_BIT), -EINVAL);
    equal('a plain requeue', ipc().futexRequeue(1, 100, 1, 1, 300, 1), -EINVAL);
    equal('to another word', ipc().futexFirstToMove(1, 100, 1, 300), -EINVAL);
    equal('the first', ipc().futexFirstToMove(1, 100, 1, 200), 12);
    ipc().futexMoveGranted(12);
    equal('moved', ipc().futexMoveToOwn(1, 100, 1, 200, 12, 9), 2);
    world.subject.copy();
    equal('nobody is left', ipc().futexFirstToMove(1, 100, 1, 200), 0);
    const moved = [11, 12, 13].map((tid) => ipc().futexMoved(tid));
    equal('who waits to own', moved, [true, false, true]);
    equal('next', ipc().futexNext(1, 200), 11);
    ipc().futexGrant(1, 200, 11);
    world.subject.check();
    const done = [11, 12, 13].map((tid) => ipc().futexDone(tid));
    equal('done', done, [true, true, false]);
  },
});

const vectors = <State>(make: () => IpcWorld<State>): Check => ({
  name: 'a thread that waits for several futexes is woken by any, and told of the last',
  run(): void {
    const world = make();
    const ipc = (): Full => world.ipc as Full;
    const words = [100, 200, 300].map((address) => ({ space: 1, address }));
    thread(world.guest, 11);
    begin(world, 11, () => ipc().futexWaitAny(11, words));
    equal('woken', ipc().futexWake(1, 200, 1, EVERY_BIT), 1);
    world.subject.copy();
    equal('woken by another before it looked', ipc().futexWake(1, 100, 1, EVERY_BIT), 1);
    equal('by the same', ipc().futexWake(1, 200, 1, EVERY_BIT), 0);
    equal('wake-ups', world.guest.woken, [11]);
    equal('the last', ipc().futexAnyDone(11), 1);
    equal('nothing is left', ipc().futexWake(1, 300, 1, EVERY_BIT), 0);
    begin(world, 11, () => ipc().futexWaitAny(11, words));
    world.guest.waits.timeOut(11);
    equal('after a time-out', ipc().futexWake(1, 100, 1, EVERY_BIT), 0);
    equal('none', ipc().futexAnyDone(11), -1);
  },
});

const inheritance = <State>(make: () => IpcWorld<State>): Check => ({
  name: 'the owner of a futex inherits from who waits for it, along a chain, and no longer than that',
  run(): void {
    const world = make();
    const { guest } = world;
    const ipc = (): Full => world.ipc as Full;
    for (const [tid, priority] of [
      [10, 0],
      [11, 3],
      [12, 20],
      [13, 40],
    ] as const) {
      thread(guest, tid, priority);
    }
    const inherited = (): number[] =>
      [10, 11, 12].map((tid) => guest.threads.get(tid)?.inherited?.priority ?? 0);
    begin(world, 11, () => ipc().futexWaitToOwn(11, 1, 100, 10));
    equal('of one', inherited(), [3, 0, 0]);
    begin(world, 12, () => ipc().futexWaitToOwn(12, 1, 200, 11));
    equal('along the chain', inherited(), [20, 20, 0]);
    world.subject.copy();
    begin(world, 13, () => ipc().futexWaitToOwn(13, 1, 100, 10));
    equal('of the highest', inherited(), [40, 20, 0]);
    thread(guest, 13, 0);
    ipc().futexPolicyChanged(13);
    equal('once that has fallen', inherited(), [20, 20, 0]);
    guest.waits.timeOut(12);
    ipc().futexDone(12);
    equal('once a wait is over', inherited(), [3, 0, 0]);
    ipc().futexGrant(1, 100, 11);
    equal('once it is given on', inherited(), [0, 0, 0]);
  },
});

const circles = <State>(make: () => IpcWorld<State>): Check => ({
  name: 'a wait for an owner that would close a circle is refused',
  run(): void {
    const world = make();
    const ipc = (): Full => world.ipc as Full;
    for (const tid of [10, 11, 12]) thread(world.guest, tid);
    begin(world, 11, () => ipc().futexWaitToOwn(11, 1, 100, 10));
    begin(world, 12, () => ipc().futexWaitToOwn(12, 1, 200, 11));
    equal(
      'the third side',
      begin(world, 10, () => ipc().futexWaitToOwn(10, 1, 300, 12)),
      -EDEADLK,
    );
    ipc().futexDone(12);
    equal(
      'once it is open',
      begin(world, 10, () => ipc().futexWaitToOwn(10, 1, 300, 12)),
      WAIT,
    );
  },
});
