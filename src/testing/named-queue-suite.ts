/**
 * What every implementation of POSIX message queues must do (part of `ipcConformance`).
 */
import fc from 'fast-check';
import { EAGAIN, EBUSY, EINVAL, EMFILE, ENOSPC } from '../abi/linux/errno.ts';
import { POLLIN, POLLOUT } from '../abi/linux/poll.ts';
import { SI_MESGQ } from '../abi/linux/signal.ts';
import { WAIT } from '../contracts/kernel.ts';
import {
  createQueueNotice,
  type NamedMessage,
  type NamedQueues,
  type QueueNotice,
} from '../contracts/named-queues.ts';
import { createPolicy } from '../contracts/scheduler.ts';
import { bytesOf, byteString } from '../lib/utf8.ts';
import { type Check, equal, holds } from './check.ts';
import { addProcess, run } from './fake-guest.ts';
import type { IpcWorld } from './ipc-world.ts';

const [A, B, C] = [7, 8, 9];
const LIMIT = 819_200;
const USUAL = { messages: 3, bytes: 16 };

interface QueueWorld {
  readonly world: IpcWorld<unknown>;
  readonly queues: NamedQueues;
}

function queueWorld(world: IpcWorld<unknown>): QueueWorld {
  for (const tid of [A, B, C]) addProcess(world.guest, tid, tid, tid).limits.fill(LIMIT);
  return {
    world,
    get queues(): NamedQueues {
      return world.ipc as unknown as NamedQueues;
    },
  };
}

const textOf = (message: Readonly<NamedMessage> | null): string =>
  message === null ? '' : byteString(message.bytes);

/** A queue with one open file. */
function open({ queues }: QueueWorld, name: string, size: typeof USUAL | null = USUAL): number {
  const id = queues.makeNamedQueue(A, name, 0o600, size);
  if (id > 0) queues.openNamedQueue(id);
  return id;
}

function take({ queues }: QueueWorld, id: number): string {
  const text = textOf(queues.nextNamed(id));
  queues.takeNamed(id);
  return text;
}

function wait({ world, queues }: QueueWorld, tid: number, id: number, text: string | null): void {
  const message = text === null ? null : { priority: 1, bytes: bytesOf(text) };
  run(world.guest, tid, () => {
    world.guest.waits.on(queues.awaitNamed(tid, id, message));
    return WAIT;
  });
}

/** Sends and receives of a queue and of a list that is sorted anew each time. */
function likeAList(made: QueueWorld, steps: readonly number[]): void {
  const id = open(made, 'list', { messages: 5, bytes: 16 });
  const model: { priority: number; text: string }[] = [];
  steps.forEach((step, i) => {
    if (step >= 0) {
      const result = made.queues.sendNamed(A, id, step, bytesOf(`${i}`));
      equal('a send', result, model.length >= 5 ? -EAGAIN : 0);
      if (result === 0) model.push({ priority: step, text: `${i}` });
      model.sort((a, b) => b.priority - a.priority);
    } else if (model.length === 0) equal('the next of none', made.queues.nextNamed(id), null);
    else equal('a message', take(made, id), model.shift()?.text);
    if (i % 5 === 0) made.world.subject.copy();
  });
}

