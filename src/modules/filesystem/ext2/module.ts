/**
 * filesystem/ext2: the second extended file system on a disk, read and written.
 *
 * Every operation is a transaction over the buffer cache; contents of files are in the page cache, too, and a change of them is
 * brought to the buffer cache at once. State: see state.ts.
 */
import { EACCES, EBUSY, EINVAL, ENOENT, EROFS, EUCLEAN } from '../../../abi/linux/errno.ts';
import { EXT2_SUPER_MAGIC } from '../../../abi/linux/magic.ts';
import { S_IFDIR, S_IFLNK } from '../../../abi/linux/stat.ts';
import {
  type DirectoryEntry,
  type FileSystem,
  FS_PAGED,
  FS_READ_ONLY,
  FS_REFILLS,
  FS_STEPS,
  inodeNumberOf,
  SB_SHIFT,
  superblockOf,
} from '../../../contracts/filesystem.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Module } from '../../../contracts/module.ts';
import { KernelFault } from '../../../lib/kernel-fault.ts';
import { mountOptions } from '../../../lib/mount-options.ts';
import { accessInode, setAttributes, written } from './changes.ts';
import { fillPage } from './content.ts';
import { eachName, findEntry } from './directory.ts';
import { getAttribute, listAttributes, setAttribute } from './extended.ts';
import { fillStat, isFastSymlink, liveInode, sizeOf, typeOf } from './inode.ts';
import * as at from './layout.ts';
import { findBlock } from './map.ts';
import * as names from './names.ts';
import { idOf, mountOf, run, type Self } from './run.ts';
import { type Ext2State, ext2Layout } from './state.ts';
import { describe, mountOn, tableBlocks } from './superblock.ts';
import { damaged, readBlock, type Transaction } from './transaction.ts';
import { update } from './update.ts';
import { mark, reap, release, sync } from './upkeep.ts';

const DEVICES = '/dev/';

function mount(self: Self, sb: number, source: string, options: string): number {
  const { block } = self.kernel;
  const disk = block.find(source.startsWith(DEVICES) ? source.slice(DEVICES.length) : source);
  if (disk === 0) return source === '' ? -EINVAL : -ENOENT;
  for (const other of self.state.mounts.values()) if (other.disk === disk) return -EBUSY;
  const made = mountOn(disk);
  const given = mountOptions(options);
  made.readOnly = given.readOnly;
  made.noatime = given.noatime;
  const known = run(self, sb, made, (tx) => {
    const described = describe(tx);
    if (described !== 0) return described;
    return typeOf(liveInode(tx, at.ROOT_INO)) === S_IFDIR ? 0 : -EUCLEAN;
  });
  if (known !== 0) return known;
  made.marked = !made.wasValid;
  self.state.mounts.set(sb, made);
  return idOf(sb, at.ROOT_INO);
}

function remount(self: Self, sb: number, readOnly: boolean): number {
  const found = mountOf(self, idOf(sb, at.ROOT_INO));
  if (readOnly && found.orphans.size > 0) return -EBUSY;
  if (readOnly || !found.readOnly) {
    found.readOnly = readOnly;
    return 0;
  }
  if (found.damaged) return -EROFS;
  if (self.kernel.block.disk(found.disk)?.readOnly !== false) return -EACCES;
  // Whether there are features that only readers need not know.
  const fresh = mountOn(found.disk);
  const known = run(self, sb, fresh, describe);
  if (known !== 0) return known;
  found.readOnly = fresh.readOnly;
  return found.readOnly ? -EROFS : 0;
}

function readTarget(tx: Transaction, ino: number): string | number {
  const inode = liveInode(tx, ino);
  if (typeOf(inode) !== S_IFLNK) return -EINVAL;
  const size = sizeOf(inode);
  if (isFastSymlink(inode))
    return String.fromCharCode(...inode.subarray(at.INODE_BLOCK, at.INODE_BLOCK + size));
  const block = findBlock(tx, ino, 0);
  if (size === 0 || size >= tx.mount.blockSize || block === 0) damaged();
  return String.fromCharCode(...readBlock(tx, block).subarray(0, size));
}

function list(tx: Transaction, sb: number, ino: number, from: number, limit: number): DirectoryEntry[] {
  const entries: DirectoryEntry[] = [];
  eachName(tx, ino, from, (name, child, type, next) => {
    entries.push({ name, inode: idOf(sb, child), type, next });
    return entries.length >= limit;
  });
  return entries;
}

