/**
 * Requests of ioctl(2) to block devices. Data.
 *
 * Source: linux/fs.h, linux/hdreg.h.
 */
/** struct hd_geometry: heads and sectors in a byte each, cylinders in 16 bits, the first sector in 64. */
export const HDIO_GETGEO = 0x0301;
export const GEOMETRY_SIZE = 16;
export const BLKROGET = 0x125e;
/** Size in sectors of 512 bytes, as unsigned long. */
export const BLKGETSIZE = 0x1260;
/** Write what is dirty and forget what is clean. */
export const BLKFLSBUF = 0x1261;
/** Logical and physical sector size. */
export const BLKSSZGET = 0x1268;
/** What a transfer has at least and at best, and how far the first sector lies off a boundary of that, in bytes. */
export const BLKIOMIN = 0x1278;
export const BLKIOOPT = 0x1279;
export const BLKALIGNOFF = 0x127a;
export const BLKPBSZGET = 0x127b;
export const BLKBSZGET = 0x8008_1270;
/** Size in bytes, as u64. */
export const BLKGETSIZE64 = 0x8008_1272;
/** A number that no other disk since boot has had, as u64. */
export const BLKGETDISKSEQ = 0x8008_1280;
