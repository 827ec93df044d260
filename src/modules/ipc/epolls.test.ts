/** Epolls against a model that asks every file: what is told, in which order, over replacement. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLET, EPOLLONESHOT } from '../../abi/linux/epoll.ts';
import { POLLIN, POLLOUT } from '../../abi/linux/poll.ts';
import type { ipcLayout } from '../../contracts/ipc.ts';
import type { ReadyEvent } from '../../contracts/notifiers.ts';
import { Subject } from '../../testing/check.ts';
import { addProcess, buffer, createFakeGuest } from '../../testing/fake-guest.ts';
import { basicIpc } from './basic/module.ts';

const TID = 1;
const FILES = 5;
const EPOLL_FILE = 100;

interface World {
  readonly guest: ReturnType<typeof createFakeGuest>;
  readonly subject: Subject<ReturnType<typeof basicIpc.create>, ReturnType<typeof ipcLayout.create>>;
  readonly epoll: number;
  /** Files that were asked for their readiness. */
  asked: number;
}

/** Files 1 to FILES are eventfds of the same ids. */
function world(): World {
  const made = { asked: 0 } as { -readonly [K in keyof World]: World[K] };
  made.guest = createFakeGuest({
    vfs: {
      file: (file: number) => ({ kind: file === EPOLL_FILE ? 'epoll' : 'eventfd', object: file }),
      poll(tid: number, file: number) {
        made.asked++;
        return made.subject.operations.pollNotifier(tid, 'eventfd', file);
      },
      arm: (tid: number, file: number, wanted: number) =>
        made.subject.operations.armNotifier(tid, 'eventfd', file, wanted),
    },
  });
  addProcess(made.guest, TID, TID, TID);
  made.subject = new Subject(basicIpc, made.guest.kernel);
  for (let i = 0; i < FILES; i++) made.subject.operations.createEventfd(0, false);
  made.epoll = made.subject.operations.createEpoll();
  return made;
}

type Step = readonly ['add' | 'signal' | 'drain' | 'wait' | 'remove' | 'close' | 'copy', number, number];
const BITS: readonly number[] = [
  POLLIN,
  POLLIN | EPOLLET,
  POLLIN | EPOLLONESHOT,
  POLLIN | POLLOUT | EPOLLET,
  POLLOUT | EPOLLONESHOT,
  0,
];
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.tuple(
    fc.constantFrom('add', 'add', 'signal', 'signal', 'drain', 'wait', 'wait', 'remove', 'close', 'copy'),
    fc.integer({ min: 1, max: FILES }),
    fc.integer({ min: 0, max: BITS.length - 1 }),
  ),
  { maxLength: 80 },
) as fc.Arbitrary<Step[]>;

/** What an entry of the model is: its bits, and since when it is due to be told under EPOLLET. */
interface Entry {
  bits: number;
  due: boolean;
}

test('tells what a model tells that asks every file', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const { guest, subject, epoll } = world();
      const model = new Map<number, Entry>();
      const counts = new Map<number, number>();
      const conditions = (file: number): number => ((counts.get(file) ?? 0) > 0 ? POLLIN : 0) | POLLOUT;
      const one = (): ReturnType<typeof buffer> => buffer(guest, '\x01\0\0\0\0\0\0\0');
      for (const [kind, file, choice] of list) {
        const ipc = subject.operations;
        guest.waits.begin();
        const bits = BITS[choice] as number;
        if (kind === 'add') {
          const operation = model.has(file) ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
          expect(ipc.control(TID, epoll, operation, file, file, bits, file, 0)).toBe(0);
          model.set(file, { bits, due: true });
        } else if (kind === 'remove') {
          const result = ipc.control(TID, epoll, EPOLL_CTL_DEL, file, file, 0, 0, 0);
          expect(result === 0).toBe(model.delete(file));
        } else if (kind === 'close') {
          ipc.fileClosed(file);
          model.delete(file);
        } else if (kind === 'signal') {
          ipc.writeNotifier('eventfd', file, one(), true);
          counts.set(file, (counts.get(file) ?? 0) + 1);
          const entry = model.get(file);
          if (entry !== undefined && (entry.bits & POLLIN) !== 0) entry.due = true;
        } else if (kind === 'drain') {
          const drained = ipc.readNotifier(TID, 'eventfd', file, buffer(guest, 8), true) === 8;
          counts.set(file, 0);
          const entry = model.get(file);
          if (drained && entry !== undefined && (entry.bits & POLLOUT) !== 0) entry.due = true;
        } else if (kind === 'copy') {
          subject.copy();
        } else {
          const told: ReadyEvent[] = [];
          const count = ipc.take(TID, epoll, FILES, told);
          const expected = [...model].flatMap(([key, entry]) => {
            const found = conditions(key) & entry.bits;
            const tell = found !== 0 && ((entry.bits & EPOLLET) === 0 || entry.due);
            entry.due = false;
            if (tell && (entry.bits & EPOLLONESHOT) !== 0) entry.bits = EPOLLONESHOT;
            return tell ? [`${key}:${found}`] : [];
          });
          const got = told.slice(0, count).map(({ events, dataLow }) => `${dataLow}:${events}`);
          expect(got.sort()).toEqual(expected.sort());
        }
        subject.check();
      }
      subject.operations.closeNotifier('epoll', epoll);
      expect(subject.state.notifiers.watchers.size).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test('asks only files that may be ready', () => {
  const made = world();
  const { guest, subject, epoll } = made;
  for (let file = 1; file <= FILES; file++) {
    guest.waits.begin();
    subject.operations.control(TID, epoll, EPOLL_CTL_ADD, file, file, POLLIN, file, 0);
  }
  made.asked = 0;
  subject.operations.writeNotifier('eventfd', 3, buffer(guest, '\x01\0\0\0\0\0\0\0'), true);
  const told: ReadyEvent[] = [];
  expect(subject.operations.take(TID, epoll, FILES, told)).toBe(1);
  expect([told[0]?.dataLow, made.asked]).toEqual([3, 1]);
});
