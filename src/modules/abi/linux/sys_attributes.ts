/**
 * System calls on the attributes of files: stat, access, mode, owner, times, size, statfs.
 */
import { EFAULT, EFBIG, EINVAL, ENOENT } from '../../../abi/linux/errno.ts';
import {
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_NO_AUTOMOUNT,
  AT_STATX_SYNC_TYPE,
  AT_SYMLINK_NOFOLLOW,
  UTIME_NOW,
  UTIME_OMIT,
} from '../../../abi/linux/fcntl.ts';
import { S_IALLUGO, STATX_RESERVED } from '../../../abi/linux/stat.ts';
import { createStat, type Stat } from '../../../contracts/filesystem.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { FileTimes } from '../../../contracts/vfs.ts';
import { readPath, startOf, startOrSelf, usableFile } from './at.ts';
import { signalWriteError } from './buffers.ts';
import { full, type Handler, partial, type Row } from './call.ts';
import { writeStat, writeStatfs, writeStatx } from './stat-layout.ts';

/** fstat(2) */
const sysFstat: Handler = (kernel, tid, fd, buffer) => {
  const file = kernel.process.file(tid, fd);
  if (file < 0) return file;
  const stat = createStat();
  const error = kernel.vfs.statFile(file, stat);
  return error === 0 ? writeStat(kernel, tid, buffer, stat) : error;
};

/** What the pair (directory, path) and AT_ flags mean, into `stat`. */
function statAt(
  kernel: Kernel,
  tid: number,
  directory: number,
  va: number,
  flags: number,
  stat: Stat,
): number {
  const path = readPath(kernel, tid, va);
  if (typeof path === 'number') return path;
  if (path === '') {
    if ((flags & AT_EMPTY_PATH) === 0) return -ENOENT;
    if (directory === AT_FDCWD) return kernel.vfs.statDentry(kernel.process.place(tid).cwd, stat);
    const file = kernel.process.file(tid, directory);
    return file < 0 ? file : kernel.vfs.statFile(file, stat);
  }
  const at = startOf(kernel, tid, directory, path);
  if (at < 0) return at;
  return kernel.vfs.stat(tid, at, path, (flags & AT_SYMLINK_NOFOLLOW) === 0, stat);
}

/** stat(2) */
const sysNewfstatat: Handler = (kernel, tid, directory, va, buffer, flags) => {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const stat = createStat();
  const error = statAt(kernel, tid, directory, va, flags, stat);
  return error === 0 ? writeStat(kernel, tid, buffer, stat) : error;
};

/** statx(2) */
const sysStatx: Handler = (kernel, tid, directory, va, flags, mask, buffer) => {
  const known = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;
  if ((flags & ~known) !== 0 || mask >= STATX_RESERVED) return -EINVAL;
  if ((flags & AT_STATX_SYNC_TYPE) === AT_STATX_SYNC_TYPE) return -EINVAL;
  const stat = createStat();
  const error = statAt(kernel, tid, directory, va, flags, stat);
  return error === 0 ? writeStatx(kernel, tid, buffer, stat) : error;
};

/** statfs(2) */
const sysStatfs: Handler = (kernel, tid, va, buffer) => {
  const path = readPath(kernel, tid, va);
  if (typeof path === 'number') return path;
  const stat = kernel.vfs.statfs(tid, 0, path);
  return typeof stat === 'number' ? stat : writeStatfs(kernel, tid, buffer, stat);
};

/** statfs(2) */
const sysFstatfs: Handler = (kernel, tid, fd, buffer) => {
  const file = kernel.process.file(tid, fd);
  if (file < 0) return file;
  return writeStatfs(kernel, tid, buffer, kernel.vfs.statfsFile(file));
};

const ANY_ACCESS = 7;

