/**
 * System calls on names: make, remove, link and rename them, and where a process is.
 *
 * openat and close are in sys_open.ts, mount in sys_mount.ts.
 */
import { CAP_SYS_CHROOT } from '../../../abi/linux/capability.ts';
import { EBADF, EINVAL, ENOENT, ENOTDIR, EPERM, ERANGE } from '../../../abi/linux/errno.ts';
import { AT_EMPTY_PATH, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, PATH_MAX } from '../../../abi/linux/fcntl.ts';
import {
  decodeDevice,
  S_IALLUGO,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
} from '../../../abi/linux/stat.ts';
import { createStat } from '../../../contracts/filesystem.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { bytesOf } from '../../../lib/utf8.ts';
import { readPath, startOf, startOrSelf } from './at.ts';
import { full, type Handler, partial, type Row } from './call.ts';
import { mountCalls } from './sys_mount.ts';
import { openCalls } from './sys_open.ts';

const PERMISSIONS = 0o777;
const MAY_SEARCH = 1;

/** mknod(2) */
const sysMknodat: Handler = (kernel, tid, directory, va, mode, dev) => {
  const path = readPath(kernel, tid, va);
  if (typeof path === 'number') return path;
  const at = startOf(kernel, tid, directory, path);
  if (at < 0) return at;
  const type = mode & S_IFMT;
  switch (type) {
    case S_IFDIR:
      return -EPERM;
    case 0:
      return kernel.vfs.make(tid, at, path, S_IFREG | (mode & S_IALLUGO), 0);
    case S_IFREG:
    case S_IFIFO:
    case S_IFSOCK:
      return kernel.vfs.make(tid, at, path, type | (mode & S_IALLUGO), 0);
    case S_IFCHR:
    case S_IFBLK:
      return kernel.vfs.make(tid, at, path, type | (mode & S_IALLUGO), decodeDevice(dev));
    default:
      return -EINVAL;
  }
};

/** mkdir(2) */
const sysMkdirat: Handler = (kernel, tid, directory, va, mode) => {
  const path = readPath(kernel, tid, va);
  if (typeof path === 'number') return path;
  const at = startOf(kernel, tid, directory, path);
  return at < 0 ? at : kernel.vfs.make(tid, at, path, S_IFDIR | (mode & (PERMISSIONS | 0o1000)), 0);
};

/** unlink(2), rmdir(2) */
const sysUnlinkat: Handler = (kernel, tid, directory, va, flags) => {
  if ((flags & ~AT_REMOVEDIR) !== 0) return -EINVAL;
  const path = readPath(kernel, tid, va);
  if (typeof path === 'number') return path;
  const at = startOf(kernel, tid, directory, path);
  return at < 0 ? at : kernel.vfs.unlink(tid, at, path, flags !== 0);
};

/** symlink(2) */
const sysSymlinkat: Handler = (kernel, tid, targetVa, directory, va) => {
  const target = readPath(kernel, tid, targetVa);
  if (typeof target === 'number') return target;
  const path = readPath(kernel, tid, va);
  if (typeof path === 'number') return path;
  const at = startOf(kernel, tid, directory, path);
  return at < 0 ? at : kernel.vfs.symlink(tid, target, at, path);
};

/** link(2) */
const sysLinkat: Handler = (kernel, tid, oldDirectory, oldVa, newDirectory, newVa, flags) => {
  if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const oldPath = readPath(kernel, tid, oldVa);
  if (typeof oldPath === 'number') return oldPath;
  const newPath = readPath(kernel, tid, newVa);
  if (typeof newPath === 'number') return newPath;
  const from = startOrSelf(kernel, tid, oldDirectory, oldPath, flags);
  if (from < 0) return from;
  const to = startOf(kernel, tid, newDirectory, newPath);
  if (to < 0) return to;
  return kernel.vfs.link(tid, from, oldPath, to, newPath, (flags & AT_SYMLINK_FOLLOW) !== 0);
};

/** rename(2) */
const sysRenameat2: Handler = (kernel, tid, oldDirectory, oldVa, newDirectory, newVa, flags) => {
  const oldPath = readPath(kernel, tid, oldVa);
  if (typeof oldPath === 'number') return oldPath;
  const newPath = readPath(kernel, tid, newVa);
  if (typeof newPath === 'number') return newPath;
  const from = startOf(kernel, tid, oldDirectory, oldPath);
  if (from < 0) return from;
  const to = startOf(kernel, tid, newDirectory, newPath);
  return to < 0 ? to : kernel.vfs.rename(tid, from, oldPath, to, newPath, flags);
};

/** rename(2) */
const sysRenameat: Handler = (kernel, tid, oldDirectory, oldVa, newDirectory, newVa) =>
  sysRenameat2(kernel, tid, oldDirectory, oldVa, newDirectory, newVa, 0, 0);

