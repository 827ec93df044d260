/**
 * The operations of a file system whose contents are made when they are looked at (proc, sys).
 *
 * Nothing can be made or removed in it; a file is a text that is generated when it is read from its start. What there is,
 * the `Synthesis` knows, by inode number. State: what is mounted, and the rest of a text that is being read in pieces, so that
 * pieces fit together and a long text is not made for each.
 */
import { EACCES, EINVAL, EIO, EPERM } from '../abi/linux/errno.ts';
import {
  type FileSystem,
  FS_VOLATILE,
  inodeNumberOf,
  SB_SHIFT,
  superblockOf,
} from '../contracts/filesystem.ts';
import type { Stat } from '../contracts/filesystem.ts';
import type { Kernel } from '../contracts/kernel.ts';
import { int, type Schema, set, text } from '../contracts/schema.ts';
import { copyFromSpans, copyToSpans } from './spans.ts';

export interface SyntheticEntry {
  readonly name: string;
  readonly ino: number;
  /** S_IF bits. */
  readonly type: number;
  /** Above 0, ascending, and the same for this entry whenever it is there. */
  readonly cookie: number;
}

export interface SyntheticFile {
  /** Type and permissions. */
  readonly mode: number;
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
  /** When it came to be, in ns since boot. */
  readonly sinceNs: number;
}

/** By inode number within the file system; every operation may answer -errno where it names another result. */
export interface Synthesis {
  readonly magic: number;
  lookup(tid: number, ino: number, name: string): number;
  file(ino: number): SyntheticFile | number;
  entries(tid: number, ino: number): readonly SyntheticEntry[] | number;
  /** Bytes as chars. */
  text(tid: number, ino: number): string | number;
  /** A part of a file that is too large to be made whole; null if it is one with a text. */
  window?(tid: number, ino: number, offset: number, length: number): Uint8Array | number | null;
  /** Take what was written; the offset is of no interest. @returns 0 or -errno */
  store(tid: number, ino: number, text: string): number;
  target(tid: number, ino: number): string | number;
  jump(tid: number, ino: number): number;
  jumpFile(tid: number, ino: number): number;
  /** See `FileSystem.listsMounts`. */
  listsMounts?(ino: number): boolean;
}

/** Bytes taken from one write. */
const MAX_WRITE = 4096;
const NS = 1_000_000_000;

export interface SyntheticState {
  /** Superblocks that are mounted. */
  mounted: Set<number>;
  /** A text of which some was read: by which thread, its file, and what it was. 0 and '' if there is none. */
  reader: number;
  readInode: number;
  readText: string;
}

export const syntheticFields: { readonly [Key in keyof SyntheticState]: Schema<SyntheticState[Key]> } = {
  mounted: set(int()),
  reader: int(),
  readInode: int(),
  readText: text(),
};
export const blankSynthetic = (): SyntheticState => ({
  mounted: new Set(),
  reader: 0,
  readInode: 0,
  readText: '',
});

function describe(kernel: Kernel, id: number, file: SyntheticFile, into: Stat): void {
  const since = kernel.time.bootSeconds + Math.floor(file.sinceNs / NS);
  const rest = Math.floor(file.sinceNs % NS);
  into.inode = id;
  into.mode = file.mode;
  into.links = file.links;
  into.uid = file.uid;
  into.gid = file.gid;
  into.rdev = 0;
  into.size = 0;
  into.blockSize = 1024;
  into.blocks = 0;
  into.atimeSeconds = since;
  into.atimeNanoseconds = rest;
  into.mtimeSeconds = since;
  into.mtimeNanoseconds = rest;
  into.ctimeSeconds = since;
  into.ctimeNanoseconds = rest;
}

function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** The operations over `state`, which says what is mounted. */
export function syntheticFileSystem(state: SyntheticState, kernel: Kernel, synthesis: Synthesis): FileSystem {
  return {
    mount(sb) {
      state.mounted.add(sb);
      return sb * SB_SHIFT + 1;
    },
    unmount(sb) {
      state.mounted.delete(sb);
    },
    capabilities: (sb) => (state.mounted.has(sb) ? FS_VOLATILE : 0),
    lookup(tid, directory, name) {
      const ino = synthesis.lookup(tid, inodeNumberOf(directory), name);
      return ino < 0 ? ino : superblockOf(directory) * SB_SHIFT + ino;
    },
    stat(inode, into) {
      const file = synthesis.file(inodeNumberOf(inode));
      if (typeof file === 'number') return file;
      describe(kernel, inode, file, into);
      return 0;
    },
    create: () => -EACCES,
    symlink: () => -EPERM,
    link: () => -EPERM,
    unlink: () => -EPERM,
    rename: () => -EPERM,
    listsMounts: (inode) => synthesis.listsMounts?.(inodeNumberOf(inode)) ?? false,
    readlink: (tid, inode) => synthesis.target(tid, inodeNumberOf(inode)),
    jump: (tid, inode) => synthesis.jump(tid, inodeNumberOf(inode)),
    jumpFile: (tid, inode) => synthesis.jumpFile(tid, inodeNumberOf(inode)),
    list(tid, directory, cookie, limit) {
      const entries = synthesis.entries(tid, inodeNumberOf(directory));
      if (typeof entries === 'number') return entries;
      const base = superblockOf(directory) * SB_SHIFT;
      return entries
        .filter((entry) => entry.cookie > cookie)
        .slice(0, limit)
        .map(({ name, ino, type, cookie: next }) => ({ name, inode: base + ino, type, next }));
    },
    // Opening with O_TRUNC sets the size, which means nothing here.
    setAttributes: (_inode, { size, mode, uid }) =>
      size !== undefined && mode === undefined && uid === undefined ? 0 : -EPERM,
    fill: () => -EIO,
    refills: () => false,
    written: () => -EIO,
    accessed() {},
    read(tid, inode, offset, into) {
      const part = synthesis.window?.(tid, inodeNumberOf(inode), offset, into.total) ?? null;
      if (typeof part === 'number') return part;
      if (part !== null) {
        copyToSpans(kernel, part, 0, into, 0, part.length);
        return part.length;
      }
      const goesOn = offset > 0 && tid !== 0 && state.reader === tid && state.readInode === inode;
      const whole = goesOn ? state.readText : synthesis.text(tid, inodeNumberOf(inode));
      if (typeof whole === 'number') return whole;
      const end = offset + into.total;
      const rest = end < whole.length;
      if (rest || goesOn) {
        state.reader = rest ? tid : 0;
        state.readInode = rest ? inode : 0;
        state.readText = rest ? whole : '';
      }
      const bytes = bytesOf(whole.slice(offset, end));
      copyToSpans(kernel, bytes, 0, into, 0, bytes.length);
      return bytes.length;
    },
    write(tid, inode, _offset, from) {
      if (from.total > MAX_WRITE) return -EINVAL;
      const bytes = new Uint8Array(from.total);
      copyFromSpans(kernel, from, 0, bytes, 0, bytes.length);
      const stored = synthesis.store(tid, inodeNumberOf(inode), String.fromCharCode(...bytes));
      return stored < 0 ? stored : bytes.length;
    },
    flush: () => 0,
    pin() {},
    unpin() {},
    statfs: () => ({
      type: synthesis.magic,
      blockSize: 4096,
      blocks: 0,
      free: 0,
      files: 0,
      filesFree: 0,
      nameLength: 255,
    }),
    completed() {},
  };
}
