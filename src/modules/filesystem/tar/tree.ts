/**
 * The index under construction: members put in their places, as extracting the archive would.
 *
 * A later member of a name takes the place of an earlier one; folders that no member names are made. Names lead nowhere out of
 * the tree: one with `..` in it is refused.
 */
import { EUCLEAN } from '../../../abi/linux/errno.ts';
import { S_IFDIR } from '../../../abi/linux/stat.ts';
import { ROOT_INODE } from '../../../contracts/filesystem.ts';
import { createTarInode, type TarInode, type TarMount } from './state.ts';

/** What the archive says of a member that is no second name of another. */
export type Member = Omit<TarInode, 'links' | 'children'>;

export function startTree(mount: TarMount): void {
  const root = createTarInode();
  Object.assign(root, { mode: S_IFDIR | 0o755, links: 2, children: new Map() });
  mount.inodes.set(ROOT_INODE, root);
}

const isFolder = (mode: number): boolean => (mode & 0o170000) === S_IFDIR;

/** @returns the parts of a member's name, or null if it leads out of the tree */
function partsOf(path: string): string[] | null {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? null : parts;
}

function addInode(mount: TarMount, member: Member): number {
  const ino = ROOT_INODE + mount.inodes.size;
  const inode = createTarInode();
  Object.assign(inode, member);
  if (isFolder(member.mode)) inode.children = new Map();
  mount.inodes.set(ino, inode);
  return ino;
}

const inodeOf = (mount: TarMount, ino: number): TarInode => mount.inodes.get(ino) as TarInode;

function hook(directory: TarInode, name: string, ino: number, inode: TarInode): void {
  directory.children?.set(name, ino);
  if (inode.children === null) inode.links++;
  else {
    inode.links = 2;
    directory.links++;
  }
}

/** The folder that a member lies in, made where no member made it. @returns it, or null if something else is in its place */
function folderOf(mount: TarMount, parts: readonly string[], member: Member | null): TarInode | null {
  let folder = inodeOf(mount, ROOT_INODE);
  for (const part of parts) {
    let next = folder.children?.get(part) ?? 0;
    if (next === 0) {
      if (member === null) return null;
      const { uid, gid, mtimeSeconds, mtimeNanoseconds } = member;
      const made = { ...createTarInode(), mode: S_IFDIR | 0o755, uid, gid, mtimeSeconds, mtimeNanoseconds };
      next = addInode(mount, made);
      hook(folder, part, next, inodeOf(mount, next));
    }
    folder = inodeOf(mount, next);
    if (folder.children === null) return null;
  }
  return folder;
}

/** Take a name away that a later member has. @returns false for a folder with something in it */
function unhook(mount: TarMount, folder: TarInode, name: string): boolean {
  const ino = folder.children?.get(name);
  if (ino === undefined) return true;
  const inode = inodeOf(mount, ino);
  if (inode.children !== null) {
    if (inode.children.size > 0) return false;
    folder.links--;
    inode.links = 0;
  } else inode.links--;
  folder.children?.delete(name);
  return true;
}

/** @returns 0 or -EUCLEAN */
export function addMember(mount: TarMount, path: string, member: Member): number {
  const parts = partsOf(path);
  if (parts === null) return -EUCLEAN;
  const name = parts.pop();
  if (name === undefined) {
    if (!isFolder(member.mode)) return -EUCLEAN;
    Object.assign(inodeOf(mount, ROOT_INODE), member);
    return 0;
  }
  const folder = folderOf(mount, parts, member);
  if (folder === null) return -EUCLEAN;
  const there = mount.inodes.get(folder.children?.get(name) ?? 0);
  if (there !== undefined && there.children !== null && isFolder(member.mode)) {
    Object.assign(there, member);
    return 0;
  }
  if (!unhook(mount, folder, name)) return -EUCLEAN;
  const ino = addInode(mount, member);
  hook(folder, name, ino, inodeOf(mount, ino));
  return 0;
}

/** A second name of an earlier member. @returns 0 or -EUCLEAN */
export function addLink(mount: TarMount, path: string, target: string): number {
  const to = partsOf(target);
  const from = partsOf(path);
  const last = to?.pop();
  const name = from?.pop();
  if (to === null || from === null || last === undefined || name === undefined) return -EUCLEAN;
  const ino = folderOf(mount, to, null)?.children?.get(last) ?? 0;
  const inode = mount.inodes.get(ino);
  if (inode === undefined || inode.children !== null) return -EUCLEAN;
  const folder = folderOf(mount, from, inode);
  if (folder === null) return -EUCLEAN;
  // A link to itself changes nothing.
  if (folder.children?.get(name) === ino) return 0;
  if (!unhook(mount, folder, name)) return -EUCLEAN;
  hook(folder, name, ino, inode);
  return 0;
}

/** Forget what no name leads to any more. */
export function finishTree(mount: TarMount): void {
  for (const [ino, { links }] of mount.inodes) if (links === 0) mount.inodes.delete(ino);
}
