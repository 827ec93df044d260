/**
 * The cache of names: dentries are made by lookups, counted, and dropped when too many lie idle.
 *
 * A dentry in the cache pins its inode and holds its parent. One without references is idle; the oldest idle ones go
 * when a walk begins and more than IDLE_LIMIT are there, so that the state stays small. Names that do not exist are
 * not cached.
 */
import { ENOENT } from '../../../abi/linux/errno.ts';
import { FS_VOLATILE, superblockOf } from '../../../contracts/filesystem.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import { createDentry, type Dentry } from '../../../contracts/vfs.ts';
import { KernelFault } from '../../../lib/kernel-fault.ts';
import { type Core, capabilitiesOf, dentryOf, mountOf, servedBy } from './core.ts';

/** Idle dentries kept. */
export const IDLE_LIMIT = 256;

const isVolatile = (core: Core, dentry: Dentry): boolean =>
  (capabilitiesOf(core, dentry.inode) & FS_VOLATILE) !== 0;

export function hold(core: Core, id: number): void {
  const dentry = dentryOf(core, id);
  if (dentry.references++ === 0) core.state.idle.delete(id);
}

export function release(core: Core, id: number): void {
  const dentry = dentryOf(core, id);
  if (dentry.references <= 0) throw new KernelFault(`dentry ${id} is released too often`);
  if (--dentry.references > 0) {
    finishDetached(core, dentry);
    return;
  }
  core.state.idle.add(id);
  const lost = dentry.deleted || mountOf(core, dentry.mount).covers === DETACHED;
  if (lost || isVolatile(core, dentry)) drop(core, dentry);
}

/** Let a name lead to a dentry. */
function setName({ state }: Core, directory: number, name: string, id: number): void {
  const children = state.names.get(directory);
  if (children !== undefined) children.set(name, id);
  else state.names.set(directory, new Map([[name, id]]));
}

function clearName({ state }: Core, directory: number, name: string): void {
  const children = state.names.get(directory);
  if (children === undefined) return;
  children.delete(name);
  if (children.size === 0) state.names.delete(directory);
}

/** Forget an idle dentry. */
function drop(core: Core, dentry: Dentry): void {
  const { state } = core;
  const inode = dentry.inode;
  if (!dentry.deleted) clearName(core, dentry.parent, dentry.name);
  state.idle.delete(dentry.id);
  state.dentries.delete(dentry.id);
  state.seals.delete(inode);
  servedBy(core, inode).unpin(inode);
  if (dentry.parent !== 0) release(core, dentry.parent);
}

/** A detached mount goes with the last reference to anything in it (umount2(2), MNT_DETACH). */
function finishDetached(core: Core, dentry: Dentry): void {
  if (dentry.references !== 1 || dentry.parent !== 0) return;
  const mount = mountOf(core, dentry.mount);
  if (mount.covers === DETACHED && mount.root === dentry.id && mount.pins === 0) endMount(core, mount.id);
}

/** `Mount.covers` of a mount that is out of sight. */
export const DETACHED = -1;
/** `Mount.covers` of a superblock that has no place in the tree. */
export const HIDDEN = -2;

/** Drop the root of a mount, which nothing but the mount holds, and its superblock. */
export function endMount(core: Core, id: number): void {
  const { state } = core;
  const mount = mountOf(core, id);
  const root = dentryOf(core, mount.root);
  const cell = servedBy(core, root.inode);
  state.dentries.delete(root.id);
  cell.unpin(root.inode);
  if (root.parent !== 0) release(core, root.parent);
  state.mounts.delete(id);
  cell.unmount(mount.sb);
}

/** Drop the idle dentries of a mount. */
export function dropIdle(core: Core, mount: number): void {
  // Dropping a child may make its parent idle, behind it in the set.
  for (const id of core.state.idle) {
    const dentry = dentryOf(core, id);
    if (dentry.mount === mount) drop(core, dentry);
  }
}

/** Make room in the cache. Pre: the caller has no idle dentry in hand. */
export function trim(core: Core): void {
  const { idle } = core.state;
  if (idle.size <= IDLE_LIMIT) return;
  for (const id of idle) {
    if (idle.size <= IDLE_LIMIT) return;
    drop(core, dentryOf(core, id));
  }
}

