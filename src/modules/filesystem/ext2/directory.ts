/**
 * Directories as lists of names, read from the first block to the last.
 *
 * An index by hash (dir_index) is passed over when reading, for to a linear reader its blocks are empty entries, and is given
 * up when a name is added or removed. Every entry is checked before it is believed.
 */
import { EEXIST } from '../../../abi/linux/errno.ts';
import { S_IFDIR } from '../../../abi/linux/stat.ts';
import { UNIT } from '../../../contracts/buffercache.ts';
import { changeInode, modeOf, readInode, sizeOf, typeOf } from './inode.ts';
import * as at from './layout.ts';
import { findBlock, haveBlock } from './map.ts';
import {
  changeBlock,
  damaged,
  get16,
  get32,
  put16,
  put32,
  readBlock,
  replaceBlock,
  Stop,
  type Transaction,
} from './transaction.ts';

/** Blocks that are fetched ahead. */
const AHEAD = 16;

/** Where an entry lies. */
export interface Entry {
  readonly block: number;
  readonly at: number;
  /** The entry before it in its block, or -1. */
  readonly before: number;
  readonly ino: number;
}

/**
 * Looks at an entry at `place` in a block's bytes. @param before the entry before it in the block, or -1
 * @param position in the directory, in bytes @returns true to stop
 */
type Visit = (
  bytes: Uint8Array,
  place: number,
  length: number,
  block: number,
  before: number,
  position: number,
) => boolean;

/** Bytes of a directory: whole blocks, and no more than there can be. */
function extent(tx: Transaction, ino: number): number {
  const inode = readInode(tx, ino);
  if (typeOf(inode) !== S_IFDIR) damaged();
  const size = sizeOf(inode);
  const { blockSize, blocks } = tx.mount;
  return size % blockSize === 0 && size <= blocks * blockSize ? size : damaged();
}

function fetchAhead(tx: Transaction, ino: number, index: number, end: number): void {
  const { disk, blockSize } = tx.mount;
  for (let next = index; next < Math.min(index + AHEAD, end); next++) {
    const block = findBlock(tx, ino, next);
    if (block !== 0) tx.kernel.buffercache.prefetch(disk, Math.floor((block * blockSize) / UNIT), 1);
  }
}

/** Visit entries, the unused among them, from a position on. @returns true if a visit stopped it */
function walk(tx: Transaction, ino: number, from: number, visit: Visit): boolean {
  const { blockSize, inodes, typed } = tx.mount;
  const end = extent(tx, ino) / blockSize;
  const first = Math.floor(from / blockSize);
  for (let index = first; index < end; index++) {
    if (end > 1 && (index === first || index % AHEAD === 0)) fetchAhead(tx, ino, index, end);
    const block = findBlock(tx, ino, index);
    if (block === 0) continue;
    let before = -1;
    let bytes = readBlock(tx, block);
    for (let place = 0; place < blockSize; ) {
      const length = get16(bytes, place + at.ENTRY_LENGTH);
      const used = at.entrySize(bytes[place + at.ENTRY_NAME_LENGTH] as number);
      if (length < at.entrySize(1) || length % 4 !== 0 || place + length > blockSize || used > length)
        damaged();
      if (get32(bytes, place) > inodes) damaged();
      const position = index * blockSize + place;
      if (position >= from && visit(bytes, place, length, block, before, position)) return true;
      // Only then does a visit that goes on read other blocks, after which a view may be good no more.
      if (!typed) bytes = readBlock(tx, block);
      before = place;
      place += length;
    }
  }
  return false;
}

function isNamed(bytes: Uint8Array, place: number, name: string): boolean {
  if (bytes[place + at.ENTRY_NAME_LENGTH] !== name.length) return false;
  for (let i = 0; i < name.length; i++) {
    if (bytes[place + at.ENTRY_NAME + i] !== name.charCodeAt(i)) return false;
  }
  return true;
}

function nameAt(bytes: Uint8Array, place: number): string {
  const start = place + at.ENTRY_NAME;
  return String.fromCharCode(
    ...bytes.subarray(start, start + (bytes[place + at.ENTRY_NAME_LENGTH] as number)),
  );
}

export function findEntry(tx: Transaction, directory: number, name: string): Entry | null {
  let found: Entry | null = null;
  walk(tx, directory, 0, (bytes, place, _length, block, before) => {
    const ino = get32(bytes, place);
    if (ino === 0 || !isNamed(bytes, place, name)) return false;
    found = { block, at: place, before, ino };
    return true;
  });
  return found;
}

const isDots = (name: string): boolean => name === '.' || name === '..';

export function isEmpty(tx: Transaction, directory: number): boolean {
  return !walk(
    tx,
    directory,
    0,
    (bytes, place) => get32(bytes, place) !== 0 && !isDots(nameAt(bytes, place)),
  );
}

