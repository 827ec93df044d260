/**
 * Inodes as they lie in their tables: read, changed, and described to stat(2).
 */
import { ENOENT } from '../../../abi/linux/errno.ts';
import {
  decodeDevice,
  encodeDevice,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from '../../../abi/linux/stat.ts';
import { SB_SHIFT, type Stat } from '../../../contracts/filesystem.ts';
import { groupOfInode } from './allocate.ts';
import * as at from './layout.ts';
import { placesOf, tableBlocks } from './superblock.ts';
import {
  changeAt,
  damaged,
  get16,
  get32,
  put16,
  put32,
  readAt,
  Stop,
  type Transaction,
} from './transaction.ts';

/** Where an inode lies, in bytes. Throws for a number that none has. */
function placeOf(tx: Transaction, ino: number): number {
  const { mount } = tx;
  const own = ino === at.ROOT_INO || ino >= mount.firstInode;
  if (!own || ino > mount.inodes) damaged();
  const index = (ino - 1) % mount.inodesPerGroup;
  const { table } = placesOf(tx, groupOfInode(tx, ino));
  if (table + tableBlocks(mount) > mount.blocks) damaged();
  return table * mount.blockSize + index * mount.inodeSize;
}

/** A view, good until the inode is changed. */
export const readInode = (tx: Transaction, ino: number): Uint8Array =>
  readAt(tx, placeOf(tx, ino), at.OLD_INODE_SIZE);
export const changeInode = (tx: Transaction, ino: number): Uint8Array =>
  changeAt(tx, placeOf(tx, ino), at.OLD_INODE_SIZE);
/** All of it, the part behind the old size included, as zeros. */
export function clearInode(tx: Transaction, ino: number): Uint8Array {
  changeAt(tx, placeOf(tx, ino), tx.mount.inodeSize).fill(0);
  return changeInode(tx, ino);
}

export const modeOf = (inode: Uint8Array): number => get16(inode, at.INODE_MODE);
export const typeOf = (inode: Uint8Array): number => modeOf(inode) & S_IFMT;
export const linksOf = (inode: Uint8Array): number => get16(inode, at.INODE_LINKS);

/** Largest file that block numbers of 32 bits and pointers of three levels can describe, whatever a size field says. */
const LARGEST = 2 ** 44;

export function sizeOf(inode: Uint8Array): number {
  const low = get32(inode, at.INODE_SIZE);
  const size = typeOf(inode) === S_IFREG ? low + get32(inode, at.INODE_SIZE_HIGH) * 0x1_0000_0000 : low;
  return size <= LARGEST ? size : damaged();
}

export function putSize(inode: Uint8Array, size: number): void {
  put32(inode, at.INODE_SIZE, size % 0x1_0000_0000);
  if (typeOf(inode) === S_IFREG) put32(inode, at.INODE_SIZE_HIGH, Math.floor(size / 0x1_0000_0000));
}

/** One that is in use: it has a type and a link, or is held without one. */
export function liveInode(tx: Transaction, ino: number): Uint8Array {
  const inode = readInode(tx, ino);
  if (at.ENTRY_TYPES[typeOf(inode) >>> at.TYPE_SHIFT] === 0) damaged();
  if (linksOf(inode) === 0 && !tx.mount.orphans.has(ino)) damaged();
  return inode;
}

/** A directory that has a name. */
export function namedDirectory(tx: Transaction, ino: number): Uint8Array {
  const inode = liveInode(tx, ino);
  if (linksOf(inode) === 0) throw new Stop(-ENOENT);
  return inode;
}

export function putOwner(inode: Uint8Array, uid: number | undefined, gid: number | undefined): void {
  if (uid !== undefined) {
    put16(inode, at.INODE_UID, uid & 0xffff);
    put16(inode, at.INODE_UID_HIGH, uid >>> 16);
  }
  if (gid !== undefined) {
    put16(inode, at.INODE_GID, gid & 0xffff);
    put16(inode, at.INODE_GID_HIGH, gid >>> 16);
  }
}

/** Linux writes the old form where it fits, else the new one in the second word. */
export function putDevice(inode: Uint8Array, device: number): void {
  const encoded = encodeDevice(device);
  put32(inode, encoded > 0xffff ? at.INODE_BLOCK + 4 : at.INODE_BLOCK, encoded);
}

function deviceOf(inode: Uint8Array): number {
  const type = typeOf(inode);
  if (type !== S_IFCHR && type !== S_IFBLK) return 0;
  return decodeDevice(get32(inode, at.INODE_BLOCK) || get32(inode, at.INODE_BLOCK + 4));
}

/** A target that lies in the inode itself. */
export const isFastSymlink = (inode: Uint8Array): boolean =>
  typeOf(inode) === S_IFLNK && sizeOf(inode) < at.FAST_SYMLINK && blocksHeld(inode) === 0;

/** Sectors, those of extended attributes not counted. */
function blocksHeld(inode: Uint8Array): number {
  return get32(inode, at.INODE_ATTRIBUTES) === 0 ? get32(inode, at.INODE_SECTORS) : 0;
}

/** Does it have block pointers? */
export function hasBlocks(inode: Uint8Array): boolean {
  const type = typeOf(inode);
  return type === S_IFREG || type === S_IFDIR || (type === S_IFLNK && !isFastSymlink(inode));
}

const signed = (inode: Uint8Array, field: number): number => get32(inode, field) | 0;

export function fillStat(tx: Transaction, ino: number, into: Stat): void {
  const inode = liveInode(tx, ino);
  into.inode = tx.sb * SB_SHIFT + ino;
  into.mode = modeOf(inode);
  into.links = linksOf(inode);
  into.uid = get16(inode, at.INODE_UID) + get16(inode, at.INODE_UID_HIGH) * 0x1_0000;
  into.gid = get16(inode, at.INODE_GID) + get16(inode, at.INODE_GID_HIGH) * 0x1_0000;
  into.rdev = deviceOf(inode);
  into.size = sizeOf(inode);
  into.blockSize = tx.mount.blockSize;
  into.blocks = get32(inode, at.INODE_SECTORS);
  into.atimeSeconds = signed(inode, at.INODE_ATIME);
  into.mtimeSeconds = signed(inode, at.INODE_MTIME);
  into.ctimeSeconds = signed(inode, at.INODE_CTIME);
  into.atimeNanoseconds = 0;
  into.mtimeNanoseconds = 0;
  into.ctimeNanoseconds = 0;
}
