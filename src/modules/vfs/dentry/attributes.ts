/**
 * Attributes of files, by path or by open file: stat, mode, owner, times and size.
 *
 * Source: stat(2), access(2), chmod(2), chown(2), utimensat(2), truncate(2), statfs(2). An object without an inode of a
 * file system (a pipe, a host stream) has a made-up stat and takes no change.
 */
import { CAP_CHOWN, CAP_FSETID } from '../../../abi/linux/capability.ts';
import { EACCES, EBADF, EFBIG, EINVAL, EISDIR, ENOENT, EPERM, EROFS } from '../../../abi/linux/errno.ts';
import { S_IALLUGO, S_IFREG, S_ISGID } from '../../../abi/linux/stat.ts';
import type { Attributes, FileSystemStat, Stat } from '../../../contracts/filesystem.ts';
import { copyStat, superblockOf } from '../../../contracts/filesystem.ts';
import type { Dentry, FileTimes, OpenFile } from '../../../contracts/vfs.ts';
import { type Core, dentryOf, isDirectory, isReadOnly, servedBy, typeBits } from './core.ts';
import { resize, sizeLimit } from './content.ts';
import { forbidsMode } from './seals.ts';
import { mayChange } from './running.ts';
import { statNameless } from './nameless.ts';
import { inGroup, MAY_WRITE, owns, permit, permitDentry, withoutSetIds } from './permission.ts';
import { FOLLOW, JUMPED, walk } from './walk.ts';

/**
 * The dentry of a path for a change by path; `core.here` describes it. An empty path is `at` itself (AT_EMPTY_PATH). Magic
 * links to pipes have no attributes to change.
 */
export function find(core: Core, tid: number, at: number, path: string, follow: boolean): number {
  if (path === '' && at !== 0) {
    const { inode } = dentryOf(core, at);
    const error = servedBy(core, inode).stat(inode, core.here);
    return error === 0 ? at : error;
  }
  const found = walk(core, tid, at, path, follow ? FOLLOW : 0);
  return found === JUMPED ? -ENOENT : found;
}

export function stat(core: Core, tid: number, at: number, path: string, follow: boolean, into: Stat): number {
  const found = walk(core, tid, at, path, follow ? FOLLOW : 0);
  if (found === JUMPED) return statFile(core, core.state.files.get(core.walked.file), into);
  if (found < 0) return found;
  copyStat(core.here, into);
  return 0;
}

export function statFile(core: Core, file: OpenFile | undefined, into: Stat): number {
  if (file === undefined) return -ENOENT;
  if (file.inode === 0) {
    statNameless(core, file, into);
    return 0;
  }
  return servedBy(core, file.inode).stat(file.inode, into);
}

export function access(
  core: Core,
  tid: number,
  at: number,
  path: string,
  mask: number,
  real: boolean,
  follow: boolean,
): number {
  const found = walk(core, tid, at, path, follow ? FOLLOW : 0);
  if (found === JUMPED) return (mask & 1) !== 0 ? -EACCES : 0;
  return found < 0 ? found : permitDentry(core, tid, dentryOf(core, found), core.here, mask, real);
}

/** A change of what `core.here` describes. */
export function change(core: Core, dentry: Dentry, attributes: Attributes): number {
  if (isReadOnly(core, dentry)) return -EROFS;
  return servedBy(core, dentry.inode).setAttributes(dentry.inode, attributes);
}

export function changeMode(core: Core, tid: number, dentry: Dentry, mode: number): number {
  if (isReadOnly(core, dentry)) return -EROFS;
  if (!owns(core, tid, core.here)) return -EPERM;
  let wanted = mode & S_IALLUGO;
  if ((wanted & S_ISGID) !== 0 && !isDirectory(core.here)) {
    const keeps = inGroup(core, tid, core.here.gid) || core.kernel.process.capable(tid, CAP_FSETID);
    if (!keeps) wanted &= ~S_ISGID;
  }
  if (forbidsMode(core, dentry.inode, core.here.mode, wanted)) return -EPERM;
  return change(core, dentry, { mode: wanted });
}

