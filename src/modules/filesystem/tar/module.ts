/**
 * filesystem/tar: a tar archive on a disk, mounted as it is, to read only.
 *
 * The headers are read once, at the mount; contents are read from the disk when a page of them is wanted. State: see state.ts.
 */
import { EINVAL, ENOENT, EROFS } from '../../../abi/linux/errno.ts';
import { TAR_MAGIC } from '../../../abi/linux/magic.ts';
import { S_IFLNK, S_IFMT } from '../../../abi/linux/stat.ts';
import { SECTOR } from '../../../contracts/block.ts';
import {
  type DirectoryEntry,
  type FileSystem,
  FILL_HOLE,
  FS_PAGED,
  FS_READ_ONLY,
  FS_REFILLS,
  inodeNumberOf,
  ROOT_INODE,
  SB_SHIFT,
  type Stat,
  superblockOf,
} from '../../../contracts/filesystem.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Module } from '../../../contracts/module.ts';
import { KernelFault } from '../../../lib/kernel-fault.ts';
import { copyToPhysical, zeroPhysical } from '../../../lib/spans.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import { scanArchive } from './scan.ts';
import { bytesOn, eachPiece } from './source.ts';
import { type TarInode, tarLayout, type TarMount, type TarState } from './state.ts';

const DEVICES = '/dev/';
const NAME_MAX = 255;

function mountOf(state: TarState, id: number): TarMount {
  const mount = state.mounts.get(superblockOf(id));
  if (mount === undefined) throw new KernelFault(`inode ${id} belongs to no mounted archive`);
  return mount;
}

function inodeOf(state: TarState, id: number): TarInode {
  const inode = mountOf(state, id).inodes.get(inodeNumberOf(id));
  if (inode === undefined) throw new KernelFault(`no member of an archive is inode ${id}`);
  return inode;
}

function mount(state: TarState, kernel: Kernel, sb: number, source: string): number {
  const disk = kernel.block.find(source.startsWith(DEVICES) ? source.slice(DEVICES.length) : source);
  if (disk === 0) return source === '' ? -EINVAL : -ENOENT;
  const index = scanArchive(state, kernel, sb, disk);
  if (typeof index === 'number') return index;
  state.mounts.set(sb, index);
  return sb * SB_SHIFT + ROOT_INODE;
}

function fillStat(id: number, inode: TarInode, into: Stat): void {
  into.inode = id;
  into.mode = inode.mode;
  into.links = inode.links;
  into.uid = inode.uid;
  into.gid = inode.gid;
  into.rdev = inode.rdev;
  into.size = inode.size;
  into.blockSize = PAGE_SIZE;
  into.blocks = Math.ceil(inode.size / SECTOR);
  into.atimeSeconds = into.mtimeSeconds = into.ctimeSeconds = inode.mtimeSeconds;
  into.atimeNanoseconds = into.mtimeNanoseconds = into.ctimeNanoseconds = inode.mtimeNanoseconds;
}

/** A cookie is the place in the archive's order, from 1. */
function list(state: TarState, id: number, cookie: number, limit: number): DirectoryEntry[] {
  const { inodes } = mountOf(state, id);
  const entries: DirectoryEntry[] = [];
  const base = superblockOf(id) * SB_SHIFT;
  let next = 0;
  for (const [name, ino] of inodeOf(state, id).children ?? []) {
    if (next++ < cookie) continue;
    if (entries.length === limit) break;
    entries.push({ name, inode: base + ino, type: (inodes.get(ino)?.mode ?? 0) & S_IFMT, next });
  }
  return entries;
}

function fill(state: TarState, kernel: Kernel, id: number, index: number, frame: number): number {
  const { size, at } = inodeOf(state, id);
  const offset = index * PAGE_SIZE;
  if (offset >= size) return FILL_HOLE;
  const length = Math.min(PAGE_SIZE, size - offset);
  const address = frame * PAGE_SIZE;
  const { disk } = mountOf(state, id);
  const error = eachPiece(kernel, disk, at + offset, length, (from, count, done) => {
    copyToPhysical(kernel, kernel.machine.u8, from, address + done, count);
  });
  if (error === 0 && length < PAGE_SIZE) zeroPhysical(kernel, address + length, PAGE_SIZE - length);
  return error;
}

const tarFileSystem = (state: TarState, kernel: Kernel): FileSystem => ({
  mount: (sb, source) => mount(state, kernel, sb, source),
  unmount(sb) {
    for (const ino of state.mounts.get(sb)?.inodes.keys() ?? [])
      kernel.pagecache.truncate(sb * SB_SHIFT + ino, 0);
    state.mounts.delete(sb);
  },
  capabilities: (sb) => (state.mounts.has(sb) ? FS_PAGED | FS_READ_ONLY | FS_REFILLS : 0),
  lookup(_tid, directory, name) {
    const ino = inodeOf(state, directory).children?.get(name);
    return ino === undefined ? -ENOENT : superblockOf(directory) * SB_SHIFT + ino;
  },
  stat(id, into) {
    fillStat(id, inodeOf(state, id), into);
    return 0;
  },
  create: () => -EROFS,
  symlink: () => -EROFS,
  link: () => -EROFS,
  unlink: () => -EROFS,
  rename: () => -EROFS,
  readlink(_tid, id) {
    const { mode, target } = inodeOf(state, id);
    return (mode & S_IFMT) === S_IFLNK ? target : -EINVAL;
  },
  jump: () => 0,
  jumpFile: () => 0,
  list: (_tid, directory, cookie, limit) => list(state, directory, cookie, limit),
  setAttributes: () => -EROFS,
  fill: (id, index, frame) => fill(state, kernel, id, index, frame),
  refills: () => true,
  written: () => -EROFS,
  accessed() {},
  read: () => -EINVAL,
  write: () => -EROFS,
  flush: () => 0,
  pin() {},
  unpin() {},
  statfs(sb) {
    const found = mountOf(state, sb * SB_SHIFT);
    return {
      type: TAR_MAGIC,
      blockSize: SECTOR,
      blocks: bytesOn(kernel, found.disk) / SECTOR,
      free: 0,
      files: found.inodes.size,
      filesFree: 0,
      nameLength: NAME_MAX,
    };
  },
  completed() {},
});

export const tarFilesystem: Module<FileSystem, TarState> = {
  manifest: {
    slot: 'filesystem',
    name: 'tar',
    version: '1.0.0',
    contract: 1,
    interfaces: [],
    needs: { block: 1, buffercache: 1, frames: 1, pagecache: 1, vm: 1 },
    type: 'tar',
    description: 'a tar archive on a disk, read where it lies',
  },
  layout: tarLayout,
  create: (state, kernel) => tarFileSystem(state, kernel),
};

export default tarFilesystem;
