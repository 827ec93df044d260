/**
 * What the parts of the dentry vfs share: state, kernel, scratch records, and who serves an inode.
 *
 * The scratch records are valid within one operation; nothing here outlives a kernel entry but `state` and the list of
 * types by superblock, which is rebuilt on demand (superblock numbers are never used again).
 */
import { ENODEV } from '../../../abi/linux/errno.ts';
import { S_IFDIR, S_IFMT } from '../../../abi/linux/stat.ts';
import {
  createStat,
  type FileSystem,
  FS_READ_ONLY,
  type Stat,
  superblockOf,
} from '../../../contracts/filesystem.ts';
import { createSpans, type Kernel, type Spans } from '../../../contracts/kernel.ts';
import type { Dentry, Mount, OpenFile, VfsState } from '../../../contracts/vfs.ts';
import { KernelFault } from '../../../lib/kernel-fault.ts';

/** What the last component of a path was. */
export type LastKind = 'name' | 'dot' | 'dotdot' | 'root';

/** Where the last walk ended. */
export interface Walked {
  /** Dentry in which `name` was, or would be. */
  parent: number;
  name: string;
  kind: LastKind;
  /** A slash follows the last component. */
  trailing: boolean;
  /** The open file that a magic link led to, if the walk returned JUMPED. */
  file: number;
}

export interface Core {
  readonly state: VfsState;
  readonly kernel: Kernel;
  readonly walked: Walked;
  /** After a walk: what it ended at. */
  here: Stat;
  there: Stat;
  /** The tail of a user buffer. */
  readonly tail: Spans;
  /** Frames of the transfer in progress. */
  readonly frames: number[];
  readonly types: string[];
}

export const createCore = (state: VfsState, kernel: Kernel): Core => ({
  state,
  kernel,
  walked: { parent: 0, name: '', kind: 'root', trailing: false, file: 0 },
  here: createStat(),
  there: createStat(),
  tail: createSpans(),
  frames: [],
  types: [],
});

export function dentryOf(core: Core, id: number): Dentry {
  const dentry = core.state.dentries.get(id);
  if (dentry === undefined) throw new KernelFault(`no dentry ${id}`);
  return dentry;
}

export function mountOf(core: Core, id: number): Mount {
  const mount = core.state.mounts.get(id);
  if (mount === undefined) throw new KernelFault(`no mount ${id}`);
  return mount;
}

export function fileOf(core: Core, id: number): OpenFile {
  const file = core.state.files.get(id);
  if (file === undefined) throw new KernelFault(`no open file ${id}`);
  return file;
}

/** The type that serves a superblock. */
export function typeOf(core: Core, sb: number): string {
  const known = core.types[sb];
  if (known !== undefined) return known;
  for (const mount of core.state.mounts.values()) {
    if (mount.sb !== sb) continue;
    core.types[sb] = mount.type;
    return mount.type;
  }
  throw new KernelFault(`superblock ${sb} is not mounted`);
}

/** The file system that an inode belongs to. */
export function servedBy(core: Core, inode: number): FileSystem {
  const type = typeOf(core, superblockOf(inode));
  const cell = core.kernel.filesystem[type];
  if (cell === undefined) throw new KernelFault(`no file system serves ${type}`);
  return cell;
}

export const findType = (core: Core, type: string): FileSystem | number =>
  core.kernel.filesystem[type] ?? -ENODEV;

export const capabilitiesOf = (core: Core, inode: number): number =>
  servedBy(core, inode).capabilities(superblockOf(inode));

export const isReadOnly = (core: Core, dentry: Dentry): boolean =>
  mountOf(core, dentry.mount).readOnly || (capabilitiesOf(core, dentry.inode) & FS_READ_ONLY) !== 0;

export const isDirectory = (stat: Stat): boolean => (stat.mode & S_IFMT) === S_IFDIR;
export const typeBits = (stat: Stat): number => stat.mode & S_IFMT;
