/** Pipes against a model, FIFOs, futexes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EAGAIN, EBUSY, EPERM, EPIPE } from '../../../abi/linux/errno.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT } from '../../../abi/linux/poll.ts';
import { type Ipc, type IpcState, ipcLayout, PIPE_BUF, PIPE_CAPACITY } from '../../../contracts/ipc.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import { decode, encode, type Schema } from '../../../contracts/schema.ts';
import { buffer, content, createFakeGuest, type FakeGuest, run } from '../../../testing/fake-guest.ts';
import { basicIpc } from './module.ts';

const schema = ipcLayout.versions[0]?.schema as Schema<IpcState>;
const READER = 7;
const WRITER = 8;
const EVERY_BIT = 0xffffffff;

interface World {
  guest: FakeGuest;
  ipc: Ipc;
  state: IpcState;
}

function boot(): World {
  const guest = createFakeGuest();
  const state = ipcLayout.create();
  return { guest, state, ipc: basicIpc.create(state, guest.kernel) };
}

/** The state through bytes into a fresh instance, as a replacement with copy does. */
function replace(world: World): void {
  expect(ipcLayout.verify?.(world.state)).toBeNull();
  schema.check(world.state, 'ipc');
  world.state = decode(schema, encode(schema, world.state).slice());
  world.ipc = basicIpc.create(world.state, world.guest.kernel);
}

function openPipe(world: World): number {
  const id = world.ipc.createPipe();
  world.ipc.openEnd(id, true, false);
  world.ipc.openEnd(id, false, true);
  return id;
}

const bytes = (from: number, count: number): string => {
  let text = '';
  for (let i = 0; i < count; i++) text += String.fromCharCode((from + i) % 251);
  return text;
};

