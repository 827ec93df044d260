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
