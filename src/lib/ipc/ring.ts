/**
 * The byte ring of a pipe: filling, draining and its growth.
 *
 * Works on a `Pipe` record of the contract and on user buffers; wakes nobody and knows no ends. Invariant: `used`
 * bytes lie from `head` on, wrapping at the buffer's length; an empty ring has head 0.
 */
import type { Pipe } from '../../contracts/ipc.ts';
import { copyFromSpans, copyToSpans, type GuestMemory, type Ranges } from '../spans.ts';

const SMALLEST = 512;

const unwrap = (pipe: Pipe, size: number): Uint8Array => {
  const bytes = new Uint8Array(size);
  const first = Math.min(pipe.used, pipe.buffer.length - pipe.head);
  bytes.set(pipe.buffer.subarray(pipe.head, pipe.head + first));
  bytes.set(pipe.buffer.subarray(0, pipe.used - first), first);
  return bytes;
};

/** Make room for `bytes` in all, by doubling, up to the capacity. */
function reserve(pipe: Pipe, bytes: number): void {
  if (bytes <= pipe.buffer.length) return;
  let size = Math.max(pipe.buffer.length, SMALLEST);
  while (size < bytes) size *= 2;
  pipe.buffer = unwrap(pipe, Math.min(size, pipe.capacity));
  pipe.head = 0;
}

/** Bytes that still fit. */
export const room = (pipe: Pipe): number => pipe.capacity - pipe.used;

/** Append `count` bytes of `from`, beginning at byte `at` of it. Pre: they fit. */
export function fill(memory: GuestMemory, pipe: Pipe, from: Ranges, at: number, count: number): void {
  reserve(pipe, pipe.used + count);
  const size = pipe.buffer.length;
  let tail = pipe.head + pipe.used;
  if (tail >= size) tail -= size;
  const first = Math.min(count, size - tail);
  copyFromSpans(memory, from, at, pipe.buffer, tail, first);
  if (count > first) copyFromSpans(memory, from, at + first, pipe.buffer, 0, count - first);
  pipe.used += count;
}

/**
 * Take the first `count` bytes into a user buffer. Pre: they are there and fit.
 * @param kept a drained buffer larger than this is given back
 */
export function drain(memory: GuestMemory, pipe: Pipe, into: Ranges, count: number, kept: number): void {
  const size = pipe.buffer.length;
  const first = Math.min(count, size - pipe.head);
  copyToSpans(memory, pipe.buffer, pipe.head, into, 0, first);
  if (count > first) copyToSpans(memory, pipe.buffer, 0, into, first, count - first);
  pipe.used -= count;
  if (pipe.used !== 0) {
    pipe.head = (pipe.head + count) % size;
    return;
  }
  pipe.head = 0;
  if (size > kept) pipe.buffer = new Uint8Array(0);
}

/** Change what the ring can hold. Pre: what it holds fits. */
export function resize(pipe: Pipe, capacity: number): void {
  pipe.capacity = capacity;
  if (pipe.buffer.length <= capacity) return;
  pipe.buffer = unwrap(pipe, capacity);
  pipe.head = 0;
}
