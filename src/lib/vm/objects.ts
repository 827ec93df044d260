/**
 * Shared anonymous objects: pages that areas have in common, or that are held for somebody without any area.
 *
 * An object is an inode id of superblock 0, with its pages in the page cache; it goes with its last reference. State:
 * `anonymous` (references by areas and by who holds it), `objectPages`, `held`.
 */
import { ENOMEM } from '../../abi/linux/errno.ts';
import type { Kernel } from '../../contracts/kernel.ts';
import type { VmState } from '../../contracts/vm.ts';

/** A fresh object without a reference. @returns its inode id */
export function addObject(state: VmState, pages: number): number {
  const inode = state.nextAnonymous++;
  state.objectPages.set(inode, pages);
  return inode;
}

/** An object that could not be mapped. */
export function forgetUnused(state: VmState, inode: number): void {
  if (!state.anonymous.has(inode)) state.objectPages.delete(inode);
}

export function referObject(state: VmState, inode: number): void {
  state.anonymous.set(inode, (state.anonymous.get(inode) ?? 0) + 1);
}

/** One reference fewer: at none left its pages go. */
export function unreferObject(state: VmState, kernel: Kernel, inode: number): void {
  const left = (state.anonymous.get(inode) ?? 0) - 1;
  if (left > 0) {
    state.anonymous.set(inode, left);
    return;
  }
  state.anonymous.delete(inode);
  state.objectPages.delete(inode);
  kernel.pagecache.truncate(inode, 0);
}

/** An object that is held. @param most pages that can be had at all @returns its inode id or -ENOMEM */
export function holdObject(state: VmState, pages: number, most: number): number {
  if (pages > most) return -ENOMEM;
  const inode = addObject(state, pages);
  state.held.add(inode);
  referObject(state, inode);
  return inode;
}

/** It is not held any more; the areas keep it. */
export function dropObject(state: VmState, kernel: Kernel, inode: number): void {
  if (state.held.delete(inode)) unreferObject(state, kernel, inode);
}

/** Areas that map an object. */
export const attachments = (state: VmState, inode: number): number =>
  (state.anonymous.get(inode) ?? 0) - (state.held.has(inode) ? 1 : 0);
