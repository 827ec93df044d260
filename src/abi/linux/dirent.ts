/**
 * struct linux_dirent64 and the d_type values (getdents64(2)). Data.
 *
 * Source: linux/dirent.h, dirent.h. d_type is the type bits of the mode shifted right by 12.
 */
export const DIRENT_INO = 0;
export const DIRENT_OFF = 8;
export const DIRENT_RECLEN = 16;
export const DIRENT_TYPE = 18;
export const DIRENT_NAME = 19;
export const DIRENT_ALIGN = 8;
export const DT_SHIFT = 12;
