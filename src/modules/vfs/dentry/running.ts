/**
 * Programs that run and files that are written: neither may become the other. Source: ETXTBSY of execve(2), open(2), truncate(2).
 */
import { ETXTBSY } from '../../../abi/linux/errno.ts';
import { type Core, dentryOf } from './core.ts';
import { isWritable } from './files.ts';

/** Open files through which an inode can be written; as in Linux that of memfd_create(2) does not count. */
export function writersOf(core: Core, inode: number): number {
  if (core.state.seals.has(inode)) return 0;
  let count = 0;
  for (const file of core.state.files.values()) {
    if (file.inode === inode && file.kind === 'regular' && isWritable(file)) count++;
  }
  return count;
}

/** May a regular file be written, or is it the program of a process? @returns 0 or -ETXTBSY */
export function mayChange(core: Core, inode: number): number {
  for (const { executable } of core.kernel.process.groups()) {
    if (executable !== 0 && dentryOf(core, executable).inode === inode) return -ETXTBSY;
  }
  return 0;
}