/** Tell names but `.` and `..` from a position on. @param take with the position behind; true to stop */
export function eachName(
  tx: Transaction,
  directory: number,
  from: number,
  take: (name: string, ino: number, type: number, next: number) => boolean,
): void {
  walk(tx, directory, from, (bytes, place, length, _block, _before, position) => {
    const ino = get32(bytes, place);
    const name = nameAt(bytes, place);
    if (ino === 0 || isDots(name) || name.length === 0) return false;
    const told = tx.mount.typed ? at.ENTRY_TYPES.indexOf(bytes[place + at.ENTRY_TYPE] as number) : -1;
    const type = told > 0 ? told << at.TYPE_SHIFT : typeOf(readInode(tx, ino));
    return take(name, ino, type, position + length);
  });
}

/** What points to an inode of this mode. */
function putEntry(tx: Transaction, bytes: Uint8Array, place: number, ino: number, mode: number): void {
  put32(bytes, place + at.ENTRY_INODE, ino);
  bytes[place + at.ENTRY_TYPE] = tx.mount.typed
    ? (at.ENTRY_TYPES[(mode >>> at.TYPE_SHIFT) & 15] as number)
    : 0;
}

function putName(bytes: Uint8Array, place: number, length: number, name: string): void {
  put16(bytes, place + at.ENTRY_LENGTH, length);
  bytes[place + at.ENTRY_NAME_LENGTH] = name.length;
  for (let i = 0; i < name.length; i++) bytes[place + at.ENTRY_NAME + i] = name.charCodeAt(i);
}

/** Names changed: set the times, and give an index up. */
function touch(tx: Transaction, directory: number): void {
  const inode = changeInode(tx, directory);
  put32(inode, at.INODE_FLAGS, (get32(inode, at.INODE_FLAGS) & ~at.FLAG_INDEX) >>> 0);
  put32(inode, at.INODE_MTIME, tx.now);
  put32(inode, at.INODE_CTIME, tx.now);
}

/** Put a name in. Pre: it is not there. */
export function addEntry(tx: Transaction, directory: number, name: string, ino: number): void {
  if (name === '' || isDots(name)) throw new Stop(-EEXIST);
  const mode = modeOf(readInode(tx, ino));
  const need = at.entrySize(name.length);
  const placed = walk(tx, directory, 0, (bytes, place, length, block) => {
    const used = get32(bytes, place) === 0 ? 0 : at.entrySize(bytes[place + at.ENTRY_NAME_LENGTH] as number);
    if (length - used < need) return false;
    const changed = changeBlock(tx, block);
    if (used > 0) put16(changed, place + at.ENTRY_LENGTH, used);
    putName(changed, place + used, length - used, name);
    putEntry(tx, changed, place + used, ino, mode);
    return true;
  });
  if (!placed) {
    const { blockSize } = tx.mount;
    const size = extent(tx, directory);
    const block = replaceBlock(tx, haveBlock(tx, directory, size / blockSize));
    block.fill(0);
    putName(block, 0, blockSize, name);
    putEntry(tx, block, 0, ino, mode);
    put32(changeInode(tx, directory), at.INODE_SIZE, size + blockSize);
  }
  touch(tx, directory);
}

/** Take a name out: the entry before it in its block grows over it. */
export function removeEntry(tx: Transaction, directory: number, { block, at: place, before }: Entry): void {
  const bytes = changeBlock(tx, block);
  if (before < 0) put32(bytes, place + at.ENTRY_INODE, 0);
  else {
    const length = get16(bytes, before + at.ENTRY_LENGTH) + get16(bytes, place + at.ENTRY_LENGTH);
    put16(bytes, before + at.ENTRY_LENGTH, length);
  }
  touch(tx, directory);
}

/** Let a name stand for another inode. */
export function pointEntry(
  tx: Transaction,
  directory: number,
  { block, at: place }: Entry,
  ino: number,
): void {
  putEntry(tx, changeBlock(tx, block), place, ino, modeOf(readInode(tx, ino)));
  touch(tx, directory);
}

/** The first block of a new directory: itself and the one above. */
export function fillDirectory(tx: Transaction, ino: number, parent: number): void {
  const { blockSize } = tx.mount;
  const block = replaceBlock(tx, haveBlock(tx, ino, 0));
  const own = at.entrySize(1);
  block.fill(0);
  putName(block, 0, own, '.');
  putEntry(tx, block, 0, ino, S_IFDIR);
  putName(block, own, blockSize - own, '..');
  putEntry(tx, block, own, parent, S_IFDIR);
  put32(changeInode(tx, ino), at.INODE_SIZE, blockSize);
}
