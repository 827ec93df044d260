/**
 * Seals of files in memory: what forbids changes of them for good.
 *
 * Kept by inode in `VfsState.seals` as long as the file can be opened; what then maps it has the rights that it got. Source:
 * fcntl(2), "File Sealing".
 */
import { EBUSY, EINVAL, EPERM } from '../../../abi/linux/errno.ts';
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
import { superblockOf } from '../../../contracts/filesystem.ts';
import type { OpenFile } from '../../../contracts/vfs.ts';
import { type Core, servedBy, typeOf } from './core.ts';

/** The type of file system whose files have seals. */
export const MEMORY = 'ram';
const EXECUTABLE = 0o111;
const ALL_CHANGES: number = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;

/** F_GET_SEALS. Files of a mounted RAM file system can not be sealed. @returns F_SEAL_ bits or -EINVAL */
export function sealsOf(core: Core, { kind, inode }: OpenFile): number {
  if (kind !== 'regular') return -EINVAL;
  const own = core.state.seals.get(inode);
  if (own !== undefined) return own;
  return typeOf(core, superblockOf(inode)) === MEMORY ? F_SEAL_SEAL : -EINVAL;
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
