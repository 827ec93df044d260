/**
 * What every implementation of pipes, FIFOs, futexes and unix sockets must do (`ipcConformance`).
 */
import fc from 'fast-check';
import { EAGAIN, EBUSY, EPIPE } from '../abi/linux/errno.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT } from '../abi/linux/poll.ts';
import { AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from '../abi/linux/socket.ts';
import { type Ipc, type PacketPipes, PIPE_BUF, PIPE_CAPACITY } from '../contracts/ipc.ts';
import { WAIT } from '../contracts/kernel.ts';
import type { Module } from '../contracts/module.ts';
import { type Check, equal, holds } from './check.ts';
import { addProcess, buffer, content, run } from './fake-guest.ts';
import { futexChecks } from './futex-suite.ts';
import { namedQueueChecks } from './named-queue-suite.ts';
import { type IpcWorld, ipcWorld } from './ipc-world.ts';
import { messageChecks, semaphoreChecks } from './sysv-suite.ts';
import { datagramChecks, type SocketWorld, streamChecks } from './socket-suite.ts';

const READER = 7;
const WRITER = 8;

/** A pipe with both its ends open. @returns its id */
export function openPipe({ ipc }: IpcWorld<unknown>): number {
  const id = ipc.createPipe();
  ipc.openEnd(id, true, false);
  ipc.openEnd(id, false, true);
  return id;
}

const bytes = (from: number, count: number): string => {
  let text = '';
  for (let i = 0; i < count; i++) text += String.fromCharCode((from + i) % 251);
  return text;
};

interface Step {
  readonly kind: 'write' | 'read' | 'resize' | 'replace';
  readonly size: number;
}
const steps = (kind: Step['kind'], max: number): fc.Arbitrary<Step> =>
  fc.record({ kind: fc.constant(kind), size: fc.integer({ min: kind === 'resize' ? 1 : 0, max }) });
const stepLists: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: steps('write', 9000) },
    { weight: 5, arbitrary: steps('read', 9000) },
    { weight: 1, arbitrary: steps('resize', 20_000) },
    { weight: 1, arbitrary: steps('replace', 0) },
  ),
  { maxLength: 60 },
);

/** Steps on a pipe and on a string alike. */
function likeAString(world: IpcWorld<unknown>, list: readonly Step[]): void {
  const { guest } = world;
  const id = openPipe(world);
  let capacity = PIPE_CAPACITY;
  let held = '';
  let sent = 0;
  for (const { kind, size } of list) {
    if (kind === 'write') {
      const text = bytes(sent, size);
      const room = capacity - held.length;
      const result = world.ipc.writePipe(id, buffer(guest, text), 0, true);
      const blocks = room < (size <= PIPE_BUF ? size : 1);
      equal('bytes written', result, size === 0 ? 0 : blocks ? -EAGAIN : Math.min(size, room));
      if (result > 0) {
        held += text.slice(0, result);
        sent += result;
      }
    } else if (kind === 'read') {
      const into = buffer(guest, size);
      const result = world.ipc.readPipe(id, into, true);
      equal('bytes read', result, size === 0 ? 0 : held === '' ? -EAGAIN : Math.min(size, held.length));
      if (result > 0) {
        equal('what was read', content(guest, into, result), held.slice(0, result));
        held = held.slice(result);
      }
    } else if (kind === 'resize') {
      const wanted = Math.max(PIPE_BUF, 2 ** Math.ceil(Math.log2(size)));
      const result = world.ipc.setPipeCapacity(id, size);
      equal('capacity', result, wanted < held.length ? -EBUSY : wanted);
      if (result > 0) capacity = result;
    } else {
      world.subject.copy();
    }
    equal('bytes held', world.ipc.pipeBytes(id), held.length);
    const poll = world.ipc.pollPipe(id, true, true);
    equal('POLLIN', (poll & POLLIN) !== 0, held.length > 0);
    equal('POLLOUT', (poll & POLLOUT) !== 0, capacity - held.length >= PIPE_BUF);
  }
}

