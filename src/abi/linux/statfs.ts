/**
 * struct statfs of 64-bit machines. Data.
 *
 * Source: asm-generic/statfs.h, statfs(2). All words are of 64 bits; f_fsid is two ints.
 */
export const STATFS_SIZE = 120;
export const STATFS_TYPE = 0;
export const STATFS_BSIZE = 8;
export const STATFS_BLOCKS = 16;
export const STATFS_BFREE = 24;
export const STATFS_BAVAIL = 32;
export const STATFS_FILES = 40;
export const STATFS_FFREE = 48;
export const STATFS_FSID = 56;
export const STATFS_NAMELEN = 64;
export const STATFS_FRSIZE = 72;
export const STATFS_FLAGS = 80;
/** f_flags holds valid bits (statfs(2) of Linux 2.6.36). */
export const ST_VALID = 0x20;
export const PIPEFS_MAGIC = 0x5049_5045;
