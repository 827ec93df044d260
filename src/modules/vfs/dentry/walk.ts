/**
 * Path walking: from a byte-string path to a dentry.
 *
 * Source: path_resolution(7), symlink(7). `..` stops at the process's root; a mount is entered from the dentry that it
 * covers and left to that dentry's parent. A symlink puts its text before what is left of the path; a magic link of proc
 * jumps to the very object. Permission to search is asked of every directory, that to use the result is the caller's.
 */
import { ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR } from '../../../abi/linux/errno.ts';
import { MAX_SYMLINKS, NAME_MAX, PATH_MAX } from '../../../abi/linux/fcntl.ts';
import { S_IFLNK } from '../../../abi/linux/stat.ts';
import { type FileSystem, FS_VOLATILE, type Stat, superblockOf } from '../../../contracts/filesystem.ts';
import { type Core, dentryOf, isDirectory, type LastKind, servedBy, typeBits } from './core.ts';
import { cached, crossMounts, lookup, parentOf, trim } from './dentries.ts';
import { MAY_EXECUTE, permit } from './permission.ts';

/** Follow a symlink in the last place. */
export const FOLLOW = 1;
/** Stop before the last component: return its directory, and the component in `core.walked`. */
export const PARENT = 2;
/** Return 0 if only the last component is missing, with its directory and name in `core.walked`. */
export const MAY_MISS = 4;

/** The path leads to an open file without a name (`core.walked.file`): /proc/self/fd/N of a pipe. */
export const JUMPED = -9000;

const DOT = 46;
const SLASH = 47;
const NO_SUPERBLOCK = -1;

const kindOf = (name: string): LastKind => {
  if (name.charCodeAt(0) !== DOT) return 'name';
  if (name === '.') return 'dot';
  return name === '..' ? 'dotdot' : 'name';
};

function skipSlashes(path: string, from: number): number {
  let at = from;
  while (path.charCodeAt(at) === SLASH) at++;
  return at;
}

const statOf = (core: Core, id: number, into: Stat): number => {
  const { inode } = dentryOf(core, id);
  return servedBy(core, inode).stat(inode, into);
};

/**
 * Walk a path. @param at where a relative path begins, 0 = the working directory
 * @returns a dentry (not held, and `core.here` describes it), 0 under MAY_MISS (`core.here` describes the directory),
 * -errno, WAIT, or JUMPED
 */
export function walk(core: Core, tid: number, at: number, path: string, how: number): number {
  const { walked } = core;
  walked.parent = 0;
  walked.name = '';
  walked.kind = 'root';
  walked.trailing = false;
  walked.file = 0;
  trim(core);
  if (path.length === 0) return -ENOENT;
  if (path.length >= PATH_MAX) return -ENAMETOOLONG;

  const place = core.kernel.process.place(tid);
  let here = place.root;
  if (path.charCodeAt(0) !== SLASH) here = at === 0 ? place.cwd : at;
  let error = statOf(core, here, core.here);
  if (error !== 0) return error;

  // Who serves the directory is asked for once, as long as the walk stays in one file system.
  let sb = NO_SUPERBLOCK;
  let cell: FileSystem | null = null;
  let keepsNames = false;
  let rest = path;
  let links = 0;
  for (let position = skipSlashes(rest, 0); position < rest.length; ) {
    if (!isDirectory(core.here)) return -ENOTDIR;
    error = permit(core, tid, core.here, MAY_EXECUTE, false);
    if (error !== 0) return error;

    const slash = rest.indexOf('/', position);
    const end = slash === -1 ? rest.length : slash;
    const name = rest.slice(position, end);
    const next = skipSlashes(rest, end);
    const last = next === rest.length;
    const trailing = last && next > end;
    const kind = kindOf(name);
    position = next;
    if (last) {
      walked.parent = here;
      walked.name = name;
      walked.kind = kind;
      walked.trailing = trailing;
      if ((how & PARENT) !== 0) return here;
    }

    if (kind === 'dot') continue;
    if (kind === 'dotdot') {
      here = parentOf(core, here, place.root);
      error = statOf(core, here, core.here);
      if (error !== 0) return error;
      continue;
    }
    if (name.length > NAME_MAX) return -ENAMETOOLONG;
    const directory = dentryOf(core, here);
    if (cell === null || superblockOf(directory.inode) !== sb) {
      sb = superblockOf(directory.inode);
      cell = servedBy(core, directory.inode);
      keepsNames = (cell.capabilities(sb) & FS_VOLATILE) === 0;
    }
    const found = (keepsNames ? cached(core, here, name) : 0) || lookup(core, tid, directory, name);
    if (found === -ENOENT && last && (how & MAY_MISS) !== 0) return 0;
    if (found < 0) return found;
    let dentry = dentryOf(core, found);
    if (dentry.covered !== 0) dentry = dentryOf(core, crossMounts(core, found));
    let child = dentry.id;
    error =
      superblockOf(dentry.inode) === sb
        ? cell.stat(dentry.inode, core.there)
        : statOf(core, child, core.there);
    if (error !== 0) return error;

    if (typeBits(core.there) === S_IFLNK && (!last || trailing || (how & FOLLOW) !== 0)) {
      if (++links > MAX_SYMLINKS) return -ELOOP;
      const { inode } = dentry;
      const server = servedBy(core, inode);
      const jump = server.jump(tid, inode);
      if (jump < 0) return jump;
      if (jump === 0) {
        walked.file = server.jumpFile(tid, inode);
        if (walked.file !== 0) return last && !trailing ? JUMPED : -ENOTDIR;
        const target = server.readlink(tid, inode);
        if (typeof target === 'number') return target;
        if (target.length === 0) return -ENOENT;
        rest = last && !trailing ? target : `${target}/${rest.slice(next)}`;
        position = skipSlashes(rest, 0);
        if (position > 0) {
          here = place.root;
          error = statOf(core, here, core.here);
          if (error !== 0) return error;
          walked.kind = 'root';
        }
        continue;
      }
      child = jump;
      error = statOf(core, child, core.there);
      if (error !== 0) return error;
    }
    if (trailing && !isDirectory(core.there)) return -ENOTDIR;
    here = child;
    const stat = core.here;
    core.here = core.there;
    core.there = stat;
  }
  return here;
}
