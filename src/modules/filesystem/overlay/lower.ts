/**
 * What overlay learns from its lower file system, each thing once and only when it is first needed.
 *
 * Attributes, the names of a directory, the target of a symlink, a page. After that the tree's own copy counts, so a
 * removed name is just one that is no longer there. The lower file system must not change.
 */
import { EINVAL, EIO } from '../../../abi/linux/errno.ts';
import { S_IFDIR, S_IFLNK } from '../../../abi/linux/stat.ts';
import {
  createStat,
  type DirectoryEntry,
  type FileSystem,
  FS_PAGED,
  FS_REFILLS,
  inodeNumberOf,
  ROOT_INODE,
  SB_SHIFT,
} from '../../../contracts/filesystem.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import {
  ABSENT_ATTRIBUTES,
  ABSENT_CONTENT,
  addInode,
  hook,
  type Tree,
  type TreeInode,
} from '../../../lib/inode-tree.ts';
import { KernelFault } from '../../../lib/kernel-fault.ts';
import { replaceExtended } from '../../../lib/tree-extended.ts';
import { trimPage } from '../../../lib/tree-attributes.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import { UPPER_INO } from './state.ts';

/** Entries asked for at once. */
const LIST_CHUNK = 256;
/** Times of an inode whose attributes are absent. */
const UNKNOWN = { seconds: 0, nanoseconds: 0 };

const lowerOf = (kernel: Kernel, tree: Tree): FileSystem => {
  const type = kernel.vfs.fileSystemOf(tree.source);
  const cell = kernel.filesystem[type];
  if (cell === undefined) throw new KernelFault(`no file system serves ${type}`);
  return cell;
};

const lowerId = (tree: Tree, inode: TreeInode): number => tree.source * SB_SHIFT + inode.ino;

/** @returns 0, or -EINVAL where `source` is no superblock that can lie below */
export function attach(kernel: Kernel, tree: Tree, source: string): number {
  const lower = Number(source);
  const cells = Object.values(kernel.filesystem);
  if (source === '' || !cells.some((cell) => (cell.capabilities(lower) & FS_PAGED) !== 0)) return -EINVAL;
  tree.source = lower;
  const root = tree.inodes.get(ROOT_INODE);
  if (root !== undefined) root.absent = ABSENT_ATTRIBUTES | ABSENT_CONTENT;
  tree.nextIno = UPPER_INO;
  // Keeps the lower mount busy for as long as this one lasts.
  kernel.vfs.pinInode(lower * SB_SHIFT + ROOT_INODE);
  return 0;
}

export function detach(kernel: Kernel, tree: Tree): void {
  kernel.vfs.unpinInode(tree.source * SB_SHIFT + ROOT_INODE);
}

/** Extended attributes, where the lower file system has them. */
function readExtended(lower: FileSystem, id: number): Map<string, Uint8Array> | number {
  const result = new Map<string, Uint8Array>();
  const names = lower.listExtended?.(id) ?? [];
  if (typeof names === 'number') return names;
  for (const name of names) {
    const value = lower.getExtended?.(id, name) ?? -EIO;
    if (typeof value === 'number') return value;
    result.set(name, value);
  }
  return result;
}

function loadAttributes(kernel: Kernel, tree: Tree, inode: TreeInode): number {
  const stat = createStat();
  const answer = lowerOf(kernel, tree).stat(lowerId(tree, inode), stat);
  if (answer !== 0) return answer;
  const extended = readExtended(lowerOf(kernel, tree), lowerId(tree, inode));
  if (typeof extended === 'number') return extended;
  inode.mode = stat.mode;
  // The links of a directory are counted as its subdirectories become known.
  if (inode.children === null) inode.links = stat.links;
  inode.uid = stat.uid;
  inode.gid = stat.gid;
  inode.rdev = stat.rdev;
  inode.size = stat.size;
  inode.backed = inode.children === null ? stat.size : 0;
  inode.atimeSeconds = stat.atimeSeconds;
  inode.atimeNanoseconds = stat.atimeNanoseconds;
  inode.mtimeSeconds = stat.mtimeSeconds;
  inode.mtimeNanoseconds = stat.mtimeNanoseconds;
  inode.ctimeSeconds = stat.ctimeSeconds;
  inode.ctimeNanoseconds = stat.ctimeNanoseconds;
  replaceExtended(tree, inode, extended);
  inode.absent &= ~ABSENT_ATTRIBUTES;
  return 0;
}

