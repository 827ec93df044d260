/**
 * System calls that move the contents of open files: read, write and their kin, lseek, fsync, getdents64.
 *
 * Copies between two files are in sys_copy.ts.
 */
import { EBADF, EINVAL, EISDIR, ENODEV, EOPNOTSUPP, ESPIPE } from '../../../abi/linux/errno.ts';
import {
  FALLOC_FL_COLLAPSE_RANGE,
  FALLOC_FL_INSERT_RANGE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_UNSHARE_RANGE,
  FALLOC_FL_ZERO_RANGE,
  O_ACCMODE,
  O_RDONLY,
  O_WRONLY,
} from '../../../abi/linux/fcntl.ts';
import {
  DIRENT_ALIGN,
  DIRENT_INO,
  DIRENT_NAME,
  DIRENT_OFF,
  DIRENT_RECLEN,
  DIRENT_TYPE,
  DT_SHIFT,
} from '../../../abi/linux/dirent.ts';
import { RWF_DSYNC, RWF_HIPRI, RWF_SYNC } from '../../../abi/linux/uio.ts';
import { inodeNumberOf, superblockOf } from '../../../contracts/filesystem.ts';
import { type Kernel, RECORD_SIZE, WAIT } from '../../../contracts/kernel.ts';
import type { FileKind } from '../../../contracts/vfs.ts';
import { copyToSpans } from '../../../lib/spans.ts';
import { usableFile } from './at.ts';
import { readBuffers, readVectors, resolve, signalWriteError, totalOf, writeBuffers } from './buffers.ts';
import { full, type Handler, partial, type Row } from './call.ts';
import { copyCalls } from './sys_copy.ts';

/** read(2) */
const sysRead: Handler = (kernel, tid, fd, va, length) => readBuffers(kernel, tid, fd, va, null, length, -1);

/** write(2) */
const sysWrite: Handler = (kernel, tid, fd, va, length) =>
  writeBuffers(kernel, tid, fd, va, null, length, -1);

/** pread(2) */
const sysPread: Handler = (kernel, tid, fd, va, length, offset) =>
  offset < 0 ? -EINVAL : readBuffers(kernel, tid, fd, va, null, length, offset);

/** pwrite(2) */
const sysPwrite: Handler = (kernel, tid, fd, va, length, offset) =>
  offset < 0 ? -EINVAL : writeBuffers(kernel, tid, fd, va, null, length, offset);

/** @param offset -1 = at the file's own */
function vectored(
  kernel: Kernel,
  tid: number,
  fd: number,
  va: number,
  count: number,
  offset: number,
  move: typeof readBuffers,
): number {
  const file = kernel.process.file(tid, fd);
  if (file < 0) return file;
  const vectors = readVectors(kernel, tid, va, count);
  if (typeof vectors === 'number') return vectors;
  return move(kernel, tid, fd, 0, vectors, totalOf(vectors), offset);
}

/** readv(2) */
const sysReadv: Handler = (kernel, tid, fd, va, count) =>
  vectored(kernel, tid, fd, va, count, -1, readBuffers);

/** writev(2) */
const sysWritev: Handler = (kernel, tid, fd, va, count) =>
  vectored(kernel, tid, fd, va, count, -1, writeBuffers);

/** preadv(2) */
const sysPreadv: Handler = (kernel, tid, fd, va, count, offset) =>
  offset < 0 ? -EINVAL : vectored(kernel, tid, fd, va, count, offset, readBuffers);

/** pwritev(2) */
const sysPwritev: Handler = (kernel, tid, fd, va, count, offset) =>
  offset < 0 ? -EINVAL : vectored(kernel, tid, fd, va, count, offset, writeBuffers);

const HARMLESS_RWF: number = RWF_HIPRI | RWF_DSYNC | RWF_SYNC;

/** preadv2(2) */
const sysPreadv2: Handler = (kernel, tid, fd, va, count, offset, _high, flags) => {
  if ((flags & ~HARMLESS_RWF) !== 0) return -EOPNOTSUPP;
  return offset < -1 ? -EINVAL : vectored(kernel, tid, fd, va, count, offset, readBuffers);
};

