/**
 * The operations of a file system that keeps its tree of inodes in memory.
 *
 * With no store behind it this is the RAM file system; a `Backing` adds one: a lower file system, a host folder. Regular
 * files live in the page cache. Every operation first loads what is absent, then asks the backing, and changes the
 * tree last, so that it may be run again after any WAIT. Holds no state.
 */
import { EFBIG, EINVAL, EISDIR, EMLINK, ENOENT, ENOSPC, ENOTDIR, EPERM, EROFS } from '../abi/linux/errno.ts';
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, S_ISGID } from '../abi/linux/stat.ts';
import {
  type Attributes,
  type DirectoryEntry,
  FILL_HOLE,
  type FileSystem,
  FS_PAGED,
  FS_READ_ONLY,
  inodeNumberOf,
  SB_SHIFT,
  superblockOf,
} from '../contracts/filesystem.ts';
import type { HostResult } from '../contracts/host.ts';
import type { Kernel } from '../contracts/kernel.ts';
import {
  ABSENT_ATTRIBUTES,
  ABSENT_CONTENT,
  addInode,
  applyRename,
  checkRename,
  childOf,
  createTree,
  hook,
  isDirectory,
  type Moment,
  removable,
  TREE_ROOT,
  type Tree,
  type TreeInode,
  touchChanged,
  touchNames,
  unlinkName,
  vacancy,
} from './inode-tree.ts';
import { PAGE_SIZE } from '../machine/layout.ts';
import { KernelFault } from './kernel-fault.ts';
import { type MountOptions, mountOptions } from './mount-options.ts';
import { accessNow, changeAttributes, fillStat, shrink, trimPage } from './tree-attributes.ts';
import { replaceExtended } from './tree-extended.ts';
import type { TreeState } from './tree-state.ts';

/**
 * A store behind the tree. An operation answers 0, -errno or WAIT; those named for a change are asked before the tree
 * changes and after every check that the tree can make.
 */
export interface Backing {
  readonly magic: number;
  /** FS_ bits beside FS_PAGED and FS_READ_ONLY. */
  capabilities(tree: Tree): number;
  /** The tree has its root; say what `source` means and what is absent. */
  mount(sb: number, tree: Tree, source: string, options: MountOptions): number;
  /** Learn what is absent. @param tid who asks, 0 = unknown */
  load(sb: number, tree: Tree, inode: TreeInode, what: number, tid: number): number;
  /** Read a page that begins below `backed`. @returns 0, FILL_HOLE (frame untouched) ... */
  fill(sb: number, tree: Tree, inode: TreeInode, index: number, frame: number): number;
  creating(sb: number, tree: Tree, directory: TreeInode, name: string, mode: number, target: string): number;
  linking(sb: number, tree: Tree, directory: TreeInode, name: string, inode: TreeInode): number;
  unlinking(sb: number, tree: Tree, directory: TreeInode, name: string, inode: TreeInode): number;
  renaming(
    sb: number,
    tree: Tree,
    from: TreeInode,
    name: string,
    to: TreeInode,
    toName: string,
    flags: number,
  ): number;
  setting(sb: number, tree: Tree, inode: TreeInode, attributes: Attributes): number;
  written(sb: number, tree: Tree, inode: TreeInode, offset: number, length: number): number;
  flush(sb: number, tree: Tree, inode: TreeInode): number;
  /** Has the store what the page cache has of the bytes below `backed`? */
  refills(sb: number, tree: Tree, inode: TreeInode): boolean;
  /** The inode has no name and no holder any more and is forgotten. */
  freed(sb: number, tree: Tree, inode: TreeInode): void;
  unmount(sb: number, tree: Tree): void;
  completed(request: number, result: HostResult): void;
}

const nothing = (): number => 0;

/** A backing that has nothing, for those that override a few of its operations. */
export const NO_BACKING: Omit<Backing, 'magic'> = {
  capabilities: nothing,
  mount: nothing,
  load: nothing,
  fill: () => FILL_HOLE,
  creating: nothing,
  linking: nothing,
  unlinking: nothing,
  renaming: nothing,
  setting: nothing,
  written: nothing,
  flush: nothing,
  refills: () => false,
  freed() {},
  unmount() {},
  completed() {},
};