export function changeOwner(core: Core, tid: number, dentry: Dentry, uid: number, gid: number): number {
  if (isReadOnly(core, dentry)) return -EROFS;
  const now = core.here;
  if (!core.kernel.process.capable(tid, CAP_CHOWN)) {
    const { fsuid } = core.kernel.process.credentials(tid);
    if (uid !== -1 && (fsuid !== now.uid || uid !== now.uid)) return -EPERM;
    if (gid !== -1 && (fsuid !== now.uid || (gid !== now.gid && !inGroup(core, tid, gid)))) return -EPERM;
  }
  const mode = isDirectory(now) ? now.mode : withoutSetIds(now.mode);
  return change(core, dentry, {
    ...(uid === -1 ? {} : { uid }),
    ...(gid === -1 ? {} : { gid }),
    ...(mode === now.mode ? {} : { mode: mode & S_IALLUGO }),
  });
}

export function changeTimes(core: Core, tid: number, dentry: Dentry, times: FileTimes): number {
  if (times.atime === null && times.mtime === null) return 0;
  if (isReadOnly(core, dentry)) return -EROFS;
  if (!owns(core, tid, core.here)) {
    if (!times.now) return -EPERM;
    if (permit(core, tid, core.here, MAY_WRITE, false) !== 0) return -EACCES;
  }
  const { atime, mtime } = times;
  return change(core, dentry, {
    ...(atime === null ? {} : { atimeSeconds: atime.seconds, atimeNanoseconds: atime.nanoseconds }),
    ...(mtime === null ? {} : { mtimeSeconds: mtime.seconds, mtimeNanoseconds: mtime.nanoseconds }),
  });
}

/** Pre: the caller may write. */
export function changeSize(core: Core, tid: number, inode: number, size: number): number {
  if (size > core.here.size && size > sizeLimit(core, tid)) return -EFBIG;
  return resize(core, inode, core.here.size, size);
}

export function truncate(core: Core, tid: number, at: number, path: string, size: number): number {
  const found = find(core, tid, at, path, true);
  if (found < 0) return found;
  if (isDirectory(core.here)) return -EISDIR;
  if (typeBits(core.here) !== S_IFREG) return -EINVAL;
  const dentry = dentryOf(core, found);
  const error = permitDentry(core, tid, dentry, core.here, MAY_WRITE, false) || mayChange(core, dentry.inode);
  return error === 0 ? changeSize(core, tid, dentry.inode, size) : error;
}

export function truncateFile(core: Core, tid: number, file: OpenFile, size: number): number {
  if (file.kind === 'path') return -EBADF;
  if (file.kind !== 'regular' || (file.flags & 3) === 0) return -EINVAL;
  const error = servedBy(core, file.inode).stat(file.inode, core.here);
  return error === 0 ? changeSize(core, tid, file.inode, size) : error;
}

/** Change what an open file is on, by one of the functions above. */
export function changeFile(core: Core, file: OpenFile, how: (dentry: Dentry) => number): number {
  if (file.kind === 'path') return -EBADF;
  if (file.dentry === 0) return 0;
  const error = servedBy(core, file.inode).stat(file.inode, core.here);
  return error === 0 ? how(dentryOf(core, file.dentry)) : error;
}

export function changePath(
  core: Core,
  tid: number,
  at: number,
  path: string,
  follow: boolean,
  how: (dentry: Dentry) => number,
): number {
  const found = find(core, tid, at, path, follow);
  return found < 0 ? found : how(dentryOf(core, found));
}

export function statfs(core: Core, tid: number, at: number, path: string): FileSystemStat | number {
  const found = find(core, tid, at, path, true);
  if (found < 0) return found;
  const { inode } = dentryOf(core, found);
  return servedBy(core, inode).statfs(superblockOf(inode));
}
