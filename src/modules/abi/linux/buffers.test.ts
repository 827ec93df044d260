import { beforeEach, describe, expect, test } from 'vitest';
import { EAGAIN, EFAULT, EINVAL, EPIPE } from '../../../abi/linux/errno.ts';
import { SIGPIPE } from '../../../abi/linux/signal.ts';
import {
  type Kernel,
  RESUMED_BY_EVENT,
  RESUMED_BY_SIGNAL,
  type Spans,
  WAIT,
} from '../../../contracts/kernel.ts';
import type { FileKind } from '../../../contracts/vfs.ts';
import { createFakeGuest, type FakeGuest, fillSpans } from '../../../testing/fake-guest.ts';
import { readBuffers, readVectors, totalOf, writeBuffers } from './buffers.ts';

const TID = 1;
const FD = 3;
const FILE = 9;
const BASE = 0x10000;
/** The first byte that no buffer may reach. */
const END = 0xe0000;
const CHUNK = 262_144;

interface Moved {
  readonly address: number;
  readonly count: number;
  readonly offset: number;
}

/** A file whose reads and writes answer what the test lists, or take all there is. */
class Subject {
  kind: FileKind = 'regular';
  readonly answers: number[] = [];
  readonly moved: Moved[] = [];
  readonly signals: number[] = [];
  progress: number[] = [];
  resumed = 0;
  readonly guest: FakeGuest;

  constructor() {
    const move = (spans: Spans, skip: number, offset: number): number => {
      const answer = this.answers.shift() ?? spans.total - skip;
      const count = Math.min(answer, spans.total - skip);
      this.moved.push({ address: (spans.address[0] ?? 0) + skip, count, offset });
      return count;
    };
    this.guest = createFakeGuest({
      process: {
        file: () => FILE,
        thread: () => ({ tgid: TID }),
        credentials: () => ({ uid: 0 }),
        signalThread: (_tid: number, info: { signal: number }) => this.signals.push(info.signal),
      },
      vfs: {
        file: () => ({ kind: this.kind }),
        read: (_tid: number, _file: number, into: Spans, offset: number) => move(into, 0, offset),
        write: (_tid: number, _file: number, from: Spans, skip: number, offset: number) =>
          move(from, skip, offset),
      },
    });
    Object.assign(this.guest.kernel.user, {
      spans(_tid: number, va: number, length: number, _write: boolean, into: Spans): number {
        fillSpans(into, va, Math.max(Math.min(length, END - va), 0));
        return va + length > END ? -EFAULT : 0;
      },
    });
    Object.assign(this.guest.kernel.waits, {
      progress: () => this.progress,
      keep: (kept: number[]) => {
        this.progress = kept;
      },
      interrupted: () => this.resumed === RESUMED_BY_SIGNAL,
    });
  }

  get kernel(): Kernel {
    return this.guest.kernel;
  }

  read(length: number, offset = -1, va = BASE): number {
    return readBuffers(this.kernel, TID, FD, va, null, length, offset);
  }

  write(length: number, offset = -1, va = BASE): number {
    return writeBuffers(this.kernel, TID, FD, va, null, length, offset);
  }
}

