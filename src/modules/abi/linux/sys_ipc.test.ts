/** futex, pipe2, ppoll and pselect6 over the real ipc and a fake kernel. */
import { beforeEach, describe, expect, test } from 'vitest';
import { EAGAIN, EBADF, EFAULT, EINVAL, EMFILE, ENOSYS, ETIMEDOUT } from '../../../abi/linux/errno.ts';
import { O_CLOEXEC, O_NONBLOCK } from '../../../abi/linux/fcntl.ts';
import * as F from '../../../abi/linux/futex.ts';
import { POLLHUP, POLLIN, POLLNVAL, POLLOUT } from '../../../abi/linux/poll.ts';
import { ipcLayout } from '../../../contracts/ipc.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import { VMA_SHARED } from '../../../contracts/vm.ts';
import { addProcess, createFakeGuest, type FakeGuest, run } from '../../../testing/fake-guest.ts';
import { basicIpc } from '../../ipc/basic/module.ts';
import type { Row } from './call.ts';
import { ipcCalls } from './sys_ipc.ts';
import { pollCalls } from './sys_poll.ts';

const A = 11;
const B = 12;
const WORD = 0x20000;
const OTHER = 0x20010;
const TIME = 0x20100;
/** In shared memory, where every process sees the same frame at the same address. */
const SHARED = 0x30000;
const SECOND = 1_000_000_000;

let guest: FakeGuest;
let view: DataView;
/** Bits ready of each file, by id; descriptors are file ids. */
let ready: Map<number, number>;
let events: Map<number, number>;
let most = 100;

const rows = new Map<string, Row>([...ipcCalls, ...pollCalls].map((row) => [row.name, row]));

function call(tid: number, name: string, ...args: number[]): number {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = args;
  return run(guest, tid, () => (rows.get(name) as Row).run(guest.kernel, tid, a, b, c, d, e, f));
}

beforeEach(() => {
  ready = new Map();
  events = new Map();
  most = 100;
  const installed: number[] = [];
  guest = createFakeGuest({
    vm: { areas: () => [{ start: SHARED, end: SHARED + 4096, flags: VMA_SHARED }] },
    pmap: { translate: (_space: number, va: number) => va },
    vfs: {
      poll: (_tid: number, file: number) => ready.get(file) ?? 0,
      arm: (_tid: number, file: number) => guest.waits.on(events.get(file) ?? 0),
      openPipe: (_pipe: number, reader: boolean) => (reader ? 1000 : 1001),
      release: (file: number) => installed.push(-file),
    },
  });
  const { process } = guest.kernel;
  process.file = (_tid, fd) => (ready.has(fd) ? fd : -EBADF);
  process.install = (_tid, file) => {
    if (installed.length >= most) return -EMFILE;
    installed.push(file);
    return installed.length + 2;
  };
  process.close = () => 0;
  guest.kernel.ipc = basicIpc.create(ipcLayout.create(), guest.kernel);
  guest.kernel.clock.realtimeToMonotonic = (seconds, ns) => (seconds - 1000) * SECOND + ns;
  view = new DataView(guest.memory.buffer);
  addProcess(guest, A, A, A);
  addProcess(guest, B, B, B);
});

function putTime(seconds: number, ns: number): number {
  view.setBigInt64(TIME, BigInt(seconds), true);
  view.setBigInt64(TIME + 8, BigInt(ns), true);
  return TIME;
}

