/**
 * The superblock and the group descriptors: what a file system may be to be mounted, and the counts that it keeps.
 *
 * Every number that later code relies on is checked here once, so that a damaged image is refused and not believed.
 */
import { EINVAL, EUCLEAN } from '../../../abi/linux/errno.ts';
import { UNIT } from '../../../contracts/buffercache.ts';
import * as at from './layout.ts';
import { createExt2Mount, type Ext2Mount } from './state.ts';
import {
  changeAt,
  damaged,
  type GroupPlaces,
  get16,
  get32,
  put16,
  put32,
  readAt,
  type Transaction,
} from './transaction.ts';

const SUPERBLOCK_SIZE = 1024;
const SMALLEST_BLOCK = 1024;
const KNOWN_RO: number = at.RO_SPARSE_SUPER | at.RO_LARGE_FILE | at.RO_BTREE_DIR;

const isPowerOfTwo = (value: number): boolean => value > 0 && (value & (value - 1)) === 0;

export const readSuperblock = (tx: Transaction): Uint8Array => readAt(tx, at.SUPERBLOCK_AT, SUPERBLOCK_SIZE);
export const changeSuperblock = (tx: Transaction): Uint8Array =>
  changeAt(tx, at.SUPERBLOCK_AT, SUPERBLOCK_SIZE);

/** Bytes in which a group's descriptor lies; all descriptors follow the superblock's block. */
function groupAt(mount: Ext2Mount, group: number): number {
  return (mount.firstDataBlock + 1) * mount.blockSize + group * at.GROUP_SIZE;
}
export const readGroup = (tx: Transaction, group: number): Uint8Array =>
  readAt(tx, groupAt(tx.mount, group), at.GROUP_SIZE);
export const changeGroup = (tx: Transaction, group: number): Uint8Array =>
  changeAt(tx, groupAt(tx.mount, group), at.GROUP_SIZE);

/** Where a group's bitmaps and inode table begin. */
export function placesOf(tx: Transaction, group: number): GroupPlaces {
  let places = tx.places.get(group);
  if (places === undefined) {
    const descriptor = readGroup(tx, group);
    places = {
      blockBitmap: get32(descriptor, at.GROUP_BLOCK_BITMAP),
      inodeBitmap: get32(descriptor, at.GROUP_INODE_BITMAP),
      table: get32(descriptor, at.GROUP_INODE_TABLE),
    };
    tx.places.set(group, places);
  }
  return places;
}

/** Blocks of a group; the last may be short. */
export const blocksIn = (mount: Ext2Mount, group: number): number =>
  Math.min(mount.blocksPerGroup, mount.blocks - mount.firstDataBlock - group * mount.blocksPerGroup);

/** Blocks of each group's inode table. */
export const tableBlocks = (mount: Ext2Mount): number =>
  Math.ceil((mount.inodesPerGroup * mount.inodeSize) / mount.blockSize);

/** Fill in the geometry. @returns 0, -EINVAL (no ext2, or one with features that are unknown) or -EUCLEAN */
function geometry(superblock: Uint8Array, sectors: number, mount: Ext2Mount): number {
  if (get16(superblock, at.SB_MAGIC) !== at.EXT2_MAGIC) return -EINVAL;
  const revision = get32(superblock, at.SB_REVISION);
  const dynamic = revision >= 1;
  const incompatible = dynamic ? get32(superblock, at.SB_INCOMPATIBLE) : 0;
  if ((incompatible & ~at.INCOMPATIBLE_FILETYPE) !== 0) return -EINVAL;
  const logSize = get32(superblock, at.SB_LOG_BLOCK_SIZE);
  if (logSize > 2) return -EINVAL;
  const unknown = dynamic ? get32(superblock, at.SB_READ_ONLY_COMPATIBLE) & ~KNOWN_RO : 0;
  if (unknown !== 0) mount.readOnly = true;
  mount.blockSize = SMALLEST_BLOCK << logSize;
  mount.inodeSize = dynamic ? get16(superblock, at.SB_INODE_SIZE) : at.OLD_INODE_SIZE;
  mount.firstInode = dynamic ? get32(superblock, at.SB_FIRST_INODE) : at.OLD_FIRST_INODE;
  mount.blocks = get32(superblock, at.SB_BLOCKS);
  mount.inodes = get32(superblock, at.SB_INODES);
  mount.firstDataBlock = get32(superblock, at.SB_FIRST_DATA_BLOCK);
  mount.blocksPerGroup = get32(superblock, at.SB_BLOCKS_PER_GROUP);
  mount.inodesPerGroup = get32(superblock, at.SB_INODES_PER_GROUP);
  mount.typed = (incompatible & at.INCOMPATIBLE_FILETYPE) !== 0;
  mount.revised = dynamic;
  mount.wasValid = (get16(superblock, at.SB_STATE) & (at.STATE_VALID | at.STATE_ERROR)) === at.STATE_VALID;
  mount.clean = mount.wasValid;
  return isSound(mount, sectors) ? 0 : -EUCLEAN;
}

