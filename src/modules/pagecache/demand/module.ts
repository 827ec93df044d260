/**
 * pagecache/demand: a page is read when it is asked for, and kept until its file shrinks or goes.
 *
 * No read-ahead, and no eviction until it is asked for, so that what is in the cache depends on nothing but what was
 * asked. A page that finds no frame is -ENOMEM. State: the pages by inode and index.
 */
import { EIO, ENOMEM } from '../../../abi/linux/errno.ts';
import { type FileSystem, FILL_HOLE, superblockOf } from '../../../contracts/filesystem.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import type { Module } from '../../../contracts/module.ts';
import { type PageCache, type PageCacheState, pageCacheLayout } from '../../../contracts/pagecache.ts';
import { KernelFault } from '../../../lib/kernel-fault.ts';
import { homeInFile } from '../../../lib/paging/homes.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';

const find = (state: PageCacheState, inode: number, index: number): number =>
  state.files.get(inode)?.get(index) ?? 0;

/** Give the cache a reference that the caller has. */
function put(state: PageCacheState, kernel: Kernel, inode: number, index: number, frame: number): void {
  let file = state.files.get(inode);
  if (file === undefined) {
    file = new Map();
    state.files.set(inode, file);
  }
  const before = file.get(index);
  file.set(index, frame);
  if (before === undefined) state.pages++;
  else kernel.frames.unref(before);
}

/** A page of a shared anonymous object: all of it is a hole until it is touched. */
function getAnonymous(
  state: PageCacheState,
  kernel: Kernel,
  inode: number,
  index: number,
  create: boolean,
): number {
  if (!create) return 0;
  const frame = kernel.frames.alloc(true, homeInFile(kernel.machine.layout, inode, index));
  if (frame === 0) return -ENOMEM;
  put(state, kernel, inode, index, frame);
  return frame;
}

function get(state: PageCacheState, kernel: Kernel, inode: number, index: number, create: boolean): number {
  const present = find(state, inode, index);
  if (present !== 0) return present;
  const sb = superblockOf(inode);
  if (sb === 0) return getAnonymous(state, kernel, inode, index, create);

  const type = kernel.vfs.fileSystemOf(sb);
  const cell = kernel.filesystem[type];
  if (cell === undefined) throw new KernelFault(`no file system serves ${type}`);
  const frame = kernel.frames.alloc(false, homeInFile(kernel.machine.layout, inode, index));
  if (frame === 0) return -ENOMEM;
  const filled = cell.fill(inode, index, frame);
  if (filled === 0) {
    put(state, kernel, inode, index, frame);
    return frame;
  }
  if (filled === FILL_HOLE && create) {
    kernel.machine.u8.fill(0, frame * PAGE_SIZE, (frame + 1) * PAGE_SIZE);
    put(state, kernel, inode, index, frame);
    return frame;
  }
  kernel.frames.unref(frame);
  if (filled === FILL_HOLE) return 0;
  return filled === WAIT || filled === -ENOMEM ? filled : -EIO;
}

function truncate(state: PageCacheState, kernel: Kernel, inode: number, fromIndex: number): void {
  const file = state.files.get(inode);
  if (file === undefined) return;
  for (const [index, frame] of file) {
    if (index < fromIndex) continue;
    file.delete(index);
    state.pages--;
    kernel.frames.unref(frame);
  }
  if (file.size === 0) state.files.delete(inode);
}

/** Drop pages of one file. @returns how many */
function reclaimFrom(
  state: PageCacheState,
  kernel: Kernel,
  cell: FileSystem,
  inode: number,
  file: Map<number, number>,
  wanted: number,
): number {
  let dropped = 0;
  for (const [index, frame] of file) {
    if (dropped >= wanted) break;
    if (kernel.frames.count(frame) !== 1 || !cell.refills(inode, index)) continue;
    file.delete(index);
    state.pages--;
    kernel.frames.unref(frame);
    dropped++;
  }
  if (file.size === 0) state.files.delete(inode);
  return dropped;
}

function reclaim(state: PageCacheState, kernel: Kernel, wanted: number): number {
  let dropped = 0;
  for (const [inode, file] of state.files) {
    if (dropped >= wanted) break;
    const sb = superblockOf(inode);
    const cell = sb === 0 ? undefined : kernel.filesystem[kernel.vfs.fileSystemOf(sb)];
    if (cell === undefined || !cell.refills(inode, 0)) continue;
    dropped += reclaimFrom(state, kernel, cell, inode, file, wanted - dropped);
  }
  // What disks hold in units comes last: many pages can be filled again from one of them.
  return dropped < wanted ? dropped + kernel.buffercache.reclaim(wanted - dropped) : dropped;
}

export const demandPagecache: Module<PageCache, PageCacheState> = {
  manifest: {
    slot: 'pagecache',
    name: 'demand',
    version: '1.0.0',
    contract: 1,
    interfaces: [],
    needs: { buffercache: 1, frames: 1, filesystem: 1, vfs: 1 },
    description: 'reads a page when it is asked for and keeps it',
  },
  layout: pageCacheLayout,
  create: (state, kernel) => ({
    find: (inode, index) => find(state, inode, index),
    get: (inode, index, create) => get(state, kernel, inode, index, create),
    insert(inode, index, frame) {
      kernel.frames.ref(frame);
      put(state, kernel, inode, index, frame);
    },
    truncate: (inode, fromIndex) => truncate(state, kernel, inode, fromIndex),
    reclaim: (wanted) => reclaim(state, kernel, wanted),
    count: (inode) => (inode === -1 ? state.pages : (state.files.get(inode)?.size ?? 0)),
    indices: (inode) => [...(state.files.get(inode)?.keys() ?? [])].sort((a, b) => a - b),
  }),
};

export default demandPagecache;
