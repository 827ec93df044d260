/**
 * A tree of inodes in memory: names, links and attributes, as plain data.
 *
 * Functions change the records that they are given and know no kernel. File contents are not here. What a tree has not
 * yet learnt from the store behind it (a host folder, a lower file system) is marked `absent`; callers see to it that
 * what a function reads is there. Source: inode(7), rename(2), unlink(2).
 */
import { EEXIST, EINVAL, EISDIR, ENAMETOOLONG, ENOENT, ENOTDIR, ENOTEMPTY } from '../abi/linux/errno.ts';
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from '../abi/linux/rename.ts';
import { S_IFDIR, S_IFMT } from '../abi/linux/stat.ts';

/** Bits of `absent`: attributes (beyond the type bits of `mode`); children or the target of a symlink. */
export const ABSENT_ATTRIBUTES = 1;
export const ABSENT_CONTENT = 2;

/** Inode number of every tree's root. */
export const TREE_ROOT = 1;
/** Longest name in bytes. */
const NAME_MAX = 255;
/** So that a caller has numbers below it for `.` and `..`. */
const FIRST_COOKIE = 3;

export interface TreeEntry {
  ino: number;
  /** Ascends along the map; a name that is set again goes to the end with a new one. */
  cookie: number;
}

export interface TreeInode {
  ino: number;
  mode: number;
  links: number;
  uid: number;
  gid: number;
  rdev: number;
  size: number;
  atimeSeconds: number;
  atimeNanoseconds: number;
  mtimeSeconds: number;
  mtimeNanoseconds: number;
  ctimeSeconds: number;
  ctimeNanoseconds: number;
  /** Of a symlink. */
  target: string;
  /** Of a directory; else null. */
  children: Map<string, TreeEntry> | null;
  nextCookie: number;
  /** Directory and name where it was last put. */
  parent: number;
  name: string;
  pins: number;
  /** ABSENT_ bits. */
  absent: number;
  /** So many bytes from the start can be had from the store behind; the rest is in the page cache alone. */
  backed: number;
  /** Extended attributes: full name to value. null where there are none, as in nearly all: a map would be half of an inode. */
  extended: Map<string, Uint8Array> | null;
  /** Something was written since, so that the store behind may have other contents than the page cache. */
  modified: boolean;
}

/** One superblock. `source` is what the file system makes of it: a grant, a lower superblock. */
export interface Tree {
  source: number;
  readOnly: boolean;
  noatime: boolean;
  nextIno: number;
  /** Names and values of all extended attributes. */
  extendedBytes: number;
  inodes: Map<number, TreeInode>;
}

/** Seconds and nanoseconds since 1970. */
export interface Moment {
  readonly seconds: number;
  readonly nanoseconds: number;
}

export const createTreeEntry = (): TreeEntry => ({ ino: 0, cookie: 0 });
export const createTreeInode = (): TreeInode => ({
  ino: 0,
  mode: 0,
  links: 1,
  uid: 0,
  gid: 0,
  rdev: 0,
  size: 0,
  atimeSeconds: 0,
  atimeNanoseconds: 0,
  mtimeSeconds: 0,
  mtimeNanoseconds: 0,
  ctimeSeconds: 0,
  ctimeNanoseconds: 0,
  target: '',
  children: null,
  nextCookie: FIRST_COOKIE,
  parent: 0,
  name: '',
  pins: 0,
  absent: 0,
  backed: 0,
  extended: null,
  modified: false,
});
export const createTree = (): Tree => ({
  source: 0,
  readOnly: false,
  noatime: false,
  nextIno: TREE_ROOT,
  extendedBytes: 0,
  inodes: new Map(),
});

/** What extended attributes take: names and values. */
export function attributeBytes(extended: ReadonlyMap<string, Uint8Array> | null): number {
  if (extended === null) return 0;
  let bytes = 0;
  for (const [name, value] of extended) bytes += name.length + value.length;
  return bytes;
}

export const isDirectory = (inode: TreeInode): boolean => (inode.mode & S_IFMT) === S_IFDIR;

export function touchAccess(inode: TreeInode, now: Moment): void {
  inode.atimeSeconds = now.seconds;
  inode.atimeNanoseconds = now.nanoseconds;
}
export function touchModified(inode: TreeInode, now: Moment): void {
  inode.mtimeSeconds = now.seconds;
  inode.mtimeNanoseconds = now.nanoseconds;
}
export function touchChanged(inode: TreeInode, now: Moment): void {
  inode.ctimeSeconds = now.seconds;
  inode.ctimeNanoseconds = now.nanoseconds;
}

/** Make an inode without a name. @param ino 0 = the next free number */
export function addInode(tree: Tree, ino: number, mode: number, now: Moment): TreeInode {
  const inode = createTreeInode();
  inode.ino = ino === 0 ? tree.nextIno : ino;
  if (ino === 0) tree.nextIno++;
  inode.mode = mode;
  if (isDirectory(inode)) {
    inode.links = 2;
    inode.children = new Map();
  }
  touchAccess(inode, now);
  touchModified(inode, now);
  touchChanged(inode, now);
  tree.inodes.set(inode.ino, inode);
  return inode;
}

