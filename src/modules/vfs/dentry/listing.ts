/**
 * Listing of directories (getdents64(2)).
 *
 * A position is 0 before `.`, 1 before `..`, and the file system's own cookie plus 2 from there on.
 */
import { EINVAL, ENOENT, ENOTDIR } from '../../../abi/linux/errno.ts';
import { S_IFDIR, S_IFMT } from '../../../abi/linux/stat.ts';
import type { OpenFile } from '../../../contracts/vfs.ts';
import { type Core, dentryOf, servedBy } from './core.ts';
import { parentOf } from './dentries.ts';

const DOTS = 2;
/** Entries asked of the file system at a time. */
const BATCH = 256;

type Take = (inode: number, next: number, type: number, name: string) => boolean;

export function list(core: Core, tid: number, file: OpenFile, take: Take): number {
  if (file.kind !== 'directory') return -ENOTDIR;
  const dentry = dentryOf(core, file.dentry);
  if (dentry.deleted) return -ENOENT;
  const cell = servedBy(core, file.inode);
  // The first batch before anything is taken, for it may WAIT.
  let entries = cell.list(tid, file.inode, Math.max(file.cookie - DOTS, 0), BATCH);
  if (typeof entries === 'number') return entries;

  let taken = 0;
  const put = (inode: number, next: number, type: number, name: string): boolean => {
    if (!take(inode, next, type, name)) return false;
    file.cookie = next;
    taken++;
    return true;
  };
  const stopped = (): number => (taken > 0 ? 0 : -EINVAL);
  if (file.cookie === 0 && !put(file.inode, 1, S_IFDIR, '.')) return stopped();
  if (file.cookie === 1) {
    const above = dentryOf(core, parentOf(core, dentry.id, 0)).inode;
    if (!put(above, DOTS, S_IFDIR, '..')) return stopped();
  }
  while (entries.length > 0) {
    for (const { name, inode, type, next } of entries) {
      if (!put(inode, next + DOTS, type & S_IFMT, name)) return stopped();
    }
    entries = cell.list(tid, file.inode, file.cookie - DOTS, BATCH);
    if (typeof entries === 'number') break;
  }
  cell.accessed(file.inode);
  return 0;
}
