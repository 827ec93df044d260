/**
 * Where an inode lies in the granted folder, and which inodes lie in no folder at all.
 *
 * A file that is removed while its contents may still be wanted goes by a name of its own in the folder's root until its
 * last holder lets go, as NFS clients do it.
 */
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../../abi/linux/stat.ts';
import { TREE_ROOT, type Tree, type TreeInode } from '../../../lib/inode-tree.ts';

const ORPHAN = '.strake-removed-';

export const isOrphanName = (name: string): boolean => name.startsWith(ORPHAN);
export const orphanPath = (inode: TreeInode): string => `${ORPHAN}${inode.ino}`;

/** FIFOs, sockets and device nodes are made in memory only: a host folder can not hold them. */
export function isOnHost(inode: TreeInode): boolean {
  const type = inode.mode & S_IFMT;
  return type === S_IFREG || type === S_IFDIR || type === S_IFLNK;
}

const names = (tree: Tree, directory: number, name: string, ino: number): boolean =>
  tree.inodes.get(directory)?.children?.get(name)?.ino === ino;

/** Another name of an inode whose last known one was taken away. */
function rediscover(tree: Tree, inode: TreeInode): void {
  for (const directory of tree.inodes.values()) {
    for (const [name, entry] of directory.children ?? []) {
      if (entry.ino !== inode.ino) continue;
      inode.parent = directory.ino;
      inode.name = name;
      return;
    }
  }
}

export const childPath = (tree: Tree, directory: TreeInode, name: string): string => {
  const above = pathOf(tree, directory);
  return above === '' ? name : `${above}/${name}`;
};

/** Path below the grant; '' for the root. */
export function pathOf(tree: Tree, inode: TreeInode): string {
  if (inode.ino === TREE_ROOT) return '';
  if (inode.links === 0) return orphanPath(inode);
  if (!names(tree, inode.parent, inode.name, inode.ino)) rediscover(tree, inode);
  const parent = tree.inodes.get(inode.parent);
  return parent === undefined ? inode.name : childPath(tree, parent, inode.name);
}
