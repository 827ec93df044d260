/**
 * Making and removing names: nodes, symlinks, hard links.
 *
 * Source: mknod(2), mkdir(2), symlink(2), link(2), unlink(2), rmdir(2); the order of errors is Linux's.
 */
import { CAP_MKNOD } from '../../../abi/linux/capability.ts';
import {
  EBUSY,
  EEXIST,
  EINVAL,
  EISDIR,
  ENAMETOOLONG,
  ENOENT,
  ENOTDIR,
  ENOTEMPTY,
  EPERM,
  EROFS,
  EXDEV,
} from '../../../abi/linux/errno.ts';
import { NAME_MAX, PATH_MAX } from '../../../abi/linux/fcntl.ts';
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT } from '../../../abi/linux/stat.ts';
import { type Core, dentryOf, isDirectory, isReadOnly, servedBy, typeBits } from './core.ts';
import { addChild, hold, lookup, release, unhash } from './dentries.ts';
import { groupOfNew, MAY_EXECUTE, MAY_WRITE, mayDelete, modeOfNew, permit } from './permission.ts';
import { FOLLOW, JUMPED, PARENT, walk } from './walk.ts';

/** Look up the component that a PARENT walk stopped before. @returns a dentry (mounts not followed), -errno or WAIT */
export function lookupLast(core: Core, tid: number, parent: number): number {
  if (core.walked.name.length > NAME_MAX) return -ENAMETOOLONG;
  return lookup(core, tid, dentryOf(core, parent), core.walked.name);
}

/** Find where a new name goes and if it may be made. @returns its directory (`core.here`, `core.walked.name`), -errno or WAIT */
function placeOfNew(core: Core, tid: number, at: number, path: string, makesDirectory: boolean): number {
  const parent = walk(core, tid, at, path, PARENT);
  if (parent < 0) return parent;
  if (core.walked.kind !== 'name') return -EEXIST;
  if (!isDirectory(core.here)) return -ENOTDIR;
  const found = lookupLast(core, tid, parent);
  if (found >= 0) return -EEXIST;
  if (found !== -ENOENT) return found;
  if (core.walked.trailing && !makesDirectory) return -ENOENT;
  const error = mayMake(core, tid, parent);
  return error === 0 ? parent : error;
}

/** May a name be made in the directory that `core.here` describes? */
export function mayMake(core: Core, tid: number, parent: number): number {
  const directory = dentryOf(core, parent);
  if (isReadOnly(core, directory)) return -EROFS;
  if (directory.deleted) return -ENOENT;
  return permit(core, tid, core.here, MAY_WRITE | MAY_EXECUTE, false);
}

/** Make a node in the directory of `core.here` and `core.walked`. @returns its inode, -errno or WAIT */
export function createNode(core: Core, tid: number, parent: number, mode: number, rdev: number): number {
  const { inode } = dentryOf(core, parent);
  const makesDirectory = (mode & S_IFMT) === S_IFDIR;
  return servedBy(core, inode).create(
    inode,
    core.walked.name,
    modeOfNew(core, tid, core.here, mode, makesDirectory),
    core.kernel.process.credentials(tid).fsuid,
    groupOfNew(core, tid, core.here),
    rdev,
  );
}

export function make(core: Core, tid: number, at: number, path: string, mode: number, rdev: number): number {
  const type = mode & S_IFMT;
  const parent = placeOfNew(core, tid, at, path, type === S_IFDIR);
  if (parent < 0) return parent;
  const isDevice = type === S_IFCHR || type === S_IFBLK;
  if (isDevice && !core.kernel.process.capable(tid, CAP_MKNOD)) return -EPERM;
  const inode = createNode(core, tid, parent, mode, rdev);
  if (inode < 0) return inode;
  addChild(core, dentryOf(core, parent), core.walked.name, inode);
  return 0;
}

export function symlink(core: Core, tid: number, target: string, at: number, path: string): number {
  if (target.length === 0) return -ENOENT;
  if (target.length >= PATH_MAX) return -ENAMETOOLONG;
  const parent = placeOfNew(core, tid, at, path, false);
  if (parent < 0) return parent;
  const { inode } = dentryOf(core, parent);
  const made = servedBy(core, inode).symlink(
    inode,
    core.walked.name,
    target,
    core.kernel.process.credentials(tid).fsuid,
    groupOfNew(core, tid, core.here),
  );
  return made < 0 ? made : 0;
}

export function link(
  core: Core,
  tid: number,
  at: number,
  path: string,
  toAt: number,
  toPath: string,
  follow: boolean,
): number {
  const old = path === '' ? at : walk(core, tid, at, path, follow ? FOLLOW : 0);
  if (old === 0) return -ENOENT;
  if (old < 0) return old === JUMPED ? -EXDEV : old;
  hold(core, old);
  const result = linkTo(core, tid, old, toAt, toPath);
  release(core, old);
  return result;
}

function linkTo(core: Core, tid: number, old: number, toAt: number, toPath: string): number {
  const { inode, mount } = dentryOf(core, old);
  const parent = placeOfNew(core, tid, toAt, toPath, false);
  if (parent < 0) return parent;
  const directory = dentryOf(core, parent);
  if (directory.mount !== mount) return -EXDEV;
  const cell = servedBy(core, inode);
  const error = cell.stat(inode, core.there);
  if (error !== 0) return error;
  if (isDirectory(core.there)) return -EPERM;
  if (core.there.links === 0) return -ENOENT;
  const linked = cell.link(directory.inode, core.walked.name, inode);
  if (linked === 0) addChild(core, directory, core.walked.name, inode);
  return linked;
}

export function unlink(core: Core, tid: number, at: number, path: string, directory: boolean): number {
  const parent = walk(core, tid, at, path, PARENT);
  if (parent < 0) return parent;
  if (core.walked.kind !== 'name') {
    if (!directory) return -EISDIR;
    if (core.walked.kind === 'dot') return -EINVAL;
    return core.walked.kind === 'dotdot' ? -ENOTEMPTY : -EBUSY;
  }
  if (!isDirectory(core.here)) return -ENOTDIR;
  if (isReadOnly(core, dentryOf(core, parent))) return -EROFS;
  const found = lookupLast(core, tid, parent);
  if (found < 0) return found;

  const target = dentryOf(core, found);
  const cell = servedBy(core, target.inode);
  let error = cell.stat(target.inode, core.there);
  if (error !== 0) return error;
  if (core.walked.trailing && !directory) return isDirectory(core.there) ? -EISDIR : -ENOTDIR;
  error = mayDelete(core, tid, core.here, core.there, directory);
  if (error !== 0) return error;
  if (target.covered !== 0) return -EBUSY;
  error = cell.unlink(dentryOf(core, parent).inode, core.walked.name, directory);
  if (error === 0) unhash(core, target);
  return error;
}

export function readlink(core: Core, tid: number, at: number, path: string): string | number {
  let found = at;
  if (path !== '') {
    found = walk(core, tid, at, path, 0);
    if (found < 0) return found;
  }
  if (found === 0) return -ENOENT;
  const { inode } = dentryOf(core, found);
  const cell = servedBy(core, inode);
  const error = cell.stat(inode, core.here);
  if (error !== 0) return error;
  if (typeBits(core.here) !== S_IFLNK) return path === '' ? -ENOENT : -EINVAL;
  return cell.readlink(tid, inode);
}
