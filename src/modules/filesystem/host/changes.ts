/**
 * Changes of names and attributes, as requests to the host.
 *
 * Each is asked after the tree has checked it and before the tree is changed. What a host folder can not hold (owners,
 * FIFOs, sockets, device nodes) is kept in the tree alone.
 */
import { RENAME_EXCHANGE } from '../../../abi/linux/rename.ts';
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../../abi/linux/stat.ts';
import type { Attributes } from '../../../contracts/filesystem.ts';
import { SB_SHIFT } from '../../../contracts/filesystem.ts';
import type { HostRequest } from '../../../contracts/host.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { childOf, isDirectory, type Tree, type TreeInode } from '../../../lib/inode-tree.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import { childPath, isOnHost, orphanPath, pathOf } from './paths.ts';
import type { HostState } from './state.ts';

/** Permission bits that a host is told. */
const HOST_MODE = 0o777;

export function creation(
  tree: Tree,
  directory: TreeInode,
  name: string,
  mode: number,
  target: string,
): HostRequest[] {
  const grant = tree.source;
  const path = childPath(tree, directory, name);
  switch (mode & S_IFMT) {
    case S_IFREG:
      return [{ kind: 'create', grant, path, type: 'file', mode: mode & HOST_MODE }];
    case S_IFDIR:
      return [{ kind: 'create', grant, path, type: 'directory', mode: mode & HOST_MODE }];
    case S_IFLNK:
      return [{ kind: 'symlink', grant, path, target }];
    default:
      return [];
  }
}

export function linking(tree: Tree, directory: TreeInode, name: string, inode: TreeInode): HostRequest[] {
  if (!isOnHost(inode)) return [];
  const target = childPath(tree, directory, name);
  return [{ kind: 'link', grant: tree.source, path: pathOf(tree, inode), target }];
}

/** True if the contents could be wanted after the last name is gone and are not all in the page cache. */
function mustOutlive(kernel: Kernel, sb: number, inode: TreeInode): boolean {
  if ((inode.mode & S_IFMT) !== S_IFREG || inode.links !== 1) return false;
  return kernel.pagecache.count(sb * SB_SHIFT + inode.ino) * PAGE_SIZE < inode.backed;
}

/** What removes a name; a file that must outlive it is noted and goes by another. */
export function removal(
  state: HostState,
  kernel: Kernel,
  sb: number,
  tree: Tree,
  directory: TreeInode,
  name: string,
  inode: TreeInode,
): HostRequest[] {
  if (!isOnHost(inode)) return [];
  const grant = tree.source;
  const path = childPath(tree, directory, name);
  if (!mustOutlive(kernel, sb, inode))
    return [{ kind: 'remove', grant, path, directory: isDirectory(inode) }];
  state.orphans.add(sb * SB_SHIFT + inode.ino);
  return [{ kind: 'rename', grant, path, target: orphanPath(inode) }];
}

export function renaming(
  state: HostState,
  kernel: Kernel,
  sb: number,
  tree: Tree,
  from: TreeInode,
  name: string,
  to: TreeInode,
  toName: string,
  flags: number,
): HostRequest[] {
  const grant = tree.source;
  const moved = childOf(tree, from, name);
  const victim = childOf(tree, to, toName);
  const path = childPath(tree, from, name);
  const target = childPath(tree, to, toName);
  const movedHere = moved !== null && isOnHost(moved);
  const victimHere = victim !== null && isOnHost(victim);
  const there: HostRequest = { kind: 'rename', grant, path, target };
  if ((flags & RENAME_EXCHANGE) !== 0 && moved !== null) {
    const back: HostRequest = { kind: 'rename', grant, path: target, target: path };
    if (!victimHere) return movedHere ? [there] : [];
    if (!movedHere) return [back];
    const aside = orphanPath(moved);
    const put: HostRequest = { kind: 'rename', grant, path: aside, target };
    return [{ kind: 'rename', grant, path, target: aside }, back, put];
  }
  const cleared =
    victim !== null && (!movedHere || mustOutlive(kernel, sb, victim))
      ? removal(state, kernel, sb, tree, to, toName, victim)
      : [];
  return movedHere ? [...cleared, there] : cleared;
}

export function setting(tree: Tree, inode: TreeInode, attributes: Attributes): HostRequest[] {
  const requests: HostRequest[] = [];
  const { mode, size, mtimeSeconds, mtimeNanoseconds } = attributes;
  if (!isOnHost(inode) || inode.links === 0) return requests;
  const place = { grant: tree.source, path: pathOf(tree, inode) };
  const changed = mode !== undefined && ((mode ^ inode.mode) & HOST_MODE) !== 0;
  if (changed && (inode.mode & S_IFMT) !== S_IFLNK)
    requests.push({ kind: 'chmod', ...place, mode: mode & HOST_MODE });
  if (size !== undefined && size !== inode.size) requests.push({ kind: 'truncate', ...place, size });
  if (mtimeSeconds !== undefined)
    requests.push({ kind: 'utimes', ...place, mtimeSeconds, mtimeNanoseconds: mtimeNanoseconds ?? 0 });
  return requests;
}
