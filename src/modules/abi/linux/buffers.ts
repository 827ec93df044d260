/**
 * Bytes between user buffers and open files, for read(2), write(2) and their kin.
 *
 * A long transfer goes in chunks of CHUNK bytes; what is done is the call's progress before it waits, so that it goes on
 * there. A buffer that is bad from some byte on counts as one that ends there. A signal yields what is done.
 */
import { EFAULT, EFBIG, EINVAL, EPIPE } from '../../../abi/linux/errno.ts';
import { RLIMIT_FSIZE } from '../../../abi/linux/resource.ts';
import { SIGPIPE, SIGXFSZ } from '../../../abi/linux/signal.ts';
import { IOVEC_LEN, IOVEC_SIZE, MAX_RW_COUNT, UIO_MAXIOV } from '../../../abi/linux/uio.ts';
import { type Kernel, type Spans, WAIT } from '../../../contracts/kernel.ts';
import { createSignalInfo } from '../../../contracts/process.ts';
import type { FileKind } from '../../../contracts/vfs.ts';
import { USER_LIMIT } from '../../../contracts/vm.ts';

/** 64 pages. */
export const CHUNK = 262_144;

/** struct iovec's of a call as base, length, base, length ... */
export type Vectors = readonly number[];

/** @returns the vectors, -EINVAL, -EFAULT or WAIT; the sum of the lengths is at most MAX_RW_COUNT */
export function readVectors(kernel: Kernel, tid: number, va: number, count: number): Vectors | number {
  if (count < 0 || count > UIO_MAXIOV) return -EINVAL;
  const error = kernel.user.readRecord(tid, va, count * IOVEC_SIZE);
  if (error !== 0) return error;
  const view = kernel.user.record;
  const vectors: number[] = [];
  let room = MAX_RW_COUNT;
  for (let at = 0; at < count * IOVEC_SIZE; at += IOVEC_SIZE) {
    const base = view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000;
    const high = view.getInt32(at + IOVEC_LEN + 4, true);
    if (high < 0) return -EINVAL;
    const length = Math.min(view.getUint32(at + IOVEC_LEN, true) + high * 0x1_0000_0000, room);
    room -= length;
    vectors.push(base > USER_LIMIT ? USER_LIMIT : base, length);
  }
  return vectors;
}

export function totalOf(vectors: Vectors): number {
  let total = 0;
  for (let i = 1; i < vectors.length; i += 2) total += vectors[i] as number;
  return total;
}

/** Resolve as much of a buffer as is good. @returns 0, -EFAULT if nothing is, or WAIT */
export function resolve(
  kernel: Kernel,
  tid: number,
  va: number,
  length: number,
  write: boolean,
  into: Spans,
): number {
  const error = kernel.user.spans(tid, va, length, write, into);
  if (error !== -EFAULT || into.total === 0) return error;
  return kernel.user.spans(tid, va, into.total, write, into);
}

/** The same for `length` bytes of a list of buffers from byte `from` on, into `kernel.user.scratch`. */
export function gather(
  kernel: Kernel,
  tid: number,
  vectors: Vectors,
  from: number,
  length: number,
  write: boolean,
): number {
  const { scratch, scratch2 } = kernel.user;
  scratch.count = 0;
  scratch.total = 0;
  let skip = from;
  for (let i = 0; i < vectors.length && scratch.total < length; i += 2) {
    const size = vectors[i + 1] as number;
    if (skip >= size) {
      skip -= size;
      continue;
    }
    const part = Math.min(size - skip, length - scratch.total);
    const error = resolve(kernel, tid, (vectors[i] as number) + skip, part, write, scratch2);
    if (error !== 0) return error === -EFAULT && scratch.total > 0 ? 0 : error;
    for (let k = 0; k < scratch2.count; k++) {
      scratch.address[scratch.count] = scratch2.address[k] as number;
      scratch.length[scratch.count] = scratch2.length[k] as number;
      scratch.count++;
    }
    scratch.total += scratch2.total;
    if (scratch2.total < part) return 0;
    skip = 0;
  }
  return 0;
}

/** The part of the user's buffer or buffers from `from` on, at most a chunk, into `kernel.user.scratch`. */
function part(
  kernel: Kernel,
  tid: number,
  va: number,
  vectors: Vectors | null,
  length: number,
  from: number,
  write: boolean,
): number {
  const size = Math.min(length - from, CHUNK);
  return vectors === null
    ? resolve(kernel, tid, va + from, size, write, kernel.user.scratch)
    : gather(kernel, tid, vectors, from, size, write);
}

