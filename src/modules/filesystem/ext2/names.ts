/**
 * Making, linking, renaming and removing names.
 *
 * Each is the body of one transaction. Who has no name any more afterwards is told by `lost`, so that its blocks are freed
 * when nobody holds it. Source: link(2), rename(2), unlink(2); the order of errors is that of the other file systems here.
 */
import {
  EEXIST,
  EINVAL,
  EISDIR,
  EMLINK,
  ENAMETOOLONG,
  ENOENT,
  ENOTDIR,
  ENOTEMPTY,
  EPERM,
} from '../../../abi/linux/errno.ts';
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from '../../../abi/linux/rename.ts';
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT, S_ISGID } from '../../../abi/linux/stat.ts';
import { takeInode } from './allocate.ts';
import {
  addEntry,
  type Entry,
  fillDirectory,
  findEntry,
  isEmpty,
  pointEntry,
  removeEntry,
} from './directory.ts';
import {
  changeInode,
  clearInode,
  linksOf,
  liveInode,
  modeOf,
  namedDirectory,
  putDevice,
  putOwner,
  readInode,
  typeOf,
} from './inode.ts';
import * as at from './layout.ts';
import { haveBlock } from './map.ts';
import { get16, put16, put32, replaceBlock, Stop, type Transaction } from './transaction.ts';

function fail(errno: number): never {
  throw new Stop(-errno);
}

const isDirectory = (tx: Transaction, ino: number): boolean => typeOf(liveInode(tx, ino)) === S_IFDIR;

/** The entry of a name in what must be a directory. */
function entryOf(tx: Transaction, directory: number, name: string): Entry | null {
  if (!isDirectory(tx, directory)) fail(ENOTDIR);
  return findEntry(tx, directory, name);
}

/** A name that may be made. */
function checkVacant(tx: Transaction, directory: number, name: string): void {
  if (!isDirectory(tx, directory)) fail(ENOTDIR);
  if (name.length > at.NAME_MAX) fail(ENAMETOOLONG);
  if (findEntry(tx, directory, name) !== null) fail(EEXIST);
  namedDirectory(tx, directory);
}

function addLinks(tx: Transaction, ino: number, by: number): number {
  const inode = changeInode(tx, ino);
  const links = Math.max(0, linksOf(inode) + by);
  if (links > at.MOST_LINKS) fail(EMLINK);
  put16(inode, at.INODE_LINKS, links);
  put32(inode, at.INODE_CTIME, tx.now);
  return links;
}

/** A target that does not fit the inode has a block. */
function putTarget(tx: Transaction, ino: number, target: string): void {
  if (target.length >= tx.mount.blockSize) fail(ENAMETOOLONG);
  put32(changeInode(tx, ino), at.INODE_SIZE, target.length);
  const bytes = Uint8Array.from(target, (char) => char.charCodeAt(0));
  if (target.length < at.FAST_SYMLINK) changeInode(tx, ino).set(bytes, at.INODE_BLOCK);
  else {
    const block = replaceBlock(tx, haveBlock(tx, ino, 0));
    block.fill(0);
    block.set(bytes);
  }
}

/** @returns the new inode's number */
export function make(
  tx: Transaction,
  directory: number,
  name: string,
  mode: number,
  uid: number,
  gid: number,
  rdev: number,
  target: string,
): number {
  checkVacant(tx, directory, name);
  const above = readInode(tx, directory);
  const inherits = (modeOf(above) & S_ISGID) !== 0;
  const group = get16(above, at.INODE_GID) + get16(above, at.INODE_GID_HIGH) * 0x1_0000;
  const type = mode & S_IFMT;
  const makesDirectory = type === S_IFDIR;
  if (makesDirectory) addLinks(tx, directory, 1);
  const ino = takeInode(tx, directory, makesDirectory);
  const inode = clearInode(tx, ino);
  put16(inode, at.INODE_MODE, inherits && makesDirectory ? mode | S_ISGID : mode);
  putOwner(inode, uid, inherits ? group : gid);
  put16(inode, at.INODE_LINKS, makesDirectory ? 2 : 1);
  for (const field of [at.INODE_ATIME, at.INODE_MTIME, at.INODE_CTIME]) put32(inode, field, tx.now);
  if (type === S_IFCHR || type === S_IFBLK) putDevice(inode, rdev);
  if (type === S_IFLNK) putTarget(tx, ino, target);
  if (makesDirectory) fillDirectory(tx, ino, directory);
  addEntry(tx, directory, name, ino);
  return ino;
}

export function link(tx: Transaction, directory: number, name: string, ino: number): void {
  checkVacant(tx, directory, name);
  const inode = liveInode(tx, ino);
  if (typeOf(inode) === S_IFDIR) fail(EPERM);
  if (linksOf(inode) === 0) fail(ENOENT);
  addLinks(tx, ino, 1);
  addEntry(tx, directory, name, ino);
}

