/**
 * /proc/PID/{maps,cmdline,environ,auxv}: what is in a process's address space.
 *
 * Strings are read from the pages that are resident; a page that was never touched ends them. Source: proc_pid_maps(5),
 * proc_pid_cmdline(5).
 */
import { superblockOf, inodeNumberOf } from '../../../contracts/filesystem.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '../../../contracts/pmap.ts';
import { VMA_HEAP, VMA_SHARED, VMA_SPECIAL, VMA_STACK, type Vma } from '../../../contracts/vm.ts';
import { spaceOf, type Subject } from './subject.ts';

const PAGE = 4096;
/** Column at which maps puts the name. */
const NAME_COLUMN = 73;
/** Most bytes of a command line or an environment that are shown. */
const MAX_STRINGS = 0x20_0000;

/** Memory of a process as bytes, as far as its pages are there. */
function readMemory(subject: Subject, start: number, end: number): string {
  const space = spaceOf(subject);
  let text = '';
  if (space === 0) return text;
  for (let at = start; at < Math.min(end, start + MAX_STRINGS); ) {
    const physical = subject.kernel.pmap.translate(space, at, PROT_READ);
    if (physical === 0) break;
    const part = Math.min(PAGE - (at % PAGE), end - at);
    for (let i = 0; i < part; i++)
      text += String.fromCharCode(subject.kernel.machine.u8[physical + i] as number);
    at += part;
  }
  return text;
}

export const cmdline = (subject: Subject): string =>
  readMemory(subject, subject.group.argumentStart, subject.group.argumentEnd);

export const environ = (subject: Subject): string =>
  readMemory(subject, subject.group.environmentStart, subject.group.environmentEnd);

/** Bytes of the auxiliary vector, little endian. */
export function auxv({ group }: Subject): string {
  let text = '';
  for (const word of group.auxiliary)
    text += String.fromCharCode(word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24);
  return text;
}

/** Shared memory without a file, as Linux calls it. */
function objectName(kernel: Kernel, inode: number): string {
  const segment = kernel.ipc.segmentOf?.(inode) ?? null;
  if (segment === null) return '/dev/zero (deleted)';
  return `/SYSV${(segment.firstKey >>> 0).toString(16).padStart(8, '0')} (deleted)`;
}

/** What an area is called: what it is, or the file that it maps as far as somebody knows a name of that. */
function nameOf({ kernel, group }: Subject, area: Readonly<Vma>): string {
  if ((area.flags & VMA_HEAP) !== 0) return '[heap]';
  if ((area.flags & VMA_STACK) !== 0) return '[stack]';
  if ((area.flags & VMA_SPECIAL) !== 0) return '[vdso]';
  if (area.inode === 0) return '';
  if (superblockOf(area.inode) === 0) return objectName(kernel, area.inode);
  const { executable } = group;
  const own = executable !== 0 && kernel.vfs.dentryInode(executable) === area.inode;
  const dentry = own ? executable : (kernel.vfs.nameOf?.(area.inode) ?? 0);
  return dentry === 0 ? '' : kernel.vfs.pathOf(dentry, kernel.process.place(group.tgid).root);
}

export function head(subject: Subject, area: Readonly<Vma>): string {
  const { start, end, prot, flags, offset, inode } = area;
  const address = (value: number): string => value.toString(16).padStart(8, '0');
  const letter = (bit: number, char: string): string => ((prot & bit) !== 0 ? char : '-');
  const rights =
    letter(PROT_READ, 'r') +
    letter(PROT_WRITE, 'w') +
    letter(PROT_EXEC, 'x') +
    ((flags & VMA_SHARED) !== 0 ? 's' : 'p');
  const device = `00:${superblockOf(inode).toString(16).padStart(2, '0')}`;
  const range = `${address(start)}-${address(end)} ${rights} ${address(inode === 0 ? 0 : offset)}`;
  const line = `${range} ${device} ${inodeNumberOf(inode)} `;
  const name = nameOf(subject, area);
  return name === '' ? `${line}\n` : `${line.padEnd(NAME_COLUMN)}${name}\n`;
}

export const areasOf = (subject: Subject): readonly Readonly<Vma>[] => {
  const space = spaceOf(subject);
  return space === 0 ? [] : subject.kernel.vm.areas(space);
};

export const maps = (subject: Subject): string =>
  areasOf(subject)
    .map((area) => head(subject, area))
    .join('');
