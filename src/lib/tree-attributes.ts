/**
 * Attributes and sizes of inodes in a tree: stat, chmod and its like, relatime, truncation.
 *
 * Truncation reaches into the page cache and the mappings, so that no byte past the end comes back when the file grows
 * again. Holds no state. Source: inode(7), truncate(2), mount(8) under relatime.
 */
import { S_IALLUGO } from '../abi/linux/stat.ts';
import type { Attributes, Stat } from '../contracts/filesystem.ts';
import type { Kernel } from '../contracts/kernel.ts';
import { PAGE_SIZE } from '../machine/layout.ts';
import {
  ABSENT_CONTENT,
  isDirectory,
  type Moment,
  type TreeInode,
  touchAccess,
  touchChanged,
  touchModified,
} from './inode-tree.ts';
import { zeroPhysical } from './spans.ts';

const SECTORS_PER_PAGE = PAGE_SIZE / 512;
/** What tmpfs makes of a directory's size: bytes for each entry, `.` and `..` included. */
const ENTRY_SIZE = 20;
/** A day: relatime updates an access time that is older. */
const RELATIME_SECONDS = 86400;

function blocksOf(kernel: Kernel, id: number, inode: TreeInode): number {
  const pages = Math.max(kernel.pagecache.count(id), Math.ceil(inode.backed / PAGE_SIZE));
  return pages * SECTORS_PER_PAGE;
}

/** @param id the inode's id */
export function fillStat(kernel: Kernel, id: number, inode: TreeInode, into: Stat): void {
  into.inode = id;
  into.mode = inode.mode;
  // 1 is the custom for a directory whose subdirectories nobody has counted.
  into.links = isDirectory(inode) && (inode.absent & ABSENT_CONTENT) !== 0 ? 1 : inode.links;
  into.uid = inode.uid;
  into.gid = inode.gid;
  into.rdev = inode.rdev;
  into.size = inode.children === null ? inode.size : (inode.children.size + 2) * ENTRY_SIZE;
  into.blockSize = PAGE_SIZE;
  into.blocks = inode.children === null ? blocksOf(kernel, id, inode) : 0;
  into.atimeSeconds = inode.atimeSeconds;
  into.atimeNanoseconds = inode.atimeNanoseconds;
  into.mtimeSeconds = inode.mtimeSeconds;
  into.mtimeNanoseconds = inode.mtimeNanoseconds;
  into.ctimeSeconds = inode.ctimeSeconds;
  into.ctimeNanoseconds = inode.ctimeNanoseconds;
}

/** Cut a file: drop its pages past the new end, and zero the rest of the last one. */
export function shrink(kernel: Kernel, id: number, inode: TreeInode, size: number): void {
  const pages = Math.ceil(size / PAGE_SIZE);
  kernel.vm.truncated(id, pages);
  kernel.pagecache.truncate(id, pages);
  const rest = size % PAGE_SIZE;
  const frame = rest === 0 ? 0 : kernel.pagecache.find(id, pages - 1);
  if (frame !== 0) zeroPhysical(kernel, frame * PAGE_SIZE + rest, PAGE_SIZE - rest);
  inode.backed = Math.min(inode.backed, size);
}

/** Zero what a page that was read holds past `backed`. */
export function trimPage(kernel: Kernel, inode: TreeInode, index: number, frame: number): void {
  const valid = inode.backed - index * PAGE_SIZE;
  if (valid < PAGE_SIZE) zeroPhysical(kernel, frame * PAGE_SIZE + valid, PAGE_SIZE - valid);
}

/** Pre: a smaller size was dealt with by `shrink`. */
export function changeAttributes(inode: TreeInode, attributes: Attributes, now: Moment): void {
  const { mode, uid, gid, size, atimeSeconds, atimeNanoseconds, mtimeSeconds, mtimeNanoseconds } = attributes;
  if (mode !== undefined) inode.mode = (inode.mode & ~S_IALLUGO) | (mode & S_IALLUGO);
  if (uid !== undefined) inode.uid = uid;
  if (gid !== undefined) inode.gid = gid;
  if (size !== undefined) {
    inode.size = size;
    touchModified(inode, now);
  }
  if (atimeSeconds !== undefined) inode.atimeSeconds = atimeSeconds;
  if (atimeNanoseconds !== undefined) inode.atimeNanoseconds = atimeNanoseconds;
  if (mtimeSeconds !== undefined) inode.mtimeSeconds = mtimeSeconds;
  if (mtimeNanoseconds !== undefined) inode.mtimeNanoseconds = mtimeNanoseconds;
  touchChanged(inode, now);
}

const isAfter = (seconds: number, nanoseconds: number, thanSeconds: number, than: number): boolean =>
  seconds > thanSeconds || (seconds === thanSeconds && nanoseconds > than);

/** The inode was read: set its access time if relatime says so. Hot path. */
export function accessNow(kernel: Kernel, inode: TreeInode): void {
  const seconds = kernel.clock.realtimeSeconds();
  const fresh =
    isAfter(inode.atimeSeconds, inode.atimeNanoseconds, inode.mtimeSeconds, inode.mtimeNanoseconds) &&
    isAfter(inode.atimeSeconds, inode.atimeNanoseconds, inode.ctimeSeconds, inode.ctimeNanoseconds) &&
    seconds - inode.atimeSeconds < RELATIME_SECONDS;
  if (!fresh) touchAccess(inode, { seconds, nanoseconds: kernel.clock.realtimeNanoseconds() });
}