function ext2FileSystem(state: Ext2State, kernel: Kernel): FileSystem {
  const self: Self = { state, kernel };
  const look = <T>(id: number, act: (tx: Transaction, ino: number) => T): T | number =>
    run(self, superblockOf(id), mountOf(self, id), (tx) => act(tx, inodeNumberOf(id)));
  const change = <T>(id: number, act: (tx: Transaction, ino: number) => T): T | number =>
    update(self, superblockOf(id), (tx) => act(tx, inodeNumberOf(id)));
  /** The inode that a change left without a name. */
  const lose = (id: number, lost: number): number => {
    const found = mountOf(self, id);
    if (lost <= 0) return lost;
    if (found.pins.has(lost)) found.orphans.add(lost);
    else release(self, superblockOf(id), found, lost);
    return 0;
  };
  const make = (
    id: number,
    name: string,
    mode: number,
    uid: number,
    gid: number,
    rdev: number,
    target: string,
  ) => {
    const made = change(id, (tx, ino) => names.make(tx, ino, name, mode, uid, gid, rdev, target));
    return made < 0 ? made : idOf(superblockOf(id), made);
  };

  return {
    mount: (sb, source, options) => mount(self, sb, source, options),
    unmount(sb) {
      const found = mountOf(self, sb * SB_SHIFT);
      // vfs has synced it, unless it was detached while it was in use.
      sync(self, sb, found, true);
      for (const ino of found.paged) kernel.pagecache.truncate(idOf(sb, ino), 0);
      state.mounts.delete(sb);
    },
    capabilities(sb) {
      const found = state.mounts.get(sb);
      if (found === undefined) return 0;
      return FS_PAGED | FS_STEPS | (found.readOnly ? FS_READ_ONLY | FS_REFILLS : 0);
    },
    lookup(_tid, directory, name) {
      return look(directory, (tx, ino) => {
        const entry = findEntry(tx, ino, name);
        if (entry === null) return -ENOENT;
        liveInode(tx, entry.ino);
        return idOf(superblockOf(directory), entry.ino);
      });
    },
    stat: (id, into) =>
      look(id, (tx, ino) => {
        fillStat(tx, ino, into);
        return 0;
      }),
    create: (directory, name, mode, uid, gid, rdev) => make(directory, name, mode, uid, gid, rdev, ''),
    symlink: (directory, name, target, uid, gid) =>
      make(directory, name, S_IFLNK | 0o777, uid, gid, 0, target),
    link: (directory, name, id) =>
      change(directory, (tx, ino) => {
        names.link(tx, ino, name, inodeNumberOf(id));
        return 0;
      }),
    unlink: (directory, name, isDirectory) =>
      lose(
        directory,
        change(directory, (tx, ino) => names.unlink(tx, ino, name, isDirectory)),
      ),
    rename: (directory, name, toDirectory, toName, flags) =>
      lose(
        directory,
        change(directory, (tx, ino) =>
          names.rename(tx, ino, name, inodeNumberOf(toDirectory), toName, flags),
        ),
      ),
    readlink: (_tid, id) => look(id, readTarget),
    jump: () => 0,
    jumpFile: () => 0,
    list: (_tid, directory, cookie, limit) =>
      look(directory, (tx, ino) => list(tx, superblockOf(directory), ino, cookie, limit)),
    setAttributes: (id, attributes) => setAttributes(self, id, attributes),
    fill(id, index, frame) {
      mountOf(self, id).paged.add(inodeNumberOf(id));
      return look(id, (tx, ino) => fillPage(tx, ino, index, frame));
    },
    refills: (id, index) => mountOf(self, id).dirty.get(inodeNumberOf(id))?.has(index) !== true,
    written: (id, offset, length) => written(self, id, offset, length),
    accessed: (id) => accessInode(self, id),
    read: () => -EINVAL,
    write: () => -EINVAL,
    flush: (id) => sync(self, superblockOf(id), mountOf(self, id), false),
    pin(id) {
      const { pins } = mountOf(self, id);
      pins.set(inodeNumberOf(id), (pins.get(inodeNumberOf(id)) ?? 0) + 1);
    },
    unpin(id) {
      const found = mountOf(self, id);
      const ino = inodeNumberOf(id);
      const count = (found.pins.get(ino) ?? 0) - 1;
      if (count < 0) throw new KernelFault(`inode ${id} is unpinned more often than pinned`);
      if (count > 0) found.pins.set(ino, count);
      else found.pins.delete(ino);
      if (count === 0 && found.orphans.delete(ino)) release(self, superblockOf(id), found, ino);
    },
    statfs(sb) {
      const found = mountOf(self, sb * SB_SHIFT);
      reap(self, sb, found);
      const overhead = found.firstDataBlock + found.groups * (tableBlocks(found) + 2);
      return {
        type: EXT2_SUPER_MAGIC,
        blockSize: found.blockSize,
        blocks: Math.max(0, found.blocks - overhead),
        free: found.freeBlocks,
        files: found.inodes,
        filesFree: found.freeInodes,
        nameLength: at.NAME_MAX,
      };
    },
    completed() {},
    sync: (sb, last) => sync(self, sb, mountOf(self, sb * SB_SHIFT), last),
    remount: (sb, readOnly) => remount(self, sb, readOnly),
    getExtended: (id, name) => look(id, (tx, ino) => getAttribute(tx, ino, name)),
    setExtended: (id, name, value, flags) =>
      change(id, (tx, ino) => setAttribute(tx, ino, name, value, flags)),
    listExtended: (id) => look(id, listAttributes),
    dirtied: (id, index) => mark(mountOf(self, id), inodeNumberOf(id), index),
  };
}

export const ext2Filesystem: Module<FileSystem, Ext2State> = {
  manifest: {
    slot: 'filesystem',
    name: 'ext2',
    version: '1.0.0',
    contract: 1,
    interfaces: ['durable', 'extended', 'remount'],
    needs: { block: 1, buffercache: 1, clock: 1, frames: 1, pagecache: 1, vm: 1 },
    type: 'ext2',
    description: 'files on a disk, as Linux lays them out',
  },
  layout: ext2Layout,
  create: (state, kernel) => ext2FileSystem(state, kernel),
};

export default ext2Filesystem;