describe('transfers', () => {
  let subject: Subject;
  beforeEach(() => {
    subject = new Subject();
  });

  test('go on chunk by chunk until the file has no more', () => {
    subject.answers.push(CHUNK, CHUNK, 100);
    expect(subject.read(3 * CHUNK, 7)).toBe(2 * CHUNK + 100);
    expect(subject.moved.map(({ offset }) => offset)).toEqual([7, 7 + CHUNK, 7 + 2 * CHUNK]);
    expect(subject.moved.map(({ address }) => address - BASE)).toEqual([0, CHUNK, 2 * CHUNK]);
  });

  test('of a pipe or a terminal end with what is there', () => {
    subject.kind = 'pipe';
    subject.answers.push(CHUNK);
    expect(subject.read(3 * CHUNK)).toBe(CHUNK);
    expect(subject.moved).toHaveLength(1);
  });

  test('keep what is done when they wait, and go on behind it', () => {
    subject.answers.push(CHUNK, WAIT);
    expect(subject.read(2 * CHUNK)).toBe(WAIT);
    expect(subject.progress).toEqual([CHUNK]);
    subject.resumed = RESUMED_BY_EVENT;
    expect(subject.read(2 * CHUNK)).toBe(2 * CHUNK);
    expect(subject.moved.at(-1)?.address).toBe(BASE + CHUNK);
  });

  test('keep nothing when they wait for the first byte', () => {
    subject.answers.push(WAIT);
    expect(subject.write(10)).toBe(WAIT);
    expect(subject.progress).toEqual([]);
  });

  test('give what is done when a signal comes', () => {
    subject.kind = 'pipe';
    subject.answers.push(1000, WAIT);
    expect(subject.write(5000)).toBe(WAIT);
    subject.resumed = RESUMED_BY_SIGNAL;
    subject.answers.push(WAIT);
    expect(subject.write(5000)).toBe(1000);
    subject.progress = [];
    subject.answers.push(WAIT);
    expect(subject.write(5000)).toBe(WAIT);
  });

  test('tell a pipe how long the write is in all while it goes in parts', () => {
    subject.kind = 'pipe';
    subject.answers.push(300, 5000);
    expect(subject.write(6000)).toBe(6000);
    // Each part begins where the one before ended, within one chunk that begins at the start.
    expect(subject.moved.map(({ address, count }) => [address - BASE, count])).toEqual([
      [0, 300],
      [300, 5000],
      [5300, 700],
    ]);
  });

  test('an error behind some bytes is left for the next call', () => {
    subject.kind = 'pipe';
    subject.answers.push(300, -EAGAIN);
    expect(subject.write(6000)).toBe(300);
    subject.answers.push(-EAGAIN);
    expect(subject.write(6000)).toBe(-EAGAIN);
  });

  test('a broken pipe sends SIGPIPE, even behind some bytes', () => {
    subject.kind = 'pipe';
    subject.answers.push(300, -EPIPE);
    expect(subject.write(6000)).toBe(300);
    expect(subject.signals).toEqual([SIGPIPE]);
    subject.answers.push(-EPIPE);
    expect(subject.write(6000)).toBe(-EPIPE);
    expect(subject.signals).toEqual([SIGPIPE, SIGPIPE]);
  });

  test('a buffer that ends too early is used as far as it is good', () => {
    expect(subject.read(5000, 0, END - 100)).toBe(100);
    expect(subject.write(5000, 0, END - 100)).toBe(100);
    expect(subject.read(10, 0, END)).toBe(-EFAULT);
    expect(subject.write(10, 0, END)).toBe(-EFAULT);
  });
});

describe('vectors', () => {
  function put(guest: FakeGuest, at: number, pairs: readonly (readonly [number, number])[]): void {
    const view = new DataView(guest.memory.buffer);
    for (const [i, [base, length]] of pairs.entries()) {
      view.setUint32(at + 16 * i, base, true);
      view.setInt32(at + 16 * i + 8, length, true);
      view.setInt32(at + 16 * i + 12, length < 0 ? -1 : 0, true);
    }
  }

  test('are read in order as one transfer, empty ones skipped', () => {
    const subject = new Subject();
    put(subject.guest, 0x20000, [
      [BASE, 10],
      [1, 0],
      [BASE + 5000, 20],
    ]);
    const vectors = readVectors(subject.kernel, TID, 0x20000, 3);
    if (typeof vectors === 'number') throw new Error(`error ${vectors}`);
    expect(totalOf(vectors)).toBe(30);
    expect(readBuffers(subject.kernel, TID, FD, 0, vectors, 30, -1)).toBe(30);
    const { scratch } = subject.kernel.user;
    expect(scratch.address.slice(0, scratch.count)).toEqual([BASE, BASE + 5000]);
    expect(scratch.length.slice(0, scratch.count)).toEqual([10, 20]);
  });

  test('with a negative length or too many of them are refused', () => {
    const subject = new Subject();
    put(subject.guest, 0x20000, [[BASE, -1]]);
    expect(readVectors(subject.kernel, TID, 0x20000, 1)).toBe(-EINVAL);
    expect(readVectors(subject.kernel, TID, 0x20000, 1025)).toBe(-EINVAL);
    expect(readVectors(subject.kernel, TID, 0x20000, -1)).toBe(-EINVAL);
    expect(readVectors(subject.kernel, TID, 8, 1)).toBe(-EFAULT);
  });

  test('that turn bad are used as far as they are good', () => {
    const subject = new Subject();
    const vectors = [BASE, 10, END - 5, 20, BASE, 10];
    expect(readBuffers(subject.kernel, TID, FD, 0, vectors, 40, -1)).toBe(15);
  });
});
