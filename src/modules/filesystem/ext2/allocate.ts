/**
 * Blocks and inodes taken and given back: the bitmaps of the groups and the counts beside them.
 *
 * A block is looked for behind a goal, so that files lie in one piece; a file's inode goes to its directory's group, a
 * directory's to the group with the most room. A bit that is not as it must be is damage.
 */
import { ENOSPC } from '../../../abi/linux/errno.ts';
import * as at from './layout.ts';
import { blocksIn, changeGroup, placesOf, readGroup, tableBlocks } from './superblock.ts';
import {
  changeBlock,
  checkBlock,
  damaged,
  get16,
  put16,
  readBlock,
  Stop,
  type Transaction,
} from './transaction.ts';

/** The first clear bit at or behind `from` and below `end`, or -1. */
function clearBit(bitmap: Uint8Array, from: number, end: number): number {
  for (let bit = from; bit < end; ) {
    const byte = bitmap[bit >>> 3] as number;
    if (byte === 0xff) bit = (bit | 7) + 1;
    else if ((byte & (1 << (bit & 7))) === 0) return bit;
    else bit++;
  }
  return -1;
}

const isSet = (bitmap: Uint8Array, bit: number): boolean =>
  ((bitmap[bit >>> 3] as number) & (1 << (bit & 7))) !== 0;

/** Flip a bit that must be `was`, and the group's count of what is free. */
function flip(
  tx: Transaction,
  group: number,
  bitmapBlock: number,
  countField: number,
  bit: number,
  was: boolean,
): void {
  const bitmap = changeBlock(tx, bitmapBlock);
  if (isSet(bitmap, bit) !== was) damaged();
  bitmap[bit >>> 3] = (bitmap[bit >>> 3] as number) ^ (1 << (bit & 7));
  const descriptor = changeGroup(tx, group);
  const free = get16(descriptor, countField) + (was ? 1 : -1);
  const most = countField === at.GROUP_FREE_BLOCKS ? blocksIn(tx.mount, group) : tx.mount.inodesPerGroup;
  if (free < 0 || free > most) damaged();
  put16(descriptor, countField, free);
}

const groupOfBlock = (tx: Transaction, block: number): number =>
  Math.floor((block - tx.mount.firstDataBlock) / tx.mount.blocksPerGroup);
export const groupOfInode = (tx: Transaction, ino: number): number =>
  Math.floor((ino - 1) / tx.mount.inodesPerGroup);
const bitOfBlock = (tx: Transaction, block: number): number =>
  (block - tx.mount.firstDataBlock) % tx.mount.blocksPerGroup;
export const firstBlockOf = (tx: Transaction, group: number): number =>
  tx.mount.firstDataBlock + group * tx.mount.blocksPerGroup;

/** Throws if the block is one of its group's own: a file that has it is damaged, and must not be written to. */
export function checkOwn(tx: Transaction, block: number): void {
  checkBlock(tx.mount, block);
  const { blockBitmap, inodeBitmap, table } = placesOf(tx, groupOfBlock(tx, block));
  if (block >= table && block < table + tableBlocks(tx.mount)) damaged();
  if (block === blockBitmap || block === inodeBitmap) damaged();
}

/** Take a block near a goal. */
export function takeBlock(tx: Transaction, goal: number): number {
  const { mount } = tx;
  const wanted = goal > mount.firstDataBlock && goal < mount.blocks ? goal : mount.firstDataBlock + 1;
  const start = groupOfBlock(tx, wanted);
  // The goal's group twice: behind the goal, and last before it.
  for (let i = 0; i <= mount.groups; i++) {
    const group = (start + i) % mount.groups;
    const descriptor = readGroup(tx, group);
    if (get16(descriptor, at.GROUP_FREE_BLOCKS) === 0) continue;
    const from = i === 0 ? bitOfBlock(tx, wanted) : 0;
    const { blockBitmap } = placesOf(tx, group);
    const bitmap = readBlock(tx, blockBitmap);
    const bit = clearBit(bitmap, from, blocksIn(mount, group));
    if (bit < 0) continue;
    const block = firstBlockOf(tx, group) + bit;
    checkOwn(tx, block);
    flip(tx, group, blockBitmap, at.GROUP_FREE_BLOCKS, bit, false);
    tx.freeBlocks--;
    return block;
  }
  throw new Stop(-ENOSPC);
}

export function giveBlock(tx: Transaction, block: number): void {
  checkOwn(tx, block);
  const group = groupOfBlock(tx, block);
  flip(tx, group, placesOf(tx, group).blockBitmap, at.GROUP_FREE_BLOCKS, bitOfBlock(tx, block), true);
  tx.freeBlocks++;
}

/** The group for a new directory: of those with an average of free inodes or more, the one with the most free blocks. */
function roomiest(tx: Transaction): number {
  const { mount } = tx;
  let best = -1;
  let most = -1;
  for (let group = 0; group < mount.groups; group++) {
    const descriptor = readGroup(tx, group);
    const inodes = get16(descriptor, at.GROUP_FREE_INODES);
    const blocks = get16(descriptor, at.GROUP_FREE_BLOCKS);
    if (inodes * mount.groups < mount.freeInodes || inodes === 0 || blocks <= most) continue;
    best = group;
    most = blocks;
  }
  return Math.max(best, 0);
}

function countDirectory(tx: Transaction, group: number, by: 1 | -1): void {
  const descriptor = changeGroup(tx, group);
  put16(descriptor, at.GROUP_DIRECTORIES, Math.max(0, get16(descriptor, at.GROUP_DIRECTORIES) + by));
}

/** Take an inode number. @param parent the directory that it goes to */
export function takeInode(tx: Transaction, parent: number, isDirectory: boolean): number {
  const { mount } = tx;
  const start = isDirectory ? roomiest(tx) : groupOfInode(tx, parent);
  for (let i = 0; i < mount.groups; i++) {
    const group = (start + i) % mount.groups;
    const descriptor = readGroup(tx, group);
    if (get16(descriptor, at.GROUP_FREE_INODES) === 0) continue;
    const first = group === 0 ? mount.firstInode - 1 : 0;
    const { inodeBitmap } = placesOf(tx, group);
    const bitmap = readBlock(tx, inodeBitmap);
    const bit = clearBit(bitmap, first, mount.inodesPerGroup);
    if (bit < 0) continue;
    flip(tx, group, inodeBitmap, at.GROUP_FREE_INODES, bit, false);
    if (isDirectory) countDirectory(tx, group, 1);
    tx.freeInodes--;
    return group * mount.inodesPerGroup + bit + 1;
  }
  throw new Stop(-ENOSPC);
}

export function giveInode(tx: Transaction, ino: number, isDirectory: boolean): void {
  const group = groupOfInode(tx, ino);
  const bit = (ino - 1) % tx.mount.inodesPerGroup;
  flip(tx, group, placesOf(tx, group).inodeBitmap, at.GROUP_FREE_INODES, bit, true);
  if (isDirectory) countDirectory(tx, group, -1);
  tx.freeInodes++;
}
