/**
 * The (directory descriptor, path) pair of the *at calls, and descriptors as open files.
 *
 * Source: openat(2), path_resolution(7). Holds no state.
 */
import { EBADF, ENOENT, ENOTDIR } from '../../../abi/linux/errno.ts';
import { AT_EMPTY_PATH, AT_FDCWD, PATH_MAX } from '../../../abi/linux/fcntl.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { OpenFile } from '../../../contracts/vfs.ts';

/** @returns the path at va, -EFAULT, -ENAMETOOLONG or WAIT */
export const readPath = (kernel: Kernel, tid: number, va: number): string | number =>
  kernel.user.string(tid, va, PATH_MAX - 1);

/** Where a path begins: a dentry, 0 for the working directory or an absolute path, -EBADF or -ENOTDIR. */
export function startOf(kernel: Kernel, tid: number, directory: number, path: string): number {
  if (directory === AT_FDCWD || path.startsWith('/')) return 0;
  const file = kernel.process.file(tid, directory);
  if (file < 0) return file;
  const { dentry } = kernel.vfs.file(file);
  return dentry === 0 ? -ENOTDIR : dentry;
}

/**
 * The same for calls that take AT_EMPTY_PATH: an empty path is the descriptor's own file, or the working directory.
 * @returns a dentry, 0 = go by the path, -ENOENT (empty without the flag), -EBADF, -ENOTDIR
 */
export function startOrSelf(
  kernel: Kernel,
  tid: number,
  directory: number,
  path: string,
  flags: number,
): number {
  if (path !== '') return startOf(kernel, tid, directory, path);
  if ((flags & AT_EMPTY_PATH) === 0) return -ENOENT;
  return directory === AT_FDCWD ? kernel.process.place(tid).cwd : startOf(kernel, tid, directory, path);
}

/** The open file of a descriptor, not one of O_PATH. @returns it or -EBADF */
export function usableFile(kernel: Kernel, tid: number, fd: number): OpenFile | number {
  const file = kernel.process.file(tid, fd);
  if (file < 0) return file;
  const found = kernel.vfs.file(file);
  return found.kind === 'path' ? -EBADF : found;
}

/** Give an open file, with its one reference, a descriptor. @returns it or -EMFILE, the file closed */
export function installFile(
  kernel: Kernel,
  tid: number,
  file: number,
  from: number,
  closeOnExec: boolean,
): number {
  const fd = kernel.process.install(tid, file, from, closeOnExec);
  if (fd < 0) kernel.vfs.release(file, 0);
  return fd;
}