/** Names of one inode, as most file systems of Linux have it. */
const MOST_LINKS = 32000;
/** Inodes of all file systems of a type: kernel memory that a guest can have, and that its own memory does not bound. */
const INODES_FREE_OF_CHARGE = 32768;
const MOST_INODES = 262144;
const mostInodes = (kernel: Kernel): number =>
  Math.min(MOST_INODES, INODES_FREE_OF_CHARGE + Math.floor(kernel.frames.total() / 2));

function inodeCount(state: TreeState): number {
  let count = 0;
  for (const tree of state.trees.values()) count += tree.inodes.size;
  return count;
}

const idOf = (sb: number, inode: TreeInode): number => sb * SB_SHIFT + inode.ino;

/** The operations over `state`, with `backing` behind them. */
export function treeFileSystem(state: TreeState, kernel: Kernel, backing: Backing): FileSystem {
  const treeOf = (id: number): Tree => {
    const tree = state.trees.get(superblockOf(id));
    if (tree === undefined) throw new KernelFault(`inode ${id} belongs to no mounted file system`);
    return tree;
  };
  const inodeOf = (tree: Tree, id: number): TreeInode => {
    const inode = tree.inodes.get(inodeNumberOf(id));
    if (inode === undefined) throw new KernelFault(`inode ${id} does not exist`);
    return inode;
  };
  const need = (id: number, tree: Tree, inode: TreeInode, what: number, tid: number): number =>
    (inode.absent & what) === 0 ? 0 : backing.load(superblockOf(id), tree, inode, inode.absent & what, tid);
  const now = (): Moment => ({
    seconds: kernel.clock.realtimeSeconds(),
    nanoseconds: kernel.clock.realtimeNanoseconds(),
  });
  const free = (sb: number, tree: Tree, inode: TreeInode): void => {
    if (inode.links > 0 || inode.pins > 0) return;
    kernel.pagecache.truncate(idOf(sb, inode), 0);
    if (inode.extended !== null) replaceExtended(tree, inode, new Map());
    tree.inodes.delete(inode.ino);
    backing.freed(sb, tree, inode);
  };
  /** The directory, all there, in a tree that may be changed; or why not. */
  const changeable = (id: number, tree: Tree, directory: TreeInode): number => {
    if (tree.readOnly) return -EROFS;
    if (directory.children === null) return -ENOTDIR;
    return need(id, tree, directory, ABSENT_ATTRIBUTES | ABSENT_CONTENT, 0);
  };

  const make = (
    directoryId: number,
    name: string,
    mode: number,
    uid: number,
    gid: number,
    rdev: number,
    target: string,
  ): number => {
    const sb = superblockOf(directoryId);
    const tree = treeOf(directoryId);
    const directory = inodeOf(tree, directoryId);
    const refused = changeable(directoryId, tree, directory) || vacancy(directory, name);
    if (refused !== 0) return refused;
    if (inodeCount(state) >= mostInodes(kernel)) return -ENOSPC;
    const inherits = (directory.mode & S_ISGID) !== 0;
    const type = mode & S_IFMT;
    const bits = inherits && type === S_IFDIR ? mode | S_ISGID : mode;
    const asked = backing.creating(sb, tree, directory, name, bits, target);
    if (asked !== 0) return asked;
    const moment = now();
    const inode = addInode(tree, 0, bits, moment);
    inode.uid = uid;
    inode.gid = inherits ? directory.gid : gid;
    if (type === S_IFCHR || type === S_IFBLK) inode.rdev = rdev;
    inode.target = target;
    inode.size = target.length;
    hook(directory, name, inode);
    touchNames(directory, moment);
    return idOf(sb, inode);
  };

  return {
    mount(sb, source, options) {
      const tree = createTree();
      const given = mountOptions(options);
      const root = addInode(tree, TREE_ROOT, given.mode, now());
      tree.nextIno = TREE_ROOT + 1;
      root.uid = given.uid;
      root.gid = given.gid;
      tree.readOnly = given.readOnly;
      tree.noatime = given.noatime;
      const asked = backing.mount(sb, tree, source, given);
      if (asked !== 0) return asked;
      state.trees.set(sb, tree);
      return idOf(sb, root);
    },
    unmount(sb) {
      const tree = state.trees.get(sb);
      if (tree === undefined) throw new KernelFault(`superblock ${sb} is not mounted`);
      backing.unmount(sb, tree);
      for (const inode of tree.inodes.values()) kernel.pagecache.truncate(idOf(sb, inode), 0);
      state.trees.delete(sb);
    },
    capabilities(sb) {
      const tree = state.trees.get(sb);
      if (tree === undefined) return 0;
      return FS_PAGED | backing.capabilities(tree) | (tree.readOnly ? FS_READ_ONLY : 0);
    },
    lookup(tid, directoryId, name) {
      const tree = treeOf(directoryId);
      const directory = inodeOf(tree, directoryId);
      if (directory.children === null) return -ENOTDIR;
      const loaded = need(directoryId, tree, directory, ABSENT_CONTENT, tid);
      if (loaded !== 0) return loaded;
      const entry = directory.children.get(name);
      return entry === undefined ? -ENOENT : superblockOf(directoryId) * SB_SHIFT + entry.ino;
    },
    stat(id, into) {
      const tree = treeOf(id);
      const inode = inodeOf(tree, id);
      const loaded = need(id, tree, inode, ABSENT_ATTRIBUTES, 0);
      if (loaded === 0) fillStat(kernel, id, inode, into);
      return loaded;
    },
    create: (directory, name, mode, uid, gid, rdev) => make(directory, name, mode, uid, gid, rdev, ''),
    symlink: (directory, name, target, uid, gid) =>
      make(directory, name, S_IFLNK | 0o777, uid, gid, 0, target),
    link(directoryId, name, id) {
      const tree = treeOf(directoryId);
      const directory = inodeOf(tree, directoryId);
      const inode = inodeOf(tree, id);
      const refused =
        changeable(directoryId, tree, directory) ||
        need(id, tree, inode, ABSENT_ATTRIBUTES, 0) ||
        vacancy(directory, name);
      if (refused !== 0) return refused;
      if (isDirectory(inode)) return -EPERM;
      if (inode.links === 0) return -ENOENT;
      if (inode.links >= MOST_LINKS) return -EMLINK;
      const asked = backing.linking(superblockOf(id), tree, directory, name, inode);
      if (asked !== 0) return asked;
      const moment = now();
      hook(directory, name, inode);
      inode.links++;
      touchChanged(inode, moment);
      touchNames(directory, moment);
      return 0;
    },
    unlink(directoryId, name, asDirectory) {
      const sb = superblockOf(directoryId);
      const tree = treeOf(directoryId);
      const directory = inodeOf(tree, directoryId);
      const refused = changeable(directoryId, tree, directory);
      if (refused !== 0) return refused;
      const inode = childOf(tree, directory, name);
      if (inode === null) return -ENOENT;
      const kept =
        need(idOf(sb, inode), tree, inode, ABSENT_ATTRIBUTES | ABSENT_CONTENT, 0) ||
        removable(inode, asDirectory) ||
        backing.unlinking(sb, tree, directory, name, inode);
      if (kept !== 0) return kept;
      if (unlinkName(directory, name, inode, now())) free(sb, tree, inode);
      return 0;
    },
    rename(directoryId, name, toDirectoryId, toName, flags) {
      const sb = superblockOf(directoryId);
      const tree = treeOf(directoryId);
      const from = inodeOf(tree, directoryId);
      const to = inodeOf(tree, toDirectoryId);
      const refused = changeable(directoryId, tree, from) || changeable(toDirectoryId, tree, to);
      if (refused !== 0) return refused;
      const moved = childOf(tree, from, name);
      const victim = childOf(tree, to, toName);
      const all = ABSENT_ATTRIBUTES | ABSENT_CONTENT;
      const kept =
        (moved === null ? 0 : need(idOf(sb, moved), tree, moved, ABSENT_ATTRIBUTES, 0)) ||
        (victim === null ? 0 : need(idOf(sb, victim), tree, victim, all, 0));
      if (kept !== 0) return kept;
      const checked = checkRename(tree, from, name, to, toName, flags);
      if (checked !== 0) return Math.min(checked, 0);
      const asked = backing.renaming(sb, tree, from, name, to, toName, flags);
      if (asked !== 0) return asked;
      const replaced = applyRename(tree, from, name, to, toName, flags, now());
      if (replaced !== null) free(sb, tree, replaced);
      return 0;
    },
    jump: () => 0,
    jumpFile: () => 0,
    readlink(_tid, id) {
      const tree = treeOf(id);
      const inode = inodeOf(tree, id);
      if ((inode.mode & S_IFMT) !== S_IFLNK) return -EINVAL;
      return need(id, tree, inode, ABSENT_CONTENT, 0) || inode.target;
    },
    list(tid, directoryId, cookie, limit) {
      const sb = superblockOf(directoryId);
      const tree = treeOf(directoryId);
      const directory = inodeOf(tree, directoryId);
      if (directory.children === null) return -ENOTDIR;
      const loaded = need(directoryId, tree, directory, ABSENT_CONTENT, tid);
      if (loaded !== 0) return loaded;
      const entries: DirectoryEntry[] = [];
      for (const [name, entry] of directory.children) {
        if (entries.length >= limit) break;
        if (entry.cookie <= cookie) continue;
        const type = (tree.inodes.get(entry.ino)?.mode ?? 0) & S_IFMT;
        entries.push({ name, inode: sb * SB_SHIFT + entry.ino, type, next: entry.cookie });
      }
      return entries;
    },
    setAttributes(id, attributes) {
      const sb = superblockOf(id);
      const tree = treeOf(id);
      const inode = inodeOf(tree, id);
      const { size } = attributes;
      if (tree.readOnly) return -EROFS;
      if (size !== undefined && (inode.mode & S_IFMT) !== S_IFREG)
        return isDirectory(inode) ? -EISDIR : -EINVAL;
      if (size !== undefined && size > Number.MAX_SAFE_INTEGER / 2) return -EFBIG;
      const refused =
        need(id, tree, inode, ABSENT_ATTRIBUTES, 0) || backing.setting(sb, tree, inode, attributes);
      if (refused !== 0) return refused;
      if (size !== undefined && size < inode.size) shrink(kernel, id, inode, size);
      changeAttributes(inode, attributes, now());
      return 0;
    },
    fill(id, index, frame) {
      const tree = treeOf(id);
      const inode = inodeOf(tree, id);
      const loaded = need(id, tree, inode, ABSENT_ATTRIBUTES, 0);
      if (loaded !== 0) return loaded;
      if (index * PAGE_SIZE >= inode.backed) return FILL_HOLE;
      const filled = backing.fill(superblockOf(id), tree, inode, index, frame);
      if (filled === 0) trimPage(kernel, inode, index, frame);
      return filled;
    },
    refills(id, index) {
      const tree = treeOf(id);
      const inode = inodeOf(tree, id);
      return index * PAGE_SIZE < inode.backed && backing.refills(superblockOf(id), tree, inode);
    },
    written(id, offset, length) {
      const tree = treeOf(id);
      const inode = inodeOf(tree, id);
      const refused =
        need(id, tree, inode, ABSENT_ATTRIBUTES, 0) ||
        backing.written(superblockOf(id), tree, inode, offset, length);
      if (refused !== 0) return refused;
      inode.modified = true;
      changeAttributes(inode, { size: Math.max(inode.size, offset + length) }, now());
      return 0;
    },
    accessed(id) {
      const tree = treeOf(id);
      if (!tree.readOnly && !tree.noatime) accessNow(kernel, inodeOf(tree, id));
    },
    read: () => -EINVAL,
    write: () => -EINVAL,
    flush(id) {
      const tree = treeOf(id);
      return backing.flush(superblockOf(id), tree, inodeOf(tree, id));
    },
    pin(id) {
      inodeOf(treeOf(id), id).pins++;
    },
    unpin(id) {
      const tree = treeOf(id);
      const inode = inodeOf(tree, id);
      if (inode.pins === 0) throw new KernelFault(`inode ${id} is unpinned more often than pinned`);
      inode.pins--;
      free(superblockOf(id), tree, inode);
    },
    statfs: () => ({
      type: backing.magic,
      blockSize: 4096,
      blocks: kernel.frames.total(),
      free: kernel.frames.free(),
      files: mostInodes(kernel),
      filesFree: Math.max(0, mostInodes(kernel) - inodeCount(state)),
      nameLength: 255,
    }),
    completed: (request, result) => backing.completed(request, result),
  };
}
