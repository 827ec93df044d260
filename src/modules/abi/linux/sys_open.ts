/**
 * System calls that make and give up descriptors by path and number: openat, openat2, close, close_range.
 */
import { E2BIG, EINVAL } from '../../../abi/linux/errno.ts';
import {
  CLOSE_RANGE_CLOEXEC,
  CLOSE_RANGE_UNSHARE,
  O_CLOEXEC,
  O_CREAT,
  O_KNOWN,
  O_LARGEFILE,
  O_PATH,
  O_TMPFILE_BIT,
  OPEN_HOW_SIZE,
  RESOLVE_KNOWN,
} from '../../../abi/linux/fcntl.ts';
import { S_IALLUGO } from '../../../abi/linux/stat.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import { installFile, readPath, startOf } from './at.ts';
import { full, type Handler, partial, type Row } from './call.ts';

function openPath(
  kernel: Kernel,
  tid: number,
  directory: number,
  va: number,
  flags: number,
  mode: number,
): number {
  const path = readPath(kernel, tid, va);
  if (typeof path === 'number') return path;
  const at = startOf(kernel, tid, directory, path);
  if (at < 0) return at;
  const kept = (flags & O_PATH) === 0 ? flags | O_LARGEFILE : flags;
  const file = kernel.vfs.open(tid, at, path, kept, mode & S_IALLUGO);
  if (file < 0) return file;
  return installFile(kernel, tid, file, 0, (flags & O_CLOEXEC) !== 0);
}

/** openat(2) */
const sysOpenat: Handler = (kernel, tid, directory, va, flags, mode) =>
  openPath(kernel, tid, directory, va, flags & O_KNOWN, mode);

/** openat2(2) */
const sysOpenat2: Handler = (kernel, tid, directory, va, how, size) => {
  if (size < OPEN_HOW_SIZE) return -EINVAL;
  if (size > 4096) return -E2BIG;
  const bytes = new Uint8Array(size);
  const error = kernel.user.read(tid, how, bytes);
  if (error !== 0) return error;
  if (bytes.subarray(OPEN_HOW_SIZE).some((byte) => byte !== 0)) return -E2BIG;
  const view = new DataView(bytes.buffer);
  const flags = view.getUint32(0, true);
  const mode = view.getUint32(8, true);
  const resolve = view.getUint32(16, true);
  const high = view.getUint32(4, true) | view.getUint32(12, true) | view.getUint32(20, true);
  if (high !== 0 || (flags & ~O_KNOWN) !== 0 || (resolve & ~RESOLVE_KNOWN) !== 0) return -EINVAL;
  const makes = (flags & (O_CREAT | O_TMPFILE_BIT)) !== 0;
  if (makes ? (mode & ~S_IALLUGO) !== 0 : mode !== 0) return -EINVAL;
  // A restriction that is not kept must not be promised.
  if (resolve !== 0) return -EINVAL;
  return openPath(kernel, tid, directory, va, flags, mode);
};

/** close(2) */
const sysClose: Handler = (kernel, tid, fd) => kernel.process.close(tid, fd);

/** close_range(2) */
const sysCloseRange: Handler = (kernel, tid, first, last, flags) => {
  if ((flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) !== 0 || first > last) return -EINVAL;
  if ((flags & CLOSE_RANGE_UNSHARE) !== 0) kernel.process.unshareFiles(tid);
  for (const fd of kernel.process.descriptors(tid)) {
    if (fd < first || fd > last) continue;
    if ((flags & CLOSE_RANGE_CLOEXEC) !== 0) kernel.process.setCloseOnExec(tid, fd, true);
    else if (kernel.process.close(tid, fd) === WAIT) return WAIT;
  }
  return 0;
};

export const openCalls: readonly Row[] = [
  partial(56, 'openat', ['int', 'ptr', 'uint', 'uint'], sysOpenat, 'O_TMPFILE answers EOPNOTSUPP'),
  full(57, 'close', ['int'], sysClose),
  full(436, 'close_range', ['uint', 'uint', 'uint'], sysCloseRange),
  partial(437, 'openat2', ['int', 'ptr', 'ptr', 'size'], sysOpenat2, 'RESOLVE_ flags answer EINVAL'),
];
