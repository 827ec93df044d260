/**
 * Stat records as user memory sees them: struct stat, struct statx, struct statfs.
 *
 * Layouts are data in src/abi/linux. The device number of a file is its superblock's number, with major 0. Every function writes
 * to a user address and returns 0, -EFAULT or WAIT.
 */
import * as S from '../../../abi/linux/stat.ts';
import * as V from '../../../abi/linux/statfs.ts';
import {
  type FileSystemStat,
  inodeNumberOf,
  type Stat,
  superblockOf,
} from '../../../contracts/filesystem.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { put64 } from './usage.ts';

export function writeStat(kernel: Kernel, tid: number, va: number, stat: Stat): number {
  const view = kernel.user.blankRecord(S.STAT_SIZE);
  put64(view, S.STAT_DEV, S.encodeDevice(superblockOf(stat.inode)));
  put64(view, S.STAT_INO, inodeNumberOf(stat.inode));
  view.setUint32(S.STAT_MODE, stat.mode, true);
  view.setUint32(S.STAT_NLINK, stat.links, true);
  view.setUint32(S.STAT_UID, stat.uid, true);
  view.setUint32(S.STAT_GID, stat.gid, true);
  put64(view, S.STAT_RDEV, S.encodeDevice(stat.rdev));
  put64(view, S.STAT_FILE_SIZE, stat.size);
  view.setUint32(S.STAT_BLKSIZE, stat.blockSize, true);
  put64(view, S.STAT_BLOCKS, stat.blocks);
  put64(view, S.STAT_ATIME, stat.atimeSeconds);
  put64(view, S.STAT_ATIME + 8, stat.atimeNanoseconds);
  put64(view, S.STAT_MTIME, stat.mtimeSeconds);
  put64(view, S.STAT_MTIME + 8, stat.mtimeNanoseconds);
  put64(view, S.STAT_CTIME, stat.ctimeSeconds);
  put64(view, S.STAT_CTIME + 8, stat.ctimeNanoseconds);
  return kernel.user.writeRecord(tid, va, S.STAT_SIZE);
}

function putTimestamp(view: DataView, at: number, seconds: number, nanoseconds: number): void {
  put64(view, at, seconds);
  view.setUint32(at + 8, nanoseconds, true);
}

/** What it can tell it tells, whatever was asked: the basic fields. */
export function writeStatx(kernel: Kernel, tid: number, va: number, stat: Stat): number {
  const view = kernel.user.blankRecord(S.STATX_STRUCT_SIZE);
  view.setUint32(S.STATX_OFF_MASK, S.STATX_BASIC_STATS, true);
  view.setUint32(S.STATX_OFF_BLKSIZE, stat.blockSize, true);
  view.setUint32(S.STATX_OFF_NLINK, stat.links, true);
  view.setUint32(S.STATX_OFF_UID, stat.uid, true);
  view.setUint32(S.STATX_OFF_GID, stat.gid, true);
  view.setUint16(S.STATX_OFF_MODE, stat.mode, true);
  put64(view, S.STATX_OFF_INO, inodeNumberOf(stat.inode));
  put64(view, S.STATX_OFF_SIZE, stat.size);
  put64(view, S.STATX_OFF_BLOCKS, stat.blocks);
  putTimestamp(view, S.STATX_OFF_ATIME, stat.atimeSeconds, stat.atimeNanoseconds);
  putTimestamp(view, S.STATX_OFF_CTIME, stat.ctimeSeconds, stat.ctimeNanoseconds);
  putTimestamp(view, S.STATX_OFF_MTIME, stat.mtimeSeconds, stat.mtimeNanoseconds);
  view.setUint32(S.STATX_OFF_RDEV_MAJOR, S.deviceMajor(stat.rdev), true);
  view.setUint32(S.STATX_OFF_RDEV_MINOR, S.deviceMinor(stat.rdev), true);
  view.setUint32(S.STATX_OFF_DEV_MINOR, superblockOf(stat.inode), true);
  return kernel.user.writeRecord(tid, va, S.STATX_STRUCT_SIZE);
}

export function writeStatfs(kernel: Kernel, tid: number, va: number, stat: FileSystemStat): number {
  const view = kernel.user.blankRecord(V.STATFS_SIZE);
  put64(view, V.STATFS_TYPE, stat.type);
  put64(view, V.STATFS_BSIZE, stat.blockSize);
  put64(view, V.STATFS_BLOCKS, stat.blocks);
  put64(view, V.STATFS_BFREE, stat.free);
  put64(view, V.STATFS_BAVAIL, stat.free);
  put64(view, V.STATFS_FILES, stat.files);
  put64(view, V.STATFS_FFREE, stat.filesFree);
  put64(view, V.STATFS_NAMELEN, stat.nameLength);
  put64(view, V.STATFS_FRSIZE, stat.blockSize);
  put64(view, V.STATFS_FLAGS, V.ST_VALID);
  return kernel.user.writeRecord(tid, va, V.STATFS_SIZE);
}
