/**
 * What every implementation of System V semaphores and message queues must do (part of `ipcConformance`).
 */
import { E2BIG, EAGAIN } from '../abi/linux/errno.ts';
import { WAIT } from '../contracts/kernel.ts';
import type { MessageQueues, MessageWish } from '../contracts/message-queues.ts';
import { createPermission, type Semaphores } from '../contracts/semaphores.ts';
import { bytesOf } from '../lib/utf8.ts';
import { type Check, equal } from './check.ts';
import { addProcess, run } from './fake-guest.ts';
import type { IpcWorld } from './ipc-world.ts';

const THREADS: readonly number[] = [7, 8, 9];
const [A, B, C] = THREADS as [number, number, number];

export const semaphoreChecks = <State>(make: () => IpcWorld<State>): readonly Check[] => [
  {
    name: 'operations on semaphores are done for who waits, in order, as soon as they can be',
    run(): void {
      const world = make();
      const { guest } = world;
      const ipc = (): Semaphores => world.ipc as unknown as Semaphores;
      for (const tid of THREADS) addProcess(guest, tid, tid, tid);
      const id = ipc().createSemaphores(0, 2, createPermission());
      const operate = (tid: number, ...changes: readonly (readonly [number, number])[]): number =>
        run(guest, tid, () =>
          ipc().operateSemaphores(
            tid,
            id,
            changes.map(([index, change]) => ({ index, change, undo: false, noWait: false })),
          ),
        );
      const values = (): number[] | undefined =>
        ipc()
          .semaphores(id)
          ?.semaphores.map(({ value }) => value);
      equal('both', operate(A, [0, -1], [1, -1]), WAIT);
      equal('the second', operate(B, [1, -1]), WAIT);
      equal('who waits for the first', ipc().semaphoreWaiters(id, 0, false), 1);
      equal('a release', operate(C, [0, 1]), 0);
      equal('nobody is served', [guest.woken.splice(0), values()], [[], [1, 0]]);
      world.subject.copy();
      equal('another', operate(C, [1, 1]), 0);
      equal('the first is served', [guest.woken.splice(0), values()], [[A], [0, 0]]);
      equal('nothing is left for who comes', operate(C, [0, -1]), WAIT);
      equal(
        'their results',
        [A, B].map((tid) => ipc().semaphoreWaitOver(tid, id)),
        [0, null],
      );
      guest.waits.timeOut(C);
      ipc().setSemaphores(B, id, 0, [5, 0]);
      equal('one that timed out', [ipc().semaphoreWaitOver(C, id), values()], [null, [5, 0]]);
      equal('until zero', operate(C, [0, 0]), WAIT);
      ipc().setSemaphores(B, id, 0, [0]);
      ipc().removeSemaphores(id);
      equal('served before the set went', ipc().semaphoreWaitOver(C, id), 0);
      world.subject.check();
    },
  },
];

export const messageChecks = <State>(make: () => IpcWorld<State>): readonly Check[] => [
  {
    name: 'a message goes to the first who waits for its type, if it is not too long for that one',
    run(): void {
      const world = make();
      const { guest } = world;
      const ipc = (): MessageQueues => world.ipc as unknown as MessageQueues;
      for (const tid of THREADS) addProcess(guest, tid, tid, tid);
      const id = ipc().createQueue(0, createPermission());
      const wait = (tid: number, wish: Partial<MessageWish>): void => {
        run(guest, tid, () => {
          const whole = { type: 0, except: false, size: 100, cut: false, ...wish };
          guest.waits.on(ipc().awaitMessage(tid, id, whole));
          return WAIT;
        });
      };
      wait(A, { type: 2 });
      wait(B, { type: -5, size: 2 });
      wait(C, { type: 2, except: true });
      equal('of type 3', ipc().putMessage(A, id, 3, bytesOf('long')), 0);
      world.subject.copy();
      equal('woken', guest.woken.splice(0), [B, C]);
      const came = THREADS.map((tid) => ipc().messageDelivery(tid));
      equal(
        'errors',
        came.map((each) => each?.error ?? null),
        [null, -E2BIG, 0],
      );
      equal('its type', came[2]?.message.type, 3);
      equal('the queue', ipc().messageQueue(id)?.messages.length, 0);
      for (const tid of [B, C]) ipc().messageWaitOver(tid, id);
      guest.waits.timeOut(A);
      ipc().putMessage(B, id, 2, bytesOf('x'));
      equal('one that timed out', ipc().messageDelivery(A), null);
      equal('the queue then', ipc().messageQueue(id)?.bytes, 1);
      ipc().setQueue(id, 0, 0, 0o600, 1);
      equal('no room', ipc().putMessage(B, id, 2, bytesOf('x')), -EAGAIN);
      world.subject.check();
    },
  },
];
