/**
 * System calls that replace the program: execve, execveat.
 */
import { E2BIG, EBADF, ENAMETOOLONG, ENOENT, EINVAL, ELOOP } from '../../../abi/linux/errno.ts';
import { NO_RESULT } from '../../../contracts/abi.ts';
import { createStat } from '../../../contracts/filesystem.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { full, type Row } from './call.ts';
import { ARGUMENTS_MAX, execDentry, STRING_MAX } from './exec.ts';

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const PATH_MAX = 4096;
const S_IFMT = 0o170000;
const S_IFLNK = 0o120000;

/**
 * The byte strings of a NULL-terminated array of pointers, or -EFAULT, -E2BIG, WAIT. A NULL array is empty. One string
 * may be named a million times: what they take is counted before it is taken.
 */
function strings(kernel: Kernel, tid: number, array: number): string[] | number {
  const found: string[] = [];
  let bytes = 0;
  if (array === 0) return found;
  for (let at = array; ; at += 8) {
    const error = kernel.user.readU64(tid, at);
    if (error !== 0) return error;
    const pointer = kernel.user.value;
    if (pointer === 0) return found;
    const text = kernel.user.string(tid, pointer, STRING_MAX - 1);
    if (typeof text === 'number') return text === -ENAMETOOLONG ? -E2BIG : text;
    bytes += text.length + 1 + 8;
    if (bytes > ARGUMENTS_MAX) return -E2BIG;
    found.push(text);
  }
}

function execute(
  kernel: Kernel,
  tid: number,
  dentry: number,
  path: string,
  argvAt: number,
  envpAt: number,
  closes: boolean,
): number {
  const argv = strings(kernel, tid, argvAt);
  const envp = typeof argv === 'number' ? argv : strings(kernel, tid, envpAt);
  if (typeof argv === 'number' || typeof envp === 'number') {
    kernel.vfs.releaseDentry(dentry);
    return envp as number;
  }
  const result = execDentry(kernel, tid, dentry, path, argv, envp, closes);
  return result === 0 ? NO_RESULT : result;
}

/** execve(2) */
function sysExecve(kernel: Kernel, tid: number, pathAt: number, argv: number, envp: number): number {
  const path = kernel.user.string(tid, pathAt, PATH_MAX - 1);
  if (typeof path === 'number') return path;
  if (path === '') return -ENOENT;
  const dentry = kernel.vfs.resolve(tid, 0, path, true);
  return dentry < 0 ? dentry : execute(kernel, tid, dentry, path, argv, envp, false);
}

/** execveat(2) */
function sysExecveat(
  kernel: Kernel,
  tid: number,
  fd: number,
  pathAt: number,
  argv: number,
  envp: number,
  flags: number,
): number {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const path = kernel.user.string(tid, pathAt, PATH_MAX - 1);
  if (typeof path === 'number') return path;
  if (path === '' && (flags & AT_EMPTY_PATH) === 0) return -ENOENT;
  let at = 0;
  if (!path.startsWith('/') && fd !== AT_FDCWD) {
    const file = kernel.process.file(tid, fd);
    if (file < 0) return file;
    at = kernel.vfs.file(file).dentry;
    if (at === 0) return -EBADF;
  }
  const name = path.startsWith('/') || at === 0 ? path : `/dev/fd/${fd}${path === '' ? '' : `/${path}`}`;
  const closes = at !== 0 && kernel.process.closesOnExec(tid, fd);
  if (path === '' && at !== 0) {
    kernel.vfs.holdDentry(at);
    return execute(kernel, tid, at, name, argv, envp, closes);
  }
  const follow = (flags & AT_SYMLINK_NOFOLLOW) === 0;
  const dentry = kernel.vfs.resolve(tid, at, path, follow);
  if (dentry < 0) return dentry;
  if (!follow) {
    const stat = createStat();
    const error = kernel.vfs.statDentry(dentry, stat);
    const refused = error !== 0 ? error : (stat.mode & S_IFMT) === S_IFLNK ? -ELOOP : 0;
    if (refused !== 0) {
      kernel.vfs.releaseDentry(dentry);
      return refused;
    }
  }
  return execute(kernel, tid, dentry, name, argv, envp, closes);
}

export const execCalls: readonly Row[] = [
  full(221, 'execve', ['ptr', 'ptr', 'ptr'], sysExecve),
  full(281, 'execveat', ['int', 'ptr', 'ptr', 'ptr', 'int'], sysExecveat),
];