/** readlink(2) */
const sysReadlinkat: Handler = (kernel, tid, directory, va, buffer, size) => {
  if (size <= 0) return -EINVAL;
  const path = readPath(kernel, tid, va);
  if (typeof path === 'number') return path;
  const at = startOf(kernel, tid, directory, path);
  if (at < 0) return at;
  const target = kernel.vfs.readlink(tid, at, path);
  if (typeof target === 'number') return target;
  const bytes = bytesOf(target.slice(0, size));
  const error = kernel.user.write(tid, buffer, bytes);
  return error === 0 ? bytes.length : error;
};

/** getcwd(2) */
const sysGetcwd: Handler = (kernel, tid, buffer, size) => {
  const { cwd, root } = kernel.process.place(tid);
  if (kernel.vfs.dentryDeleted(cwd)) return -ENOENT;
  const path = kernel.vfs.pathOf(cwd, root);
  if (path.length + 1 > PATH_MAX || path.length + 1 > size) return -ERANGE;
  const error = kernel.user.write(tid, buffer, bytesOf(`${path}\0`));
  return error === 0 ? path.length + 1 : error;
};

/** @returns 0, -ENOTDIR, -EACCES or WAIT */
function mayEnter(kernel: Kernel, tid: number, dentry: number): number {
  const stat = createStat();
  const error = kernel.vfs.statDentry(dentry, stat);
  if (error !== 0) return error;
  if ((stat.mode & S_IFMT) !== S_IFDIR) return -ENOTDIR;
  return kernel.vfs.permitted(tid, dentry, MAY_SEARCH, false);
}

/** chdir(2) */
const sysChdir: Handler = (kernel, tid, va) => {
  const path = readPath(kernel, tid, va);
  if (typeof path === 'number') return path;
  const dentry = kernel.vfs.resolve(tid, 0, path, true);
  if (dentry < 0) return dentry;
  const error = mayEnter(kernel, tid, dentry);
  return settle(kernel, tid, dentry, error, 'cwd');
};

/** Take a held dentry as the process's place, or let go of it. */
function settle(kernel: Kernel, tid: number, dentry: number, error: number, as: 'cwd' | 'root'): number {
  if (error !== 0) {
    kernel.vfs.releaseDentry(dentry);
    return error;
  }
  const place = kernel.process.place(tid);
  const before = place[as];
  place[as] = dentry;
  kernel.vfs.releaseDentry(before);
  return 0;
}

/** fchdir(2) */
const sysFchdir: Handler = (kernel, tid, fd) => {
  const file = kernel.process.file(tid, fd);
  if (file < 0) return -EBADF;
  const { dentry } = kernel.vfs.file(file);
  if (dentry === 0) return -ENOTDIR;
  kernel.vfs.holdDentry(dentry);
  return settle(kernel, tid, dentry, mayEnter(kernel, tid, dentry), 'cwd');
};

/** chroot(2) */
const sysChroot: Handler = (kernel, tid, va) => {
  const path = readPath(kernel, tid, va);
  if (typeof path === 'number') return path;
  const dentry = kernel.vfs.resolve(tid, 0, path, true);
  if (dentry < 0) return dentry;
  let error = mayEnter(kernel, tid, dentry);
  if (error === 0 && !kernel.process.capable(tid, CAP_SYS_CHROOT)) error = -EPERM;
  return settle(kernel, tid, dentry, error, 'root');
};

/** umask(2) */
const sysUmask: Handler = (kernel, tid, mask) => {
  const place = kernel.process.place(tid);
  const before = place.umask;
  place.umask = mask & PERMISSIONS;
  return before;
};

export const pathCalls: readonly Row[] = [
  ...openCalls,
  ...mountCalls,
  full(17, 'getcwd', ['ptr', 'size'], sysGetcwd),
  partial(
    33,
    'mknodat',
    ['int', 'ptr', 'uint', 'uint'],
    sysMknodat,
    'device nodes work for devices that there are',
  ),
  full(34, 'mkdirat', ['int', 'ptr', 'uint'], sysMkdirat),
  full(35, 'unlinkat', ['int', 'ptr', 'uint'], sysUnlinkat),
  full(36, 'symlinkat', ['ptr', 'int', 'ptr'], sysSymlinkat),
  full(37, 'linkat', ['int', 'ptr', 'int', 'ptr', 'uint'], sysLinkat),
  full(38, 'renameat', ['int', 'ptr', 'int', 'ptr'], sysRenameat),
  full(49, 'chdir', ['ptr'], sysChdir),
  full(50, 'fchdir', ['int'], sysFchdir),
  full(51, 'chroot', ['ptr'], sysChroot),
  full(78, 'readlinkat', ['int', 'ptr', 'ptr', 'int'], sysReadlinkat),
  full(166, 'umask', ['uint'], sysUmask),
  partial(276, 'renameat2', ['int', 'ptr', 'int', 'ptr', 'uint'], sysRenameat2, 'no RENAME_WHITEOUT'),
];