/** The inode that a name in a loaded directory stands for, or null. */
export function childOf(tree: Tree, directory: TreeInode, name: string): TreeInode | null {
  const entry = directory.children?.get(name);
  return entry === undefined ? null : (tree.inodes.get(entry.ino) ?? null);
}

/** Give an inode a name. Its own link count is the caller's. Pre: the name is free. */
export function hook(directory: TreeInode, name: string, inode: TreeInode): void {
  const entry = createTreeEntry();
  entry.ino = inode.ino;
  entry.cookie = directory.nextCookie++;
  directory.children?.set(name, entry);
  if (isDirectory(inode)) directory.links++;
  inode.parent = directory.ino;
  inode.name = name;
}

/** Take a name away. */
export function unhook(directory: TreeInode, name: string, inode: TreeInode): void {
  directory.children?.delete(name);
  if (isDirectory(inode)) directory.links--;
}

/** Both times of a directory whose names changed. */
export function touchNames(directory: TreeInode, now: Moment): void {
  touchModified(directory, now);
  touchChanged(directory, now);
}

/** May this name be made? @returns 0, -ENOENT (the directory was removed), -EEXIST, -ENAMETOOLONG */
export function vacancy(directory: TreeInode, name: string): number {
  if (directory.children === null) return -ENOTDIR;
  if (name.length > NAME_MAX) return -ENAMETOOLONG;
  if (directory.children.has(name)) return -EEXIST;
  return directory.links === 0 ? -ENOENT : 0;
}

/** Drop a name's link from the inode it stood for. @returns true if none is left */
export function unlinkName(directory: TreeInode, name: string, inode: TreeInode, now: Moment): boolean {
  unhook(directory, name, inode);
  inode.links = isDirectory(inode) ? 0 : inode.links - 1;
  touchChanged(inode, now);
  touchNames(directory, now);
  return inode.links === 0;
}

/** May an inode with this type take the place of `victim`, or `victim` be removed as such? `victim` is loaded. */
export function removable(victim: TreeInode, asDirectory: boolean): number {
  if (asDirectory && !isDirectory(victim)) return -ENOTDIR;
  if (!asDirectory && isDirectory(victim)) return -EISDIR;
  return victim.children !== null && victim.children.size !== 0 ? -ENOTEMPTY : 0;
}

const isAtOrBelow = (tree: Tree, directory: TreeInode, ancestor: TreeInode): boolean => {
  let at: TreeInode | undefined = directory;
  while (at !== undefined && at !== ancestor) {
    at = at.ino === TREE_ROOT ? undefined : tree.inodes.get(at.parent);
  }
  return at === ancestor;
};

/** `checkRename`: both names stand for one inode, so there is nothing to do. */
export const RENAME_NOTHING = 1;

/** @returns 0, RENAME_NOTHING or the -errno of rename(2). Pre: directories and the inode to be replaced are loaded. */
export function checkRename(
  tree: Tree,
  from: TreeInode,
  name: string,
  to: TreeInode,
  toName: string,
  flags: number,
): number {
  const exchange = (flags & RENAME_EXCHANGE) !== 0;
  if ((flags & ~(RENAME_EXCHANGE | RENAME_NOREPLACE)) !== 0) return -EINVAL;
  if (exchange && (flags & RENAME_NOREPLACE) !== 0) return -EINVAL;
  const moved = childOf(tree, from, name);
  const victim = childOf(tree, to, toName);
  if (moved === null) return -ENOENT;
  if (to.children === null) return -ENOTDIR;
  if (victim !== null && (flags & RENAME_NOREPLACE) !== 0) return -EEXIST;
  if (victim === null && exchange) return -ENOENT;
  if (isDirectory(moved) && isAtOrBelow(tree, to, moved)) return -EINVAL;
  if (victim === null) return vacancy(to, toName);
  if (isDirectory(victim) && isAtOrBelow(tree, from, victim)) return exchange ? -EINVAL : -ENOTEMPTY;
  if (moved === victim) return RENAME_NOTHING;
  return exchange ? 0 : removable(victim, isDirectory(moved));
}

/** Let a name stand for another inode; its cookie stays. */
const repoint = (directory: TreeInode, name: string, from: TreeInode, to: TreeInode): void => {
  const entry = directory.children?.get(name);
  if (entry === undefined) return;
  entry.ino = to.ino;
  directory.links += (isDirectory(to) ? 1 : 0) - (isDirectory(from) ? 1 : 0);
  to.parent = directory.ino;
  to.name = name;
};

/** Do what `checkRename` allowed. @returns the inode that was replaced, its link dropped, or null */
export function applyRename(
  tree: Tree,
  from: TreeInode,
  name: string,
  to: TreeInode,
  toName: string,
  flags: number,
  now: Moment,
): TreeInode | null {
  const moved = childOf(tree, from, name);
  const victim = childOf(tree, to, toName);
  if (moved === null) return null;
  touchNames(from, now);
  touchNames(to, now);
  touchChanged(moved, now);
  if (victim !== null && (flags & RENAME_EXCHANGE) !== 0) {
    repoint(from, name, moved, victim);
    repoint(to, toName, victim, moved);
    touchChanged(victim, now);
    return null;
  }
  if (victim !== null) unlinkName(to, toName, victim, now);
  unhook(from, name, moved);
  hook(to, toName, moved);
  return victim;
}
