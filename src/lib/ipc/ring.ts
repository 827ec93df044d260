/**
 * The byte ring of a pipe: filling, draining and its growth.
 *
 * Works on a `Pipe` record of the contract and on user buffers; wakes nobody and knows no ends. Invariant: `used`
 * bytes lie from `head` on, wrapping at the buffer's length; an empty ring has head 0.
 */
import { PIPE_BUF, type Pipe } from '../../contracts/ipc.ts';
import { copyFromSpans, copyToSpans, type GuestMemory, type Ranges } from '../spans.ts';

const SMALLEST = 512;

/** What becomes of the buffers of drained rings. It may be lost at any time; whoever makes operations on pipes has one. */
export interface Spare {
  /** A larger buffer is taken from its ring, so that idle pipes cost little in a snapshot. */
  readonly kept: number;
  /** One that was, for the next ring that needs one of its size: a new one has to be cleared, which takes as long as filling it. */
  buffer: Uint8Array | null;
}

/** A buffer for a ring; its contents mean nothing. */
function bufferOf(spare: Spare, size: number): Uint8Array {
  const { buffer } = spare;
  if (buffer === null || buffer.length !== size) return new Uint8Array(size);
  spare.buffer = null;
  return buffer;
}

const unwrap = (pipe: Pipe, bytes: Uint8Array): Uint8Array => {
  const first = Math.min(pipe.used, pipe.buffer.length - pipe.head);
  bytes.set(pipe.buffer.subarray(pipe.head, pipe.head + first));
  bytes.set(pipe.buffer.subarray(0, pipe.used - first), first);
  return bytes;
};

/** Make room for `bytes` in all, by doubling, up to the capacity. */
function reserve(pipe: Pipe, bytes: number, spare: Spare): void {
  if (bytes <= pipe.buffer.length) return;
  let size = Math.max(pipe.buffer.length, SMALLEST);
  while (size < bytes) size *= 2;
  pipe.buffer = unwrap(pipe, bufferOf(spare, Math.min(size, pipe.capacity)));
  pipe.head = 0;
}

/** Bytes that still fit. */
export const room = (pipe: Pipe): number => pipe.capacity - pipe.used;

/** Pages of the ring in use: a packet has one of its own. */
const pagesOf = ({ packets }: Pipe): number => {
  let pages = 0;
  for (const each of packets) pages += Math.ceil(Math.abs(each) / PIPE_BUF);
  return pages;
};
/** The same where packets lie in it. */
export const roomBesidePackets = (pipe: Pipe): number => pipe.capacity - pagesOf(pipe) * PIPE_BUF;

/** A page at the end has room for so many bytes more, but bytes without bounds lie in it, which have no end. */
export function joins(pipe: Pipe, count: number): boolean {
  const tail = (pipe.packets.length === 0 ? pipe.used : Math.max(0, -(pipe.packets.at(-1) ?? 0))) % PIPE_BUF;
  return tail !== 0 && tail + count <= PIPE_BUF;
}

/** A packet, or bytes without bounds (negative), lies at the end now. Pre: it was filled in. */
export function bound(pipe: Pipe, length: number): void {
  const { packets } = pipe;
  if (packets.length === 0 && pipe.used > Math.abs(length)) packets.push(Math.abs(length) - pipe.used);
  const last = packets.at(-1) ?? 0;
  if (length < 0 && last < 0) packets[packets.length - 1] = last + length;
  else packets.push(length);
}

/** Append `count` bytes of `from`, beginning at byte `at` of it. Pre: they fit. */
export function fill(
  memory: GuestMemory,
  pipe: Pipe,
  from: Ranges,
  at: number,
  count: number,
  spare: Spare,
): void {
  reserve(pipe, pipe.used + count, spare);
  const size = pipe.buffer.length;
  let tail = pipe.head + pipe.used;
  if (tail >= size) tail -= size;
  const first = Math.min(count, size - tail);
  copyFromSpans(memory, from, at, pipe.buffer, tail, first);
  if (count > first) copyFromSpans(memory, from, at + first, pipe.buffer, 0, count - first);
  pipe.used += count;
}

/** Take the first `count` bytes into a user buffer. Pre: they are there and fit. */
export function drain(memory: GuestMemory, pipe: Pipe, into: Ranges, count: number, spare: Spare): void {
  copyOut(memory, pipe, 0, into, count);
  drop(pipe, count, spare);
}

/** Copy `count` bytes from `skip` on. Pre: they are there and fit. */
export function copyOut(memory: GuestMemory, pipe: Pipe, skip: number, into: Ranges, count: number): void {
  const size = pipe.buffer.length;
  const head = pipe.head + skip < size ? pipe.head + skip : pipe.head + skip - size;
  const first = Math.min(count, size - head);
  copyToSpans(memory, pipe.buffer, head, into, 0, first);
  if (count > first) copyToSpans(memory, pipe.buffer, 0, into, first, count - first);
}

/** The first `count` bytes are gone, of packets as far as they reach. Pre: they are there. */
export function consume(pipe: Pipe, count: number, spare: Spare): void {
  const { packets } = pipe;
  for (let left = count; left > 0 && packets.length > 0; ) {
    const first = packets[0] as number;
    const part = Math.min(Math.abs(first), left);
    left -= part;
    if (part === Math.abs(first)) packets.shift();
    else packets[0] = first - Math.sign(first) * part;
  }
  if (packets.length === 1 && (packets[0] as number) < 0) packets.pop();
  drop(pipe, count, spare);
}

/** The first `count` bytes are gone. */
function drop(pipe: Pipe, count: number, spare: Spare): void {
  const size = pipe.buffer.length;
  pipe.used -= count;
  if (pipe.used !== 0) {
    pipe.head = (pipe.head + count) % size;
    return;
  }
  pipe.head = 0;
  if (size <= spare.kept) return;
  spare.buffer = pipe.buffer;
  pipe.buffer = new Uint8Array(0);
}

/** The same where packets lie in it: what does not fit of the first is lost. @returns how many bytes were taken */
export function drainPackets(
  memory: GuestMemory,
  pipe: Pipe,
  into: Ranges & { readonly total: number },
  spare: Spare,
): number {
  const { packets } = pipe;
  const first = packets[0] as number;
  const count = Math.min(Math.abs(first), into.total);
  copyOut(memory, pipe, 0, into, count);
  const gone = first > 0 ? first : count;
  if (gone === Math.abs(first)) packets.shift();
  else packets[0] = first + gone;
  // Where only bytes without bounds are left, nothing needs to be known of them.
  if (packets.length === 1 && (packets[0] as number) < 0) packets.pop();
  drop(pipe, gone, spare);
  return count;
}

/** Change what the ring can hold. Pre: what it holds fits. */
export function resize(pipe: Pipe, capacity: number): void {
  pipe.capacity = capacity;
  if (pipe.buffer.length <= capacity) return;
  pipe.buffer = unwrap(pipe, new Uint8Array(capacity));
  pipe.head = 0;
}
