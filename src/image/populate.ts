/**
 * Put an image into a mounted tree: folders, files, links, with their modes.
 *
 * An image is a list of entries; where their bytes come from is the caller's. Works through vfs and the page cache as a
 * program would, so any root file system will do. Every step may wait for the host.
 */
import type { Kernel } from '../contracts/kernel.ts';
import { superblockOf } from '../contracts/filesystem.ts';
import { EEXIST, ENOMEM } from '../abi/linux/errno.ts';
import { homeInFile } from '../lib/paging/homes.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../machine/layout.ts';

export type ImageEntry =
  | { readonly type: 'directory'; readonly path: string; readonly mode: number }
  | { readonly type: 'file'; readonly path: string; readonly mode: number; readonly bytes: Uint8Array }
  | { readonly type: 'symlink'; readonly path: string; readonly target: string }
  | { readonly type: 'link'; readonly path: string; readonly target: string };

/** Run an operation until it does not wait. @returns its result */
export type Settle = (operation: () => number) => Promise<number>;

/** An image that does not fit in its tree. */
export class ImageError extends Error {
  constructor(path: string, error: number) {
    super(`can not put ${path} into the root file system (error ${-error})`);
    this.name = 'ImageError';
  }
}

const S_IFREG = 0o100_000;
const S_IFDIR = 0o040_000;
const INIT = 1;
/** Set-id and sticky bits, which making and writing a file may take away. */
const SPECIAL = 0o7000;

/** Make every entry, in order; folders that exist are left as they are. Throws ImageError. */
export async function populate(
  kernel: Kernel,
  settle: Settle,
  entries: readonly ImageEntry[],
): Promise<void> {
  for (const entry of entries) {
    const error = await make(kernel, settle, entry);
    if (error < 0 && !(error === -EEXIST && entry.type === 'directory'))
      throw new ImageError(entry.path, error);
  }
}

async function make(kernel: Kernel, settle: Settle, entry: ImageEntry): Promise<number> {
  const { path } = entry;
  switch (entry.type) {
    case 'directory': {
      const error = await settle(() => kernel.vfs.make(INIT, 0, path, S_IFDIR | entry.mode, 0));
      return error < 0 || isModeKept(kernel, entry.mode) ? error : setMode(kernel, settle, entry);
    }
    case 'symlink':
      return settle(() => kernel.vfs.symlink(INIT, entry.target, 0, path));
    case 'link':
      return settle(() => kernel.vfs.link(INIT, 0, entry.target, 0, path, false));
    case 'file': {
      const made = await settle(() => kernel.vfs.make(INIT, 0, path, S_IFREG | entry.mode, 0));
      if (made < 0 && made !== -EEXIST) return made;
      const dentry = await settle(() => kernel.vfs.resolve(INIT, 0, path, true));
      if (dentry < 0) return dentry;
      const error = await fill(kernel, settle, kernel.vfs.dentryInode(dentry), entry.bytes, made === 0);
      kernel.vfs.releaseDentry(dentry);
      if (error < 0 || (made === 0 && isModeKept(kernel, entry.mode))) return error;
      return setMode(kernel, settle, entry);
    }
  }
}

/** True if what init makes gets this mode, and needs no call more for it: a start makes a hundred files. */
const isModeKept = (kernel: Kernel, mode: number): boolean =>
  (mode & (kernel.process.place(INIT).umask | SPECIAL)) === 0;

const setMode = (
  kernel: Kernel,
  settle: Settle,
  { path, mode }: ImageEntry & { readonly mode: number },
): Promise<number> => settle(() => kernel.vfs.chmod(INIT, 0, path, mode, true));

/** @param isNew it holds nothing yet */
async function fill(
  kernel: Kernel,
  settle: Settle,
  inode: number,
  bytes: Uint8Array,
  isNew: boolean,
): Promise<number> {
  const type = kernel.vfs.fileSystemOf(superblockOf(inode));
  const fileSystem = (): Kernel['filesystem'][string] =>
    kernel.filesystem[type] as Kernel['filesystem'][string];
  if (!isNew) {
    const emptied = await settle(() => fileSystem().setAttributes(inode, { size: 0 }));
    if (emptied < 0) return emptied;
  }
  for (let at = 0; at < bytes.length; at += PAGE_SIZE) {
    const frame = kernel.frames.alloc(true, homeInFile(kernel.machine.layout, inode, at >>> PAGE_SHIFT));
    if (frame === 0) return -ENOMEM;
    kernel.machine.u8.set(bytes.subarray(at, at + PAGE_SIZE), frame * PAGE_SIZE);
    kernel.pagecache.insert(inode, at >>> PAGE_SHIFT, frame);
    kernel.frames.unref(frame);
  }
  return settle(() => fileSystem().written(inode, 0, bytes.length));
}
