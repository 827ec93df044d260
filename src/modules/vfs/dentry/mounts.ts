/**
 * Mounts: making a superblock part of the tree and taking it out again.
 *
 * A mount's root is a dentry whose parent is the dentry that it covers; the first mount's has none. No bind
 * mounts.
 * Source: mount(2), umount2(2).
 */
import { CAP_SYS_ADMIN } from '../../../abi/linux/capability.ts';
import { EBUSY, EINVAL, ENOTDIR, EPERM } from '../../../abi/linux/errno.ts';
import { FS_READ_ONLY } from '../../../contracts/filesystem.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import { createMount, type Mount } from '../../../contracts/vfs.ts';
import { type Core, dentryOf, findType, isDirectory, mountOf } from './core.ts';
import { addDentry, DETACHED, dropIdle, endMount, HIDDEN, hold, release } from './dentries.ts';
import { noteMounts } from './mount-tables.ts';
import { FOLLOW, JUMPED, walk } from './walk.ts';

const hasOption = (options: string, option: string): boolean => options.split(',').includes(option);

const DEVICES = '/dev/';

/** True for a disk that a file system of another type has. */
function isTaken(core: Core, type: string, source: string): boolean {
  if (!source.startsWith(DEVICES) || core.kernel.block.find(source.slice(DEVICES.length)) === 0) return false;
  for (const mount of core.state.mounts.values())
    if (mount.source === source && mount.type !== type) return true;
  return false;
}

/** @param covers the dentry below it, 0 for the first, or HIDDEN @returns the root's dentry, -errno or WAIT */
export function addMount(
  core: Core,
  type: string,
  source: string,
  options: string,
  readOnly: boolean,
  covers: number,
): number {
  const { state } = core;
  const cell = findType(core, type);
  if (typeof cell === 'number') return cell;
  if (isTaken(core, type, source)) return -EBUSY;
  // One that has a store of its own must leave it alone.
  const quiet = readOnly && cell.sync !== undefined && !hasOption(options, 'ro');
  const inode = cell.mount(state.nextSb, source, quiet ? `${options},ro` : options);
  if (inode < 0) return inode;
  const mount = createMount();
  mount.id = state.nextMount++;
  mount.sb = state.nextSb++;
  mount.type = type;
  mount.source = source;
  mount.options = options;
  mount.readOnly = readOnly || isFixed(core, mount);
  mount.covers = covers;
  state.mounts.set(mount.id, mount);
  const root = addDentry(core, Math.max(covers, 0), '', inode, mount.id);
  hold(core, root.id);
  mount.root = root.id;
  if (covers > 0) dentryOf(core, covers).covered = mount.id;
  noteMounts(core);
  return root.id;
}

export const mountRoot = (core: Core, type: string, source: string, options: string): number =>
  addMount(core, type, source, options, hasOption(options, 'ro'), 0);

/** @returns the superblock's number, -errno or WAIT */
export function mountHidden(core: Core, type: string, source: string, options: string): number {
  const root = addMount(core, type, source, options, true, HIDDEN);
  return root < 0 ? root : mountOf(core, dentryOf(core, root).mount).sb;
}

export function mount(
  core: Core,
  tid: number,
  type: string,
  source: string,
  path: string,
  options: string,
  readOnly: boolean,
): number {
  if (!core.kernel.process.capable(tid, CAP_SYS_ADMIN)) return -EPERM;
  const point = walk(core, tid, 0, path, FOLLOW);
  if (point < 0) return point === JUMPED ? -ENOTDIR : point;
  if (!isDirectory(core.here)) return -ENOTDIR;
  const root = addMount(core, type, source, options, readOnly, point);
  return root < 0 ? root : 0;
}

/** The mount whose root a path names. */
function findMount(core: Core, tid: number, path: string): Mount | number {
  if (!core.kernel.process.capable(tid, CAP_SYS_ADMIN)) return -EPERM;
  const root = walk(core, tid, 0, path, FOLLOW);
  if (root < 0) return root === JUMPED ? -EINVAL : root;
  const found = mountOf(core, dentryOf(core, root).mount);
  return found.root === root ? found : -EINVAL;
}