export function namedQueueChecks<State>(make: () => IpcWorld<State>): readonly Check[] {
  return [
    {
      name: 'a named queue gives its messages by priority, then in order',
      run: () =>
        fc.assert(
          fc.property(fc.array(fc.integer({ min: -4, max: 4 }), { maxLength: 40 }), (steps) =>
            likeAList(queueWorld(make()), steps),
          ),
          { numRuns: 100 },
        ),
    },
    {
      name: 'a message goes to the first who waits for it, by priority, and the room that one leaves too',
      run(): void {
        const made = queueWorld(make());
        const { world } = made;
        const id = open(made, 'q');
        wait(made, A, id, null);
        world.guest.threads.forEach((thread) => {
          if (thread.tid === C) thread.policy = { ...createPolicy(), kind: 'fifo', priority: 9 };
        });
        wait(made, B, id, null);
        wait(made, C, id, null);
        made.queues.sendNamed(A, id, 0, bytesOf('one'));
        world.subject.copy();
        made.queues.sendNamed(A, id, 5, bytesOf('two'));
        equal('woken', world.guest.woken.splice(0), [C, A]);
        equal('the queue itself', made.queues.nextNamed(id), null);
        const got = [A, B, C].map((tid) => textOf(made.queues.namedDone(tid, id)));
        equal('received', got, ['two', '', 'one']);
        world.guest.waits.timeOut(B);
        world.guest.woken.length = 0;
        for (const text of ['a', 'b', 'c'])
          equal('a send', made.queues.sendNamed(A, id, 1, bytesOf(text)), 0);
        for (const tid of [A, B, C]) made.queues.namedOver(tid, id);
        equal('it is full', made.queues.sendNamed(A, id, 1, bytesOf('d')), -EAGAIN);
        wait(made, A, id, 'd');
        equal('the first', take(made, id), 'a');
        equal('the sender is woken', world.guest.woken.splice(0), [A]);
        equal('its message', textOf(made.queues.namedDone(A, id)), 'd');
        equal('it is full again', made.queues.sendNamed(A, id, 1, bytesOf('e')), -EAGAIN);
        equal('the rest', [take(made, id), take(made, id), take(made, id)], ['b', 'c', 'd']);
        world.subject.check();
      },
    },
    {
      name: "a named queue tells libc's thread by its socket what became of the request, and lets the socket go",
      run(): void {
        const made = queueWorld(make());
        const posts: number[] = [];
        const released: number[] = [];
        const { kernel } = made.world.guest;
        Object.assign(kernel, {
          net: {
            post: (socket: number, bytes: Uint8Array) =>
              void posts.push(socket, bytes.length, ...bytes.slice(30)),
          },
          vfs: {
            file: (file: number) => ({ object: 100 + file }),
            release: (file: number) => void released.push(file),
          },
        });
        const id = open(made, 'q');
        const cookie = new Uint8Array(32).fill(7);
        const notice: QueueNotice = { ...createQueueNotice(), kind: 'thread', file: 5, cookie };
        equal('a notice', made.queues.noticeNamed(A, id, notice), 0);
        made.world.subject.copy();
        made.queues.sendNamed(B, id, 0, bytesOf('a'));
        equal('a message came', posts.splice(0), [105, 32, 7, 1]);
        equal('again', made.queues.noticeNamed(A, id, notice), 0);
        made.queues.noticeNamed(A, id, null);
        equal('taken back', posts.splice(0), [105, 32, 7, 2]);
        equal(
          'the cookie stays as it was',
          [...cookie].every((byte) => byte === 7),
          true,
        );
        equal('and once more', made.queues.noticeNamed(A, id, notice), 0);
        made.queues.forsakeNamedQueue(id, A);
        equal(
          'closed',
          [posts, released],
          [
            [105, 32, 7, 2],
            [5, 5, 5],
          ],
        );
        made.world.subject.check();
      },
    },
    {
      name: 'a named queue tells one process, once, when it is no longer empty',
      run(): void {
        const made = queueWorld(make());
        const sent: number[] = [];
        const { process } = made.world.guest.kernel;
        process.signalGroup = (tgid, { signal, code, value }) => void sent.push(tgid, signal, code, value);
        const id = open(made, 'q');
        const notice: QueueNotice = { ...createQueueNotice(), kind: 'signal', signal: 10, value: 42 };
        equal('a notice', made.queues.noticeNamed(A, id, notice), 0);
        equal('another', made.queues.noticeNamed(B, id, notice), -EBUSY);
        made.world.subject.copy();
        for (const text of ['a', 'b']) made.queues.sendNamed(B, id, 0, bytesOf(text));
        equal('told', sent.splice(0), [A, 10, SI_MESGQ, 42]);
        equal('a notice of the other', made.queues.noticeNamed(B, id, notice), 0);
        made.queues.sendNamed(A, id, 0, bytesOf('c'));
        equal('told of one more', sent, []);
        made.queues.forsakeNamedQueue(id, B);
        equal('once that has gone', made.queues.noticeNamed(A, id, notice), 0);
        while (made.queues.nextNamed(id) !== null) made.queues.takeNamed(id);
        wait(made, C, id, null);
        made.queues.sendNamed(B, id, 0, bytesOf('d'));
        equal('told where somebody waits', sent, []);
      },
    },
    {
      name: 'a named queue lives until its name and its files are gone, within the limits of its user',
      run(): void {
        const made = queueWorld(make());
        const { queues } = made;
        equal('no messages', open(made, 'x', { messages: 0, bytes: 16 }), -EINVAL);
        equal('too many', open(made, 'x', { messages: 11, bytes: 16 }), -EINVAL);
        const id = open(made, 'q', null);
        equal('found', queues.findNamedQueue('q'), id);
        equal('sizes', [queues.namedQueue(id).mostMessages, queues.namedQueue(id).mostBytes], [10, 8192]);
        for (let i = 0; open(made, `more${i}`, null) > 0; ) i++;
        equal('beyond RLIMIT_MSGQUEUE', open(made, 'x', null), -EMFILE);
        queues.setQueueLimits({ ...queues.queueLimits(), queues: 1 });
        equal('beyond the number of queues', open(made, 'x', USUAL), -ENOSPC);
        queues.unlinkNamedQueue(id);
        equal('found when unlinked', queues.findNamedQueue('q'), 0);
        equal('a send to it', queues.sendNamed(A, id, 0, bytesOf('x')), 0);
        equal('POLLIN and POLLOUT', queues.pollNamed(id) & (POLLIN | POLLOUT), POLLIN | POLLOUT);
        queues.closeNamedQueue(id);
        made.world.subject.check();
        queues.setQueueLimits({ ...queues.queueLimits(), queues: 99 });
        holds('its bytes are free again', open(made, 'x', null) > 0);
      },
    },
  ];
}
