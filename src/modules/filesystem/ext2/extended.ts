/**
 * Extended attributes: the one block that an inode may have for them.
 *
 * A block begins with a header and entries, in the order of class, length and name; values grow down from its end. Several
 * inodes may share a block that was made elsewhere: one that changes gets a block of its own. What newer systems keep in the
 * inode itself is left alone and not seen. Source: Linux's Documentation/filesystems/ext4/attributes.rst.
 */
import { EEXIST, ENODATA, ENOSPC, ERANGE } from '../../../abi/linux/errno.ts';
import { XATTR_CREATE, XATTR_REPLACE } from '../../../abi/linux/xattr.ts';
import { firstBlockOf, giveBlock, groupOfInode, takeBlock } from './allocate.ts';
import { changeInode, liveInode, readInode } from './inode.ts';
import * as at from './layout.ts';
import { noteAttributes } from './superblock.ts';
import {
  changeBlock,
  checkBlock,
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

/** Classes by their number on the disk. */
const PREFIXES: ReadonlyMap<number, string> = new Map([
  [1, 'user.'],
  [4, 'trusted.'],
  [6, 'security.'],
]);

interface Attribute {
  readonly class: number;
  /** Behind the prefix; bytes as chars. */
  readonly name: string;
  readonly value: Uint8Array;
}

const padded = (length: number): number => (length + 3) & ~3;
const entrySize = ({ name }: Attribute): number => padded(at.ATTRIBUTE_NAME + name.length);
const fullName = ({ class: of, name }: Attribute): string | null => {
  const prefix = PREFIXES.get(of);
  return prefix === undefined ? null : prefix + name;
};

/** The block of an inode, checked as far as its header goes; 0 if it has none. */
function blockOf(tx: Transaction, ino: number): number {
  const block = get32(readInode(tx, ino), at.INODE_ATTRIBUTES);
  if (block === 0) return 0;
  const header = readBlock(tx, checkBlock(tx.mount, block));
  const known = get32(header, 0) === at.ATTRIBUTES_MAGIC && get32(header, at.ATTRIBUTES_BLOCKS) === 1;
  return known ? block : damaged();
}

function readAll(tx: Transaction, ino: number): Attribute[] {
  const block = blockOf(tx, ino);
  if (block === 0) return [];
  const bytes = readBlock(tx, block);
  const all: Attribute[] = [];
  for (let entry = at.ATTRIBUTES_HEADER; ; ) {
    if (entry + 4 > bytes.length) damaged();
    if (get32(bytes, entry) === 0) return all;
    const length = bytes[entry] as number;
    const end = entry + at.ATTRIBUTE_NAME + length;
    if (end > bytes.length || get32(bytes, entry + at.ATTRIBUTE_VALUE_BLOCK) !== 0) damaged();
    const size = get32(bytes, entry + at.ATTRIBUTE_VALUE_SIZE);
    const from = get16(bytes, entry + at.ATTRIBUTE_VALUE_AT);
    if (size > bytes.length || from + size > bytes.length) damaged();
    all.push({
      class: bytes[entry + at.ATTRIBUTE_CLASS] as number,
      name: String.fromCharCode(...bytes.subarray(entry + at.ATTRIBUTE_NAME, end)),
      value: bytes.slice(from, from + size),
    });
    entry += padded(at.ATTRIBUTE_NAME + length);
  }
}

const rotated = (hash: number, by: number): number => ((hash << by) | (hash >>> (32 - by))) >>> 0;

function hashOf({ name, value }: Attribute): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (rotated(hash, 5) ^ name.charCodeAt(i)) >>> 0;
  const words = new Uint8Array(padded(value.length));
  words.set(value);
  for (let i = 0; i < words.length; i += 4) hash = (rotated(hash, 16) ^ get32(words, i)) >>> 0;
  return hash;
}

const before = (a: Attribute, b: Attribute): number =>
  a.class - b.class || a.name.length - b.name.length || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** Write all of a block. Pre: it fits. */
