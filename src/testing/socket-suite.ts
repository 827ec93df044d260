/**
 * What connected sockets must do, of whatever family: compared with strings and lists of strings.
 *
 * How much a socket holds is its module's policy; that an empty one takes something, that a full one blocks and wakes who waits, is not.
 */
import fc from 'fast-check';
import { EAGAIN, EPIPE } from '../abi/linux/errno.ts';
import { POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from '../abi/linux/poll.ts';
import { MSG_DONTWAIT, MSG_NOSIGNAL, MSG_PEEK, MSG_TRUNC, SHUT_WR } from '../abi/linux/socket.ts';
import { WAIT } from '../contracts/kernel.ts';
import { createMessage, type Sockets } from '../contracts/sockets.ts';
import { type Check, equal, holds } from './check.ts';
import { buffer, content, type FakeGuest, run } from './fake-guest.ts';

/** The one that sends first and the one that receives. */
const TIDS = [8, 7] as const;
const NOW: number = MSG_DONTWAIT | MSG_NOSIGNAL;
/** No socket holds as much as this, unless it was told to. */
const MOST = 8 << 20;

export interface SocketWorld {
  readonly guest: FakeGuest;
  readonly subject: { operations: Sockets; copy(): void; check(): void };
  readonly ends: readonly [number, number];
}

type Kind = 'send' | 'receive' | 'peek' | 'shut' | 'replace';
interface Step {
  readonly kind: Kind;
  readonly end: 0 | 1;
  readonly size: number;
}
const step = (kind: Kind, max: number): fc.Arbitrary<Step> =>
  fc.record({
    kind: fc.constant(kind),
    end: fc.constantFrom(0, 1) as fc.Arbitrary<0 | 1>,
    size: fc.oneof(fc.integer({ min: 1, max }), fc.integer({ min: 1, max: 64 })),
  });
const steps = (max: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      { weight: 6, arbitrary: step('send', max) },
      { weight: 5, arbitrary: step('receive', max) },
      { weight: 2, arbitrary: step('peek', max) },
      { weight: 1, arbitrary: step('shut', 1) },
      { weight: 2, arbitrary: step('replace', 1) },
    ),
    { maxLength: 60 },
  );

const text = (from: number, count: number): string => {
  let made = '';
  for (let i = 0; i < count; i++) made += String.fromCharCode((from + i) % 251);
  return made;
};

/** Both directions, by the end that receives. */
const twice = <T>(make: () => T): [T, T] => [make(), make()];

function likeStrings({ guest, subject, ends }: SocketWorld, list: readonly Step[]): void {
  const held = twice(() => '');
  const sent = twice(() => 0);
  const shut = twice(() => false);
  for (const { kind, end, size } of list) {
    const sockets = subject.operations;
    const other = (1 - end) as 0 | 1;
    if (kind === 'send') {
      const bytes = text(sent[other], size);
      const result = sockets.send(TIDS[end], ends[end], buffer(guest, bytes), 0, NOW, null);
      if (shut[end]) equal('a send behind the end', result, -EPIPE);
      else if (result === -EAGAIN) holds('what holds nothing has room', held[other] !== '');
      else holds('some was sent', result > 0 && result <= size);
      if (result > 0) {
        held[other] += bytes.slice(0, result);
        sent[other] += result;
      }
    } else if (kind === 'shut') {
      sockets.shutdownSocket(ends[end], SHUT_WR);
      shut[end] = true;
    } else if (kind === 'replace') {
      subject.copy();
    } else {
      const into = buffer(guest, size);
      const flags = kind === 'peek' ? MSG_PEEK | NOW : NOW;
      const result = sockets.receive(TIDS[end], ends[end], into, flags, null);
      const expected = held[end].slice(0, size);
      equal('received', result, expected !== '' ? expected.length : shut[other] ? 0 : -EAGAIN);
      equal('what was received', content(guest, into, result), expected);
      if (kind === 'receive') held[end] = held[end].slice(expected.length);
    }
    for (const at of [0, 1] as const) {
      const bits = subject.operations.pollSocket(ends[at]);
      equal('POLLIN', (bits & POLLIN) !== 0, held[at] !== '' || shut[1 - at] === true);
      equal('POLLRDHUP', (bits & POLLRDHUP) !== 0, shut[1 - at]);
      equal('POLLHUP', (bits & POLLHUP) !== 0, shut[0] && shut[1]);
      if (held[1 - at] === '') equal('POLLOUT of what is drained', bits & POLLOUT, POLLOUT);
      holds('a socket has a limit', held[at].length < MOST);
    }
    subject.check();
  }
}

