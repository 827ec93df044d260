/**
 * Who may do what to a file, by mode bits, ids and capabilities.
 *
 * Source: path_resolution(7), inode(7), capabilities(7), credentials(7). Access by the file-system ids, or by the real
 * ids for access(2), whose capabilities are those that a program of that user would have.
 */
import {
  CAP_DAC_OVERRIDE,
  CAP_DAC_READ_SEARCH,
  CAP_FOWNER,
  CAP_FSETID,
} from '../../../abi/linux/capability.ts';
import { EACCES, EISDIR, ENOTDIR, EPERM, EROFS } from '../../../abi/linux/errno.ts';
import {
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  S_IFSOCK,
  S_ISGID,
  S_ISUID,
  S_ISVTX,
  S_IXGRP,
} from '../../../abi/linux/stat.ts';
import type { Stat } from '../../../contracts/filesystem.ts';
import type { Dentry } from '../../../contracts/vfs.ts';
import { type Core, isDirectory, isReadOnly, typeBits } from './core.ts';

export const MAY_EXECUTE = 1;
export const MAY_WRITE = 2;
export const MAY_READ = 4;

const EXECUTE_ANY = 0o111;

function capable(core: Core, tid: number, capability: number, real: boolean): boolean {
  if (!real) return core.kernel.process.capable(tid, capability);
  const credentials = core.kernel.process.credentials(tid);
  return credentials.uid === 0 && ((credentials.permittedLow >>> capability) & 1) === 1;
}

export function inGroup(core: Core, tid: number, gid: number): boolean {
  const credentials = core.kernel.process.credentials(tid);
  return credentials.fsgid === gid || credentials.groups.includes(gid);
}

/** Mode bits alone. @param mask MAY_ bits @returns 0 or -EACCES */
export function permit(core: Core, tid: number, stat: Stat, mask: number, real: boolean): number {
  if (mask === 0) return 0;
  const credentials = core.kernel.process.credentials(tid);
  const uid = real ? credentials.uid : credentials.fsuid;
  const gid = real ? credentials.gid : credentials.fsgid;
  let shift = 0;
  if (uid === stat.uid) shift = 6;
  else if (gid === stat.gid || credentials.groups.includes(stat.gid)) shift = 3;
  if ((mask & ~(stat.mode >> shift)) === 0) return 0;

  const executable = isDirectory(stat) || (stat.mode & EXECUTE_ANY) !== 0;
  if ((mask & MAY_EXECUTE) === 0 || executable) {
    if (capable(core, tid, CAP_DAC_OVERRIDE, real)) return 0;
  }
  const searching = isDirectory(stat) ? (mask & MAY_WRITE) === 0 : mask === MAY_READ;
  return searching && capable(core, tid, CAP_DAC_READ_SEARCH, real) ? 0 : -EACCES;
}

/** Nodes that are but names of something elsewhere may be written on a read-only mount. */
const isSpecial = (stat: Stat): boolean => {
  const type = typeBits(stat);
  return type === S_IFCHR || type === S_IFBLK || type === S_IFIFO || type === S_IFSOCK;
};

/** Mode bits and the mount. @returns 0, -EROFS or -EACCES */
export function permitDentry(
  core: Core,
  tid: number,
  dentry: Dentry,
  stat: Stat,
  mask: number,
  real: boolean,
): number {
  if ((mask & MAY_WRITE) !== 0 && !isSpecial(stat) && isReadOnly(core, dentry)) return -EROFS;
  return permit(core, tid, stat, mask, real);
}

export const owns = (core: Core, tid: number, stat: Stat): boolean =>
  core.kernel.process.credentials(tid).fsuid === stat.uid || core.kernel.process.capable(tid, CAP_FOWNER);

/** May a name that leads to `stat` be removed from `directory`? @returns 0, -EACCES, -EPERM (sticky), -ENOTDIR, -EISDIR */
export function mayDelete(
  core: Core,
  tid: number,
  directory: Stat,
  stat: Stat,
  wantDirectory: boolean,
): number {
  const error = permit(core, tid, directory, MAY_WRITE | MAY_EXECUTE, false);
  if (error !== 0) return error;
  if ((directory.mode & S_ISVTX) !== 0) {
    const { fsuid } = core.kernel.process.credentials(tid);
    if (fsuid !== stat.uid && fsuid !== directory.uid && !core.kernel.process.capable(tid, CAP_FOWNER)) {
      return -EPERM;
    }
  }
  if (wantDirectory) return isDirectory(stat) ? 0 : -ENOTDIR;
  return isDirectory(stat) ? -EISDIR : 0;
}

/** The mode of a new file in a directory: umask, and the set-group-ID rules (inode(7)). @param mode with type bits */
export function modeOfNew(
  core: Core,
  tid: number,
  directory: Stat,
  mode: number,
  makesDirectory: boolean,
): number {
  const masked = mode & ~core.kernel.process.place(tid).umask;
  if ((directory.mode & S_ISGID) === 0) return masked;
  if (makesDirectory) return masked | S_ISGID;
  const runsAsGroup = (masked & (S_ISGID | S_IXGRP)) === (S_ISGID | S_IXGRP);
  if (runsAsGroup && !inGroup(core, tid, directory.gid) && !core.kernel.process.capable(tid, CAP_FSETID)) {
    return masked & ~S_ISGID;
  }
  return masked;
}

export const groupOfNew = (core: Core, tid: number, directory: Stat): number =>
  (directory.mode & S_ISGID) !== 0 ? directory.gid : core.kernel.process.credentials(tid).fsgid;

/** The set-id bits that a file loses when it is written or given away; the mode without them. */
export function withoutSetIds(mode: number): number {
  let left = mode & ~S_ISUID;
  if ((mode & S_IXGRP) !== 0) left &= ~S_ISGID;
  return left;
}