/** pwritev2(2) */
const sysPwritev2: Handler = (kernel, tid, fd, va, count, offset, _high, flags) => {
  if ((flags & ~HARMLESS_RWF) !== 0) return -EOPNOTSUPP;
  return offset < -1 ? -EINVAL : vectored(kernel, tid, fd, va, count, offset, writeBuffers);
};

/** lseek(2) */
const sysLseek: Handler = (kernel, tid, fd, offset, whence) => {
  const file = kernel.process.file(tid, fd);
  return file < 0 ? file : kernel.vfs.seek(tid, file, offset, whence);
};

/** Kinds of files that have something to make durable. */
const SYNCED: ReadonlySet<FileKind> = new Set<FileKind>(['regular', 'directory', 'disk']);

/** fsync(2), fdatasync(2) */
const sysFsync: Handler = (kernel, tid, fd) => {
  const file = usableFile(kernel, tid, fd);
  if (typeof file === 'number') return file;
  return SYNCED.has(file.kind) ? kernel.vfs.flush(file.id) : -EINVAL;
};

/** sync(2): tells of no error. */
const sysSync: Handler = (kernel) => (kernel.vfs.sync(0, false) === WAIT ? WAIT : 0);

/** syncfs(2) */
const sysSyncfs: Handler = (kernel, tid, fd) => {
  const file = usableFile(kernel, tid, fd);
  if (typeof file === 'number') return file;
  return file.inode === 0 ? 0 : kernel.vfs.sync(superblockOf(file.inode), false);
};

const SYNC_FILE_RANGE_KNOWN = 7;

/** sync_file_range(2) */
const sysSyncFileRange: Handler = (kernel, tid, fd, offset, length, flags) => {
  const file = usableFile(kernel, tid, fd);
  if (typeof file === 'number') return file;
  if ((flags & ~SYNC_FILE_RANGE_KNOWN) !== 0 || offset < 0 || length < 0) return -EINVAL;
  return file.kind === 'regular' || file.kind === 'directory' ? 0 : -ESPIPE;
};

const POSIX_FADV_NOREUSE = 5;

/** posix_fadvise(2): advice is checked and not needed. */
const sysFadvise: Handler = (kernel, tid, fd, _offset, length, advice) => {
  const file = usableFile(kernel, tid, fd);
  if (typeof file === 'number') return file;
  if (file.kind === 'pipe') return -ESPIPE;
  return length < 0 || advice < 0 || advice > POSIX_FADV_NOREUSE ? -EINVAL : 0;
};

/** readahead(2) */
const sysReadahead: Handler = (kernel, tid, fd) => {
  const file = usableFile(kernel, tid, fd);
  if (typeof file === 'number') return file;
  if ((file.flags & O_ACCMODE) === O_WRONLY) return -EBADF;
  return file.kind === 'regular' ? 0 : -EINVAL;
};

/** May these modes be asked for together, whatever a file system makes of them? */
function isAllocation(mode: number): boolean {
  const keeps = (mode & FALLOC_FL_KEEP_SIZE) !== 0;
  switch (mode & ~FALLOC_FL_KEEP_SIZE) {
    case 0:
    case FALLOC_FL_ZERO_RANGE:
    case FALLOC_FL_UNSHARE_RANGE:
      return true;
    case FALLOC_FL_PUNCH_HOLE:
      return keeps;
    case FALLOC_FL_COLLAPSE_RANGE:
    case FALLOC_FL_INSERT_RANGE:
      return !keeps;
    default:
      return false;
  }
}

/** fallocate(2) */
const sysFallocate: Handler = (kernel, tid, fd, mode, offset, length) => {
  const file = usableFile(kernel, tid, fd);
  if (typeof file === 'number') return file;
  if (offset < 0 || length <= 0) return -EINVAL;
  if (!isAllocation(mode)) return -EOPNOTSUPP;
  if ((file.flags & O_ACCMODE) === O_RDONLY) return -EBADF;
  if (file.kind === 'pipe') return -ESPIPE;
  if (file.kind === 'directory') return -EISDIR;
  if (file.kind !== 'regular') return -ENODEV;
  const error = kernel.vfs.allocate(tid, file.id, mode, offset, length);
  signalWriteError(kernel, tid, file.id, error);
  return error;
};