function isOpenForWriting(core: Core, found: Mount): boolean {
  for (const file of core.state.files.values()) {
    if (file.dentry === 0 || file.kind !== 'regular' || (file.flags & 3) === 0) continue;
    if (dentryOf(core, file.dentry).mount === found.id) return true;
  }
  return false;
}

/** True for what can not be written, whatever was asked for. */
const isFixed = (core: Core, { type, sb }: Mount): boolean =>
  ((core.kernel.filesystem[type]?.capabilities(sb) ?? 0) & FS_READ_ONLY) !== 0;

export function propagate(core: Core, tid: number, path: string): number {
  const found = findMount(core, tid, path);
  return typeof found === 'number' ? found : 0;
}

export function remount(core: Core, tid: number, path: string, readOnly: boolean): number {
  const found = findMount(core, tid, path);
  if (typeof found === 'number') return found;
  if (readOnly && isOpenForWriting(core, found)) return -EBUSY;
  if (readOnly && sync(core, found.sb, true) === WAIT) return WAIT;
  const cell = core.kernel.filesystem[found.type];
  const changed = cell?.remount?.(found.sb, readOnly) ?? 0;
  if (changed !== 0) return changed;
  found.readOnly = readOnly || isFixed(core, found);
  noteMounts(core);
  return 0;
}

/** True if anything but the mount itself holds something in it. Pre: its idle dentries are dropped. */
function isBusy(core: Core, found: Mount): boolean {
  if (found.pins > 0) return true;
  for (const dentry of core.state.dentries.values()) {
    if (dentry.mount !== found.id) continue;
    if (dentry.id !== found.root || dentry.references > 1) return true;
  }
  return false;
}

export function unmount(core: Core, tid: number, path: string, detach: boolean): number {
  const found = findMount(core, tid, path);
  if (typeof found === 'number') return found;
  if (found.covers === 0) return -EBUSY;
  dropIdle(core, found.id);
  const busy = isBusy(core, found);
  if (busy && (!detach || holdsMounts(core, found))) return -EBUSY;

  if (!busy) {
    // Before it is out of sight, for it may wait.
    const synced = sync(core, found.sb, true);
    if (synced === WAIT) return WAIT;
  }
  dentryOf(core, found.covers).covered = 0;
  noteMounts(core);
  if (!busy) {
    endMount(core, found.id);
    return 0;
  }
  const root = dentryOf(core, found.root);
  release(core, root.parent);
  root.parent = 0;
  found.covers = DETACHED;
  return 0;
}

/** @param sb 0 = all, and the disks as such */
export function sync(core: Core, sb: number, last: boolean): number {
  const { block, buffercache } = core.kernel;
  let result = 0;
  const take = (answer: number): void => {
    // All are begun, so that they go on together.
    if (answer === WAIT || result === 0) result = answer;
  };
  for (const found of core.state.mounts.values()) {
    if (sb !== 0 && found.sb !== sb) continue;
    take(core.kernel.filesystem[found.type]?.sync?.(found.sb, last) ?? 0);
  }
  if (sb === 0) for (const { id } of block.disks()) take(buffercache.sync(id));
  return result;
}

const holdsMounts = (core: Core, found: Mount): boolean => {
  for (const dentry of core.state.dentries.values()) {
    if (dentry.mount === found.id && dentry.covered !== 0) return true;
  }
  return false;
};

/** Those that have a place in the tree. */
export function mounts(core: Core): readonly Mount[] {
  return [...core.state.mounts.values()].filter(({ covers }) => covers >= 0);
}

/** vm maps an inode. */
export function pinInode(core: Core, sb: number, by: 1 | -1): void {
  for (const found of core.state.mounts.values()) {
    if (found.sb !== sb) continue;
    found.pins += by;
    const root = dentryOf(core, found.root);
    if (found.covers === DETACHED && found.pins === 0 && root.references === 1) endMount(core, found.id);
    return;
  }
}
