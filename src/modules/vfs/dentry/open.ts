/**
 * open(2): from a path to an open file description.
 *
 * Checks in Linux's order; what a special file opens is in special.ts. A file that was just made is opened whatever its
 * mode says.
 */
import {
  EACCES,
  EEXIST,
  EINVAL,
  EISDIR,
  ELOOP,
  ENFILE,
  ENOTDIR,
  EOPNOTSUPP,
  EPERM,
  EROFS,
} from '../../../abi/linux/errno.ts';
import {
  O_ACCMODE,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOATIME,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE_BIT,
  O_TRUNC,
  O_WRONLY,
} from '../../../abi/linux/fcntl.ts';
import { S_IALLUGO, S_IFDIR, S_IFLNK, S_IFREG } from '../../../abi/linux/stat.ts';
import { type Dentry, MOST_FILES } from '../../../contracts/vfs.ts';
import { resize } from './content.ts';
import { type Core, dentryOf, isDirectory, isReadOnly, servedBy, typeBits } from './core.ts';
import { addChild } from './dentries.ts';
import { addFile } from './files.ts';
import { beginTable } from './mount-tables.ts';
import { createNode, mayMake } from './names.ts';
import { MAY_READ, MAY_WRITE, owns, permitDentry } from './permission.ts';
import { mayChange } from './running.ts';
import { openAgain, openSpecial, resumeFifo } from './special.ts';
import { FOLLOW, JUMPED, MAY_MISS, walk } from './walk.ts';

const PATH_FLAGS: number = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

const accessMask = (flags: number): number => {
  const mode = flags & O_ACCMODE;
  let mask = mode === O_WRONLY ? MAY_WRITE : MAY_READ;
  if (mode === O_RDWR || mode === O_ACCMODE) mask = MAY_READ | MAY_WRITE;
  return (flags & O_TRUNC) !== 0 ? mask | MAY_WRITE : mask;
};

export function open(core: Core, tid: number, at: number, path: string, asked: number, mode: number): number {
  const resumed = resumeFifo(core, tid);
  if (resumed !== 0) return resumed;
  if (core.state.files.size >= MOST_FILES) return -ENFILE;
  const flags = (asked & O_PATH) !== 0 ? asked & PATH_FLAGS : asked;
  if ((flags & O_TMPFILE_BIT) !== 0) {
    const directory = (flags & O_DIRECTORY) !== 0 && (flags & O_ACCMODE) !== O_RDONLY;
    return directory ? -EOPNOTSUPP : -EINVAL;
  }
  const creates = (flags & O_CREAT) !== 0;
  if (creates && (flags & O_DIRECTORY) !== 0) return -EINVAL;
  const exclusive = creates && (flags & O_EXCL) !== 0;
  const follow = (flags & O_NOFOLLOW) === 0 && !exclusive;
  const found = walk(core, tid, at, path, (follow ? FOLLOW : 0) | (creates ? MAY_MISS : 0));
  if (found === 0) return createFile(core, tid, flags, mode);
  if (found === JUMPED) return openAgain(core, tid, core.walked.file, flags);
  if (found < 0) return found;
  if (exclusive) return -EEXIST;
  // `.`, `..`, a root or a name with a slash behind can not be made.
  if (creates && (core.walked.kind !== 'name' || isDirectory(core.here))) return -EISDIR;
  return openFound(core, tid, dentryOf(core, found), flags);
}

/** Pre: a MAY_MISS walk found the directory alone. */
function createFile(core: Core, tid: number, flags: number, mode: number): number {
  if (core.walked.trailing) return -EISDIR;
  const { parent, name } = core.walked;
  if (!isDirectory(core.here)) return -ENOTDIR;
  const error = mayMake(core, tid, parent);
  if (error !== 0) return error;
  const inode = createNode(core, tid, parent, S_IFREG | (mode & S_IALLUGO), 0);
  if (inode < 0) return inode;
  const dentry = addChild(core, dentryOf(core, parent), name, inode);
  const file = addFile(core, 'regular', flags, dentry, 0);
  file.created = true;
  return file.id;
}

/** Pre: `core.here` describes the dentry. */
function openFound(core: Core, tid: number, dentry: Dentry, flags: number): number {
  const type = typeBits(core.here);
  if ((flags & O_DIRECTORY) !== 0 && type !== S_IFDIR) return -ENOTDIR;
  if ((flags & O_PATH) !== 0) return addFile(core, 'path', flags, dentry, 0).id;
  if (type === S_IFLNK) return -ELOOP;
  const mask = accessMask(flags);
  if (type === S_IFDIR && (mask & MAY_WRITE) !== 0) return -EISDIR;
  const error = permitDentry(core, tid, dentry, core.here, mask, false);
  if (error !== 0) return error;
  if ((flags & O_NOATIME) !== 0 && !owns(core, tid, core.here)) return -EPERM;
  if (type === S_IFDIR) return addFile(core, 'directory', flags, dentry, 0).id;
  if (type !== S_IFREG) return openSpecial(core, tid, dentry, flags);
  if ((mask & MAY_WRITE) !== 0) {
    const busy = mayChange(core, dentry.inode);
    if (busy !== 0) return busy;
  }
  if ((flags & O_TRUNC) !== 0 && core.here.size !== 0) {
    const truncated = resize(core, dentry.inode, core.here.size, 0);
    if (truncated !== 0) return truncated;
  }
  const file = addFile(core, 'regular', flags, dentry, 0);
  beginTable(core, file);
  return file.id;
}

/** For the kernel's own use: no permission check. */
export function openDentry(core: Core, tid: number, id: number, flags: number): number {
  const dentry = dentryOf(core, id);
  const error = servedBy(core, dentry.inode).stat(dentry.inode, core.here);
  if (error !== 0) return error;
  const writes = (accessMask(flags) & MAY_WRITE) !== 0;
  const type = typeBits(core.here);
  if (writes && (type === S_IFREG || type === S_IFDIR) && isReadOnly(core, dentry)) return -EROFS;
  if (type === S_IFREG) return addFile(core, 'regular', flags, dentry, 0).id;
  if (type === S_IFDIR) return writes ? -EISDIR : addFile(core, 'directory', flags, dentry, 0).id;
  return type === S_IFLNK ? -EACCES : openSpecial(core, tid, dentry, flags);
}
