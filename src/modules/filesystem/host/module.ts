/**
 * filesystem/host: a folder that the host grants, as a file system of the guest.
 *
 * A tree of inodes that learns names from the host once and sends it every change. The host's own symlinks reach the guest
 * as text and are followed in its tree, so nothing leads out of the folder. State: see state.ts.
 */
import { EINVAL } from '../../../abi/linux/errno.ts';
import { V9FS_MAGIC } from '../../../abi/linux/magic.ts';
import {
  type FileSystem,
  FS_REFILLS,
  inodeNumberOf,
  SB_SHIFT,
  superblockOf,
} from '../../../contracts/filesystem.ts';
import type { HostRequest, HostResult } from '../../../contracts/host.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import type { Module } from '../../../contracts/module.ts';
import { ABSENT_CONTENT, childOf, TREE_ROOT, type Tree, type TreeInode } from '../../../lib/inode-tree.ts';
import { type Backing, NO_BACKING, treeFileSystem } from '../../../lib/tree-file-system.ts';
import { answered, ask, send, writeCompleted } from './ask.ts';
import { creation, linking, removal, renaming, setting } from './changes.ts';
import { flush, loadNames, readPages, takeNames, takePages, writeThrough } from './content.ts';
import { orphanPath } from './paths.ts';
import { type HostState, hostLayout } from './state.ts';

function attach(tree: Tree, source: string): number {
  const grant = Number(source);
  if (source === '' || !Number.isSafeInteger(grant) || grant < 0) return -EINVAL;
  tree.source = grant;
  const root = tree.inodes.get(TREE_ROOT);
  if (root !== undefined) root.absent = ABSENT_CONTENT;
  return 0;
}

function completed(state: HostState, kernel: Kernel, request: number, result: HostResult): void {
  if (writeCompleted(state, request, result.errno)) return;
  const found = state.asks.get(state.requests.get(request) ?? '');
  const tree = found === undefined ? undefined : state.trees.get(superblockOf(found.inode));
  const inode = found === undefined ? undefined : tree?.inodes.get(inodeNumberOf(found.inode));
  let { errno } = result;
  const learnt = result.entries !== undefined || result.bytes !== undefined;
  if (found !== undefined && tree !== undefined && inode !== undefined && errno === 0) {
    if (result.entries !== undefined) takeNames(kernel, tree, inode, result.entries);
    if (result.bytes !== undefined) errno = takePages(kernel, found.inode, inode, found.index, result.bytes);
  }
  answered(state, kernel, request, errno, learnt);
}

/** A removal that the host refused leaves no orphan. @returns the answer */
function refusedStays(state: HostState, sb: number, victim: TreeInode | null, answer: number): number {
  if (answer < 0 && answer !== WAIT && victim !== null) state.orphans.delete(sb * SB_SHIFT + victim.ino);
  return answer;
}

/** Names that are being taken away: a file may be about to be kept by its cached pages alone. */
const REMOVES = / (?:unlink|rename) /;

/** Everything written was sent, and arrives before what is asked for later. */
function isThere(state: HostState, sb: number, inode: TreeInode): boolean {
  const id = sb * SB_SHIFT + inode.ino;
  if (state.errors.has(id)) return false;
  // What is written to a removed file is not sent.
  if (inode.links === 0 && (inode.modified || !state.orphans.has(id))) return false;
  for (const key of state.asks.keys()) if (REMOVES.test(key)) return false;
  return true;
}

function hostBacking(state: HostState, kernel: Kernel): Backing {
  /** Ask for a change of a directory's or an inode's; `what` tells it from every other. */
  const change = (sb: number, ino: number, what: string, requests: () => readonly HostRequest[]): number =>
    ask(state, kernel, `${sb} ${ino} ${what}`, sb * SB_SHIFT + ino, 0, requests);
  return {
    ...NO_BACKING,
    magic: V9FS_MAGIC,
    capabilities: (tree) => (tree.readOnly ? FS_REFILLS : 0),
    mount: (_sb, tree, source) => attach(tree, source),
    load: (sb, tree, inode) => loadNames(state, kernel, sb, tree, inode),
    fill: (sb, tree, inode, index) => readPages(state, kernel, sb, tree, inode, index),
    creating: (sb, tree, directory, name, mode, target) =>
      change(sb, directory.ino, `create ${mode} ${name}/${target}`, () =>
        creation(tree, directory, name, mode, target),
      ),
    linking: (sb, tree, directory, name, inode) =>
      change(sb, directory.ino, `link ${inode.ino} ${name}`, () => linking(tree, directory, name, inode)),
    unlinking(sb, tree, directory, name, inode) {
      const answer = change(sb, directory.ino, `unlink ${name}`, () =>
        removal(state, kernel, sb, tree, directory, name, inode),
      );
      return refusedStays(state, sb, inode, answer);
    },
    renaming(sb, tree, from, name, to, toName, flags) {
      const answer = change(sb, from.ino, `rename ${name}/${to.ino}/${toName}`, () =>
        renaming(state, kernel, sb, tree, from, name, to, toName, flags),
      );
      return refusedStays(state, sb, childOf(tree, to, toName), answer);
    },
    setting: (sb, tree, inode, attributes) =>
      change(sb, inode.ino, `set ${Object.values(attributes).join(' ')}`, () =>
        setting(tree, inode, attributes),
      ),
    written: (sb, tree, inode, offset, length) =>
      writeThrough(state, kernel, sb, tree, inode, offset, length),
    refills: (sb, _tree, inode) => isThere(state, sb, inode),
    flush: (sb, tree, inode) => flush(state, kernel, sb, tree, inode),
    freed(sb, tree, inode) {
      if (state.orphans.delete(sb * SB_SHIFT + inode.ino))
        send(kernel, { kind: 'remove', grant: tree.source, path: orphanPath(inode), directory: false });
    },
    completed: (request, result) => completed(state, kernel, request, result),
  };
}

export const hostFilesystem: Module<FileSystem, HostState> = {
  manifest: {
    slot: 'filesystem',
    name: 'host',
    version: '1.0.0',
    contract: 1,
    interfaces: [],
    needs: { clock: 1, frames: 1, pagecache: 1, vm: 1 },
    type: 'host',
    description: 'a folder of the host, read and written through',
  },
  layout: hostLayout,
  create: (state, kernel) => treeFileSystem(state, kernel, hostBacking(state, kernel)),
};

export default hostFilesystem;