describe('a pipe', () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant('write'), size: fc.integer({ min: 0, max: 9000 }) }),
    },
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant('read'), size: fc.integer({ min: 0, max: 9000 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('resize'), size: fc.integer({ min: 1, max: 20000 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('replace'), size: fc.constant(0) }) },
  );

  test('gives what was put in, in order, and blocks when a model says so', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const world = boot();
        const id = openPipe(world);
        let capacity = PIPE_CAPACITY;
        let held = '';
        let sent = 0;
        for (const { kind, size } of steps) {
          if (kind === 'write') {
            const text = bytes(sent, size);
            const room = capacity - held.length;
            const result = world.ipc.writePipe(id, buffer(world.guest, text), 0, true);
            const expected =
              size === 0 ? 0 : room < (size <= PIPE_BUF ? size : 1) ? -EAGAIN : Math.min(size, room);
            expect(result).toBe(expected);
            if (result > 0) {
              held += text.slice(0, result);
              sent += result;
            }
          } else if (kind === 'read') {
            const into = buffer(world.guest, size);
            const result = world.ipc.readPipe(id, into, true);
            expect(result).toBe(size === 0 ? 0 : held === '' ? -EAGAIN : Math.min(size, held.length));
            if (result > 0) {
              expect(content(world.guest, into, result)).toBe(held.slice(0, result));
              held = held.slice(result);
            }
          } else if (kind === 'resize') {
            const wanted = Math.max(PIPE_BUF, 2 ** Math.ceil(Math.log2(size)));
            const result = world.ipc.setPipeCapacity(id, size);
            expect(result).toBe(wanted < held.length ? -EBUSY : wanted);
            if (result > 0) capacity = result;
          } else {
            replace(world);
          }
          expect(world.ipc.pipeBytes(id)).toBe(held.length);
          const poll = world.ipc.pollPipe(id, true, true);
          expect((poll & POLLIN) !== 0).toBe(held.length > 0);
          expect((poll & POLLOUT) !== 0).toBe(capacity - held.length >= PIPE_BUF);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('two ends that block move every byte, with a wake-up for each wait', () => {
    const size = fc.integer({ min: 1, max: 12000 });
    const readSize = fc.integer({ min: 200, max: 9000 });
    fc.assert(
      fc.property(
        fc.array(size, { minLength: 1, maxLength: 8 }),
        readSize,
        fc.boolean(),
        (writes, reads, swap) => {
          const world = boot();
          const { guest } = world;
          const id = openPipe(world);
          world.ipc.setPipeCapacity(id, 8192);
          const all = writes.reduce((sum, each) => sum + each, 0);
          let next = 0;
          let skip = 0;
          let sent = 0;
          let got = '';
          let waits = 0;
          let wakeUps = 0;
          const runnable = new Set([READER, WRITER]);
          while (got.length < all) {
            const tid = runnable.values().next().value;
            expect(tid).toBeDefined();
            runnable.delete(tid as number);
            let result = 0;
            if (tid === WRITER) {
              if (next === writes.length) continue;
              const whole = writes[next] as number;
              result = run(guest, WRITER, () =>
                world.ipc.writePipe(id, buffer(guest, bytes(sent - skip, whole)), skip, false),
              );
              if (result !== WAIT) {
                sent += result;
                skip += result;
                if (skip === whole) {
                  next++;
                  skip = 0;
                }
              }
            } else {
              const into = buffer(guest, reads);
              result = run(guest, READER, () => world.ipc.readPipe(id, into, false));
              if (result !== WAIT) got += content(guest, into, result);
            }
            if (result === WAIT) waits++;
            else runnable.add(tid as number);
            for (const each of guest.woken.splice(0)) {
              wakeUps++;
              runnable.add(each);
            }
            if (swap) replace(world);
          }
          expect(got).toBe(bytes(0, all));
          expect(waits - wakeUps).toBeGreaterThanOrEqual(0);
          expect(waits - wakeUps).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('ends in end of file and in EPIPE', () => {
    const world = boot();
    const id = openPipe(world);
    expect(world.ipc.writePipe(id, buffer(world.guest, 'tail'), 0, false)).toBe(4);
    expect(run(world.guest, WRITER, () => world.ipc.readPipe(id, buffer(world.guest, 9), false))).toBe(4);
    expect(run(world.guest, READER, () => world.ipc.readPipe(id, buffer(world.guest, 9), false))).toBe(WAIT);
    world.ipc.closeEnd(id, false, true);
    expect(world.guest.woken).toEqual([READER]);
    expect(run(world.guest, READER, () => world.ipc.readPipe(id, buffer(world.guest, 9), false))).toBe(0);
    expect(world.ipc.pollPipe(id, true, false) & POLLHUP).toBe(POLLHUP);
    world.ipc.closeEnd(id, true, false);
    expect(world.state.pipes.size).toBe(0);

    const other = openPipe(world);
    world.ipc.closeEnd(other, true, false);
    expect(world.ipc.writePipe(other, buffer(world.guest, 'x'), 0, true)).toBe(-EPIPE);
    expect(world.ipc.pollPipe(other, false, true) & POLLERR).toBe(POLLERR);
  });

  test('tells the engine of code that a read overwrites', () => {
    const world = boot();
    const id = openPipe(world);
    world.ipc.writePipe(id, buffer(world.guest, 'code'), 0, true);
    const into = buffer(world.guest, 4);
    const frame = (into.address[0] as number) >>> 12;
    world.guest.memory[world.guest.kernel.machine.layout.codeMarkBase + frame] = 1;
    world.ipc.readPipe(id, into, true);
    expect(world.guest.invalidated).toEqual([frame]);
  });

  test('gives a large buffer back when it is drained, and has a limit', () => {
    const world = boot();
    const id = openPipe(world);
    world.ipc.writePipe(id, buffer(world.guest, 60000), 0, true);
    world.ipc.readPipe(id, buffer(world.guest, 60000), true);
    expect(world.state.pipes.get(id)?.buffer.length).toBe(0);
    expect(world.ipc.setPipeCapacity(id, 2 << 20)).toBe(-EPERM);
  });
});

describe('a FIFO', () => {
  test('lets each side wait for the other, who may have come and gone', () => {
    const world = boot();
    const id = world.ipc.fifo(42);
    expect(world.ipc.fifo(42)).toBe(id);
    const opens = world.ipc.peerOpens(id, true);
    world.ipc.openEnd(id, true, false);
    expect(world.ipc.pollPipe(id, true, false) & POLLHUP).toBe(0);
    expect(run(world.guest, READER, () => world.ipc.awaitPeer(id, true, opens))).toBe(WAIT);
    world.ipc.openEnd(id, false, true);
    world.ipc.closeEnd(id, false, true);
    expect(world.guest.woken).toContain(READER);
    expect(run(world.guest, READER, () => world.ipc.awaitPeer(id, true, opens))).toBe(0);
    world.ipc.closeEnd(id, true, false);
    expect(world.state.fifos.size).toBe(0);
  });
});

describe('futexes', () => {
  const wait = (world: World, tid: number, address: number, bits: number = EVERY_BIT): void => {
    run(world.guest, tid, () => {
      world.guest.waits.on(world.ipc.futexWait(tid, 1, address, bits));
      return WAIT;
    });
  };

  test('wake in order of arrival those whose bits meet, in that space', () => {
    const world = boot();
    for (const tid of [11, 12, 13]) wait(world, tid, 100, tid === 12 ? 2 : 1);
    expect(world.ipc.futexWake(2, 100, 9, EVERY_BIT)).toBe(0);
    expect(world.ipc.futexWake(1, 100, 9, 2)).toBe(1);
    replace(world);
    expect(world.ipc.futexWake(1, 100, 1, EVERY_BIT)).toBe(1);
    expect(world.guest.woken).toEqual([12, 11]);
    expect([11, 12, 13].map((tid) => world.ipc.futexDone(tid))).toEqual([true, true, false]);
    expect(world.state.futexWaiters).toEqual([]);
  });

  test('give a wake-up to the next when a thread has left its wait but not looked yet', () => {
    const world = boot();
    wait(world, 11, 100);
    wait(world, 12, 100);
    world.guest.waits.timeOut(11);
    expect(world.ipc.futexWake(1, 100, 1, EVERY_BIT)).toBe(1);
    expect(world.ipc.futexDone(11)).toBe(false);
    expect(world.ipc.futexDone(12)).toBe(true);
  });

  test('move waiters to the end of another queue', () => {
    const world = boot();
    wait(world, 21, 200);
    for (const tid of [11, 12, 13, 14]) wait(world, tid, 100);
    expect(world.ipc.futexRequeue(1, 100, 1, 1, 200, 2)).toBe(3);
    expect(world.guest.woken.splice(0)).toEqual([11]);
    expect(world.ipc.futexWake(1, 200, 9, EVERY_BIT)).toBe(3);
    expect(world.guest.woken.splice(0)).toEqual([21, 12, 13]);
    expect(world.ipc.futexWake(1, 100, 9, EVERY_BIT)).toBe(1);
  });
});
