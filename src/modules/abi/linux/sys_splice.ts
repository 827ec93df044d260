/**
 * System calls that move bytes between a pipe and something else: splice, tee, vmsplice.
 *
 * Bytes are copied, through frames of the kernel's own. What comes out of a pipe is looked at first and consumed when it has
 * been taken, and what goes into one is read only as far as there is room: so a wait for either side loses nothing. They return what
 * could be moved at once; only for the first byte they wait. Source: splice(2), tee(2), vmsplice(2).
 */
import { EAGAIN, EBADF, EINVAL, ENOMEM, ESPIPE } from '../../../abi/linux/errno.ts';
import { O_ACCMODE, O_APPEND, O_NONBLOCK, O_RDONLY, O_WRONLY, SEEK_SET } from '../../../abi/linux/fcntl.ts';
import { POLLERR, POLLHUP, POLLIN } from '../../../abi/linux/poll.ts';
import { SPLICE_F_NONBLOCK, SPLICE_FLAGS } from '../../../abi/linux/uio.ts';
import type { SplicedPipes } from '../../../contracts/ipc.ts';
import { type Kernel, type Spans, WAIT } from '../../../contracts/kernel.ts';
import type { FileKind, OpenFile } from '../../../contracts/vfs.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import { usableFile } from './at.ts';
import { allocateBounce, limitBounce, offsetOf, type Position, position, releaseBounce } from './bounce.ts';
import { CHUNK, gather, readVectors, signalWriteError, totalOf } from './buffers.ts';
import { full, type Handler, type Row } from './call.ts';
import { featureFault } from './feature-fault.ts';

/** What can be read and written through a pipe, beside sockets; of the others only pipes are. */
const SPLICED: ReadonlySet<FileKind> = new Set<FileKind>([
  'regular',
  'device',
  'disk',
  'tty',
  'stream',
  'unix-socket',
  'inet-socket',
]);
/** What has places in it. */
const PLACED: ReadonlySet<FileKind> = new Set<FileKind>(['regular', 'device', 'disk']);

const isReadable = (file: OpenFile): boolean => (file.flags & O_ACCMODE) !== O_WRONLY;
const isWritable = (file: OpenFile): boolean => (file.flags & O_ACCMODE) !== O_RDONLY;
const isNonBlocking = (file: OpenFile): boolean => (file.flags & O_NONBLOCK) !== 0;

/** The operations on pipes, or what the call is to return: the module in place may lack them. */
function pipesOf(kernel: Kernel, tid: number): SplicedPipes | number {
  const { peekPipe, dropPipe, awaitRoom } = kernel.ipc;
  if (peekPipe === undefined || dropPipe === undefined || awaitRoom === undefined)
    return featureFault(kernel, tid, 'ipc', 'splicing', -EINVAL);
  return { peekPipe, dropPipe, awaitRoom };
}

/** Bytes moved, and what ended it. */
interface Moved {
  done: number;
  result: number;
}

/** Run `step` with frames, until it moves nothing more. @param step gives bytes moved, 0, -errno or WAIT */
function move(
  kernel: Kernel,
  length: number,
  step: (bounce: Spans, frames: number, done: number) => number,
): Moved {
  const bounce = allocateBounce(kernel, length);
  const frames = bounce.count;
  const moved = { done: 0, result: frames === 0 ? -ENOMEM : 1 };
  while (moved.result > 0 && moved.done < length) {
    limitBounce(bounce, frames, Math.min(length - moved.done, frames * PAGE_SIZE));
    moved.result = step(bounce, frames, moved.done);
    if (moved.result > 0) moved.done += moved.result;
  }
  releaseBounce(kernel, bounce, frames);
  return moved;
}

/** What the call answers. @param output where EPIPE is signalled */
function answer(kernel: Kernel, tid: number, { done, result }: Moved, output: OpenFile): number {
  if (done > 0) return done;
  if (result < 0 && result !== WAIT) signalWriteError(kernel, tid, output.id, result);
  return result < 0 ? result : 0;
}