/** getdents64(2) */
const sysGetdents: Handler = (kernel, tid, fd, va, size) => {
  const file = usableFile(kernel, tid, fd);
  if (typeof file === 'number') return file;
  // The buffer is faulted in first: once entries are taken the call must not wait.
  const { scratch } = kernel.user;
  const error = resolve(kernel, tid, va, Math.min(size, RECORD_SIZE), true, scratch);
  if (error !== 0) return error;
  const view = kernel.user.record;
  let used = 0;
  const listed = kernel.vfs.list(tid, file.id, (inode, next, type, name) => {
    const length = Math.ceil((DIRENT_NAME + name.length + 1) / DIRENT_ALIGN) * DIRENT_ALIGN;
    if (used + length > scratch.total) return false;
    // What is behind the name is not to tell of another call.
    putWord(view, used + length - DIRENT_ALIGN, 0);
    putWord(view, used + DIRENT_INO, inodeNumberOf(inode));
    putWord(view, used + DIRENT_OFF, next);
    view.setUint16(used + DIRENT_RECLEN, length, true);
    view.setUint8(used + DIRENT_TYPE, type >>> DT_SHIFT);
    for (let i = 0; i < name.length; i++) view.setUint8(used + DIRENT_NAME + i, name.charCodeAt(i));
    used += length;
    return true;
  });
  if (listed !== 0) return listed;
  copyToSpans(kernel, new Uint8Array(view.buffer, 0, used), 0, scratch, 0, used);
  return used;
};

function putWord(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
}

const NO_RWF = 'of the flags only RWF_HIPRI, RWF_DSYNC and RWF_SYNC';

export const fileCalls: readonly Row[] = [
  full(61, 'getdents64', ['fd', 'ptr', 'uint'], sysGetdents),
  full(62, 'lseek', ['int', 'off', 'uint'], sysLseek),
  full(63, 'read', ['fd', 'ptr', 'size'], sysRead),
  full(64, 'write', ['fd', 'ptr', 'size'], sysWrite),
  full(65, 'readv', ['fd', 'ptr', 'int'], sysReadv),
  full(66, 'writev', ['fd', 'ptr', 'int'], sysWritev),
  full(67, 'pread64', ['fd', 'ptr', 'size', 'off'], sysPread),
  full(68, 'pwrite64', ['fd', 'ptr', 'size', 'off'], sysPwrite),
  full(69, 'preadv', ['fd', 'ptr', 'int', 'off'], sysPreadv),
  full(70, 'pwritev', ['fd', 'ptr', 'int', 'off'], sysPwritev),
  partial(286, 'preadv2', ['fd', 'ptr', 'int', 'off', 'off', 'uint'], sysPreadv2, NO_RWF),
  partial(287, 'pwritev2', ['fd', 'ptr', 'int', 'off', 'off', 'uint'], sysPwritev2, NO_RWF),
  partial(
    47,
    'fallocate',
    ['fd', 'uint', 'off', 'off'],
    sysFallocate,
    'no collapse or insert of ranges; reserves no space',
  ),
  partial(81, 'sync', [], sysSync, 'host folders are flushed by fsync only'),
  full(82, 'fsync', ['fd'], sysFsync),
  full(83, 'fdatasync', ['fd'], sysFsync),
  full(84, 'sync_file_range', ['fd', 'off', 'off', 'uint'], sysSyncFileRange),
  partial(213, 'readahead', ['int', 'off', 'size'], sysReadahead, 'checked, no effect'),
  partial(223, 'fadvise64', ['int', 'off', 'off', 'int'], sysFadvise, 'checked, no effect'),
  partial(267, 'syncfs', ['fd'], sysSyncfs, 'host folders are flushed by fsync only'),
  ...copyCalls,
];