/** All of a lower directory, so that nothing is changed before the last wait. */
function listLower(kernel: Kernel, tree: Tree, directory: TreeInode, tid: number): DirectoryEntry[] | number {
  const all: DirectoryEntry[] = [];
  for (let cookie = 0; ; ) {
    const chunk = lowerOf(kernel, tree).list(tid, lowerId(tree, directory), cookie, LIST_CHUNK);
    if (typeof chunk === 'number') return chunk;
    const last = chunk.at(-1);
    if (last === undefined) return all;
    all.push(...chunk);
    cookie = last.next;
  }
}

function loadNames(kernel: Kernel, tree: Tree, directory: TreeInode, tid: number): number {
  const entries = listLower(kernel, tree, directory, tid);
  if (typeof entries === 'number') return entries;
  if (entries.some((entry) => inodeNumberOf(entry.inode) >= UPPER_INO)) return -EIO;
  for (const entry of entries) {
    const ino = inodeNumberOf(entry.inode);
    // A second name of an inode that is known already is a hard link.
    let inode = tree.inodes.get(ino);
    if (inode === undefined) {
      inode = addInode(tree, ino, entry.type, UNKNOWN);
      const hasContent = entry.type === S_IFDIR || entry.type === S_IFLNK;
      inode.absent = ABSENT_ATTRIBUTES | (hasContent ? ABSENT_CONTENT : 0);
    }
    hook(directory, entry.name, inode);
  }
  directory.absent &= ~ABSENT_CONTENT;
  return 0;
}

function loadTarget(kernel: Kernel, tree: Tree, inode: TreeInode, tid: number): number {
  const target = lowerOf(kernel, tree).readlink(tid, lowerId(tree, inode));
  if (typeof target === 'number') return target;
  inode.target = target;
  inode.absent &= ~ABSENT_CONTENT;
  return 0;
}

/** @param what ABSENT_ bits @returns 0, -errno or WAIT */
export function load(kernel: Kernel, tree: Tree, inode: TreeInode, what: number, tid: number): number {
  if ((what & ABSENT_ATTRIBUTES) !== 0) {
    const loaded = loadAttributes(kernel, tree, inode);
    if (loaded !== 0) return loaded;
  }
  if ((what & ABSENT_CONTENT) === 0) return 0;
  return inode.children === null ? loadTarget(kernel, tree, inode, tid) : loadNames(kernel, tree, inode, tid);
}

/**
 * Take over what the lower file system read ahead into the lower file's cache, so that no page is kept twice. Left
 * alone if it has its pages nowhere else, or if anybody else holds one of them.
 */
function takeOver(kernel: Kernel, tree: Tree, lower: number, id: number, inode: TreeInode): void {
  const { pagecache, frames } = kernel;
  if ((lowerOf(kernel, tree).capabilities(tree.source) & FS_REFILLS) === 0) return;
  const indices = pagecache.indices(lower);
  if (indices.some((index) => frames.count(pagecache.find(lower, index)) !== 1)) return;
  for (const index of indices) {
    if (index * PAGE_SIZE >= inode.backed || pagecache.find(id, index) !== 0) continue;
    const frame = pagecache.find(lower, index);
    trimPage(kernel, inode, index, frame);
    pagecache.insert(id, index, frame);
  }
  pagecache.truncate(lower, 0);
}

/** Read a page straight into this file's own frame, past the lower file's cache unless it is there. */
export function fillFromLower(
  kernel: Kernel,
  sb: number,
  tree: Tree,
  inode: TreeInode,
  index: number,
  frame: number,
): number {
  const lower = lowerId(tree, inode);
  const cached = kernel.pagecache.find(lower, index);
  if (cached === 0) return lowerOf(kernel, tree).fill(lower, index, frame);
  kernel.machine.u8.copyWithin(frame * PAGE_SIZE, cached * PAGE_SIZE, (cached + 1) * PAGE_SIZE);
  takeOver(kernel, tree, lower, sb * SB_SHIFT + inode.ino, inode);
  return 0;
}

/** A page that was read from below is there still, unless the file was changed above. */
export const refillsFromLower = (kernel: Kernel, tree: Tree, inode: TreeInode): boolean =>
  !inode.modified &&
  inode.ino < UPPER_INO &&
  (lowerOf(kernel, tree).capabilities(tree.source) & FS_REFILLS) !== 0;
