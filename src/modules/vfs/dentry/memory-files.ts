/**
 * Files in memory that have no place in the tree, and the seals that forbid changes of them.
 *
 * Their superblock is a hidden mount of the RAM file system, made for the first of them. A file is there as long as it is
 * open or mapped; its seals are kept by inode in `VfsState.seals` as long as it can be opened. Source: memfd_create(2),
 * fcntl(2) "File Sealing".
 */
import { EBUSY, EINVAL, ENFILE, EPERM } from '../../../abi/linux/errno.ts';
import {
  F_SEAL_EXEC,
  F_SEAL_FUTURE_WRITE,
  F_SEAL_GROW,
  F_SEAL_KNOWN,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  O_ACCMODE,
  O_RDONLY,
} from '../../../abi/linux/fcntl.ts';
import { S_IFREG } from '../../../abi/linux/stat.ts';
import { superblockOf } from '../../../contracts/filesystem.ts';
import { type Mount, MOST_FILES, type OpenFile } from '../../../contracts/vfs.ts';
import { type Core, dentryOf, mountOf, servedBy, typeOf } from './core.ts';
import { addDentry, HIDDEN } from './dentries.ts';
import { addFile } from './files.ts';
import { addMount } from './mounts.ts';

const TYPE = 'ram';
/** What the hidden mount's source says. */
const SOURCE = 'memory';
const EXECUTABLE = 0o111;
const ALL_CHANGES: number = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;

/** The mount of such files. @returns it, or -errno */
function memoryMount(core: Core): Mount | number {
  for (const mount of core.state.mounts.values())
    if (mount.covers === HIDDEN && mount.source === SOURCE) return mount;
  const root = addMount(core, TYPE, SOURCE, '', false, HIDDEN);
  return root < 0 ? root : mountOf(core, dentryOf(core, root).mount);
}

/** memfd_create(2). @returns an open file or -errno */
export function openMemory(
  core: Core,
  tid: number,
  name: string,
  mode: number,
  flags: number,
  seals: number,
): number {
  if (core.state.files.size >= MOST_FILES) return -ENFILE;
  const mount = memoryMount(core);
  if (typeof mount === 'number') return mount;
  const root = dentryOf(core, mount.root);
  const cell = servedBy(core, root.inode);
  const { fsuid, fsgid } = core.kernel.process.credentials(tid);
  // A file system makes inodes with names only; nobody can look this one up.
  const inode = cell.create(root.inode, name, S_IFREG | mode, fsuid, fsgid, 0);
  if (inode < 0) return inode;
  const dentry = addDentry(core, root.id, name, inode, mount.id);
  cell.unlink(root.inode, name, false);
  dentry.deleted = true;
  core.state.seals.set(inode, seals);
  return addFile(core, 'regular', flags, dentry, 0).id;
}

/** F_GET_SEALS. Files of a mounted RAM file system can not be sealed. @returns F_SEAL_ bits or -EINVAL */
export function sealsOf(core: Core, { kind, inode }: OpenFile): number {
  if (kind !== 'regular') return -EINVAL;
  const own = core.state.seals.get(inode);
  if (own !== undefined) return own;
  return typeOf(core, superblockOf(inode)) === TYPE ? F_SEAL_SEAL : -EINVAL;
}

/** F_ADD_SEALS. @returns 0, -EPERM, -EINVAL or -EBUSY (a mapping may write to it) */
export function seal(core: Core, file: OpenFile, seals: number): number {
  const { inode, flags } = file;
  if ((flags & O_ACCMODE) === O_RDONLY) return -EPERM;
  if ((seals & ~F_SEAL_KNOWN) !== 0) return -EINVAL;
  const before = sealsOf(core, file);
  if (before < 0) return before;
  if ((before & F_SEAL_SEAL) !== 0) return -EPERM;
  if ((seals & ~before & F_SEAL_WRITE) !== 0 && core.kernel.vm.mayWrite?.(inode) === true) return -EBUSY;
  let added = seals;
  if ((seals & F_SEAL_EXEC) !== 0) {
    const error = servedBy(core, inode).stat(inode, core.here);
    if (error !== 0) return error;
    // A program that stays executable must stay what it is.
    if ((core.here.mode & EXECUTABLE) !== 0) added |= ALL_CHANGES;
  }
  core.state.seals.set(inode, before | added);
  return 0;
}

const has = (core: Core, inode: number, seals: number): boolean =>
  core.state.seals.size !== 0 && ((core.state.seals.get(inode) ?? 0) & seals) !== 0;

/** May nothing be written to it? Hot path of writes. */
export const forbidsWriting = (core: Core, inode: number): boolean =>
  has(core, inode, F_SEAL_WRITE | F_SEAL_FUTURE_WRITE);

export const forbidsGrowing = (core: Core, inode: number): boolean => has(core, inode, F_SEAL_GROW);

export const forbidsResizing = (core: Core, inode: number, before: number, size: number): boolean =>
  size !== before && has(core, inode, size < before ? F_SEAL_SHRINK : F_SEAL_GROW);

/** May a mode change to another? */
export const forbidsMode = (core: Core, inode: number, before: number, mode: number): boolean =>
  ((before ^ mode) & EXECUTABLE) !== 0 && has(core, inode, F_SEAL_EXEC);
