/**
 * Running an operation as a transaction. Those that change something come through update.ts.
 */
import { SB_SHIFT, superblockOf } from '../../../contracts/filesystem.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { KernelFault } from '../../../lib/kernel-fault.ts';
import type { Ext2Mount, Ext2State } from './state.ts';
import { abort, begin, commit, Stop, type Transaction } from './transaction.ts';

export interface Self {
  readonly state: Ext2State;
  readonly kernel: Kernel;
}

export function mountOf(self: Self, id: number): Ext2Mount {
  const mount = self.state.mounts.get(superblockOf(id));
  if (mount === undefined) throw new KernelFault(`inode ${id} belongs to no mounted ext2`);
  return mount;
}

export const idOf = (sb: number, ino: number): number => sb * SB_SHIFT + ino;

/** Run an operation to its end, or as if it never ran. @returns what it returns, or -errno or WAIT */
export function run<T>(self: Self, sb: number, mount: Ext2Mount, act: (tx: Transaction) => T): T | number {
  const tx = begin(self.kernel, sb, mount);
  try {
    const result = act(tx);
    commit(tx);
    return result;
  } catch (error) {
    if (error instanceof Stop) return error.answer;
    throw error;
  } finally {
    abort(tx);
  }
}
