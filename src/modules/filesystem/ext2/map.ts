/**
 * Which blocks a file has: pointers in the inode, and in blocks of pointers up to three deep.
 *
 * A pointer of 0 is a hole. Blocks are cut from the end, a bounded part in each transaction, so that a large file goes in
 * steps of which each leaves a file system that is whole.
 */
import { EFBIG } from '../../../abi/linux/errno.ts';
import { firstBlockOf, giveBlock, groupOfInode, takeBlock } from './allocate.ts';
import { changeInode, readInode } from './inode.ts';
import { DIRECT_BLOCKS, INODE_BLOCK, INODE_SECTORS, POINTERS } from './layout.ts';
import type { Ext2Mount } from './state.ts';
import {
  changeBlock,
  checkBlock,
  get32,
  put32,
  readBlock,
  replaceBlock,
  Stop,
  type Transaction,
} from './transaction.ts';

/** Units that one transaction changes at most when it cuts. */
const CUT_UNITS = 48;

const pointersIn = (mount: Ext2Mount): number => mount.blockSize / 4;

/** Blocks that the largest file has. */
export function mostBlocks(mount: Ext2Mount): number {
  const n = pointersIn(mount);
  return DIRECT_BLOCKS + n + n * n + n * n * n;
}

/** Slots on the way to a block of a file: in the inode, then in each block of pointers. */
function pathTo(mount: Ext2Mount, index: number): readonly number[] {
  if (index < DIRECT_BLOCKS) return [index];
  const n = pointersIn(mount);
  let rest = index - DIRECT_BLOCKS;
  if (rest < n) return [DIRECT_BLOCKS, rest];
  rest -= n;
  if (rest < n * n) return [DIRECT_BLOCKS + 1, Math.floor(rest / n), rest % n];
  rest -= n * n;
  if (rest >= n * n * n) throw new Stop(-EFBIG);
  return [DIRECT_BLOCKS + 2, Math.floor(rest / (n * n)), Math.floor(rest / n) % n, rest % n];
}

/** The block of the disk that has block `index` of a file, or 0 for a hole. */
export function findBlock(tx: Transaction, ino: number, index: number): number {
  const [slot = 0, ...further] = pathTo(tx.mount, index);
  let block = get32(readInode(tx, ino), INODE_BLOCK + 4 * slot);
  for (const next of further) {
    if (block === 0) return 0;
    block = get32(readBlock(tx, checkBlock(tx.mount, block)), 4 * next);
  }
  return block === 0 ? 0 : checkBlock(tx.mount, block);
}

function addSectors(tx: Transaction, ino: number, blocks: number): void {
  const inode = changeInode(tx, ino);
  const sectors = get32(inode, INODE_SECTORS) + blocks * (tx.mount.blockSize / 512);
  put32(inode, INODE_SECTORS, Math.max(0, sectors));
}

/** A new block of a file, near the one before it. */
function takeFor(tx: Transaction, ino: number, index: number): number {
  const before = index === 0 ? 0 : findBlock(tx, ino, index - 1);
  const block = takeBlock(tx, before === 0 ? firstBlockOf(tx, groupOfInode(tx, ino)) : before + 1);
  addSectors(tx, ino, 1);
  return block;
}

/** The same, made where there is a hole. Its content is the caller's to write in full. */
export function haveBlock(tx: Transaction, ino: number, index: number): number {
  const path = pathTo(tx.mount, index);
  let holder = 0;
  let block = 0;
  for (let depth = 0; depth < path.length; depth++) {
    const slot = path[depth] as number;
    const at = depth === 0 ? INODE_BLOCK + 4 * slot : 4 * slot;
    block = get32(depth === 0 ? readInode(tx, ino) : readBlock(tx, holder), at);
    if (block === 0) {
      block = takeFor(tx, ino, index);
      if (depth < path.length - 1) replaceBlock(tx, block).fill(0);
      put32(depth === 0 ? changeInode(tx, ino) : changeBlock(tx, holder), at, block);
    }
    holder = checkBlock(tx.mount, block);
  }
  return block;
}

/** Counts what was given back. */
interface Cutting {
  given: number;
}

/**
 * Give back what a pointer leads to, from block `keep` of the file on. @param level blocks of pointers above the data
 * @param first the first block of the file under it @returns true if nothing of it is left
 */
function cut(
  tx: Transaction,
  cutting: Cutting,
  block: number,
  level: number,
  first: number,
  keep: number,
): boolean {
  checkBlock(tx.mount, block);
  if (level > 0) {
    const n = pointersIn(tx.mount);
    const span = n ** (level - 1);
    for (let i = n - 1; i >= 0 && first + (i + 1) * span > keep; i--) {
      const child = get32(readBlock(tx, block), 4 * i);
      if (child === 0) continue;
      if (tx.changed.size >= CUT_UNITS) return false;
      if (!cut(tx, cutting, child, level - 1, first + i * span, keep)) return false;
      put32(changeBlock(tx, block), 4 * i, 0);
    }
    if (first < keep) return false;
  }
  if (tx.changed.size >= CUT_UNITS) return false;
  giveBlock(tx, block);
  cutting.given++;
  return true;
}

/** Give back a bounded number of the blocks from block `keep` of a file on. @returns true if none is left there */
export function cutBlocks(tx: Transaction, ino: number, keep: number): boolean {
  const cutting: Cutting = { given: 0 };
  const done = cutSlots(tx, cutting, ino, keep);
  if (cutting.given > 0) addSectors(tx, ino, -cutting.given);
  return done;
}

function cutSlots(tx: Transaction, cutting: Cutting, ino: number, keep: number): boolean {
  const n = pointersIn(tx.mount);
  for (let slot = POINTERS - 1; slot >= 0; slot--) {
    const level = Math.max(0, slot - DIRECT_BLOCKS + 1);
    let first = Math.min(slot, DIRECT_BLOCKS);
    for (let below = 1; below < level; below++) first += n ** below;
    if (first + n ** level <= keep) return true;
    const block = get32(readInode(tx, ino), INODE_BLOCK + 4 * slot);
    if (block === 0) continue;
    if (cut(tx, cutting, block, level, first, keep)) put32(changeInode(tx, ino), INODE_BLOCK + 4 * slot, 0);
    else if (tx.changed.size >= CUT_UNITS) return false;
  }
  return true;
}