/** What goes on over several chunks; others give what they have at once. */
const isBulk = (kind: FileKind): boolean => kind === 'regular' || kind === 'device' || kind === 'disk';

/** A call waits after `done` bytes. @returns WAIT, or `done` if a signal ends it */
export function suspend(kernel: Kernel, tid: number, done: number): number {
  if (done === 0) return WAIT;
  if (kernel.waits.interrupted(tid)) return done;
  // A socket keeps its deadline behind.
  const deadline = kernel.waits.progress(tid)[1];
  kernel.waits.keep(deadline === undefined ? [done] : [done, deadline]);
  return WAIT;
}

/**
 * Read from a descriptor into one buffer at `va` of `length` bytes, or into `vectors` that many bytes in all.
 * @param offset -1 = at the file's own @returns count, -errno or WAIT
 */
export function readBuffers(
  kernel: Kernel,
  tid: number,
  fd: number,
  va: number,
  vectors: Vectors | null,
  length: number,
  offset: number,
): number {
  const file = kernel.process.file(tid, fd);
  if (file < 0) return file;
  const total = Math.min(length, MAX_RW_COUNT);
  const { scratch } = kernel.user;
  let done = kernel.waits.progress(tid)[0] ?? 0;
  for (;;) {
    const error = part(kernel, tid, va, vectors, total, done, true);
    if (error === WAIT) return suspend(kernel, tid, done);
    if (error !== 0) return done > 0 ? done : error;
    const count = kernel.vfs.read(tid, file, scratch, offset < 0 ? -1 : offset + done);
    if (count === WAIT) return suspend(kernel, tid, done);
    if (count < 0) return done > 0 ? done : count;
    done += count;
    if (count === 0 || done === total) return done;
    const { kind } = kernel.vfs.file(file);
    // A disk is read in steps; others come short only at an end.
    if ((count < scratch.total && kind !== 'disk') || !isBulk(kind)) return done;
  }
}

function isSocket(kernel: Kernel, file: number): boolean {
  const kind = file === 0 ? 'regular' : kernel.vfs.file(file).kind;
  return kind === 'unix-socket' || kind === 'inet-socket';
}

export function sendSelf(kernel: Kernel, tid: number, signal: number): void {
  const info = createSignalInfo();
  info.signal = signal;
  info.pid = kernel.process.thread(tid).tgid;
  info.uid = kernel.process.credentials(tid).uid;
  kernel.process.signalThread(tid, info);
}

const hasSizeLimit = (kernel: Kernel, tid: number): boolean =>
  (kernel.process.group(tid).limits[2 * RLIMIT_FSIZE] as number) < Number.MAX_SAFE_INTEGER;

/**
 * What a failed write does beside its error (write(2), pipe(7), setrlimit(2)). A socket has sent its SIGPIPE itself, if it is one
 * that does. @param file the open file, 0 where it can not be a socket
 */
export function signalWriteError(kernel: Kernel, tid: number, file: number, error: number): void {
  if (error === -EPIPE && !isSocket(kernel, file)) sendSelf(kernel, tid, SIGPIPE);
  // Beyond what any file can have there is no signal.
  if (error === -EFBIG && hasSizeLimit(kernel, tid)) sendSelf(kernel, tid, SIGXFSZ);
}

/** Write to a descriptor, as `readBuffers` reads. */
export function writeBuffers(
  kernel: Kernel,
  tid: number,
  fd: number,
  va: number,
  vectors: Vectors | null,
  length: number,
  offset: number,
): number {
  const file = kernel.process.file(tid, fd);
  if (file < 0) return file;
  const total = Math.min(length, MAX_RW_COUNT);
  const { scratch } = kernel.user;
  let done = kernel.waits.progress(tid)[0] ?? 0;
  for (;;) {
    // A chunk keeps its beginning while it is written in parts, so that a pipe knows how long the write is in all.
    const base = done - (done % CHUNK);
    const error = part(kernel, tid, va, vectors, total, base, false);
    if (error === WAIT) return suspend(kernel, tid, done);
    if (error !== 0) return done > 0 ? done : error;
    const skip = done - base;
    if (skip > 0 && skip >= scratch.total) return done;
    const count = kernel.vfs.write(tid, file, scratch, skip, offset < 0 ? -1 : offset + done);
    if (count === WAIT) return suspend(kernel, tid, done);
    if (count < 0) {
      if (count === -EPIPE || done === 0) signalWriteError(kernel, tid, file, count);
      return done > 0 ? done : count;
    }
    done += count;
    if (count === 0 || done === total) return done;
  }
}
