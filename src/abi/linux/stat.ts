/**
 * File mode bits and the layout of struct stat. Data.
 *
 * Source: linux/stat.h, asm-generic/stat.h, inode(7).
 */
export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;
export const S_ISUID = 0o4000;
export const S_ISGID = 0o2000;
export const S_ISVTX = 0o1000;
/** All that chmod(2) sets. */
export const S_IALLUGO = 0o7777;
export const S_IXGRP = 0o010;

/** struct stat: offsets in bytes; st_dev, st_ino, st_rdev, st_size, st_blocks and the times are of 64 bits. */
export const STAT_SIZE = 128;
export const STAT_DEV = 0;
export const STAT_INO = 8;
export const STAT_MODE = 16;
export const STAT_NLINK = 20;
export const STAT_UID = 24;
export const STAT_GID = 28;
export const STAT_RDEV = 32;
export const STAT_FILE_SIZE = 48;
export const STAT_BLKSIZE = 56;
export const STAT_BLOCKS = 64;
export const STAT_ATIME = 72;
export const STAT_MTIME = 88;
export const STAT_CTIME = 104;

/** struct statx (statx(2)). A timestamp is s64 seconds, u32 nanoseconds, 4 spare bytes. */
export const STATX_STRUCT_SIZE = 256;
export const STATX_OFF_MASK = 0;
export const STATX_OFF_BLKSIZE = 4;
export const STATX_OFF_NLINK = 16;
export const STATX_OFF_UID = 20;
export const STATX_OFF_GID = 24;
export const STATX_OFF_MODE = 28;
export const STATX_OFF_INO = 32;
export const STATX_OFF_SIZE = 40;
export const STATX_OFF_BLOCKS = 48;
export const STATX_OFF_ATIME = 64;
export const STATX_OFF_CTIME = 96;
export const STATX_OFF_MTIME = 112;
export const STATX_OFF_RDEV_MAJOR = 128;
export const STATX_OFF_RDEV_MINOR = 132;
export const STATX_OFF_DEV_MAJOR = 136;
export const STATX_OFF_DEV_MINOR = 140;
export const STATX_BASIC_STATS = 0x7ff;
export const STATX_RESERVED = 0x8000_0000;

/** How many bits of a contract's device number are the minor. */
const MINOR_LIMIT = 0x10_0000;
export const deviceMajor = (device: number): number => Math.floor(device / MINOR_LIMIT);
export const deviceMinor = (device: number): number => device % MINOR_LIMIT;
export const makeDevice = (major: number, minor: number): number => major * MINOR_LIMIT + minor;
/** dev_t as stat(2) has it: minor bits 0-7 and 20-31, major bits 8-19 (linux/kdev_t.h, new_encode_dev). */
export const encodeDevice = (device: number): number => {
  // Nearly all have no major, and dividing takes longer than the rest of a stat(2).
  if (device < MINOR_LIMIT) return ((device & 0xff) | ((device & 0xfff00) << 12)) >>> 0;
  const minor = deviceMinor(device);
  return ((minor & 0xff) | (deviceMajor(device) << 8) | ((minor & 0xfff00) << 12)) >>> 0;
};
export const decodeDevice = (dev: number): number =>
  makeDevice((dev >>> 8) & 0xfff, (dev & 0xff) | ((dev >>> 12) & 0xfff00));
