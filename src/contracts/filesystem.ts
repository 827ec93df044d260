/**
 * Contract `filesystem`: one type of file system: inodes, names and contents.
 *
 * Policy here: how names and data are kept. Mechanism, fixed: vfs walks paths, checks permissions and owns open file
 * descriptions; the page cache holds the pages of regular files; an inode id is sb * 2^32 + ino, unique in the kernel,
 * where vfs numbers the mounted superblocks (sb) from 1. Each type has a state layout of its own.
 * An operation that needs the host starts a request and returns WAIT; it is run again from the start when that
 * completes, so nothing may be changed before the last WAIT.
 */
import type { Contract } from './contract.ts';
import type { HostResult } from './host.ts';
import type { Spans } from './kernel.ts';

export const SB_SHIFT = 0x1_0000_0000;
/** Inode number of the root of every superblock. */
export const ROOT_INODE = 1;
/** Superblock of an inode id. */
export const superblockOf = (inode: number): number => Math.floor(inode / SB_SHIFT);
/** The low 32 bits; a remainder of two floating-point numbers takes V8 a call. */
export const inodeNumberOf = (inode: number): number => inode >>> 0;

/** What stat(2) tells; times in whole seconds and ns. Reused by the caller. */
export interface Stat {
  inode: number;
  /** Type and permissions, S_IF bits included. */
  mode: number;
  links: number;
  uid: number;
  gid: number;
  /** Device number of a device node: major * 2^20 + minor (20 bits of minor). */
  rdev: number;
  size: number;
  blockSize: number;
  /** Of 512 bytes. */
  blocks: number;
  atimeSeconds: number;
  atimeNanoseconds: number;
  mtimeSeconds: number;
  mtimeNanoseconds: number;
  ctimeSeconds: number;
  ctimeNanoseconds: number;
}

export const createStat = (): Stat => ({
  inode: 0,
  mode: 0,
  links: 0,
  uid: 0,
  gid: 0,
  rdev: 0,
  size: 0,
  blockSize: 4096,
  blocks: 0,
  atimeSeconds: 0,
  atimeNanoseconds: 0,
  mtimeSeconds: 0,
  mtimeNanoseconds: 0,
  ctimeSeconds: 0,
  ctimeNanoseconds: 0,
});

/** Field by field: Object.assign takes as long as a system call. */
export function copyStat(from: Readonly<Stat>, into: Stat): void {
  into.inode = from.inode;
  into.mode = from.mode;
  into.links = from.links;
  into.uid = from.uid;
  into.gid = from.gid;
  into.rdev = from.rdev;
  into.size = from.size;
  into.blockSize = from.blockSize;
  into.blocks = from.blocks;
  into.atimeSeconds = from.atimeSeconds;
  into.atimeNanoseconds = from.atimeNanoseconds;
  into.mtimeSeconds = from.mtimeSeconds;
  into.mtimeNanoseconds = from.mtimeNanoseconds;
  into.ctimeSeconds = from.ctimeSeconds;
  into.ctimeNanoseconds = from.ctimeNanoseconds;
}

/** statfs(2). */
export interface FileSystemStat {
  readonly type: number;
  readonly blockSize: number;
  readonly blocks: number;
  readonly free: number;
  readonly files: number;
  readonly filesFree: number;
  readonly nameLength: number;
}

/** What `setAttributes` is to change: only the fields that are there. Mode without the type bits. */
export interface Attributes {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: number;
  readonly atimeSeconds?: number;
  readonly atimeNanoseconds?: number;
  readonly mtimeSeconds?: number;
  readonly mtimeNanoseconds?: number;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly inode: number;
  /** S_IF type bits of its mode. */
  readonly type: number;
  /** Pass this as the cookie to go on behind this entry; stable while the directory is changed. */
  readonly next: number;
}

/** Bits of `capabilities`. */
/** Regular files go through the page cache: `fill`, `written`; else through `read` and `write`. */
export const FS_PAGED = 1;
/** Entries may appear and vanish by themselves, so vfs must look up again (proc). */
export const FS_VOLATILE = 2;
export const FS_READ_ONLY = 4;
/**
 * `written` takes no more than FS_STEP bytes at once, and what does not fit may fit in part; ranges are not zeroed by it.
 */
export const FS_STEPS = 16;
export const FS_STEP = 65536;
/** Any page can be filled again, so that the page cache is not the only place that has it. */
export const FS_REFILLS = 8;

/** `fill`: the page is a hole and reads as zeros; the frame was left alone. */
export const FILL_HOLE = 1;

