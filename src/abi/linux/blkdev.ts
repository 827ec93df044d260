/**
 * Requests of ioctl(2) to block devices. Data.
 *
 * Source: linux/fs.h.
 */
export const BLKROGET = 0x125e;
/** Size in sectors of 512 bytes, as unsigned long. */
export const BLKGETSIZE = 0x1260;
/** Write what is dirty and forget what is clean. */
export const BLKFLSBUF = 0x1261;
/** Logical and physical sector size. */
export const BLKSSZGET = 0x1268;
export const BLKPBSZGET = 0x127b;
export const BLKBSZGET = 0x8008_1270;
/** Size in bytes, as u64. */
export const BLKGETSIZE64 = 0x8008_1272;
