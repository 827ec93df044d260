/**
 * Operations that change something: what must come before and after.
 *
 * Before the first change the superblock says on the disk that the file system is in use. Damage that a change meets makes the
 * mount read-only, so that it does not spread.
 */
import { ENOSPC, EROFS, EUCLEAN } from '../../../abi/linux/errno.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import { idOf, mountOf, run, type Self } from './run.ts';
import type { Ext2Mount } from './state.ts';
import { markInUse } from './superblock.ts';
import type { Transaction } from './transaction.ts';
import { reap, spoil } from './upkeep.ts';

/** Have it on the disk that the file system is in use. @returns 0, -EIO or WAIT */
function leaveClean(self: Self, sb: number, mount: Ext2Mount): number {
  const marked = mount.marked ? 0 : run(self, sb, mount, markInUse);
  if (typeof marked === 'number' && marked < 0) return marked;
  mount.marked = true;
  const synced = self.kernel.buffercache.sync(mount.disk);
  if (synced === 0) mount.clean = false;
  return synced;
}

/** Run an operation that changes something. @returns what it returns, or -errno or WAIT */
export function update<T>(self: Self, sb: number, act: (tx: Transaction) => T): T | number {
  const mount = mountOf(self, idOf(sb, 0));
  if (mount.readOnly) return -EROFS;
  if (mount.clean) {
    const left = leaveClean(self, sb, mount);
    if (left !== 0) return left;
  }
  const result = run(self, sb, mount, act);
  if (result === -EUCLEAN) spoil(mount);
  if (result !== -ENOSPC || mount.dying.size + mount.cutting.size === 0) return result;
  // What was removed but still has its blocks makes room.
  const reaped = reap(self, sb, mount);
  if (reaped === WAIT) return WAIT;
  return run(self, sb, mount, act);
}