/** One sends all, the other receives all; each runs when it was not told to wait, or was woken. */
function movesAll(
  { guest, subject, ends }: SocketWorld,
  total: number,
  write: number,
  read: number,
  swap: boolean,
): void {
  let sent = 0;
  let got = '';
  const runnable = new Set<number>(TIDS);
  while (got.length < total) {
    const tid = runnable.values().next().value;
    if (tid === undefined) throw new Error('both ends wait');
    runnable.delete(tid);
    let result = 0;
    if (tid === TIDS[0]) {
      if (sent === total) continue;
      const part = buffer(guest, text(sent, Math.min(write, total - sent)));
      result = run(guest, tid, () => subject.operations.send(tid, ends[0], part, 0, MSG_NOSIGNAL, null));
      if (result !== WAIT) sent += result;
    } else {
      const into = buffer(guest, read);
      result = run(guest, tid, () => subject.operations.receive(tid, ends[1], into, 0, null));
      if (result !== WAIT) got += content(guest, into, result);
    }
    if (result !== WAIT) runnable.add(tid);
    for (const woken of guest.woken.splice(0)) runnable.add(woken);
    if (swap) subject.copy();
  }
  equal('what came through', got, text(0, total));
}

export function streamChecks(what: string, make: () => SocketWorld): readonly Check[] {
  const size = fc.integer({ min: 1000, max: 60_000 });
  return [
    {
      name: `${what} gives what was sent, in order, and ends where a model says so`,
      run: () =>
        fc.assert(
          fc.property(steps(40_000), (list) => likeStrings(make(), list)),
          { numRuns: 100 },
        ),
    },
    {
      name: `${what} moves every byte of one that waits for room to one that waits for bytes`,
      run: () =>
        fc.assert(
          fc.property(size, size, fc.boolean(), (write, read, swap) =>
            movesAll(make(), 400_000, write, read, swap),
          ),
          { numRuns: 12 },
        ),
    },
  ];
}

function likeLists({ guest, subject, ends }: SocketWorld, list: readonly Step[]): void {
  const held = twice((): string[] => []);
  let sent = 0;
  for (const { kind, end, size } of list) {
    const sockets = subject.operations;
    const other = (1 - end) as 0 | 1;
    if (kind === 'send') {
      const bytes = text(sent, size);
      const result = sockets.send(TIDS[end], ends[end], buffer(guest, bytes), 0, NOW, null);
      if (result === -EAGAIN) holds('what holds nothing has room', held[other].length > 0);
      else equal('sent', result, size);
      if (result < 0) continue;
      held[other].push(bytes);
      sent += size;
    } else if (kind === 'receive' || kind === 'peek') {
      const into = buffer(guest, size);
      const message = createMessage();
      const flags = kind === 'peek' ? MSG_PEEK | NOW : NOW;
      const result = sockets.receive(TIDS[end], ends[end], into, flags, message);
      const first = held[end][0];
      const part = first?.slice(0, size) ?? '';
      equal('received', result, first === undefined ? -EAGAIN : part.length);
      equal('what was received', content(guest, into, result), part);
      equal('MSG_TRUNC', (message.flags & MSG_TRUNC) !== 0, part.length < (first?.length ?? 0));
      if (kind === 'receive') held[end].shift();
    } else {
      subject.copy();
    }
    for (const at of [0, 1] as const) {
      const bits = subject.operations.pollSocket(ends[at]);
      equal('POLLIN', (bits & POLLIN) !== 0, held[at].length > 0);
      if (held[1 - at]?.length === 0) equal('POLLOUT of what is drained', bits & POLLOUT, POLLOUT);
    }
    subject.check();
  }
}

export const datagramChecks = (what: string, make: () => SocketWorld): readonly Check[] => [
  {
    name: `${what} gives each message whole or cut, in order`,
    run: () =>
      fc.assert(
        fc.property(steps(20_000), (list) => likeLists(make(), list)),
        { numRuns: 100 },
      ),
  },
];
