/**
 * System calls on extended attributes, by path, by path without the last symlink, and by descriptor.
 *
 * Arguments are checked in the order of Linux 6.13 and later: flags, name, value, and then the file.
 */
import {
  E2BIG,
  EBADF,
  EINVAL,
  ENAMETOOLONG,
  ENODATA,
  EOPNOTSUPP,
  EPERM,
  ERANGE,
} from '../../../abi/linux/errno.ts';
import {
  XATTR_CREATE,
  XATTR_LIST_MAX,
  XATTR_NAME_MAX,
  XATTR_REPLACE,
  XATTR_SIZE_MAX,
  XATTR_USER,
} from '../../../abi/linux/xattr.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { readPath, usableFile } from './at.ts';
import { full, type Handler, type Row } from './call.ts';

/** @returns the name, -ERANGE, -EFAULT or WAIT */
function readName(kernel: Kernel, tid: number, va: number): string | number {
  const name = kernel.user.string(tid, va, XATTR_NAME_MAX);
  return name === '' || name === -ENAMETOOLONG ? -ERANGE : name;
}

/** Who has the attributes: a path, or a descriptor. */
type Where = 'path' | 'link' | 'descriptor';

/** Do it to the file's dentry; 0 is one that can have none, such as a pipe. @returns what it returns, -errno or WAIT */
function onFile<T>(
  kernel: Kernel,
  tid: number,
  where: Where,
  target: number,
  act: (dentry: number) => T | number,
): T | number {
  if (where === 'descriptor') {
    const file = usableFile(kernel, tid, target);
    if (typeof file === 'number') return -EBADF;
    return act(file.dentry);
  }
  const path = readPath(kernel, tid, target);
  if (typeof path === 'number') return path;
  const dentry = kernel.vfs.resolve(tid, 0, path, where === 'path');
  if (dentry < 0) return dentry;
  try {
    return act(dentry);
  } finally {
    kernel.vfs.releaseDentry(dentry);
  }
}

/** What has no inode of a file system is at least no regular file. */
const nameless = (name: string, otherwise: number): number =>
  name.startsWith(XATTR_USER) ? otherwise : -EOPNOTSUPP;

/** Room for what a call gives. @param size 0 = only tell how long it is @returns its length, -ERANGE, -EFAULT or WAIT */
function give(kernel: Kernel, tid: number, bytes: Uint8Array, va: number, size: number): number {
  if (size === 0) return bytes.length;
  if (bytes.length > size) return -ERANGE;
  return kernel.user.write(tid, va, bytes) || bytes.length;
}

/** setxattr(2) */
const setter =
  (where: Where): Handler =>
  (kernel, tid, target, nameVa, valueVa, size, flags) => {
    if ((flags & ~(XATTR_CREATE | XATTR_REPLACE)) !== 0) return -EINVAL;
    const name = readName(kernel, tid, nameVa);
    if (typeof name === 'number') return name;
    if (size > XATTR_SIZE_MAX) return -E2BIG;
    const value = new Uint8Array(size);
    const error = size === 0 ? 0 : kernel.user.read(tid, valueVa, value);
    if (error !== 0) return error;
    return onFile(kernel, tid, where, target, (dentry) => {
      if (dentry === 0) return nameless(name, -EPERM);
      return kernel.vfs.setExtended?.(tid, dentry, name, value, flags) ?? -EOPNOTSUPP;
    });
  };

/** getxattr(2) */
const getter =
  (where: Where): Handler =>
  (kernel, tid, target, nameVa, valueVa, size) => {
    const name = readName(kernel, tid, nameVa);
    if (typeof name === 'number') return name;
    const value = onFile<Uint8Array>(kernel, tid, where, target, (dentry) => {
      if (dentry === 0) return nameless(name, -ENODATA);
      return kernel.vfs.getExtended?.(tid, dentry, name) ?? -EOPNOTSUPP;
    });
    return typeof value === 'number' ? value : give(kernel, tid, value, valueVa, size);
  };

/** listxattr(2) */
const lister =
  (where: Where): Handler =>
  (kernel, tid, target, listVa, size) => {
    const names = onFile<string[]>(kernel, tid, where, target, (dentry) =>
      dentry === 0 ? [] : (kernel.vfs.listExtended?.(tid, dentry) ?? []),
    );
    if (typeof names === 'number') return names;
    const list = names.map((name) => `${name}\0`).join('');
    if (list.length > XATTR_LIST_MAX) return -E2BIG;
    const bytes = Uint8Array.from(list, (char) => char.charCodeAt(0));
    return give(kernel, tid, bytes, listVa, size);
  };

/** removexattr(2) */
const remover =
  (where: Where): Handler =>
  (kernel, tid, target, nameVa) => {
    const name = readName(kernel, tid, nameVa);
    if (typeof name === 'number') return name;
    return onFile(kernel, tid, where, target, (dentry) => {
      if (dentry === 0) return nameless(name, -EPERM);
      return kernel.vfs.setExtended?.(tid, dentry, name, null, 0) ?? -EOPNOTSUPP;
    });
  };

export const xattrCalls: readonly Row[] = [
  full(5, 'setxattr', ['ptr', 'ptr', 'ptr', 'size', 'int'], setter('path')),
  full(6, 'lsetxattr', ['ptr', 'ptr', 'ptr', 'size', 'int'], setter('link')),
  full(7, 'fsetxattr', ['int', 'ptr', 'ptr', 'size', 'int'], setter('descriptor')),
  full(8, 'getxattr', ['ptr', 'ptr', 'ptr', 'size'], getter('path')),
  full(9, 'lgetxattr', ['ptr', 'ptr', 'ptr', 'size'], getter('link')),
  full(10, 'fgetxattr', ['int', 'ptr', 'ptr', 'size'], getter('descriptor')),
  full(11, 'listxattr', ['ptr', 'ptr', 'size'], lister('path')),
  full(12, 'llistxattr', ['ptr', 'ptr', 'size'], lister('link')),
  full(13, 'flistxattr', ['int', 'ptr', 'size'], lister('descriptor')),
  full(14, 'removexattr', ['ptr', 'ptr'], remover('path')),
  full(15, 'lremovexattr', ['ptr', 'ptr'], remover('link')),
  full(16, 'fremovexattr', ['int', 'ptr'], remover('descriptor')),
];
