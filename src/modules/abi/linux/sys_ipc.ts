/**
 * System calls of ipc: pipe2 and futexes. What they do is in futex.ts and futex-vector.ts.
 */
import { EINVAL } from '../../../abi/linux/errno.ts';
import { O_CLOEXEC, O_DIRECT, O_NONBLOCK, O_RDONLY, O_WRONLY } from '../../../abi/linux/fcntl.ts';
import { full, type Handler, type Row } from './call.ts';
import { sysFutex } from './futex.ts';
import { futexVectorCalls } from './futex-vector.ts';

/** pipe(2). */
const sysPipe2: Handler = (kernel, tid, fds, flags) => {
  const kept = flags & (O_NONBLOCK | O_DIRECT);
  if ((flags & ~(O_CLOEXEC | kept)) !== 0) return -EINVAL;
  if ((flags & O_DIRECT) !== 0 && kernel.ipc.writePacket === undefined) return -EINVAL;
  const writable = kernel.user.spans(tid, fds, 8, true, kernel.user.scratch);
  if (writable !== 0) return writable;
  const closeOnExec = (flags & O_CLOEXEC) !== 0;
  const pipe = kernel.ipc.createPipe();
  if (pipe < 0) return pipe;
  const reader = kernel.vfs.openPipe(pipe, true, false, O_RDONLY | (flags & O_NONBLOCK));
  const writer = kernel.vfs.openPipe(pipe, false, true, O_WRONLY | kept);
  const readFd = kernel.process.install(tid, reader, 0, closeOnExec);
  if (readFd < 0) {
    kernel.vfs.release(reader, 0);
    kernel.vfs.release(writer, 0);
    return readFd;
  }
  const writeFd = kernel.process.install(tid, writer, 0, closeOnExec);
  if (writeFd < 0) {
    kernel.process.close(tid, readFd);
    kernel.vfs.release(writer, 0);
    return writeFd;
  }
  const both = new Uint8Array(8);
  new DataView(both.buffer).setUint32(0, readFd, true);
  new DataView(both.buffer).setUint32(4, writeFd, true);
  return kernel.user.write(tid, fds, both);
};

export const ipcCalls: readonly Row[] = [
  full(59, 'pipe2', ['ptr', 'uint'], sysPipe2),
  full(98, 'futex', ['ptr', 'uint', 'uint', 'ptr', 'ptr', 'uint'], sysFutex),
  ...futexVectorCalls,
];
