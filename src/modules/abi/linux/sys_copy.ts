/**
 * System calls that copy between two open files: sendfile, copy_file_range.
 *
 * Bytes go through frames of the kernel's own. The input is always read at an explicit offset, which consumes nothing, so
 * that a wait for the output loses no bytes. What pipes take and give is in sys_splice.ts.
 */
import { EBADF, EINVAL, EISDIR, ENOMEM, ESPIPE } from '../../../abi/linux/errno.ts';
import { O_ACCMODE, O_APPEND, O_RDONLY, O_WRONLY, SEEK_SET } from '../../../abi/linux/fcntl.ts';
import { MAX_RW_COUNT } from '../../../abi/linux/uio.ts';
import { type Kernel, type Spans, WAIT } from '../../../contracts/kernel.ts';
import type { OpenFile } from '../../../contracts/vfs.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import { usableFile } from './at.ts';
import { allocateBounce, limitBounce, offsetOf, type Position, position, releaseBounce } from './bounce.ts';
import { signalWriteError, suspend } from './buffers.ts';
import { full, type Handler, partial, type Row } from './call.ts';

/** A copy of one piece. @returns bytes, 0 at the end, -errno or WAIT */
function copyPiece(
  kernel: Kernel,
  tid: number,
  from: Position,
  to: Position,
  done: number,
  bounce: Spans,
  frames: number,
  length: number,
): number {
  limitBounce(bounce, frames, Math.min(length, frames * PAGE_SIZE));
  const count = kernel.vfs.read(tid, from.file.id, bounce, offsetOf(from, done));
  if (count <= 0) return count;
  limitBounce(bounce, frames, count);
  const put = kernel.vfs.write(tid, to.file.id, bounce, 0, to.pointer === 0 ? -1 : to.start + done);
  if (put > 0 && from.pointer === 0) kernel.vfs.seek(tid, from.file.id, from.file.offset + put, SEEK_SET);
  return put;
}

/** Write the offsets back. Pre: their words were readable and are now resolved for writing. */
function finish(kernel: Kernel, tid: number, from: Position, to: Position, done: number): number {
  for (const at of [from, to]) {
    if (at.pointer === 0) continue;
    const error = kernel.user.writeU64(tid, at.pointer, at.start + done);
    if (error !== 0) return error === WAIT ? suspend(kernel, tid, done) : error;
  }
  return done;
}

function copy(kernel: Kernel, tid: number, from: Position, to: Position, length: number): number {
  let done = kernel.waits.progress(tid)[0] ?? 0;
  const total = Math.min(length, MAX_RW_COUNT);
  if (done >= total) return finish(kernel, tid, from, to, done);
  const bounce = allocateBounce(kernel, total - done);
  const frames = bounce.count;
  let result = frames === 0 ? -ENOMEM : 1;
  while (result > 0 && done < total) {
    result = copyPiece(kernel, tid, from, to, done, bounce, frames, total - done);
    if (result > 0) done += result;
  }
  releaseBounce(kernel, bounce, frames);
  if (result === WAIT) {
    const suspended = suspend(kernel, tid, done);
    return suspended === WAIT ? WAIT : finish(kernel, tid, from, to, done);
  }
  if (result < 0) {
    signalWriteError(kernel, tid, to.file.id, result);
    if (done === 0) return result;
  }
  return finish(kernel, tid, from, to, done);
}

const isReadable = (file: OpenFile): boolean => (file.flags & O_ACCMODE) !== O_WRONLY;
const isWritable = (file: OpenFile): boolean => (file.flags & O_ACCMODE) !== O_RDONLY;

/** sendfile(2) */
const sysSendfile: Handler = (kernel, tid, outFd, inFd, pointer, length) => {
  const input = usableFile(kernel, tid, inFd);
  if (typeof input === 'number') return input;
  if (!isReadable(input)) return -EBADF;
  if (input.kind !== 'regular' && input.kind !== 'device') return pointer === 0 ? -EINVAL : -ESPIPE;
  const output = usableFile(kernel, tid, outFd);
  if (typeof output === 'number') return output;
  if (!isWritable(output)) return -EBADF;
  if ((output.flags & O_APPEND) !== 0) return -EINVAL;
  const from = position(kernel, tid, input, pointer);
  if (typeof from === 'number') return from;
  return copy(kernel, tid, from, { file: output, pointer: 0, start: 0 }, length);
};

/** copy_file_range(2) */
const sysCopyFileRange: Handler = (kernel, tid, inFd, inPointer, outFd, outPointer, length, flags) => {
  const input = usableFile(kernel, tid, inFd);
  if (typeof input === 'number') return input;
  const output = usableFile(kernel, tid, outFd);
  if (typeof output === 'number') return output;
  const from = position(kernel, tid, input, inPointer);
  if (typeof from === 'number') return from;
  const to = position(kernel, tid, output, outPointer);
  if (typeof to === 'number') return to;
  if (flags !== 0) return -EINVAL;
  if (input.kind === 'directory' || output.kind === 'directory') return -EISDIR;
  if (input.kind !== 'regular' || output.kind !== 'regular') return -EINVAL;
  if (!isReadable(input) || !isWritable(output) || (output.flags & O_APPEND) !== 0) return -EBADF;
  if (input.inode === output.inode) {
    const apart = Math.abs(offsetOf(from, 0) - offsetOf(to, 0));
    if (apart < length && kernel.waits.resumed(tid) === 0) return -EINVAL;
  }
  return copy(kernel, tid, from, to, length);
};

export const copyCalls: readonly Row[] = [
  full(71, 'sendfile', ['fd', 'fd', 'ptr', 'size'], sysSendfile),
  partial(
    285,
    'copy_file_range',
    ['fd', 'ptr', 'fd', 'ptr', 'size', 'uint'],
    sysCopyFileRange,
    'copies bytes, shares no blocks',
  ),
];
