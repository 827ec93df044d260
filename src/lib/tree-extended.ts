/**
 * Extended attributes of inodes in a tree: the interface `extended` of file systems in memory.
 *
 * Values lie in the inodes' records, which guest memory does not bound, so their sum is. Holds no state. Source: xattr(7).
 */
import { EEXIST, ENODATA, ENOSPC, EROFS } from '../abi/linux/errno.ts';
import { XATTR_CREATE, XATTR_REPLACE } from '../abi/linux/xattr.ts';
import { type FileSystem, inodeNumberOf, superblockOf } from '../contracts/filesystem.ts';
import type { Kernel } from '../contracts/kernel.ts';
import { ABSENT_ATTRIBUTES, attributeBytes, type Tree, type TreeInode, touchChanged } from './inode-tree.ts';
import { KernelFault } from './kernel-fault.ts';
import type { Backing } from './tree-file-system.ts';
import type { TreeState } from './tree-state.ts';

export type Extended = Required<Pick<FileSystem, 'getExtended' | 'setExtended' | 'listExtended'>>;

/** Names and values of one inode, as what keeps them on a disk would have it at most; and of all of a type. */
const MOST_OF_INODE = 131_072;
const FREE_OF_CHARGE = 1 << 20;
const mostOfAll = (kernel: Kernel): number => FREE_OF_CHARGE + kernel.frames.total() * 64;

/** Put a set of attributes in an inode. */
export function replaceExtended(tree: Tree, inode: TreeInode, extended: Map<string, Uint8Array>): void {
  tree.extendedBytes += attributeBytes(extended) - attributeBytes(inode.extended);
  inode.extended = extended.size === 0 ? null : extended;
}

export function treeExtended(state: TreeState, kernel: Kernel, backing: Pick<Backing, 'load'>): Extended {
  /** The tree and the inode with its attributes there, or -errno or WAIT. */
  const find = (id: number): { readonly tree: Tree; readonly inode: TreeInode } | number => {
    const tree = state.trees.get(superblockOf(id));
    const inode = tree?.inodes.get(inodeNumberOf(id));
    if (tree === undefined || inode === undefined) throw new KernelFault(`inode ${id} does not exist`);
    if ((inode.absent & ABSENT_ATTRIBUTES) === 0) return { tree, inode };
    return backing.load(superblockOf(id), tree, inode, ABSENT_ATTRIBUTES, 0) || { tree, inode };
  };
  const used = (): number => {
    let bytes = 0;
    for (const { extendedBytes } of state.trees.values()) bytes += extendedBytes;
    return bytes;
  };
  return {
    getExtended(id, name) {
      const found = find(id);
      return typeof found === 'number' ? found : (found.inode.extended?.get(name) ?? -ENODATA);
    },
    setExtended(id, name, value, flags) {
      const found = find(id);
      if (typeof found === 'number') return found;
      const { tree, inode } = found;
      if (tree.readOnly) return -EROFS;
      const before = inode.extended?.get(name);
      if (before !== undefined && (flags & XATTR_CREATE) !== 0) return -EEXIST;
      if (before === undefined && (value === null || (flags & XATTR_REPLACE) !== 0)) return -ENODATA;
      const after = new Map(inode.extended ?? []);
      if (value === null) after.delete(name);
      else after.set(name, value);
      const [was, is] = [attributeBytes(inode.extended), attributeBytes(after)];
      if (is > was && (is > MOST_OF_INODE || used() + is - was > mostOfAll(kernel))) return -ENOSPC;
      replaceExtended(tree, inode, after);
      const { clock } = kernel;
      touchChanged(inode, { seconds: clock.realtimeSeconds(), nanoseconds: clock.realtimeNanoseconds() });
      return 0;
    },
    listExtended(id) {
      const found = find(id);
      return typeof found === 'number' ? found : [...(found.inode.extended?.keys() ?? [])];
    },
  };
}
