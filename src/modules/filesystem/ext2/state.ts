/**
 * State of filesystem/ext2: for each superblock its geometry, who holds which inode, and what is still to be done.
 *
 * All else is in the buffer cache and, for the contents of files, in the page cache.
 */
import { layout, type StateLayout } from '../../../contracts/contract.ts';
import { bool, int, map, record, set } from '../../../contracts/schema.ts';

export interface Ext2Mount {
  disk: number;
  /** Nothing may be written: the mount's, the disk's or an unknown feature's doing, or damage was found. */
  readOnly: boolean;
  /** Something on the disk could not be: it stays read-only. */
  damaged: boolean;
  noatime: boolean;
  /** The superblock says that the file system was unmounted properly, and nothing was changed since. */
  clean: boolean;
  /** It was told, in the buffer cache at least, that it is in use. */
  marked: boolean;
  /** It said so when it was mounted, so that it may say so again. */
  wasValid: boolean;
  /** Bytes. */
  blockSize: number;
  inodeSize: number;
  blocks: number;
  inodes: number;
  firstDataBlock: number;
  blocksPerGroup: number;
  inodesPerGroup: number;
  groups: number;
  firstInode: number;
  /** Directory entries say the type. */
  typed: boolean;
  /** The superblock can say that there are files of 2 GiB and more. */
  revised: boolean;
  /** Kept here and written to the superblock when all is synced. */
  freeBlocks: number;
  freeInodes: number;
  countsChanged: boolean;
  /** Inode number to how often vfs holds it. */
  pins: Map<number, number>;
  /** Inodes without a name: held ones, and those whose blocks are to be freed. */
  orphans: Set<number>;
  dying: Set<number>;
  /** Files that were cut and may have blocks behind their end, which must go before they grow. */
  cutting: Set<number>;
  /** Inodes of which the page cache may have pages. */
  paged: Set<number>;
  /** Inode number to the indices of pages that are newer than the buffer cache. */
  dirty: Map<number, Set<number>>;
  /** -errno of a page that could not be written and was not yet reported. */
  error: number;
}

export interface Ext2State {
  /** By superblock. */
  mounts: Map<number, Ext2Mount>;
}

export const createExt2Mount = (): Ext2Mount => ({
  disk: 0,
  readOnly: false,
  damaged: false,
  noatime: false,
  clean: false,
  marked: false,
  wasValid: false,
  blockSize: 1024,
  inodeSize: 128,
  blocks: 0,
  inodes: 0,
  firstDataBlock: 0,
  blocksPerGroup: 0,
  inodesPerGroup: 0,
  groups: 0,
  firstInode: 0,
  typed: false,
  revised: false,
  freeBlocks: 0,
  freeInodes: 0,
  countsChanged: false,
  pins: new Map(),
  orphans: new Set(),
  dying: new Set(),
  cutting: new Set(),
  paged: new Set(),
  dirty: new Map(),
  error: 0,
});
const blank = (): Ext2State => ({ mounts: new Map() });

export const ext2Layout: StateLayout<Ext2State> = layout(
  'filesystem:ext2',
  record<Ext2State>(
    {
      mounts: map(
        int(),
        record<Ext2Mount>(
          {
            disk: int(),
            readOnly: bool(),
            damaged: bool(),
            noatime: bool(),
            clean: bool(),
            marked: bool(),
            wasValid: bool(),
            blockSize: int(),
            inodeSize: int(),
            blocks: int(),
            inodes: int(),
            firstDataBlock: int(),
            blocksPerGroup: int(),
            inodesPerGroup: int(),
            groups: int(),
            firstInode: int(),
            typed: bool(),
            revised: bool(),
            freeBlocks: int(),
            freeInodes: int(),
            countsChanged: bool(),
            pins: map(int(), int()),
            orphans: set(int()),
            dying: set(int()),
            cutting: set(int()),
            paged: set(int()),
            dirty: map(int(), set(int())),
            error: int(),
          },
          createExt2Mount,
        ),
      ),
    },
    blank,
  ),
  blank,
  (state) => {
    for (const [sb, { pins, dying, orphans, freeBlocks, blocks }] of state.mounts) {
      for (const [ino, count] of pins)
        if (count <= 0) return `inode ${ino} of superblock ${sb} is held ${count} times`;
      for (const ino of orphans)
        if (!pins.has(ino)) return `inode ${ino} of superblock ${sb} has no name and no holder`;
      for (const ino of dying)
        if (pins.has(ino)) return `inode ${ino} of superblock ${sb} is to go but is held`;
      if (freeBlocks < 0 || freeBlocks > blocks)
        return `superblock ${sb} has ${freeBlocks} of ${blocks} blocks free`;
    }
    return null;
  },
);
