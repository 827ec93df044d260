/**
 * filesystem/ram: a file system that lives in memory, like Linux's tmpfs.
 *
 * A tree of inodes with nothing behind it: a page that was never written is a hole, and a written one lives in the page
 * cache until its file is cut or goes. State: see state.ts.
 */
import { TMPFS_MAGIC } from '../../../abi/linux/magic.ts';
import type { FileSystem } from '../../../contracts/filesystem.ts';
import type { Module } from '../../../contracts/module.ts';
import { treeExtended } from '../../../lib/tree-extended.ts';
import { NO_BACKING, treeFileSystem } from '../../../lib/tree-file-system.ts';
import { type RamState, ramLayout } from './state.ts';

export const ramFilesystem: Module<FileSystem, RamState> = {
  manifest: {
    slot: 'filesystem',
    name: 'ram',
    version: '1.0.0',
    contract: 1,
    interfaces: ['extended'],
    needs: { clock: 1, frames: 1, pagecache: 1, vm: 1 },
    type: 'ram',
    description: 'keeps files in memory',
  },
  layout: ramLayout,
  create(state, kernel) {
    const backing = { ...NO_BACKING, magic: TMPFS_MAGIC };
    return { ...treeFileSystem(state, kernel, backing), ...treeExtended(state, kernel, backing) };
  },
};

export default ramFilesystem;