function fill(block: Uint8Array, all: readonly Attribute[]): void {
  block.fill(0);
  put32(block, 0, at.ATTRIBUTES_MAGIC);
  put32(block, at.ATTRIBUTES_REFERENCES, 1);
  put32(block, at.ATTRIBUTES_BLOCKS, 1);
  let entry = at.ATTRIBUTES_HEADER;
  let values = block.length;
  let hash = 0;
  for (const attribute of all) {
    const { name, value } = attribute;
    const own = hashOf(attribute);
    hash = (rotated(hash, 16) ^ own) >>> 0;
    values -= padded(value.length);
    block[entry] = name.length;
    block[entry + at.ATTRIBUTE_CLASS] = attribute.class;
    put16(block, entry + at.ATTRIBUTE_VALUE_AT, value.length === 0 ? 0 : values);
    put32(block, entry + at.ATTRIBUTE_VALUE_SIZE, value.length);
    put32(block, entry + at.ATTRIBUTE_HASH, own);
    for (let i = 0; i < name.length; i++) block[entry + at.ATTRIBUTE_NAME + i] = name.charCodeAt(i);
    block.set(value, values);
    entry += entrySize(attribute);
  }
  put32(block, at.ATTRIBUTES_HASH, hash);
}

/** An inode has a block more or less. */
function count(tx: Transaction, ino: number, block: number, by: 1 | 0 | -1): void {
  const inode = changeInode(tx, ino);
  put32(inode, at.INODE_ATTRIBUTES, block);
  put32(
    inode,
    at.INODE_SECTORS,
    Math.max(0, get32(inode, at.INODE_SECTORS) + (by * tx.mount.blockSize) / 512),
  );
}

/** The block of extended attributes goes from an inode, whose fields are the caller's; others may share it. */
export function dropAttributes(tx: Transaction, ino: number): void {
  const block = blockOf(tx, ino);
  if (block === 0) return;
  const references = get32(readBlock(tx, block), at.ATTRIBUTES_REFERENCES);
  if (references > 1) put32(changeBlock(tx, block), at.ATTRIBUTES_REFERENCES, references - 1);
  else giveBlock(tx, block);
}

function writeAll(tx: Transaction, ino: number, all: readonly Attribute[]): void {
  const block = blockOf(tx, ino);
  if (all.length === 0) {
    dropAttributes(tx, ino);
    if (block !== 0) count(tx, ino, 0, -1);
    return;
  }
  let room = tx.mount.blockSize - at.ATTRIBUTES_HEADER - 4;
  for (const attribute of all) room -= entrySize(attribute) + padded(attribute.value.length);
  if (room < 0) throw new Stop(-ENOSPC);
  if (block !== 0 && get32(readBlock(tx, block), at.ATTRIBUTES_REFERENCES) === 1) {
    fill(changeBlock(tx, block), all);
    return;
  }
  const own = takeBlock(tx, firstBlockOf(tx, groupOfInode(tx, ino)));
  dropAttributes(tx, ino);
  fill(replaceBlock(tx, own), all);
  count(tx, ino, own, block === 0 ? 1 : 0);
  noteAttributes(tx);
}

/** @returns the value or -ENODATA */
export function getAttribute(tx: Transaction, ino: number, name: string): Uint8Array | number {
  liveInode(tx, ino);
  return readAll(tx, ino).find((attribute) => fullName(attribute) === name)?.value ?? -ENODATA;
}

/** Names of classes that are unknown here are not told. */
export function listAttributes(tx: Transaction, ino: number): string[] {
  liveInode(tx, ino);
  return readAll(tx, ino).flatMap((attribute) => fullName(attribute) ?? []);
}

/** @param value null = remove @returns 0 or -errno */
export function setAttribute(
  tx: Transaction,
  ino: number,
  name: string,
  value: Uint8Array | null,
  flags: number,
): number {
  liveInode(tx, ino);
  const all = readAll(tx, ino);
  const there = all.findIndex((attribute) => fullName(attribute) === name);
  if (there >= 0 && (flags & XATTR_CREATE) !== 0) return -EEXIST;
  if (there < 0 && (value === null || (flags & XATTR_REPLACE) !== 0)) return -ENODATA;
  if (there >= 0) all.splice(there, 1);
  for (const [number, prefix] of PREFIXES) {
    if (value === null || !name.startsWith(prefix)) continue;
    const rest = name.slice(prefix.length);
    if (rest.length > at.NAME_MAX) return -ERANGE;
    all.push({ class: number, name: rest, value });
  }
  writeAll(tx, ino, all.sort(before));
  put32(changeInode(tx, ino), at.INODE_CTIME, tx.now);
  return 0;
}
