/**
 * Flags of renameat2(2). Data.
 *
 * Source: linux/fs.h.
 */
export const RENAME_NOREPLACE = 1;
export const RENAME_EXCHANGE = 2;
export const RENAME_WHITEOUT = 4;