/** splice(2) out of a pipe, into another one or whatever can be written. */
function fromPipe(
  kernel: Kernel,
  tid: number,
  pipes: SplicedPipes,
  input: OpenFile,
  to: Position,
  length: number,
  nonBlocking: boolean,
): number {
  const intoPipe = to.file.kind === 'pipe';
  const moved = move(kernel, length, (bounce, frames, done) => {
    const count = pipes.peekPipe(input.object, 0, bounce, nonBlocking || done > 0);
    if (count <= 0) return count;
    const room = intoPipe ? pipes.awaitRoom(to.file.object, nonBlocking || done > 0) : count;
    if (room <= 0) return room;
    limitBounce(bounce, frames, Math.min(count, room));
    const put = intoPipe
      ? kernel.ipc.writePipe(to.file.object, bounce, 0, true)
      : kernel.vfs.write(tid, to.file.id, bounce, 0, to.pointer === 0 ? -1 : to.start + done);
    if (put > 0) pipes.dropPipe(input.object, put);
    return put;
  });
  return answer(kernel, tid, moved, to.file);
}

/** splice(2) into a pipe. */
function toPipe(
  kernel: Kernel,
  tid: number,
  pipes: SplicedPipes,
  from: Position,
  output: OpenFile,
  length: number,
  nonBlocking: boolean,
): number {
  const placed = PLACED.has(from.file.kind);
  const moved = move(kernel, length, (bounce, frames, done) => {
    const room = pipes.awaitRoom(output.object, nonBlocking || done > 0);
    if (room <= 0) return room;
    if (!placed) {
      // Whatever comes is taken once; a second read would wait for more.
      if (done > 0) return 0;
      const ready = kernel.vfs.poll(tid, from.file.id) & (POLLIN | POLLHUP | POLLERR);
      if (nonBlocking && ready === 0) return -EAGAIN;
    }
    limitBounce(bounce, frames, Math.min(bounce.total, room));
    const count = kernel.vfs.read(tid, from.file.id, bounce, placed ? offsetOf(from, done) : -1);
    if (count <= 0) return count;
    limitBounce(bounce, frames, count);
    const put = kernel.ipc.writePipe(output.object, bounce, 0, true);
    if (put > 0 && placed && from.pointer === 0)
      kernel.vfs.seek(tid, from.file.id, from.file.offset + put, SEEK_SET);
    return put;
  });
  return answer(kernel, tid, moved, output);
}

/** The offset behind a pointer, which must be there for writing, too, before anything moves. */
function placeOf(kernel: Kernel, tid: number, file: OpenFile, pointer: number): Position | number {
  const at = position(kernel, tid, file, pointer);
  if (typeof at === 'number' || pointer === 0) return at;
  const error = kernel.user.spans(tid, pointer, 8, true, kernel.user.scratch);
  return error !== 0 ? error : at;
}

/** A pointer where the file has no places, or a bad place. @returns 0, -ESPIPE or -EINVAL */
const misplaced = ({ file, pointer, start }: Position): number =>
  pointer !== 0 && (!PLACED.has(file.kind) || start < 0) ? -EINVAL : 0;

/** splice(2) */
const sysSplice: Handler = (kernel, tid, inFd, inPointer, outFd, outPointer, length, flags) => {
  if (length === 0) return 0;
  if ((flags & ~SPLICE_FLAGS) !== 0) return -EINVAL;
  const input = usableFile(kernel, tid, inFd);
  if (typeof input === 'number') return input;
  const output = usableFile(kernel, tid, outFd);
  if (typeof output === 'number') return output;
  if (input.kind === 'pipe' && inPointer !== 0) return -ESPIPE;
  if (output.kind === 'pipe' && outPointer !== 0) return -ESPIPE;
  const to = placeOf(kernel, tid, output, outPointer);
  if (typeof to === 'number') return to;
  const from = placeOf(kernel, tid, input, inPointer);
  if (typeof from === 'number') return from;
  if (!isReadable(input) || !isWritable(output)) return -EBADF;
  const pipes = pipesOf(kernel, tid);
  if (typeof pipes === 'number') return pipes;
  let nonBlocking = (flags & SPLICE_F_NONBLOCK) !== 0;
  let moved: number;
  if (input.kind === 'pipe') {
    nonBlocking ||= isNonBlocking(input);
    if (output.kind === 'pipe') {
      if (input.object === output.object) return -EINVAL;
      nonBlocking ||= isNonBlocking(output);
    } else {
      const bad = misplaced(to);
      if (bad !== 0) return bad;
      if ((output.flags & O_APPEND) !== 0 || !SPLICED.has(output.kind)) return -EINVAL;
    }
    moved = fromPipe(kernel, tid, pipes, input, to, length, nonBlocking);
  } else if (output.kind === 'pipe') {
    const bad = misplaced(from);
    if (bad !== 0) return bad;
    if (!SPLICED.has(input.kind)) return -EINVAL;
    nonBlocking ||= isNonBlocking(output);
    moved = toPipe(kernel, tid, pipes, from, output, length, nonBlocking);
  } else {
    return -EINVAL;
  }
  if (moved <= 0) return moved;
  for (const { pointer, start } of [from, to]) {
    if (pointer !== 0) kernel.user.writeU64(tid, pointer, start + moved);
  }
  return moved;
};

