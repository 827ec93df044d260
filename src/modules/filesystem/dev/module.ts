/**
 * filesystem/dev: the device nodes of /dev, and in pts the terminals that there are.
 *
 * Else a file system in memory, so that programs may make and own nodes. The pts directory is always `absent`: it is made
 * to agree with tty whenever it is looked at. State: see state.ts.
 */
import { TMPFS_MAGIC } from '../../../abi/linux/magic.ts';
import { S_IFBLK, S_IFCHR } from '../../../abi/linux/stat.ts';
import { DISK_MAJOR } from '../../../contracts/block.ts';
import { type FileSystem, FS_VOLATILE } from '../../../contracts/filesystem.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Module } from '../../../contracts/module.ts';
import {
  ABSENT_CONTENT,
  addInode,
  childOf,
  hook,
  type Moment,
  TREE_ROOT,
  type Tree,
  type TreeInode,
  unhook,
} from '../../../lib/inode-tree.ts';
import { replaceExtended, treeExtended } from '../../../lib/tree-extended.ts';
import { type Backing, NO_BACKING, treeFileSystem } from '../../../lib/tree-file-system.ts';
import { DISK_GROUP, NODES, type Node, PTS_DIRECTORY, PTS_MAJOR, TTY_GROUP } from './nodes.ts';
import { type DevState, devLayout } from './state.ts';

/** Of a device number: bits of the minor. */
const MINOR_BITS = 20;
/** Mode of a terminal: its owner's, and `write` and `wall` by group. */
const TERMINAL_MODE = S_IFCHR | 0o620;
const DISK_MODE = S_IFBLK | 0o660;

const now = (kernel: Kernel): Moment => ({
  seconds: kernel.clock.realtimeSeconds(),
  nanoseconds: kernel.clock.realtimeNanoseconds(),
});

function addNode(kernel: Kernel, tree: Tree, directory: TreeInode, node: Node): TreeInode {
  const inode = addInode(tree, 0, node.mode, now(kernel));
  inode.rdev = node.major * 2 ** MINOR_BITS + node.minor;
  inode.gid = node.gid;
  inode.target = node.target;
  inode.size = node.target.length;
  hook(directory, node.name, inode);
  return inode;
}

function populate(kernel: Kernel, tree: Tree): number {
  const root = tree.inodes.get(TREE_ROOT);
  if (root === undefined) return 0;
  for (const node of NODES) {
    const inode = addNode(kernel, tree, root, node);
    if (node.name === PTS_DIRECTORY) inode.absent = ABSENT_CONTENT;
  }
  for (const { id, name } of kernel.block.disks()) {
    const node = { name, mode: DISK_MODE, major: DISK_MAJOR, minor: id, gid: DISK_GROUP, target: '' };
    if (!root.children?.has(name)) addNode(kernel, tree, root, node);
  }
  return 0;
}

/** Make the pts directory agree with the pseudo-terminals that exist (tty 0 is the console). */
function agree(kernel: Kernel, tree: Tree, directory: TreeInode, tid: number): number {
  const there = new Set<string>();
  for (const tty of kernel.tty.list()) if (tty !== 0) there.add(`${tty}`);
  for (const name of [...(directory.children?.keys() ?? [])]) {
    if (there.has(name)) continue;
    const inode = childOf(tree, directory, name);
    if (inode === null) continue;
    unhook(directory, name, inode);
    inode.links = 0;
    if (inode.pins > 0) continue;
    replaceExtended(tree, inode, new Map());
    tree.inodes.delete(inode.ino);
  }
  for (const name of there) {
    if (directory.children?.has(name)) continue;
    const minor = Number(name);
    const node = { name, mode: TERMINAL_MODE, major: PTS_MAJOR, minor, gid: TTY_GROUP, target: '' };
    const inode = addNode(kernel, tree, directory, node);
    inode.uid = tid === 0 ? 0 : kernel.process.credentials(tid).fsuid;
  }
  return 0;
}

const devBacking = (kernel: Kernel): Backing => ({
  ...NO_BACKING,
  magic: TMPFS_MAGIC,
  capabilities: () => FS_VOLATILE,
  mount: (_sb, tree) => populate(kernel, tree),
  load: (_sb, tree, inode, _what, tid) => agree(kernel, tree, inode, tid),
});

export const devFilesystem: Module<FileSystem, DevState> = {
  manifest: {
    slot: 'filesystem',
    name: 'dev',
    version: '1.0.0',
    contract: 1,
    interfaces: ['extended'],
    needs: { block: 1, clock: 1, frames: 1, pagecache: 1, process: 1, tty: 1, vm: 1 },
    type: 'dev',
    description: 'device nodes and the terminals in pts',
  },
  layout: devLayout,
  create(state, kernel) {
    const backing = devBacking(kernel);
    return { ...treeFileSystem(state, kernel, backing), ...treeExtended(state, kernel, backing) };
  },
};

export default devFilesystem;
