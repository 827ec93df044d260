/**
 * Contents of files: pages filled from blocks, written to blocks, and cut.
 *
 * What lies in a file's last block behind its end is zeros on the disk, always: a write puts them there, and so does a cut.
 */
import { EFBIG, EINVAL, EISDIR } from '../../../abi/linux/errno.ts';
import { S_IALLUGO, S_IFDIR, S_IFREG } from '../../../abi/linux/stat.ts';
import { UNIT } from '../../../contracts/buffercache.ts';
import { type Attributes, FILL_HOLE } from '../../../contracts/filesystem.ts';
import { copyToPhysical, zeroPhysical } from '../../../lib/spans.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import { checkOwn } from './allocate.ts';
import { changeInode, liveInode, modeOf, putOwner, putSize, readInode, sizeOf, typeOf } from './inode.ts';
import * as at from './layout.ts';
import { cutBlocks, findBlock, haveBlock, mostBlocks } from './map.ts';
import { idOf } from './run.ts';
import type { Ext2Mount } from './state.ts';
import { noteLargeFile } from './superblock.ts';
import { changeBlock, put16, put32, readBlock, replaceBlock, Stop, type Transaction } from './transaction.ts';

/** Above this a file is large to the superblock. */
const LARGE = 0x8000_0000;

const blocksInPage = (mount: Ext2Mount): number => PAGE_SIZE / mount.blockSize;

/** Write all of a frame with a page of a file. @returns 0 or FILL_HOLE, and then the frame was left alone */
export function fillPage(tx: Transaction, ino: number, index: number, frame: number): number {
  const { mount, kernel } = tx;
  const { disk, blockSize } = mount;
  const size = sizeOf(liveInode(tx, ino));
  if (index * PAGE_SIZE >= size) return FILL_HOLE;
  const blocks: number[] = [];
  for (let i = 0; i < blocksInPage(mount); i++) {
    const inFile = index * blocksInPage(mount) + i;
    blocks.push(inFile * blockSize < size ? findBlock(tx, ino, inFile) : 0);
  }
  if (blocks.every((block) => block === 0)) return FILL_HOLE;
  for (const block of blocks) {
    if (block !== 0) kernel.buffercache.prefetch(disk, Math.floor((block * blockSize) / UNIT), 1);
  }
  blocks.forEach((block, i) => {
    const address = frame * PAGE_SIZE + i * blockSize;
    if (block === 0) zeroPhysical(kernel, address, blockSize);
    else copyToPhysical(kernel, readBlock(tx, block), 0, address, blockSize);
  });
  const valid = size - index * PAGE_SIZE;
  if (valid < PAGE_SIZE) zeroPhysical(kernel, frame * PAGE_SIZE + valid, PAGE_SIZE - valid);
  return 0;
}

/** Bring the blocks of a page that hold [from, to) of the file from the page cache to the buffer cache. */
function putPage(tx: Transaction, ino: number, index: number, from: number, to: number): void {
  const { kernel, mount } = tx;
  const { blockSize } = mount;
  const frame = kernel.pagecache.find(idOf(tx.sb, ino), index);
  if (frame === 0) return;
  const first = Math.max(from, index * PAGE_SIZE);
  const end = Math.min(to, (index + 1) * PAGE_SIZE);
  for (let inFile = Math.floor(first / blockSize); inFile * blockSize < end; inFile++) {
    const block = haveBlock(tx, ino, inFile);
    checkOwn(tx, block);
    const bytes = replaceBlock(tx, block);
    const address = frame * PAGE_SIZE + ((inFile * blockSize) % PAGE_SIZE);
    bytes.set(kernel.machine.u8.subarray(address, address + blockSize));
    const size = sizeOf(readInode(tx, ino));
    if ((inFile + 1) * blockSize > size) bytes.fill(0, Math.max(0, size - inFile * blockSize));
  }
}

/** A page that was written and not yet taken, if it is still there and in the file. */
export function writePage(tx: Transaction, ino: number, index: number): void {
  putPage(tx, ino, index, index * PAGE_SIZE, sizeOf(readInode(tx, ino)));
}

/** Bytes were written through the page cache. */
export function takeWritten(tx: Transaction, ino: number, offset: number, length: number): void {
  const end = offset + length;
  if (typeOf(liveInode(tx, ino)) !== S_IFREG) throw new Stop(-EINVAL);
  grow(tx, ino, Math.max(end, sizeOf(readInode(tx, ino))));
  for (let index = Math.floor(offset / PAGE_SIZE); index * PAGE_SIZE < end; index++)
    putPage(tx, ino, index, offset, end);
  const inode = changeInode(tx, ino);
  put32(inode, at.INODE_MTIME, tx.now);
  put32(inode, at.INODE_CTIME, tx.now);
}

function grow(tx: Transaction, ino: number, size: number): void {
  const { mount } = tx;
  if (size > mostBlocks(mount) * mount.blockSize || (size >= LARGE && !mount.revised)) throw new Stop(-EFBIG);
  if (size === sizeOf(readInode(tx, ino))) return;
  putSize(changeInode(tx, ino), size);
  if (size >= LARGE) noteLargeFile(tx);
}

/** Set a smaller size, and zeros behind it in the last block. What lies behind that is for `cutBlocks`. */
function shrink(tx: Transaction, ino: number, size: number): void {
  const { blockSize } = tx.mount;
  putSize(changeInode(tx, ino), size);
  const block = size % blockSize === 0 ? 0 : findBlock(tx, ino, Math.floor(size / blockSize));
  if (block === 0) return;
  checkOwn(tx, block);
  changeBlock(tx, block).fill(0, size % blockSize);
}

export function changeAttributes(tx: Transaction, ino: number, attributes: Attributes): void {
  const { mode, uid, gid, size, atimeSeconds, mtimeSeconds } = attributes;
  const type = typeOf(liveInode(tx, ino));
  if (size !== undefined) {
    if (type !== S_IFREG) throw new Stop(type === S_IFDIR ? -EISDIR : -EINVAL);
    if (size < sizeOf(readInode(tx, ino))) shrink(tx, ino, size);
    else grow(tx, ino, size);
    put32(changeInode(tx, ino), at.INODE_MTIME, tx.now);
  }
  const inode = changeInode(tx, ino);
  if (mode !== undefined) put16(inode, at.INODE_MODE, (modeOf(inode) & ~S_IALLUGO) | (mode & S_IALLUGO));
  putOwner(inode, uid, gid);
  if (atimeSeconds !== undefined) put32(inode, at.INODE_ATIME, atimeSeconds);
  if (mtimeSeconds !== undefined) put32(inode, at.INODE_MTIME, mtimeSeconds);
  put32(inode, at.INODE_CTIME, tx.now);
}

/** Give back a bounded number of the blocks behind a file's end. @returns true if none is left */
export function cutBeyondEnd(tx: Transaction, ino: number): boolean {
  return cutBlocks(tx, ino, Math.ceil(sizeOf(readInode(tx, ino)) / tx.mount.blockSize));
}
