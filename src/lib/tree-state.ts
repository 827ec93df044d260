/**
 * State of the file systems that keep a tree of inodes: its schema and its invariants.
 *
 * Shared by ram, overlay, host and dev, whose layouts differ only in their names and in what they add. Holds no
 * behaviour.
 */
import { bool, int, map, nullable, record, type Schema, text, uint8s } from '../contracts/schema.ts';
import {
  ABSENT_ATTRIBUTES,
  attributeBytes,
  createTree,
  createTreeEntry,
  createTreeInode,
  isDirectory,
  TREE_ROOT,
  type Tree,
  type TreeEntry,
  type TreeInode,
} from './inode-tree.ts';

export interface TreeState {
  /** By superblock. */
  trees: Map<number, Tree>;
}

const entrySchema: Schema<TreeEntry> = record<TreeEntry>({ ino: int(), cookie: int() }, createTreeEntry);

const inodeSchema: Schema<TreeInode> = record<TreeInode>(
  {
    ino: int(),
    mode: int(),
    links: int(),
    uid: int(),
    gid: int(),
    rdev: int(),
    size: int(),
    atimeSeconds: int(),
    atimeNanoseconds: int(),
    mtimeSeconds: int(),
    mtimeNanoseconds: int(),
    ctimeSeconds: int(),
    ctimeNanoseconds: int(),
    target: text(),
    children: nullable(map(text(), entrySchema)),
    nextCookie: int(),
    parent: int(),
    name: text(),
    pins: int(),
    absent: int(),
    backed: int(),
    extended: nullable(map(text(), uint8s())),
    modified: bool(),
  },
  createTreeInode,
);

/** Of `TreeState.trees`. */
export const treesSchema: Schema<Map<number, Tree>> = map(
  int(),
  record<Tree>(
    {
      source: int(),
      readOnly: bool(),
      noatime: bool(),
      nextIno: int(),
      extendedBytes: int(),
      inodes: map(int(), inodeSchema),
    },
    createTree,
  ),
);

const verifyDirectory = (tree: Tree, directory: TreeInode, named: Map<number, number>): string | null => {
  let subdirectories = 0;
  let last = 0;
  for (const [name, entry] of directory.children ?? []) {
    const child = tree.inodes.get(entry.ino);
    if (child === undefined) return `'${name}' names inode ${entry.ino}, which does not exist`;
    if (entry.cookie <= last || entry.cookie >= directory.nextCookie)
      return `the cookie of '${name}' is out of order`;
    last = entry.cookie;
    if (isDirectory(child)) subdirectories++;
    named.set(entry.ino, (named.get(entry.ino) ?? 0) + 1);
  }
  const links = directory.links === 0 ? 0 : 2 + subdirectories;
  return directory.links === links
    ? null
    : `directory ${directory.ino} has ${directory.links} links instead of ${links}`;
};

/** @returns what is broken, or null */
export function verifyTrees(state: TreeState): string | null {
  for (const tree of state.trees.values()) {
    const named = new Map<number, number>();
    let extended = 0;
    for (const inode of tree.inodes.values()) extended += attributeBytes(inode.extended);
    if (extended !== tree.extendedBytes)
      return `extended attributes have ${extended} bytes, not ${tree.extendedBytes}`;
    if (!tree.inodes.has(TREE_ROOT)) return 'a tree has no root';
    for (const inode of tree.inodes.values()) {
      const broken = inode.children === null ? null : verifyDirectory(tree, inode, named);
      if (broken !== null) return broken;
    }
    for (const inode of tree.inodes.values()) {
      const names = named.get(inode.ino) ?? 0;
      if (names === 0 && inode.links === 0 && inode.pins === 0)
        return `inode ${inode.ino} has no name and no holder`;
      const counted = !isDirectory(inode) && (inode.absent & ABSENT_ATTRIBUTES) === 0;
      if (counted && names > inode.links)
        return `inode ${inode.ino} has ${names} names but ${inode.links} links`;
    }
  }
  return null;
}