/** A dentry that nobody holds yet. @param parent 0 for the root of all */
export function addDentry(core: Core, parent: number, name: string, inode: number, mount: number): Dentry {
  const dentry = createDentry();
  dentry.id = core.state.nextDentry++;
  dentry.parent = parent;
  dentry.name = name;
  dentry.inode = inode;
  dentry.mount = mount;
  core.state.dentries.set(dentry.id, dentry);
  core.state.idle.add(dentry.id);
  if (parent !== 0) hold(core, parent);
  servedBy(core, inode).pin(inode);
  return dentry;
}

/** The same, found by its name from now on. */
export function addChild(core: Core, parent: Dentry, name: string, inode: number): Dentry {
  const dentry = addDentry(core, parent.id, name, inode, parent.mount);
  setName(core, parent.id, name, dentry.id);
  return dentry;
}

/** Its name is gone; who holds it keeps it. */
export function unhash(core: Core, dentry: Dentry): void {
  if (dentry.deleted) return;
  clearName(core, dentry.parent, dentry.name);
  dentry.deleted = true;
  if (dentry.references === 0) drop(core, dentry);
}

/** Give it another name and parent. Pre: no dentry has that name. */
export function moveDentry(core: Core, dentry: Dentry, parent: number, name: string): void {
  if (cached(core, dentry.parent, dentry.name) === dentry.id) clearName(core, dentry.parent, dentry.name);
  const before = dentry.parent;
  hold(core, parent);
  dentry.parent = parent;
  dentry.name = name;
  setName(core, parent, name, dentry.id);
  release(core, before);
}

/** The dentry that a name leads to, 0 if the cache has none. Of a volatile file system it may be stale. */
export const cached = (core: Core, directory: number, name: string): number =>
  core.state.names.get(directory)?.get(name) ?? 0;

/** Look a name up in a directory, mounts not followed. @returns a dentry, -ENOENT, -errno or WAIT */
export function lookup(core: Core, tid: number, directory: Dentry, name: string): number {
  const known = cached(core, directory.id, name);
  const inode = directory.inode;
  const cell = servedBy(core, inode);
  if (known !== 0 && (cell.capabilities(superblockOf(inode)) & FS_VOLATILE) === 0) return known;
  if (directory.deleted) return -ENOENT;
  const found = cell.lookup(tid, inode, name);
  if (found === WAIT) return WAIT;
  if (known !== 0) {
    const dentry = dentryOf(core, known);
    if (dentry.inode === found) return known;
    unhash(core, dentry);
  }
  return found < 0 ? found : addChild(core, directory, name, found).id;
}

/** The root of what is mounted on a dentry, or the dentry itself. */
export function crossMounts(core: Core, id: number): number {
  let dentry = dentryOf(core, id);
  while (dentry.covered !== 0) dentry = dentryOf(core, mountOf(core, dentry.covered).root);
  return dentry.id;
}

const isMountRoot = (core: Core, dentry: Dentry): boolean => mountOf(core, dentry.mount).root === dentry.id;

/** `..` of a dentry for a process with this root (path_resolution(7)). */
export function parentOf(core: Core, id: number, root: number): number {
  let dentry = dentryOf(core, id);
  while (dentry.id !== root) {
    if (!isMountRoot(core, dentry)) return crossMounts(core, dentry.parent);
    if (dentry.parent === 0) break;
    dentry = dentryOf(core, dentry.parent);
  }
  return dentry.id;
}

/** True if `ancestor` is `id` or lies above it in the same mount. */
export function liesIn(core: Core, id: number, ancestor: number): boolean {
  for (let dentry = dentryOf(core, id); ; dentry = dentryOf(core, dentry.parent)) {
    if (dentry.id === ancestor) return true;
    if (dentry.parent === 0 || isMountRoot(core, dentry)) return false;
  }
}

/** getcwd(2), /proc/PID/fd. */
export function pathOf(core: Core, id: number, root: number): string {
  const target = dentryOf(core, id);
  let path = '';
  let dentry = target;
  while (dentry.id !== root) {
    if (!isMountRoot(core, dentry)) path = `/${dentry.name}${path}`;
    else if (dentry.parent === 0) {
      const prefix = mountOf(core, dentry.mount).covers === HIDDEN ? '' : '(unreachable)';
      return finish(`${prefix}${path === '' ? '/' : path}`, target);
    }
    dentry = dentryOf(core, dentry.parent);
  }
  return finish(path === '' ? '/' : path, target);
}

const finish = (path: string, dentry: Dentry): string => (dentry.deleted ? `${path} (deleted)` : path);
