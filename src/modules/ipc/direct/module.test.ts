/** The common suite, and to whom the CPU is handed when. */
import { describe, expect, test } from 'vitest';
import { AF_UNIX, SOCK_STREAM } from '../../../abi/linux/socket.ts';
import type { Ipc } from '../../../contracts/ipc.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import type { NamedQueues } from '../../../contracts/named-queues.ts';
import { MOST_TALKS } from '../../../contracts/talks.ts';
import { addProcess, buffer, run } from '../../../testing/fake-guest.ts';
import { ipcConformance, openPipe } from '../../../testing/ipc-suite.ts';
import { type IpcWorld, ipcWorld } from '../../../testing/ipc-world.ts';
import { directIpc } from './module.ts';

const A = 7;
const B = 8;

interface Talkers {
  readonly world: IpcWorld<unknown>;
  /** `from>to` for each time that the CPU was handed over, since it was asked last. */
  given(): string[];
  send(tid: number): void;
  /** @returns true if it waits */
  receive(tid: number): boolean;
}

function talkers(channels: (world: IpcWorld<unknown>) => Pick<Talkers, 'send' | 'receive'>): Talkers {
  const world = ipcWorld(directIpc);
  const { kernel } = world.guest;
  let given: string[] = [];
  kernel.scheduler.handoff = (from, to) => void given.push(`${from}>${to}`);
  for (const tid of [A, B]) addProcess(world.guest, tid, tid, tid);
  const made = channels(world);
  const running = <T>(tid: number, act: () => T): T => {
    kernel.counters.running = tid;
    const result = act();
    kernel.counters.running = 0;
    world.subject.copy();
    return result;
  };
  return {
    world,
    given() {
      const all = given;
      given = [];
      return all;
    },
    send: (tid) => running(tid, () => made.send(tid)),
    receive: (tid) => running(tid, () => made.receive(tid)),
  };
}

const byPipes = (): Talkers =>
  talkers((world) => {
    const [request, reply] = [openPipe(world), openPipe(world)];
    return {
      send: (tid) =>
        void run(world.guest, tid, () =>
          world.ipc.writePipe(tid === A ? request : reply, buffer(world.guest, 'x'), 0, false),
        ),
      receive: (tid) =>
        run(world.guest, tid, () =>
          world.ipc.readPipe(tid === A ? reply : request, buffer(world.guest, 1), false),
        ) === WAIT,
    };
  });

const bySockets = (): Talkers =>
  talkers((world) => {
    const a = world.ipc.createPair(A, AF_UNIX, SOCK_STREAM, 0);
    const b = world.ipc.socket(a).peer;
    const end = (tid: number): number => (tid === A ? a : b);
    return {
      send: (tid) =>
        void run(world.guest, tid, () => world.ipc.send(tid, end(tid), buffer(world.guest, 'x'), 0, 0, null)),
      receive: (tid) =>
        run(world.guest, tid, () => world.ipc.receive(tid, end(tid), buffer(world.guest, 1), 0, null)) ===
        WAIT,
    };
  });

const byQueues = (): Talkers =>
  talkers((world) => {
    const ipc = (): Ipc & NamedQueues => world.ipc as Ipc & NamedQueues;
    for (const tid of [A, B]) world.guest.groups.get(tid)?.limits.fill(819_200);
    const [request, reply] = ['request', 'reply'].map((name) => {
      const id = ipc().makeNamedQueue(A, name, 0o600, { messages: 4, bytes: 8 });
      ipc().openNamedQueue(id);
      return id;
    }) as [number, number];
    return {
      send: (tid) =>
        void run(world.guest, tid, () =>
          ipc().sendNamed(tid, tid === A ? request : reply, 0, new Uint8Array(1)),
        ),
      receive(tid) {
        const id = tid === A ? reply : request;
        if (ipc().namedDone(tid, id) !== null) {
          ipc().namedOver(tid, id);
          return false;
        }
        const result = run(world.guest, tid, () => {
          if (ipc().nextNamed(id) !== null) {
            ipc().takeNamed(id);
            return 0;
          }
          world.guest.waits.on(ipc().awaitNamed(tid, id, null));
          return WAIT;
        });
        return result === WAIT;
      },
    };
  });

/** A asks and B answers, with the waits of a kernel that runs each until it waits. */
function exchange({ send, receive }: Talkers): void {
  send(A);
  if (receive(B)) throw new Error('nothing was sent');
  receive(A);
  send(B);
  receive(B);
  receive(A);
}