function isSound(mount: Ext2Mount, sectors: number): boolean {
  const { blockSize, inodeSize, blocks, inodes, firstDataBlock, blocksPerGroup, inodesPerGroup } = mount;
  const bits = blockSize * 8;
  if (!isPowerOfTwo(inodeSize) || inodeSize < at.OLD_INODE_SIZE || inodeSize > blockSize) return false;
  if (firstDataBlock !== (blockSize === SMALLEST_BLOCK ? 1 : 0)) return false;
  if (blocks <= firstDataBlock + 1 || blocks * blockSize > sectors * 512) return false;
  if (blocksPerGroup === 0 || blocksPerGroup > bits || blocksPerGroup % 8 !== 0) return false;
  if (inodesPerGroup === 0 || inodesPerGroup > bits || inodesPerGroup % 8 !== 0) return false;
  mount.groups = Math.ceil((blocks - firstDataBlock) / blocksPerGroup);
  if (inodes !== mount.groups * inodesPerGroup) return false;
  if (mount.firstInode < at.OLD_FIRST_INODE || mount.firstInode > inodesPerGroup) return false;
  return tableBlocks(mount) < blocksIn(mount, 0);
}

/**
 * Do all bitmaps and tables lie within the file system? Asked once, for all that reads them relies on it. Counts what is
 * free: the superblock's sums may be old after a crash.
 */
function checkGroups(tx: Transaction): void {
  const { mount } = tx;
  const table = tableBlocks(mount);
  const first = mount.firstDataBlock + 1;
  const bytes = mount.groups * at.GROUP_SIZE;
  tx.kernel.buffercache.prefetch(
    mount.disk,
    Math.floor(groupAt(mount, 0) / UNIT),
    Math.ceil(bytes / UNIT) + 1,
  );
  for (let group = 0; group < mount.groups; group++) {
    const descriptor = readGroup(tx, group);
    const start = get32(descriptor, at.GROUP_INODE_TABLE);
    if (start < first || start + table > mount.blocks) damaged();
    for (const field of [at.GROUP_BLOCK_BITMAP, at.GROUP_INODE_BITMAP]) {
      const bitmap = get32(descriptor, field);
      if (bitmap < first || bitmap >= mount.blocks) damaged();
    }
    const freeBlocks = get16(descriptor, at.GROUP_FREE_BLOCKS);
    const freeInodes = get16(descriptor, at.GROUP_FREE_INODES);
    if (freeBlocks > blocksIn(mount, group) || freeInodes > mount.inodesPerGroup) damaged();
    mount.freeBlocks += freeBlocks;
    mount.freeInodes += freeInodes;
  }
}

/** Describe the file system of a disk. @param tx over a mount of which only the disk is known @returns 0 or -errno */
export function describe(tx: Transaction): number {
  const { mount } = tx;
  const disk = tx.kernel.block.disk(mount.disk);
  if (disk === null || disk.sectors * 512 < at.SUPERBLOCK_AT + SUPERBLOCK_SIZE) return -EINVAL;
  const known = geometry(readSuperblock(tx), disk.sectors, mount);
  if (known !== 0) return known;
  if (disk.readOnly) mount.readOnly = true;
  checkGroups(tx);
  return 0;
}

export const mountOn = (disk: number): Ext2Mount => Object.assign(createExt2Mount(), { disk });

/** The file system is about to change: it is not properly unmounted any more. */
export function markInUse(tx: Transaction): void {
  const superblock = changeSuperblock(tx);
  put16(superblock, at.SB_STATE, get16(superblock, at.SB_STATE) & ~at.STATE_VALID);
  put16(superblock, at.SB_MOUNT_COUNT, (get16(superblock, at.SB_MOUNT_COUNT) + 1) & 0xffff);
  put32(superblock, at.SB_MOUNT_TIME, tx.now);
}

/** Write the counts, and if it is `valid` that it was unmounted properly. */
export function writeCounts(tx: Transaction, valid: boolean): void {
  const superblock = changeSuperblock(tx);
  put32(superblock, at.SB_FREE_BLOCKS, tx.mount.freeBlocks);
  put32(superblock, at.SB_FREE_INODES, tx.mount.freeInodes);
  put32(superblock, at.SB_WRITE_TIME, tx.now);
  if (valid) put16(superblock, at.SB_STATE, get16(superblock, at.SB_STATE) | at.STATE_VALID);
}

/** There is a file of 2 GiB or more. */
export function noteLargeFile(tx: Transaction): void {
  const features = get32(readSuperblock(tx), at.SB_READ_ONLY_COMPATIBLE);
  if ((features & at.RO_LARGE_FILE) !== 0) return;
  put32(changeSuperblock(tx), at.SB_READ_ONLY_COMPATIBLE, features | at.RO_LARGE_FILE);
}

/** The first block of extended attributes was made. */
export function noteAttributes(tx: Transaction): void {
  const features = get32(readSuperblock(tx), at.SB_COMPATIBLE);
  if (!tx.mount.revised || (features & at.COMPATIBLE_ATTRIBUTES) !== 0) return;
  put32(changeSuperblock(tx), at.SB_COMPATIBLE, features | at.COMPATIBLE_ATTRIBUTES);
}
