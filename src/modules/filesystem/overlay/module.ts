/**
 * filesystem/overlay: a read-only file system below, and all that is changed in memory above it.
 *
 * Every inode is one of memory that is filled in from below when it is first looked at; so links, renames and removals
 * are those of a file system in memory, and nothing is ever written below. State: see state.ts.
 */
import { OVERLAYFS_SUPER_MAGIC } from '../../../abi/linux/magic.ts';
import type { FileSystem } from '../../../contracts/filesystem.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Module } from '../../../contracts/module.ts';
import { treeExtended } from '../../../lib/tree-extended.ts';
import { type Backing, NO_BACKING, treeFileSystem } from '../../../lib/tree-file-system.ts';
import { attach, detach, fillFromLower, load, refillsFromLower } from './lower.ts';
import { type OverlayState, overlayLayout } from './state.ts';

const overlayBacking = (kernel: Kernel): Backing => ({
  ...NO_BACKING,
  magic: OVERLAYFS_SUPER_MAGIC,
  mount: (_sb, tree, source) => attach(kernel, tree, source),
  load: (_sb, tree, inode, what, tid) => load(kernel, tree, inode, what, tid),
  fill: (sb, tree, inode, index, frame) => fillFromLower(kernel, sb, tree, inode, index, frame),
  refills: (_sb, tree, inode) => refillsFromLower(kernel, tree, inode),
  unmount: (_sb, tree) => detach(kernel, tree),
});

export const overlayFilesystem: Module<FileSystem, OverlayState> = {
  manifest: {
    slot: 'filesystem',
    name: 'overlay',
    version: '1.0.0',
    contract: 1,
    interfaces: ['extended'],
    needs: { clock: 1, filesystem: 1, frames: 1, pagecache: 1, vfs: 1, vm: 1 },
    type: 'overlay',
    description: 'keeps what is changed of a read-only file system in memory',
  },
  layout: overlayLayout,
  create(state, kernel) {
    const backing = overlayBacking(kernel);
    return { ...treeFileSystem(state, kernel, backing), ...treeExtended(state, kernel, backing) };
  },
};

export default overlayFilesystem;