describe('futex', () => {
  const PRIVATE = F.FUTEX_PRIVATE_FLAG;
  const wait = (tid: number, va: number, operation: number, value: number, timeout = 0, bits = 0): number =>
    call(tid, 'futex', va, operation, value, timeout, 0, bits);
  const wake = (tid: number, va: number, operation: number, count: number, bits = 0): number =>
    call(tid, 'futex', va, operation, count, 0, 0, bits);

  test('compares before it waits, and is woken', () => {
    view.setUint32(WORD, 0xffffffff, true);
    expect(wait(A, WORD, PRIVATE, 7)).toBe(-EAGAIN);
    expect(wait(A, WORD, PRIVATE, 0xffffffff)).toBe(WAIT);
    expect(wake(A, WORD, PRIVATE | F.FUTEX_WAKE, 1)).toBe(0);
  });

  test('the waiter of one address space is not another one’s, unless in shared memory', () => {
    expect(wait(A, WORD, F.FUTEX_WAIT, 0)).toBe(WAIT);
    expect(wake(B, WORD, F.FUTEX_WAKE, 9)).toBe(0);
    guest.waits.cancel(A);
    expect(wait(A, SHARED, F.FUTEX_WAIT, 0)).toBe(WAIT);
    expect(wake(B, SHARED, PRIVATE | F.FUTEX_WAKE, 9)).toBe(0);
    expect(wake(B, SHARED, F.FUTEX_WAKE, 9)).toBe(1);
    expect(wait(A, SHARED, F.FUTEX_WAIT, 0)).toBe(0);
  });

  test('a word in private memory has one key with and without the private flag', () => {
    expect(wait(A, WORD, F.FUTEX_WAIT, 0)).toBe(WAIT);
    guest.groups.set(B, { ...(guest.groups.get(B) as object), space: A } as never);
    expect(wake(B, WORD, PRIVATE | F.FUTEX_WAKE, 1)).toBe(1);
  });

  test('times out, relatively and absolutely on either clock', () => {
    expect(wait(A, WORD, PRIVATE, 0, putTime(2, 5))).toBe(WAIT);
    expect(guest.waits.all()[0]?.deadline).toBe(guest.now + 2 * SECOND + 5);
    guest.waits.timeOut(A);
    expect(wait(A, WORD, PRIVATE, 0, TIME)).toBe(-ETIMEDOUT);
    const bitset = PRIVATE | F.FUTEX_WAIT_BITSET;
    expect(wait(A, WORD, bitset, 0, putTime(5, 0), 1)).toBe(WAIT);
    expect(guest.waits.all()[0]?.deadline).toBe(5 * SECOND);
    guest.waits.cancel(A);
    expect(wait(A, WORD, bitset | F.FUTEX_CLOCK_REALTIME, 0, putTime(1003, 0), 1)).toBe(WAIT);
    expect(guest.waits.all()[0]?.deadline).toBe(3 * SECOND);
    guest.waits.cancel(A);
    expect(wait(A, WORD, bitset, 0, putTime(0, 1), 1)).toBe(-ETIMEDOUT);
    expect(wait(A, WORD, bitset, 0, putTime(-1, 0), 1)).toBe(-EINVAL);
    expect(wait(A, WORD, bitset, 0, putTime(1, SECOND), 1)).toBe(-EINVAL);
  });

  test('is broken off by a signal, and goes on with the time that is left', () => {
    expect(wait(A, WORD, PRIVATE, 0, putTime(2, 0))).toBe(WAIT);
    const { deadline } = guest.waits.all()[0] as { deadline: number };
    guest.waits.notify(A);
    guest.now += SECOND;
    guest.waits.begin();
    const row = rows.get('futex') as Row;
    expect(row.run(guest.kernel, A, WORD, PRIVATE, 0, TIME, 0, 0)).toBe(WAIT);
    expect(guest.waits.pendingRestart()).toBe('block');
    const record = guest.waits.ready(A);
    expect(record).not.toBeNull();
    if (record !== null) guest.waits.rearm(record, 'block');
    expect(wait(A, WORD, PRIVATE, 0, TIME)).toBe(WAIT);
    expect(guest.waits.all()[0]?.deadline).toBe(deadline);
  });

  test('moves waiters if the word is as expected', () => {
    expect(wait(A, WORD, PRIVATE, 0)).toBe(WAIT);
    const requeue = (operation: number, wakes: number, moves: number, expected: number): number =>
      call(A, 'futex', WORD, PRIVATE | operation, wakes, moves, OTHER, expected);
    guest.groups.set(B, { ...(guest.groups.get(B) as object), space: A } as never);
    const asB = (...args: number[]): number => call(B, 'futex', ...args);
    expect(asB(WORD, PRIVATE | F.FUTEX_CMP_REQUEUE, 0, 1, OTHER, 9)).toBe(-EAGAIN);
    expect(asB(WORD, PRIVATE | F.FUTEX_CMP_REQUEUE, 0, 1, OTHER, 0)).toBe(1);
    expect(asB(WORD, PRIVATE | F.FUTEX_WAKE, 1)).toBe(0);
    expect(asB(OTHER, PRIVATE | F.FUTEX_WAKE, 1)).toBe(1);
    expect(requeue(F.FUTEX_REQUEUE, -1, 0, 0)).toBe(-EINVAL);
  });

  test('operates on a second word and wakes both', () => {
    view.setUint32(OTHER, 5, true);
    const how = (F.FUTEX_OP_ADD << 28) | (F.FUTEX_OP_CMP_GT << 24) | (3 << 12) | 4;
    expect(call(A, 'futex', WORD, PRIVATE | F.FUTEX_WAKE_OP, 1, 1, OTHER, how >>> 0)).toBe(0);
    expect(view.getUint32(OTHER, true)).toBe(8);
  });

  test('refuses what is odd', () => {
    expect(wait(A, WORD + 2, PRIVATE, 0)).toBe(-EINVAL);
    expect(wait(A, 16, PRIVATE, 0)).toBe(-EFAULT);
    expect(wait(A, WORD, PRIVATE | F.FUTEX_WAIT_BITSET, 0, 0, 0)).toBe(-EINVAL);
    expect(wait(A, WORD, PRIVATE | 2, 0)).toBe(-ENOSYS);
  });
});

