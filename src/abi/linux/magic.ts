/**
 * File-system type numbers that statfs(2) tells. Data.
 *
 * Source: linux/magic.h.
 */
export const TMPFS_MAGIC = 0x0102_1994;
export const EXT2_SUPER_MAGIC = 0xef53;
export const PROC_SUPER_MAGIC = 0x9fa0;
export const SYSFS_MAGIC = 0x6265_6572;
export const OVERLAYFS_SUPER_MAGIC = 0x794c_7630;
/** Linux has no such type; this is none of its numbers. */
export const TAR_MAGIC = 0x0172_6174;
/** What a folder shared with the host is on Linux too (9P). */
export const V9FS_MAGIC = 0x0102_1997;
