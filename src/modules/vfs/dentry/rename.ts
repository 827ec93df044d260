/**
 * rename(2) and renameat2(2).
 *
 * Only the checks and the cache of names; the file system does it, in one step.
 */
import { EBUSY, EEXIST, EINVAL, ENOENT, ENOTDIR, ENOTEMPTY, EROFS, EXDEV } from '../../../abi/linux/errno.ts';
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from '../../../abi/linux/rename.ts';
import { copyStat, createStat, type Stat } from '../../../contracts/filesystem.ts';
import type { Dentry } from '../../../contracts/vfs.ts';
import { type Core, dentryOf, isDirectory, isReadOnly, servedBy } from './core.ts';
import { hold, liesIn, lookup, moveDentry, release, unhash } from './dentries.ts';
import { lookupLast } from './names.ts';
import { MAY_EXECUTE, MAY_WRITE, mayDelete, permit } from './permission.ts';
import { PARENT, walk } from './walk.ts';

/** One side: a directory and a name in it. */
interface Side {
  directory: Dentry;
  stat: Stat;
  name: string;
  trailing: boolean;
}

function side(core: Core, tid: number, at: number, path: string): Side | number {
  const parent = walk(core, tid, at, path, PARENT);
  if (parent < 0) return parent;
  if (core.walked.kind === 'name' && !isDirectory(core.here)) return -ENOTDIR;
  const stat = createStat();
  copyStat(core.here, stat);
  return {
    directory: dentryOf(core, parent),
    stat,
    // '' stands for `.`, `..` and the root, which can not be renamed.
    name: core.walked.kind === 'name' ? core.walked.name : '',
    trailing: core.walked.trailing,
  };
}

export function rename(
  core: Core,
  tid: number,
  at: number,
  path: string,
  toAt: number,
  toPath: string,
  flags: number,
): number {
  const known = RENAME_NOREPLACE | RENAME_EXCHANGE;
  if ((flags & ~known) !== 0 || (flags & known) === known) return -EINVAL;
  const from = side(core, tid, at, path);
  if (typeof from === 'number') return from;
  hold(core, from.directory.id);
  const to = side(core, tid, toAt, toPath);
  const result = typeof to === 'number' ? to : move(core, tid, from, to, flags);
  release(core, from.directory.id);
  return result;
}

function move(core: Core, tid: number, from: Side, to: Side, flags: number): number {
  if (from.directory.mount !== to.directory.mount) return -EXDEV;
  if (from.name === '') return -EBUSY;
  if (to.name === '') return (flags & RENAME_NOREPLACE) !== 0 ? -EEXIST : -EBUSY;
  if (isReadOnly(core, from.directory)) return -EROFS;
  const found = lookup(core, tid, from.directory, from.name);
  if (found < 0) return found;
  hold(core, found);
  const result = moveFound(core, tid, dentryOf(core, found), from, to, flags);
  release(core, found);
  return result;
}

function moveFound(core: Core, tid: number, source: Dentry, from: Side, to: Side, flags: number): number {
  const exchange = (flags & RENAME_EXCHANGE) !== 0;
  core.walked.name = to.name;
  const found = lookupLast(core, tid, to.directory.id);
  if (found < 0 && found !== -ENOENT) return found;
  if (found >= 0 && (flags & RENAME_NOREPLACE) !== 0) return -EEXIST;
  if (found < 0 && exchange) return -ENOENT;
  const target = found < 0 ? null : dentryOf(core, found);

  const cell = servedBy(core, source.inode);
  let error = cell.stat(source.inode, core.here);
  if (error === 0 && target !== null) error = cell.stat(target.inode, core.there);
  if (error !== 0) return error;
  const movesDirectory = isDirectory(core.here);
  const meetsDirectory = target !== null && isDirectory(core.there);
  if (from.trailing && !movesDirectory) return -ENOTDIR;
  if (to.trailing && !(exchange ? meetsDirectory : movesDirectory)) return -ENOTDIR;
  if (liesIn(core, to.directory.id, source.id)) return -EINVAL;
  if (target !== null && liesIn(core, from.directory.id, target.id)) return exchange ? -EINVAL : -ENOTEMPTY;
  if (target !== null && target.inode === source.inode) return 0;

  error = mayMove(core, tid, from, to, target !== null, movesDirectory, meetsDirectory, exchange);
  if (error !== 0) return error;
  if (source.covered !== 0 || (target !== null && target.covered !== 0)) return -EBUSY;
  error = cell.rename(from.directory.inode, from.name, to.directory.inode, to.name, flags);
  if (error !== 0) return error;

  if (exchange && target !== null) {
    hold(core, target.id);
    moveDentry(core, source, to.directory.id, to.name);
    moveDentry(core, target, from.directory.id, from.name);
    release(core, target.id);
    return 0;
  }
  if (target !== null) unhash(core, target);
  moveDentry(core, source, to.directory.id, to.name);
  return 0;
}

/** Permissions of both sides. Pre: `core.here` describes the source, `core.there` the target. */
function mayMove(
  core: Core,
  tid: number,
  from: Side,
  to: Side,
  replaces: boolean,
  movesDirectory: boolean,
  meetsDirectory: boolean,
  exchange: boolean,
): number {
  let error = mayDelete(core, tid, from.stat, core.here, movesDirectory);
  if (error !== 0) return error;
  if (to.directory.deleted) return -ENOENT;
  if (replaces) {
    error = mayDelete(core, tid, to.stat, core.there, exchange ? meetsDirectory : movesDirectory);
  } else {
    error = permit(core, tid, to.stat, MAY_WRITE | MAY_EXECUTE, false);
  }
  if (error !== 0 || from.directory.id === to.directory.id) return error;
  // A directory's `..` is written when it moves.
  if (movesDirectory) error = permit(core, tid, core.here, MAY_WRITE, false);
  if (error === 0 && exchange && meetsDirectory) error = permit(core, tid, core.there, MAY_WRITE, false);
  return error;
}