describe('pipe2', () => {
  test('gives two descriptors, or none', () => {
    expect(call(A, 'pipe2', WORD, O_CLOEXEC | O_NONBLOCK)).toBe(0);
    expect([view.getInt32(WORD, true), view.getInt32(WORD + 4, true)]).toEqual([3, 4]);
    expect(call(A, 'pipe2', WORD, 1)).toBe(-EINVAL);
    expect(call(A, 'pipe2', 8, 0)).toBe(-EFAULT);
    most = 3;
    expect(call(A, 'pipe2', WORD, 0)).toBe(-EMFILE);
  });
});

describe('ppoll', () => {
  const put = (fds: readonly [number, number][]): void =>
    fds.forEach(([fd, wanted], i) => {
      view.setInt32(WORD + 8 * i, fd, true);
      view.setUint32(WORD + 8 * i + 4, wanted, true);
    });
  const got = (i: number): number => view.getUint16(WORD + 8 * i + 6, true);

  test('reports what is ready, hung up and not open', () => {
    ready.set(3, POLLIN | POLLOUT).set(4, POLLHUP);
    put([
      [3, POLLIN],
      [4, 0],
      [5, POLLIN],
      [-1, POLLIN],
    ]);
    expect(call(A, 'ppoll', WORD, 4)).toBe(3);
    expect([got(0), got(1), got(2), got(3)]).toEqual([POLLIN, POLLHUP, POLLNVAL, 0]);
  });

  test('waits for all of them, until a time, and writes what is left of it', () => {
    ready.set(3, 0).set(4, 0);
    events.set(3, guest.waits.newEvent()).set(4, guest.waits.newEvent());
    put([
      [3, POLLIN],
      [4, POLLIN],
    ]);
    putTime(10, 0);
    expect(call(A, 'ppoll', WORD, 2, TIME)).toBe(WAIT);
    guest.now += 4 * SECOND;
    ready.set(4, POLLIN);
    expect(guest.waits.wake(events.get(4) as number, 1)).toBe(1);
    expect(call(A, 'ppoll', WORD, 2, TIME)).toBe(1);
    expect(view.getBigInt64(TIME, true)).toBe(6n);
    ready.set(4, 0);
    expect(call(A, 'ppoll', WORD, 2, TIME)).toBe(WAIT);
    guest.now += 6 * SECOND;
    guest.waits.timeOut(A);
    expect(call(A, 'ppoll', WORD, 2, TIME)).toBe(0);
    expect(view.getBigInt64(TIME, true)).toBe(0n);
  });

  test('has its own signal mask until it ends', () => {
    const thread = guest.threads.get(A) as { maskLow: number; restoreMask: boolean };
    thread.maskLow = 2;
    ready.set(3, 0);
    put([[3, POLLIN]]);
    view.setUint32(OTHER, 0x40, true);
    expect(call(A, 'ppoll', WORD, 1, 0, OTHER, 8)).toBe(WAIT);
    expect([thread.maskLow, thread.restoreMask]).toEqual([0x40, true]);
    guest.waits.notify(A);
    ready.set(3, POLLIN);
    expect(call(A, 'ppoll', WORD, 1, 0, OTHER, 8)).toBe(1);
    expect([thread.maskLow, thread.restoreMask]).toEqual([2, false]);
    expect(call(A, 'ppoll', WORD, 1, 0, OTHER, 4)).toBe(-EINVAL);
    expect(call(A, 'ppoll', WORD, 5000)).toBe(-EINVAL);
  });
});

describe('pselect6', () => {
  test('writes three sets and counts their bits', () => {
    ready.set(3, POLLIN | POLLOUT).set(70, POLLHUP);
    view.setUint32(WORD, 1 << 3, true);
    view.setUint32(WORD + 8, 1 << 6, true);
    view.setUint32(OTHER + 16, 1 << 3, true);
    expect(call(A, 'pselect6', 71, WORD, OTHER + 16, 0)).toBe(3);
    expect(view.getUint32(WORD, true)).toBe(1 << 3);
    expect(view.getUint32(WORD + 8, true)).toBe(1 << 6);
    view.setUint32(WORD, 1 << 4, true);
    expect(call(A, 'pselect6', 71, WORD, 0, 0)).toBe(-EBADF);
    expect(call(A, 'pselect6', -1, WORD, 0, 0)).toBe(-EINVAL);
  });

  test('is empty when the time is up', () => {
    ready.set(3, 0);
    view.setUint32(WORD, 1 << 3, true);
    expect(call(A, 'pselect6', 4, WORD, 0, 0, putTime(0, 0))).toBe(0);
    expect(view.getUint32(WORD, true)).toBe(0);
    expect(call(A, 'pselect6', 0, 0, 0, 0, putTime(1, 0))).toBe(WAIT);
  });
});
