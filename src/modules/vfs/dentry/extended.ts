/**
 * Extended attributes: who may read and change which, before the file system is asked.
 *
 * Source: xattr(7), setxattr(2), getxattr(2), listxattr(2), capabilities(7). There are no access control lists, so that names of
 * `system.` are none. A capability that a file has in `security.capability` is kept, not used.
 */
import { CAP_SETFCAP, CAP_SYS_ADMIN } from '../../../abi/linux/capability.ts';
import { EINVAL, ENODATA, EOPNOTSUPP, EPERM, EROFS } from '../../../abi/linux/errno.ts';
import { S_IFREG, S_ISVTX } from '../../../abi/linux/stat.ts';
import {
  CAPS_LENGTH_BY_REVISION,
  XATTR_CAPS,
  XATTR_SECURITY,
  XATTR_TRUSTED,
  XATTR_USER,
} from '../../../abi/linux/xattr.ts';
import type { Dentry } from '../../../contracts/vfs.ts';
import { type Core, dentryOf, isDirectory, isReadOnly, servedBy, typeBits } from './core.ts';
import { MAY_READ, MAY_WRITE, owns, permit } from './permission.ts';

const CLASSES = [XATTR_USER, XATTR_TRUSTED, XATTR_SECURITY];

/** The rules of the name's class. Pre: `core.here` describes the file. @returns 0 or -errno */
function mayUse(core: Core, tid: number, name: string, mask: number): number {
  const writes = mask === MAY_WRITE;
  if (name.startsWith(XATTR_TRUSTED)) {
    if (core.kernel.process.capable(tid, CAP_SYS_ADMIN)) return 0;
    return writes ? -EPERM : -ENODATA;
  }
  if (name.startsWith(XATTR_SECURITY)) {
    if (!writes) return 0;
    const needed = name === XATTR_CAPS ? CAP_SETFCAP : CAP_SYS_ADMIN;
    return core.kernel.process.capable(tid, needed) ? 0 : -EPERM;
  }
  if (name.startsWith(XATTR_USER)) {
    if (typeBits(core.here) !== S_IFREG && !isDirectory(core.here)) return writes ? -EPERM : -ENODATA;
    const sticky = isDirectory(core.here) && (core.here.mode & S_ISVTX) !== 0;
    if (sticky && writes && !owns(core, tid, core.here)) return -EPERM;
  }
  return permit(core, tid, core.here, mask, false);
}

/** Is it a name that a file may have? @returns 0, -EINVAL (nothing behind the class) or -EOPNOTSUPP */
function isKnown(name: string): number {
  const found = CLASSES.find((prefix) => name.startsWith(prefix));
  if (found === undefined) return -EOPNOTSUPP;
  return found === name ? -EINVAL : 0;
}

/** @returns 0 and `core.here`, -errno or WAIT */
function look(core: Core, { inode }: Dentry): number {
  return servedBy(core, inode).stat(inode, core.here);
}

export function getExtended(core: Core, tid: number, id: number, name: string): Uint8Array | number {
  const dentry = dentryOf(core, id);
  const error = look(core, dentry) || mayUse(core, tid, name, MAY_READ);
  if (error !== 0) return error;
  const cell = servedBy(core, dentry.inode);
  if (cell.getExtended === undefined) return -EOPNOTSUPP;
  return isKnown(name) || cell.getExtended(dentry.inode, name);
}

/** What `security.capability` may hold. */
function isCapability(value: Uint8Array): boolean {
  return value.length >= 4 && CAPS_LENGTH_BY_REVISION.get(value[3] as number) === value.length;
}

export function setExtended(
  core: Core,
  tid: number,
  id: number,
  name: string,
  value: Uint8Array | null,
  flags: number,
): number {
  const dentry = dentryOf(core, id);
  if (isReadOnly(core, dentry)) return -EROFS;
  const error = look(core, dentry);
  if (error !== 0) return error;
  const checked = name === XATTR_CAPS && value !== null && value.length > 0;
  if (checked && !isCapability(value)) return -EINVAL;
  const refused = mayUse(core, tid, name, MAY_WRITE);
  if (refused !== 0) return refused;
  const cell = servedBy(core, dentry.inode);
  if (cell.setExtended === undefined) return -EOPNOTSUPP;
  return isKnown(name) || cell.setExtended(dentry.inode, name, value, flags);
}

export function listExtended(core: Core, tid: number, id: number): string[] | number {
  const { inode } = dentryOf(core, id);
  const names = servedBy(core, inode).listExtended?.(inode) ?? [];
  if (typeof names === 'number' || core.kernel.process.capable(tid, CAP_SYS_ADMIN)) return names;
  return names.filter((name) => !name.startsWith(XATTR_TRUSTED));
}