/** May it be removed as a directory, or as something else? */
function checkRemovable(tx: Transaction, ino: number, asDirectory: boolean): void {
  const directory = isDirectory(tx, ino);
  if (asDirectory && !directory) fail(ENOTDIR);
  if (!asDirectory && directory) fail(EISDIR);
  if (directory && !isEmpty(tx, ino)) fail(ENOTEMPTY);
}

/** A name for the inode is gone. @returns the inode if it was the last one, else 0 */
function dropName(tx: Transaction, directory: number, ino: number): number {
  if (!isDirectory(tx, ino)) return addLinks(tx, ino, -1) === 0 ? ino : 0;
  addLinks(tx, ino, -at.MOST_LINKS);
  addLinks(tx, directory, -1);
  return ino;
}

/** @returns the inode that has no name any more, or 0 */
export function unlink(tx: Transaction, directory: number, name: string, asDirectory: boolean): number {
  const entry = entryOf(tx, directory, name);
  if (entry === null) fail(ENOENT);
  checkRemovable(tx, entry.ino, asDirectory);
  removeEntry(tx, directory, entry);
  return dropName(tx, directory, entry.ino);
}

/** Is `ancestor` the directory or above it? A chain that is broken or goes round ends. */
function isAtOrBelow(tx: Transaction, directory: number, ancestor: number): boolean {
  const seen = new Set<number>();
  for (let here = directory; here !== ancestor; ) {
    if (here === at.ROOT_INO || seen.has(here)) return false;
    seen.add(here);
    if (typeOf(readInode(tx, here)) !== S_IFDIR) return false;
    const above = findEntry(tx, here, '..');
    if (above === null) return false;
    here = above.ino;
  }
  return true;
}

/** A directory moved: its `..`, and the links that those stand for. */
function reparent(tx: Transaction, ino: number, from: number, to: number): void {
  const dots = findEntry(tx, ino, '..');
  if (dots === null || from === to) return;
  pointEntry(tx, ino, dots, to);
  addLinks(tx, from, -1);
  addLinks(tx, to, 1);
}

function exchange(tx: Transaction, from: number, moved: Entry, to: number, victim: Entry): void {
  pointEntry(tx, from, moved, victim.ino);
  pointEntry(tx, to, victim, moved.ino);
  for (const ino of [moved.ino, victim.ino]) put32(changeInode(tx, ino), at.INODE_CTIME, tx.now);
  if (isDirectory(tx, moved.ino)) reparent(tx, moved.ino, from, to);
  if (isDirectory(tx, victim.ino)) reparent(tx, victim.ino, to, from);
}

/** @returns the inode that has no name any more, or 0 */
export function rename(
  tx: Transaction,
  from: number,
  name: string,
  to: number,
  toName: string,
  flags: number,
): number {
  const swaps = (flags & RENAME_EXCHANGE) !== 0;
  const keeps = (flags & RENAME_NOREPLACE) !== 0;
  if ((flags & ~(RENAME_EXCHANGE | RENAME_NOREPLACE)) !== 0 || (swaps && keeps)) fail(EINVAL);
  const moved = entryOf(tx, from, name);
  if (moved === null) fail(ENOENT);
  const victim = entryOf(tx, to, toName);
  if (victim !== null && keeps) fail(EEXIST);
  if (victim === null && swaps) fail(ENOENT);
  const movesDirectory = isDirectory(tx, moved.ino);
  if (movesDirectory && isAtOrBelow(tx, to, moved.ino)) fail(EINVAL);
  if (victim === null) {
    checkVacant(tx, to, toName);
    return move(tx, from, name, moved, to, toName, movesDirectory);
  }
  if (isDirectory(tx, victim.ino) && isAtOrBelow(tx, from, victim.ino)) fail(swaps ? EINVAL : ENOTEMPTY);
  if (moved.ino === victim.ino) return 0;
  if (swaps) {
    exchange(tx, from, moved, to, victim);
    return 0;
  }
  checkRemovable(tx, victim.ino, movesDirectory);
  pointEntry(tx, to, victim, moved.ino);
  const lost = dropName(tx, to, victim.ino);
  finishMove(tx, from, name, moved.ino, to, movesDirectory);
  return lost;
}

function move(
  tx: Transaction,
  from: number,
  name: string,
  moved: Entry,
  to: number,
  toName: string,
  movesDirectory: boolean,
): number {
  addEntry(tx, to, toName, moved.ino);
  finishMove(tx, from, name, moved.ino, to, movesDirectory);
  return 0;
}

/** Take the old name out; it is looked up again, for its block may have changed. */
function finishMove(
  tx: Transaction,
  from: number,
  name: string,
  ino: number,
  to: number,
  movesDirectory: boolean,
): void {
  const old = findEntry(tx, from, name);
  if (old === null) fail(ENOENT);
  removeEntry(tx, from, old);
  put32(changeInode(tx, ino), at.INODE_CTIME, tx.now);
  if (movesDirectory) reparent(tx, ino, from, to);
}
