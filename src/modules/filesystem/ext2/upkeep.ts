/**
 * What is done behind the operations: freeing removed files, writing pages that came late, syncing.
 *
 * All of it may wait, and goes on where it was when it is asked again; what can not be done is recorded and reported by the
 * next sync.
 */
import { EIO } from '../../../abi/linux/errno.ts';
import { S_IFDIR, S_IFREG } from '../../../abi/linux/stat.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import { giveInode } from './allocate.ts';
import { changeInode, hasBlocks, readInode, typeOf } from './inode.ts';
import * as at from './layout.ts';
import { cutBlocks } from './map.ts';
import { cutBeyondEnd, writePage } from './content.ts';
import { dropAttributes } from './extended.ts';
import { idOf, run, type Self } from './run.ts';
import type { Ext2Mount } from './state.ts';
import { writeCounts } from './superblock.ts';
import { put16, put32, type Transaction } from './transaction.ts';

/** Free a part of what a removed inode has, and at last the inode. @returns true if it is gone */
function bury(tx: Transaction, ino: number): boolean {
  if (hasBlocks(readInode(tx, ino)) && !cutBlocks(tx, ino, 0)) return false;
  dropAttributes(tx, ino);
  const inode = changeInode(tx, ino);
  const isDirectory = typeOf(inode) === S_IFDIR;
  for (const field of [at.INODE_SIZE, at.INODE_SECTORS, at.INODE_ATTRIBUTES]) put32(inode, field, 0);
  if (typeOf(inode) === S_IFREG) put32(inode, at.INODE_SIZE_HIGH, 0);
  put16(inode, at.INODE_LINKS, 0);
  put32(inode, at.INODE_DTIME, tx.now);
  giveInode(tx, ino, isDirectory);
  return true;
}

/** Damage was met: nothing is to be written any more. */
export function spoil(mount: Ext2Mount): void {
  mount.readOnly = true;
  mount.damaged = true;
}

/** Go on with what is done in steps. @param step one of them: true = it was the last @returns true, -errno or WAIT */
function finish(self: Self, sb: number, mount: Ext2Mount, step: (tx: Transaction) => boolean): true | number {
  if (mount.readOnly) return true;
  for (;;) {
    const done = run(self, sb, mount, step);
    if (done !== false) return done;
  }
}

/** Free the blocks behind the end of a file that was cut. @returns 0 or WAIT */
export function finishCut(self: Self, sb: number, mount: Ext2Mount, ino: number): number {
  if (!mount.cutting.has(ino)) return 0;
  const done = finish(self, sb, mount, (tx) => cutBeyondEnd(tx, ino));
  if (done === WAIT) return WAIT;
  if (done !== true) spoil(mount);
  mount.cutting.delete(ino);
  return 0;
}

/** Free what cut files and removed inodes that nobody holds still have. @returns 0 or WAIT */
export function reap(self: Self, sb: number, mount: Ext2Mount): number {
  for (const ino of [...mount.cutting]) if (finishCut(self, sb, mount, ino) === WAIT) return WAIT;
  for (const ino of [...mount.dying]) {
    const done = finish(self, sb, mount, (tx) => bury(tx, ino));
    if (done === WAIT) return WAIT;
    if (done !== true) spoil(mount);
    mount.dying.delete(ino);
  }
  return 0;
}

/** The page is in the buffer cache now, or can not be. */
export function unmark(mount: Ext2Mount, ino: number, index: number): void {
  const pages = mount.dirty.get(ino);
  if (pages?.delete(index) === true && pages.size === 0) mount.dirty.delete(ino);
}

export function mark(mount: Ext2Mount, ino: number, index: number): void {
  const pages = mount.dirty.get(ino);
  if (pages === undefined) mount.dirty.set(ino, new Set([index]));
  else pages.add(index);
}

/** Bring pages that are newer than the buffer cache there. @returns 0 or WAIT */
function writePages(self: Self, sb: number, mount: Ext2Mount): number {
  for (const [ino, pages] of [...mount.dirty]) {
    for (const index of [...pages]) {
      const done = mount.readOnly ? -EIO : run(self, sb, mount, (tx) => writePage(tx, ino, index));
      if (done === WAIT) return WAIT;
      if (typeof done === 'number' && done < 0) mount.error = done;
      unmark(mount, ino, index);
    }
  }
  return 0;
}

/** The error that no one was told of yet. */
function takeError(mount: Ext2Mount, synced: number): number {
  const { error } = mount;
  mount.error = 0;
  return synced === 0 ? error : synced;
}

/** @param last nothing will be written any more */
export function sync(self: Self, sb: number, mount: Ext2Mount, last: boolean): number {
  const { buffercache } = self.kernel;
  const settle = (synced: number): number => (synced === WAIT ? WAIT : takeError(mount, synced));
  if (!mount.marked) return settle(buffercache.sync(mount.disk));
  if (reap(self, sb, mount) === WAIT || writePages(self, sb, mount) === WAIT) return WAIT;
  if (mount.countsChanged && !mount.readOnly) {
    if (run(self, sb, mount, (tx) => writeCounts(tx, false)) === WAIT) return WAIT;
    mount.countsChanged = false;
  }
  const synced = buffercache.sync(mount.disk);
  const stays = !last || mount.readOnly || !mount.wasValid || mount.orphans.size > 0;
  if (synced !== 0 || stays) return settle(synced);
  // All else is durable, so that it may say so.
  if (run(self, sb, mount, (tx) => writeCounts(tx, true)) === WAIT) return WAIT;
  mount.clean = true;
  mount.marked = false;
  return settle(buffercache.sync(mount.disk));
}

/** vfs lets an inode go that has no name. */
export function release(self: Self, sb: number, mount: Ext2Mount, ino: number): void {
  self.kernel.pagecache.truncate(idOf(sb, ino), 0);
  mount.paged.delete(ino);
  mount.dirty.delete(ino);
  mount.cutting.delete(ino);
  mount.dying.add(ino);
  reap(self, sb, mount);
}