/** access(2) */
const sysFaccessat2: Handler = (kernel, tid, directory, va, mask, flags) => {
  if ((mask & ~ANY_ACCESS) !== 0) return -EINVAL;
  if ((flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const path = readPath(kernel, tid, va);
  if (typeof path === 'number') return path;
  const real = (flags & AT_EACCESS) === 0;
  if (path === '' && (flags & AT_EMPTY_PATH) !== 0) {
    if (directory === AT_FDCWD) return kernel.vfs.permitted(tid, kernel.process.place(tid).cwd, mask, real);
    const file = kernel.process.file(tid, directory);
    if (file < 0) return file;
    const { dentry } = kernel.vfs.file(file);
    return dentry === 0 ? 0 : kernel.vfs.permitted(tid, dentry, mask, real);
  }
  const at = startOf(kernel, tid, directory, path);
  if (at < 0) return at;
  return kernel.vfs.access(tid, at, path, mask, real, (flags & AT_SYMLINK_NOFOLLOW) === 0);
};

/** access(2) */
const sysFaccessat: Handler = (kernel, tid, directory, va, mask) =>
  sysFaccessat2(kernel, tid, directory, va, mask, 0, 0, 0);

/** chmod(2) */
const sysFchmod: Handler = (kernel, tid, fd, mode) => {
  const file = usableFile(kernel, tid, fd);
  return typeof file === 'number' ? file : kernel.vfs.chmodFile(tid, file.id, mode & S_IALLUGO);
};

/** chmod(2) */
const sysFchmodat2: Handler = (kernel, tid, directory, va, mode, flags) => {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const path = readPath(kernel, tid, va);
  if (typeof path === 'number') return path;
  const at = startOrSelf(kernel, tid, directory, path, flags);
  if (at < 0) return at;
  const follow = (flags & AT_SYMLINK_NOFOLLOW) === 0;
  return kernel.vfs.chmod(tid, at, path, mode & S_IALLUGO, follow);
};

/** chmod(2) */
const sysFchmodat: Handler = (kernel, tid, directory, va, mode) =>
  sysFchmodat2(kernel, tid, directory, va, mode, 0, 0, 0);

/** A uid_t, -1 = leave alone. */
const idOf = (id: number): number => (id === -1 ? -1 : id >>> 0);

/** chown(2) */
const sysFchown: Handler = (kernel, tid, fd, uid, gid) => {
  const file = usableFile(kernel, tid, fd);
  return typeof file === 'number' ? file : kernel.vfs.chownFile(tid, file.id, idOf(uid), idOf(gid));
};

/** chown(2) */
const sysFchownat: Handler = (kernel, tid, directory, va, uid, gid, flags) => {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const path = readPath(kernel, tid, va);
  if (typeof path === 'number') return path;
  const at = startOrSelf(kernel, tid, directory, path, flags);
  if (at < 0) return at;
  return kernel.vfs.chown(tid, at, path, idOf(uid), idOf(gid), (flags & AT_SYMLINK_NOFOLLOW) === 0);
};

const TIMES_SIZE = 32;
const SECOND = 1_000_000_000;
/** A file system keeps no time further from 1970 than it can count. */
const SECONDS_MAX: number = Number.MAX_SAFE_INTEGER;

type Time = FileTimes['atime'];

/** @returns a time, null = leave alone, or -EINVAL */
function readTime(kernel: Kernel, view: DataView, at: number): Time | number {
  const high = view.getInt32(at + 12, true);
  const nanoseconds = view.getUint32(at + 8, true);
  if (high === 0 && nanoseconds === UTIME_OMIT) return null;
  if (high === 0 && nanoseconds === UTIME_NOW) return now(kernel);
  if (high !== 0 || nanoseconds >= SECOND) return -EINVAL;
  const seconds = view.getInt32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
  return { seconds: Math.max(-SECONDS_MAX, Math.min(SECONDS_MAX, seconds)), nanoseconds };
}

const now = (kernel: Kernel): Time => ({
  seconds: kernel.clock.realtimeSeconds(),
  nanoseconds: kernel.clock.realtimeNanoseconds(),
});

function readTimes(kernel: Kernel, tid: number, va: number): FileTimes | number {
  if (va === 0) return { now: true, atime: now(kernel), mtime: now(kernel) };
  const error = kernel.user.readRecord(tid, va, TIMES_SIZE);
  if (error !== 0) return error;
  const view = kernel.user.record;
  const atime = readTime(kernel, view, 0);
  const mtime = readTime(kernel, view, TIMES_SIZE / 2);
  if (typeof atime === 'number') return atime;
  if (typeof mtime === 'number') return mtime;
  const isNow = (at: number): boolean => view.getUint32(at + 8, true) === UTIME_NOW;
  return { now: isNow(0) && isNow(TIMES_SIZE / 2), atime, mtime };
}

/** utimensat(2) */
const sysUtimensat: Handler = (kernel, tid, directory, va, timesVa, flags) => {
  const times = readTimes(kernel, tid, timesVa);
  if (typeof times === 'number') return times;
  if (times.atime === null && times.mtime === null) return 0;
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  if (va === 0) {
    if (directory === AT_FDCWD) return -EFAULT;
    if (flags !== 0) return -EINVAL;
    const file = usableFile(kernel, tid, directory);
    return typeof file === 'number' ? file : kernel.vfs.utimesFile(tid, file.id, times);
  }
  const path = readPath(kernel, tid, va);
  if (typeof path === 'number') return path;
  const at = startOrSelf(kernel, tid, directory, path, flags);
  if (at < 0) return at;
  return kernel.vfs.utimes(tid, at, path, times, (flags & AT_SYMLINK_NOFOLLOW) === 0);
};

/** truncate(2) */
const sysTruncate: Handler = (kernel, tid, va, size) => {
  if (size < 0) return -EINVAL;
  const path = readPath(kernel, tid, va);
  if (typeof path === 'number') return path;
  const error = kernel.vfs.truncate(tid, 0, path, size);
  if (error === -EFBIG) signalWriteError(kernel, tid, 0, error);
  return error;
};

/** truncate(2) */
const sysFtruncate: Handler = (kernel, tid, fd, size) => {
  if (size < 0) return -EINVAL;
  const file = kernel.process.file(tid, fd);
  if (file < 0) return file;
  const error = kernel.vfs.truncateFile(tid, file, size);
  if (error === -EFBIG) signalWriteError(kernel, tid, 0, error);
  return error;
};

export const attributeCalls: readonly Row[] = [
  full(43, 'statfs', ['ptr', 'ptr'], sysStatfs),
  full(44, 'fstatfs', ['int', 'ptr'], sysFstatfs),
  full(45, 'truncate', ['ptr', 'off'], sysTruncate),
  full(46, 'ftruncate', ['fd', 'off'], sysFtruncate),
  full(48, 'faccessat', ['int', 'ptr', 'uint'], sysFaccessat),
  full(52, 'fchmod', ['int', 'uint'], sysFchmod),
  full(53, 'fchmodat', ['int', 'ptr', 'uint'], sysFchmodat),
  full(54, 'fchownat', ['int', 'ptr', 'int', 'int', 'uint'], sysFchownat),
  full(55, 'fchown', ['int', 'int', 'int'], sysFchown),
  full(79, 'newfstatat', ['int', 'ptr', 'ptr', 'uint'], sysNewfstatat),
  full(80, 'fstat', ['int', 'ptr'], sysFstat),
  full(88, 'utimensat', ['int', 'ptr', 'ptr', 'uint'], sysUtimensat),
  partial(291, 'statx', ['int', 'ptr', 'uint', 'uint', 'ptr'], sysStatx, 'basic fields only'),
  full(439, 'faccessat2', ['int', 'ptr', 'uint', 'uint'], sysFaccessat2),
  full(452, 'fchmodat2', ['int', 'ptr', 'uint', 'uint'], sysFchmodat2),
];
