/**
 * /proc/PID/{maps,smaps,cmdline,environ,auxv}: what is in a process's address space.
 *
 * Strings are read from the pages that are resident; a page that was never touched ends them. Source: proc_pid_maps(5),
 * proc_pid_cmdline(5).
 */
import { superblockOf, inodeNumberOf } from '../../../contracts/filesystem.ts';
import { EXTRACT_FRAME_SHIFT, PROT_EXEC, PROT_READ, PROT_WRITE } from '../../../contracts/pmap.ts';
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

/** What an area is called: what it is, or the program if it maps that. */
function nameOf({ kernel, group }: Subject, area: Readonly<Vma>): string {
  if ((area.flags & VMA_HEAP) !== 0) return '[heap]';
  if ((area.flags & VMA_STACK) !== 0) return '[stack]';
  if ((area.flags & VMA_SPECIAL) !== 0) return '[vdso]';
  if (area.inode === 0 || group.executable === 0) return '';
  if (kernel.vfs.dentryInode(group.executable) !== area.inode) return '';
  return kernel.vfs.pathOf(group.executable, kernel.process.place(group.tgid).root);
}

function head(subject: Subject, area: Readonly<Vma>): string {
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

const areasOf = (subject: Subject): readonly Readonly<Vma>[] => {
  const space = spaceOf(subject);
  return space === 0 ? [] : subject.kernel.vm.areas(space);
};

export const maps = (subject: Subject): string =>
  areasOf(subject)
    .map((area) => head(subject, area))
    .join('');

/** Resident pages of an area, and those of them that are shared. */
function residency({ kernel }: Subject, space: number, area: Readonly<Vma>): [number, number] {
  const { pmap, frames } = kernel;
  let resident = 0;
  let shared = 0;
  for (let va = pmap.next(space, area.start, area.end); va >= 0; va = pmap.next(space, va + PAGE, area.end)) {
    resident++;
    if (frames.count(pmap.extract(space, va) >>> EXTRACT_FRAME_SHIFT) > 1) shared++;
  }
  return [resident, shared];
}

export function smaps(subject: Subject): string {
  const space = spaceOf(subject);
  return areasOf(subject)
    .map((area) => {
      const [resident, shared] = residency(subject, space, area);
      const kb = (name: string, pages: number): string =>
        `${`${name}:`.padEnd(16)}${`${pages * 4}`.padStart(8)} kB\n`;
      return [
        head(subject, area),
        kb('Size', (area.end - area.start) / PAGE),
        kb('KernelPageSize', 1),
        kb('MMUPageSize', 1),
        kb('Rss', resident),
        kb('Pss', resident),
        kb('Shared_Clean', shared),
        kb('Shared_Dirty', 0),
        kb('Private_Clean', 0),
        kb('Private_Dirty', resident - shared),
        kb('Referenced', resident),
        kb('Anonymous', area.inode === 0 ? resident : 0),
        kb('Swap', subject.kernel.vm.evicted?.(space, area.start, area.end) ?? 0),
        'VmFlags: rd wr mr mw me ac\n',
      ].join('');
    })
    .join('');
}