/** Two threads, one on each end, that wait for each other until all is through. */
function movesAll(world: IpcWorld<unknown>, writes: readonly number[], reads: number, swap: boolean): void {
  const { guest } = world;
  const id = openPipe(world);
  world.ipc.setPipeCapacity(id, 8192);
  const all = writes.reduce((sum, each) => sum + each, 0);
  let [next, skip, sent, waits, wakeUps] = [0, 0, 0, 0, 0];
  let got = '';
  const runnable = new Set([READER, WRITER]);
  while (got.length < all) {
    const tid = runnable.values().next().value;
    if (tid === undefined) throw new Error('both ends wait');
    runnable.delete(tid);
    let result = 0;
    if (tid === WRITER) {
      const whole = writes[next];
      if (whole === undefined) continue;
      const text = buffer(guest, bytes(sent - skip, whole));
      result = run(guest, WRITER, () => world.ipc.writePipe(id, text, skip, false));
      if (result !== WAIT) {
        sent += result;
        skip += result;
        if (skip === whole) [next, skip] = [next + 1, 0];
      }
    } else {
      const into = buffer(guest, reads);
      result = run(guest, READER, () => world.ipc.readPipe(id, into, false));
      if (result !== WAIT) got += content(guest, into, result);
    }
    if (result === WAIT) waits++;
    else runnable.add(tid);
    for (const each of guest.woken.splice(0)) {
      wakeUps++;
      runnable.add(each);
    }
    if (swap) world.subject.copy();
  }
  equal('what came through', got, bytes(0, all));
  holds('each wait has one wake-up, but for the last', waits === wakeUps || waits === wakeUps + 1);
}

/** Two sockets of a type that are each other's peer. */
function socketWorld<State>(module: Module<Ipc, State>, type: number): SocketWorld {
  const { guest, subject } = ipcWorld(module);
  for (const tid of [READER, WRITER]) addProcess(guest, tid, tid, tid);
  const first = subject.operations.createPair(WRITER, AF_UNIX, type, 0);
  const ends = [first, subject.operations.socket(first).peer] as const;
  return { guest, subject, ends };
}