export interface FileSystem {
  /**
   * Make a superblock. @param source the grant number for a host folder, the lower superblock of an overlay, /dev/NAME
   * of a disk, or ''
   * @param options as in mount(8)'s -o @returns the root's inode id, -EINVAL or WAIT
   */
  mount(sb: number, source: string, options: string): number;
  /** Drop it with all its pages. Pre: nothing in it is open. */
  unmount(sb: number): void;
  /** FS_ bits; 0 for a superblock that this cell does not have. Hot path. */
  capabilities(sb: number): number;
  /** @param tid who asks (proc's /proc/self) @returns inode id, -ENOENT, -EIO or WAIT */
  lookup(tid: number, directory: number, name: string): number;
  /** @returns 0, -EIO or WAIT. Hot path. */
  stat(inode: number, into: Stat): number;
  /** Make a regular file, directory, FIFO, socket or device node by the mode's type bits. @returns inode id, -EEXIST, -ENOSPC, -EROFS, -EPERM or WAIT */
  create(directory: number, name: string, mode: number, uid: number, gid: number, rdev: number): number;
  symlink(directory: number, name: string, target: string, uid: number, gid: number): number;
  /** @returns 0 or -errno or WAIT */
  link(directory: number, name: string, inode: number): number;
  /** Remove a name; of a directory only if `isDirectory`, and empty. @returns 0, -ENOTEMPTY, -EISDIR, -ENOTDIR, -ENOENT or WAIT */
  unlink(directory: number, name: string, isDirectory: boolean): number;
  /** @param flags RENAME_ bits @returns 0, -ENOTEMPTY, -EISDIR, -ENOTDIR, -EEXIST, -EINVAL, -ENOENT or WAIT */
  rename(directory: number, name: string, toDirectory: number, toName: string, flags: number): number;
  /** @param tid who asks @returns the target, -EINVAL or WAIT */
  readlink(tid: number, inode: number): string | number;
  /**
   * Following a symlink: the dentry that a magic link leads to, whatever its text says (proc's exe, cwd, root and fd/N of
   * files with a name). @returns a dentry, 0 = an ordinary symlink whose text counts, -errno or WAIT
   */
  jump(tid: number, inode: number): number;
  /** Asked when `jump` gives 0: the open file that a magic link leads to (fd/N of pipes and the like), or 0. */
  jumpFile(tid: number, inode: number): number;
  /** Entries behind `cookie` (0 = from the start) without `.` and `..`; at most `limit`; empty at the end. @returns or -errno or WAIT */
  list(tid: number, directory: number, cookie: number, limit: number): DirectoryEntry[] | number;
  /** A size also truncates the page cache. ctime is set. @returns 0, -EPERM, -EROFS, -EFBIG, -ENOSPC or WAIT */
  setAttributes(inode: number, attributes: Attributes): number;
  /** Page `index` is wanted: write all 4096 bytes of the frame. @returns 0, FILL_HOLE, -EIO or WAIT. FS_PAGED only. */
  fill(inode: number, index: number, frame: number): number;
  /**
   * Would `fill` bring the page back as the page cache has it? Then it may be dropped between two kernel entries. If it is
   * false for page 0 it is so for every page.
   */
  refills(inode: number, index: number): boolean;
  /** Bytes [offset, offset+length) were written through the page cache: grow the size, set times, remember as dirty. @returns 0, -ENOSPC or WAIT */
  written(inode: number, offset: number, length: number): number;
  /** The file was read: atime, by the mount's rule. Hot path. */
  accessed(inode: number): void;
  /** Contents of a file outside the page cache. @returns count, -errno or WAIT */
  read(tid: number, inode: number, offset: number, into: Spans): number;
  write(tid: number, inode: number, offset: number, from: Spans): number;
  /** Make what was written durable (fsync). @returns 0, -EIO or WAIT */
  flush(inode: number): number;
  /** vfs holds the inode (open, mapped, a working directory); at the last `unpin` an inode without links is freed. */
  pin(inode: number): void;
  unpin(inode: number): void;
  statfs(sb: number): FileSystemStat;
  /** A completion of a request of this cell's. */
  completed(request: number, result: HostResult): void;
  /**
   * Interface `durable`. All that was written to the superblock is to be durable. @param last nothing will be written any
   * more: leave it as one that was unmounted @returns 0, -EIO, -ENOSPC or WAIT; to be asked again
   */
  sync?(sb: number, last: boolean): number;
  /**
   * Interface `durable`. A page was written through a mapping that goes now, and `written` could not take it without waiting:
   * keep it in the page cache and see to it later.
   */
  dirtied?(inode: number, index: number): void;
  /**
   * Interface `remount`: let the superblock be written from now on, or not any more; it is synced then. @returns 0, -EACCES (what it is
   * stored on can not be written), -EROFS, -EBUSY, -EIO or WAIT
   */
  remount?(sb: number, readOnly: boolean): number;
  /** Interface `mount-tables`: the file lists what is mounted, so that who polls it hears of changes (proc_pid_mounts(5)). */
  listsMounts?(inode: number): boolean;
  /**
   * Interface `extended`: attributes by name, its class (`user.`, `trusted.`, `security.`) included; vfs has checked who asks and
   * that the name has a class. @returns the value, not to be changed; -ENODATA, -EIO or WAIT
   */
  getExtended?(inode: number, name: string): Uint8Array | number;
  /** @param value null = remove @param flags XATTR_ bits @returns 0, -EEXIST, -ENODATA, -ENOSPC, -ERANGE, -EROFS, -EIO or WAIT */
  setExtended?(inode: number, name: string, value: Uint8Array | null, flags: number): number;
  /** @returns the names, -EIO or WAIT */
  listExtended?(inode: number): string[] | number;
}

export const filesystem: Contract<FileSystem> = {
  name: 'filesystem',
  version: 1,
  operations: [
    'mount',
    'unmount',
    'capabilities',
    'lookup',
    'stat',
    'create',
    'symlink',
    'link',
    'unlink',
    'rename',
    'readlink',
    'jump',
    'jumpFile',
    'list',
    'setAttributes',
    'fill',
    'refills',
    'written',
    'accessed',
    'read',
    'write',
    'flush',
    'pin',
    'unpin',
    'statfs',
    'completed',
  ],
  interfaces: {
    durable: ['sync', 'dirtied'],
    remount: ['remount'],
    'mount-tables': ['listsMounts'],
    extended: ['getExtended', 'setExtended', 'listExtended'],
  },
};
