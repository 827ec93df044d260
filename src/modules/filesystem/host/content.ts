/**
 * Names and contents that come from the host, and contents that go there.
 *
 * A directory is listed once; pages are read 128 KiB at a time into the page cache; what is written is sent at once, in
 * order, so that there is never anything left to lose.
 */
import { ENOMEM } from '../../../abi/linux/errno.ts';
import { S_IFDIR, S_IFLNK, S_IFREG } from '../../../abi/linux/stat.ts';
import { SB_SHIFT } from '../../../contracts/filesystem.ts';
import type { HostResult, HostStat } from '../../../contracts/host.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import { ABSENT_CONTENT, addInode, hook, type Tree, type TreeInode } from '../../../lib/inode-tree.ts';
import { trimPage } from '../../../lib/tree-attributes.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import { ask, sendWrite } from './ask.ts';
import { isOnHost, isOrphanName, pathOf } from './paths.ts';
import type { HostState } from './state.ts';

/** Pages read by one request. */
const READ_PAGES = 32;
/** Most bytes that one request writes. */
const WRITE_BYTES = 0x10_0000;

const TYPES = { file: S_IFREG, directory: S_IFDIR, symlink: S_IFLNK, other: 0 } as const;

export function loadNames(
  state: HostState,
  kernel: Kernel,
  sb: number,
  tree: Tree,
  directory: TreeInode,
): number {
  const id = sb * SB_SHIFT + directory.ino;
  return ask(state, kernel, `list ${id}`, id, 0, () => [
    { kind: 'list', grant: tree.source, path: pathOf(tree, directory) },
  ]);
}

function addEntry(
  kernel: Kernel,
  tree: Tree,
  directory: TreeInode,
  name: string,
  stat: HostStat,
  target: string,
): void {
  const { time } = kernel;
  const moment = kernel.settings.deterministic
    ? { seconds: time.bootSeconds, nanoseconds: time.bootNanoseconds }
    : { seconds: stat.mtimeSeconds, nanoseconds: stat.mtimeNanoseconds };
  const inode = addInode(tree, 0, TYPES[stat.type] | (stat.mode & 0o7777), moment);
  inode.uid = directory.uid;
  inode.gid = directory.gid;
  inode.target = target;
  inode.size = stat.type === 'symlink' ? target.length : stat.size;
  if (stat.type === 'file') inode.backed = stat.size;
  if (stat.type === 'directory') inode.absent = ABSENT_CONTENT;
  hook(directory, name, inode);
}

/** The listing of a directory has arrived. */
export function takeNames(
  kernel: Kernel,
  tree: Tree,
  directory: TreeInode,
  entries: NonNullable<HostResult['entries']>,
): void {
  for (const { name, stat, target } of entries) {
    if (stat.type !== 'other' && !isOrphanName(name))
      addEntry(kernel, tree, directory, name, stat, target ?? '');
  }
  directory.absent &= ~ABSENT_CONTENT;
}

/** Ask for the page's surroundings. @returns WAIT, or -errno once they could not be had */
export function readPages(
  state: HostState,
  kernel: Kernel,
  sb: number,
  tree: Tree,
  inode: TreeInode,
  index: number,
): number {
  const id = sb * SB_SHIFT + inode.ino;
  const first = index - (index % READ_PAGES);
  const offset = first * PAGE_SIZE;
  const length = Math.min(READ_PAGES * PAGE_SIZE, inode.backed - offset);
  const answer = ask(state, kernel, `read ${id} ${first}`, id, first, () => [
    { kind: 'read', grant: tree.source, path: pathOf(tree, inode), offset, length },
  ]);
  // The pages arrived for another reader and went again before this one saw them.
  return answer === 0 ? readPages(state, kernel, sb, tree, inode, index) : answer;
}

/** Pages have arrived; those in the cache already are newer. @returns 0 or -ENOMEM */
export function takePages(
  kernel: Kernel,
  id: number,
  inode: TreeInode,
  first: number,
  bytes: Uint8Array,
): number {
  const end = Math.min(first + READ_PAGES, Math.ceil(inode.backed / PAGE_SIZE));
  for (let index = first; index < end; index++) {
    if (kernel.pagecache.find(id, index) !== 0) continue;
    // A host file that has shrunk reads as zeros.
    const frame = kernel.frames.alloc(true, 0);
    if (frame === 0) return -ENOMEM;
    const offset = (index - first) * PAGE_SIZE;
    kernel.machine.u8.set(bytes.subarray(offset, offset + PAGE_SIZE), frame * PAGE_SIZE);
    trimPage(kernel, inode, index, frame);
    kernel.pagecache.insert(id, index, frame);
    kernel.frames.unref(frame);
  }
  return 0;
}

/** Send what the page cache holds of [offset, offset + length). A removed file has nowhere to keep it. */
export function writeThrough(
  state: HostState,
  kernel: Kernel,
  sb: number,
  tree: Tree,
  inode: TreeInode,
  offset: number,
  length: number,
): number {
  if (inode.links === 0 || !isOnHost(inode)) return 0;
  const id = sb * SB_SHIFT + inode.ino;
  const path = pathOf(tree, inode);
  for (let at = offset; at < offset + length; at += WRITE_BYTES) {
    const bytes = new Uint8Array(Math.min(WRITE_BYTES, offset + length - at));
    for (let done = 0; done < bytes.length; ) {
      const within = (at + done) % PAGE_SIZE;
      const part = Math.min(PAGE_SIZE - within, bytes.length - done);
      const frame = kernel.pagecache.find(id, Math.floor((at + done) / PAGE_SIZE));
      const start = frame * PAGE_SIZE + within;
      if (frame !== 0) bytes.set(kernel.machine.u8.subarray(start, start + part), done);
      done += part;
    }
    sendWrite(state, kernel, id, { kind: 'write', grant: tree.source, path, offset: at, bytes });
  }
  inode.backed = Math.max(inode.backed, offset + length);
  return 0;
}

/** fsync: wait for the writes before it. @returns WAIT, 0 or the -errno of one that failed */
export function flush(state: HostState, kernel: Kernel, sb: number, tree: Tree, inode: TreeInode): number {
  const id = sb * SB_SHIFT + inode.ino;
  if (tree.readOnly || inode.links === 0 || !isOnHost(inode)) return 0;
  const answer = ask(state, kernel, `flush ${id}`, id, 0, () => [
    { kind: 'flush', grant: tree.source, path: pathOf(tree, inode) },
  ]);
  if (answer === WAIT) return WAIT;
  const failed = state.errors.get(id) ?? 0;
  state.errors.delete(id);
  return failed === 0 ? answer : failed;
}
