/**
 * Files in memory that have no place in the tree.
 *
 * Their superblock is a hidden mount of the RAM file system, made for the first of them. A file is there as long as it is
 * open or mapped. Source: memfd_create(2).
 */
import { ENFILE } from '../../../abi/linux/errno.ts';
import { S_IFREG } from '../../../abi/linux/stat.ts';
import { type Mount, MOST_FILES } from '../../../contracts/vfs.ts';
import { type Core, dentryOf, mountOf, servedBy } from './core.ts';
import { addDentry, HIDDEN } from './dentries.ts';
import { addFile } from './files.ts';
import { addMount } from './mounts.ts';
import { MEMORY } from './seals.ts';

/** What the hidden mount's source says. */
const SOURCE = 'memory';

/** The mount of such files. @returns it, or -errno */
function memoryMount(core: Core): Mount | number {
  for (const mount of core.state.mounts.values())
    if (mount.covers === HIDDEN && mount.source === SOURCE) return mount;
  const root = addMount(core, MEMORY, SOURCE, '', false, HIDDEN);
  return root < 0 ? root : mountOf(core, dentryOf(core, root).mount);
}

/** memfd_create(2). @returns an open file or -errno */
export function openMemory(
  core: Core,
  tid: number,
  name: string,
  mode: number,
  flags: number,
  seals: number,
): number {
  if (core.state.files.size >= MOST_FILES) return -ENFILE;
  const mount = memoryMount(core);
  if (typeof mount === 'number') return mount;
  const root = dentryOf(core, mount.root);
  const cell = servedBy(core, root.inode);
  const { fsuid, fsgid } = core.kernel.process.credentials(tid);
  // A file system makes inodes with names only; nobody can look this one up.
  const inode = cell.create(root.inode, name, S_IFREG | mode, fsuid, fsgid, 0);
  if (inode < 0) return inode;
  const dentry = addDentry(core, root.id, name, inode, mount.id);
  cell.unlink(root.inode, name, false);
  dentry.deleted = true;
  core.state.seals.set(inode, seals);
  return addFile(core, 'regular', flags, dentry, 0).id;
}
