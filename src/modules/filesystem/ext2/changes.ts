/**
 * Changes that take more than one transaction, or none for certain: writes, attributes, access times.
 */
import { EROFS } from '../../../abi/linux/errno.ts';
import { type Attributes, inodeNumberOf, superblockOf } from '../../../contracts/filesystem.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import { zeroPhysical } from '../../../lib/spans.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import { changeAttributes, takeWritten } from './content.ts';
import { changeInode, readInode } from './inode.ts';
import * as at from './layout.ts';
import { mountOf, run, type Self } from './run.ts';
import { get32, put32 } from './transaction.ts';
import { update } from './update.ts';
import { finishCut, mark, unmark } from './upkeep.ts';

/** A day: relatime updates an access time that is older. */
const RELATIME_SECONDS = 86400;

/** Pages are marked before there is anything to wait for, for the page cache is then the only place that has them. */
export function written(self: Self, id: number, offset: number, length: number): number {
  const mount = mountOf(self, id);
  const ino = inodeNumberOf(id);
  if (mount.readOnly) return -EROFS;
  mount.paged.add(ino);
  const first = Math.floor(offset / PAGE_SIZE);
  const end = Math.ceil((offset + length) / PAGE_SIZE);
  for (let index = first; index < end; index++) mark(mount, ino, index);
  if (finishCut(self, superblockOf(id), mount, ino) === WAIT) return WAIT;
  const done = update(self, superblockOf(id), (tx) => {
    takeWritten(tx, ino, offset, length);
    return 0;
  });
  if (done !== WAIT) for (let index = first; index < end; index++) unmark(mount, ino, index);
  return done;
}

/** A size was set: drop what lies behind it, in memory, and on the disk as far as that goes without waiting. */
function cutFile(self: Self, id: number, size: number): void {
  const { kernel } = self;
  const mount = mountOf(self, id);
  const pages = Math.ceil(size / PAGE_SIZE);
  kernel.vm.truncated(id, pages);
  kernel.pagecache.truncate(id, pages);
  const rest = size % PAGE_SIZE;
  const frame = rest === 0 ? 0 : kernel.pagecache.find(id, pages - 1);
  if (frame !== 0) zeroPhysical(kernel, frame * PAGE_SIZE + rest, PAGE_SIZE - rest);
  mount.cutting.add(inodeNumberOf(id));
  finishCut(self, superblockOf(id), mount, inodeNumberOf(id));
}

export function setAttributes(self: Self, id: number, attributes: Attributes): number {
  const sb = superblockOf(id);
  const ino = inodeNumberOf(id);
  const { size } = attributes;
  if (size !== undefined && finishCut(self, sb, mountOf(self, id), ino) === WAIT) return WAIT;
  const changed = update(self, sb, (tx) => {
    changeAttributes(tx, ino, attributes);
    return 0;
  });
  if (changed === 0 && size !== undefined) cutFile(self, id, size);
  return changed;
}

/** relatime; only in a file system that is in use already, and if the inode is at hand: nobody waits for this. */
export function accessInode(self: Self, id: number): void {
  const mount = mountOf(self, id);
  const ino = inodeNumberOf(id);
  if (mount.readOnly || mount.noatime || mount.clean) return;
  run(self, superblockOf(id), mount, (tx) => {
    const inode = readInode(tx, ino);
    const then = get32(inode, at.INODE_ATIME);
    const changed = Math.max(get32(inode, at.INODE_MTIME), get32(inode, at.INODE_CTIME));
    if (then > changed && tx.now - then < RELATIME_SECONDS) return;
    put32(changeInode(tx, ino), at.INODE_ATIME, tx.now);
  });
}