export function ipcConformance<State>(module: Module<Ipc, State>): readonly Check[] {
  const make = (): IpcWorld<State> => ipcWorld(module);
  const has = (name: string): boolean => module.manifest.interfaces.includes(name);
  const sizes = fc.array(fc.integer({ min: 1, max: 12_000 }), { minLength: 1, maxLength: 8 });
  return [
    ...streamChecks('a pair of unix sockets', () => socketWorld(module, SOCK_STREAM)),
    ...datagramChecks('a pair of unix datagram sockets', () => socketWorld(module, SOCK_DGRAM)),
    ...datagramChecks('a pair of unix packet sockets', () => socketWorld(module, SOCK_SEQPACKET)),
    {
      name: 'a pipe gives what was put in, in order, and blocks when a model says so',
      run: () =>
        fc.assert(
          fc.property(stepLists, (list) => likeAString(make(), list)),
          { numRuns: 300 },
        ),
    },
    {
      name: 'two ends of a pipe that block move every byte, with a wake-up for each wait',
      run: () =>
        fc.assert(
          fc.property(sizes, fc.integer({ min: 200, max: 9000 }), fc.boolean(), (writes, reads, swap) =>
            movesAll(make(), writes, reads, swap),
          ),
          { numRuns: 40 },
        ),
    },
    {
      name: 'a pipe ends in end of file and in EPIPE',
      run(): void {
        const world = make();
        const { guest, ipc } = world;
        const id = openPipe(world);
        const read = (tid: number): number =>
          run(guest, tid, () => ipc.readPipe(id, buffer(guest, 9), false));
        equal('a write', ipc.writePipe(id, buffer(guest, 'tail'), 0, false), 4);
        equal('a read', read(WRITER), 4);
        equal('a read of an empty pipe', read(READER), WAIT);
        ipc.closeEnd(id, false, true);
        equal('woken by the end', guest.woken, [READER]);
        equal('a read at the end', read(READER), 0);
        equal('POLLHUP', ipc.pollPipe(id, true, false) & POLLHUP, POLLHUP);
        ipc.closeEnd(id, true, false);

        const other = openPipe(world);
        ipc.closeEnd(other, true, false);
        equal('a write to nobody', ipc.writePipe(other, buffer(guest, 'x'), 0, true), -EPIPE);
        equal('POLLERR', ipc.pollPipe(other, false, true) & POLLERR, POLLERR);
      },
    },
    ...(has('packets') ? [packets(make)] : []),
    {
      name: 'a read tells the engine of code that it overwrites',
      run(): void {
        const world = make();
        const { guest, ipc } = world;
        const id = openPipe(world);
        ipc.writePipe(id, buffer(guest, 'code'), 0, true);
        const into = buffer(guest, 4);
        const frame = (into.address[0] as number) >>> 12;
        guest.memory[guest.kernel.machine.layout.codeMarkBase + frame] = 1;
        ipc.readPipe(id, into, true);
        equal('frames that the engine forgot', guest.invalidated, [frame]);
      },
    },
    {
      name: 'a FIFO lets each side wait for the other, who may have come and gone',
      run(): void {
        const { guest, ipc } = make();
        const id = ipc.fifo(42);
        equal('the FIFO of an inode', ipc.fifo(42), id);
        const opens = ipc.peerOpens(id, true);
        ipc.openEnd(id, true, false);
        equal('POLLHUP before a writer came', ipc.pollPipe(id, true, false) & POLLHUP, 0);
        equal(
          'alone',
          run(guest, READER, () => ipc.awaitPeer(id, true, opens)),
          WAIT,
        );
        ipc.openEnd(id, false, true);
        ipc.closeEnd(id, false, true);
        holds('the reader is woken', guest.woken.includes(READER));
        equal(
          'after a visit',
          run(guest, READER, () => ipc.awaitPeer(id, true, opens)),
          0,
        );
        ipc.closeEnd(id, true, false);
      },
    },
    ...futexChecks(module.manifest.interfaces, make),
    ...(has('posix-queues') ? namedQueueChecks(make) : []),
    ...(has('semaphores') ? semaphoreChecks(make) : []),
    ...(has('message-queues') ? messageChecks(make) : []),
  ];
}

const packets = <State>(make: () => IpcWorld<State>): Check => ({
  name: 'a packet of a pipe is taken or lost by one read, and fills a page',
  run(): void {
    const world = make();
    const { guest } = world;
    const id = openPipe(world);
    const write = (text: string): number =>
      (world.ipc as Ipc & PacketPipes).writePacket(id, buffer(guest, text), 0, true);
    const read = (size: number): string => {
      const into = buffer(guest, size);
      return content(guest, into, world.ipc.readPipe(id, into, true));
    };
    for (const text of ['one', 'second', 'third']) equal('bytes written', write(text), text.length);
    world.subject.copy();
    equal('packets', [read(9), read(3), read(9)], ['one', 'sec', 'third']);
    equal('bytes held', world.ipc.pipeBytes(id), 0);
    for (let i = 0; i < PIPE_CAPACITY / PIPE_BUF; i++) equal('a packet', write('x'), 1);
    equal('one more', write('x'), -EAGAIN);
    equal('a byte more', world.ipc.writePipe(id, buffer(guest, 'x'), 0, true), -EAGAIN);
    equal('POLLOUT', world.ipc.pollPipe(id, false, true) & POLLOUT, 0);
    read(1);
    equal('bytes behind them', world.ipc.writePipe(id, buffer(guest, 'yz'), 0, true), 2);
    for (let i = 1; i < PIPE_CAPACITY / PIPE_BUF; i++) read(1);
    equal('the bytes', [read(1), read(9)], ['y', 'z']);
    world.subject.check();
  },
});