describe('ipc/direct', () => {
  for (const { name, run: check } of ipcConformance(directIpc)) test(name, check);

  test.each([
    ['pipes', byPipes],
    ['sockets', bySockets],
    ['named queues', byQueues],
  ])('hands the CPU to the receiver once two have exchanged messages by %s', (_, make) => {
    const talk = make();
    talk.receive(B);
    exchange(talk);
    expect(talk.given()).toEqual([]);
    exchange(talk);
    talk.given();
    exchange(talk);
    // Each at its send, and where it comes to wait all the same.
    expect(talk.given()).toEqual([`${A}>${B}`, `${A}>${B}`, `${B}>${A}`, `${B}>${A}`]);
  });

  test('hands nothing over for a stream, nor where an answer is there already', () => {
    const talk = byPipes();
    talk.receive(B);
    for (let i = 0; i < 3; i++) exchange(talk);
    talk.given();
    for (let i = 0; i < 5; i++) talk.send(B);
    expect(talk.given()).toEqual([`${B}>${A}`]);
    talk.send(A);
    expect(talk.given()).toEqual([]);
  });

  test('takes a message in parts for one, and gives the CPU back to who has the rest', () => {
    const large = 1 << 17;
    const size = 2 * large;
    const talk = talkers((world) => {
      const a = world.ipc.createPair(A, AF_UNIX, SOCK_STREAM, 0);
      const b = world.ipc.socket(a).peer;
      const end = (tid: number): number => (tid === A ? a : b);
      const done = new Map<number, number>();
      return {
        /** As far as there is room, and on from there when it is called again. */
        send: (tid) =>
          void run(world.guest, tid, () => {
            for (;;) {
              const skip = done.get(tid) ?? 0;
              const count = world.ipc.send(tid, end(tid), buffer(world.guest, size), skip, 0, null);
              if (count === WAIT) return WAIT;
              done.set(tid, (skip + count) % size);
              if (skip + count === size) return count;
            }
          }),
        receive: (tid) =>
          run(world.guest, tid, () =>
            world.ipc.receive(tid, end(tid), buffer(world.guest, size), 0, null),
          ) === WAIT,
      };
    });
    const pass = (from: number, to: number): void => {
      talk.send(from);
      talk.receive(to);
      talk.receive(to);
      talk.send(from);
      talk.receive(to);
    };
    talk.receive(B);
    for (let i = 0; i < 4; i++) {
      talk.given();
      pass(A, B);
      pass(B, A);
    }
    // The first part, back for the rest, the rest; and the same for the answer.
    const there = `${A}>${B}`;
    const back = `${B}>${A}`;
    expect(talk.given()).toEqual([there, back, there, back, there, back]);
  });

  test('sees who waits through an epoll, and one that waits in an epoll of epolls', () => {
    const world = ipcWorld(directIpc);
    const { waits } = world.guest;
    const [event, inner, outer] = [waits.newEvent(), waits.newEvent(), waits.newEvent()];
    for (const [watched, by] of [
      [event, inner],
      [inner, outer],
    ] as const) {
      waits.begin();
      waits.on(watched);
      waits.watch(by, 1);
    }
    expect(waits.firstWaiter(event)).toBe(0);
    run(world.guest, B, () => {
      waits.on(outer);
      return WAIT;
    });
    expect(waits.firstWaiter(event)).toBe(B);
    run(world.guest, A, () => {
      waits.on(event);
      return WAIT;
    });
    expect(waits.firstWaiter(event)).toBe(A);
  });

  test('works as basic does where the scheduler has no such interface', () => {
    const talk = byPipes();
    delete talk.world.guest.kernel.scheduler.handoff;
    talk.receive(B);
    for (let i = 0; i < 4; i++) exchange(talk);
    expect(talk.world.guest.woken.length).toBeGreaterThan(3);
  });

  test('remembers a limited number of threads', () => {
    const talk = byPipes();
    const { kernel } = talk.world.guest;
    const pipe = openPipe(talk.world);
    for (let tid = 100; tid < 100 + 2 * MOST_TALKS; tid++) {
      kernel.counters.running = tid;
      talk.world.ipc.writePipe(pipe, buffer(talk.world.guest, 'x'), 0, true);
    }
    talk.world.subject.check();
  });
});