/** tee(2) */
const sysTee: Handler = (kernel, tid, inFd, outFd, length, flags) => {
  if ((flags & ~SPLICE_FLAGS) !== 0) return -EINVAL;
  if (length === 0) return 0;
  const input = usableFile(kernel, tid, inFd);
  if (typeof input === 'number') return input;
  const output = usableFile(kernel, tid, outFd);
  if (typeof output === 'number') return output;
  if (!isReadable(input) || !isWritable(output)) return -EBADF;
  if (input.kind !== 'pipe' || output.kind !== 'pipe' || input.object === output.object) return -EINVAL;
  const pipes = pipesOf(kernel, tid);
  if (typeof pipes === 'number') return pipes;
  const nonBlocking = (flags & SPLICE_F_NONBLOCK) !== 0 || isNonBlocking(input) || isNonBlocking(output);
  const moved = move(kernel, length, (bounce, frames, done) => {
    const count = pipes.peekPipe(input.object, done, bounce, nonBlocking || done > 0);
    if (count <= 0) return count;
    const room = pipes.awaitRoom(output.object, nonBlocking || done > 0);
    if (room <= 0) return room;
    limitBounce(bounce, frames, Math.min(count, room));
    return kernel.ipc.writePipe(output.object, bounce, 0, true);
  });
  return answer(kernel, tid, moved, output);
};

/** vmsplice(2): into a pipe from its writing end, out of it from the other. Pages are copied, whatever SPLICE_F_GIFT says. */
const sysVmsplice: Handler = (kernel, tid, fd, vectorsAt, count, flags) => {
  if ((flags & ~SPLICE_FLAGS) !== 0) return -EINVAL;
  const file = usableFile(kernel, tid, fd);
  if (typeof file === 'number') return file;
  const vectors = readVectors(kernel, tid, vectorsAt, count);
  if (typeof vectors === 'number') return vectors;
  const total = totalOf(vectors);
  if (total === 0) return 0;
  if (file.kind !== 'pipe') return -EBADF;
  const pipes = pipesOf(kernel, tid);
  if (typeof pipes === 'number') return pipes;
  const writes = isWritable(file);
  const nonBlocking = (flags & SPLICE_F_NONBLOCK) !== 0 || isNonBlocking(file);
  const { scratch } = kernel.user;
  let done = 0;
  let result = 1;
  while (result > 0 && done < total) {
    const patient = !nonBlocking && done === 0;
    const most = Math.min(total - done, CHUNK);
    const room = writes ? pipes.awaitRoom(file.object, !patient) : most;
    result = room > 0 ? gather(kernel, tid, vectors, done, Math.min(most, room), !writes) : room;
    if (result !== 0) break;
    result = writes
      ? kernel.ipc.writePipe(file.object, scratch, 0, true)
      : pipes.peekPipe(file.object, 0, scratch, !patient);
    if (result > 0 && !writes) pipes.dropPipe(file.object, result);
    if (result > 0) done += result;
  }
  return answer(kernel, tid, { done, result }, file);
};

export const spliceCalls: readonly Row[] = [
  full(75, 'vmsplice', ['fd', 'ptr', 'size', 'uint'], sysVmsplice),
  full(76, 'splice', ['fd', 'ptr', 'fd', 'ptr', 'size', 'uint'], sysSplice),
  full(77, 'tee', ['fd', 'fd', 'size', 'uint'], sysTee),
];
