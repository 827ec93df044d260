/**
 * How proc numbers its inodes: everything that there is to know about one is in its number.
 *
 *     31      17   16    15                     0
 *     pid or tid  task   kind                          of a process or, with `task`, a thread below /proc/PID/task
 *     0           0      place in the fixed tree       else
 *
 * Kinds: 0 the directory itself, then the places in the table of process files, then descriptors, then fdinfo.
 */

/** Highest pid or tid that fits. */
export const MAX_PID = 32767;
const KINDS = 0x1_0000;
const FD = 0x100;
const FDINFO = 0x8000;
/** Highest descriptor that has an entry in fd. */
export const MAX_FD: number = FDINFO - FD - 1;

export type Place =
  | { readonly kind: 'fixed'; readonly ino: number }
  | { readonly kind: 'directory' | 'file' | 'fd' | 'fdinfo'; readonly index: number };

/** Inode number of a process's or thread's directory. */
export const directoryIno = (pid: number, task: boolean): number => (pid * 2 + (task ? 1 : 0)) * KINDS;
export const fileIno = (owner: number, index: number): number => ownerIno(owner) + 1 + index;
export const fdIno = (owner: number, fd: number): number => ownerIno(owner) + FD + fd;
export const fdinfoIno = (owner: number, fd: number): number => ownerIno(owner) + FDINFO + fd;

/** The directory that an inode belongs to. */
export const ownerIno = (ino: number): number => ino - (ino % KINDS);
export const pidOf = (ino: number): number => Math.floor(ino / (2 * KINDS));
export const isTask = (ino: number): boolean => Math.floor(ino / KINDS) % 2 === 1;

export function placeOf(ino: number): Place {
  if (ino < KINDS) return { kind: 'fixed', ino };
  const index = ino % KINDS;
  if (index === 0) return { kind: 'directory', index };
  if (index < FD) return { kind: 'file', index: index - 1 };
  return index < FDINFO ? { kind: 'fd', index: index - FD } : { kind: 'fdinfo', index: index - FDINFO };
}
