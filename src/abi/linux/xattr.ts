/**
 * Flags and limits of extended attributes. Data.
 *
 * Source: linux/xattr.h, linux/limits.h.
 */
export const XATTR_CREATE = 1;
export const XATTR_REPLACE = 2;
/** Bytes of a name, of a value, and of a list of names. */
export const XATTR_NAME_MAX = 255;
export const XATTR_SIZE_MAX = 65536;
export const XATTR_LIST_MAX = 65536;

/** The classes of names; what is behind the dot is the file's own. */
export const XATTR_USER = 'user.';
export const XATTR_TRUSTED = 'trusted.';
export const XATTR_SECURITY = 'security.';
/** File capabilities, in one of these lengths, with the revision in the highest byte of the first 32 bits. */
export const XATTR_CAPS = 'security.capability';
export const CAPS_LENGTH_BY_REVISION: ReadonlyMap<number, number> = new Map([
  [2, 20],
  [3, 24],
]);
