/**
 * /proc/PID/{smaps,smaps_rollup}: where a process's pages are. Source: proc_pid_smaps(5).
 */
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '../../../contracts/pmap.ts';
import {
  VMA_DONTFORK,
  VMA_GROWSDOWN,
  VMA_LOCKED,
  VMA_NORESERVE,
  VMA_SHARED,
  VMA_WIPEONFORK,
  type Vma,
} from '../../../contracts/vm.ts';
import { areasOf, head } from './memory.ts';
import { addUsage, noUsage, type Usage } from './resident.ts';
import type { Subject } from './subject.ts';

const PAGE = 4096;
const KB_PER_PAGE = 4;

const kb = (name: string, pages: number): string =>
  `${`${name}:`.padEnd(16)}${`${Math.floor(pages * KB_PER_PAGE)}`.padStart(8)} kB\n`;

/** What both files have of pages. @param rolled with the shares by kind */
function figures(usage: Usage, rolled: boolean): string {
  const resident = usage.anonymous + usage.file + usage.shmem;
  const shmemShare = usage.share - usage.anonymousShare - usage.fileShare;
  const shares = rolled
    ? kb('Pss_Anon', usage.anonymousShare) + kb('Pss_File', usage.fileShare) + kb('Pss_Shmem', shmemShare)
    : '';
  return [
    kb('Rss', resident),
    kb('Pss', usage.share),
    kb('Pss_Dirty', usage.dirtyShare),
    shares,
    kb('Shared_Clean', usage.sharedClean),
    kb('Shared_Dirty', usage.sharedDirty),
    kb('Private_Clean', usage.privateClean),
    kb('Private_Dirty', usage.privateDirty),
    kb('Referenced', resident),
    kb('Anonymous', usage.anonymous),
    kb('KSM', 0),
    kb('LazyFree', 0),
    kb('AnonHugePages', 0),
    kb('ShmemPmdMapped', 0),
    kb('FilePmdMapped', 0),
    kb('Shared_Hugetlb', 0),
    kb('Private_Hugetlb', 0),
    kb('Swap', usage.swap),
    kb('SwapPss', usage.swap),
    kb('Locked', usage.locked),
  ].join('');
}

/** Linux's two-letter codes of what an area is and may become. */
function flagsOf({ prot, maxProt, flags, inode }: Readonly<Vma>): string {
  const shared = (flags & VMA_SHARED) !== 0;
  const accounted = !shared && (prot & PROT_WRITE) !== 0 && (flags & VMA_NORESERVE) === 0;
  const codes: readonly (readonly [string, boolean])[] = [
    ['rd', (prot & PROT_READ) !== 0],
    ['wr', (prot & PROT_WRITE) !== 0],
    ['ex', (prot & PROT_EXEC) !== 0],
    ['sh', shared],
    ['mr', (maxProt & PROT_READ) !== 0],
    ['mw', (maxProt & PROT_WRITE) !== 0],
    ['me', (maxProt & PROT_EXEC) !== 0],
    ['ms', shared],
    ['gd', (flags & VMA_GROWSDOWN) !== 0],
    ['lo', (flags & VMA_LOCKED) !== 0],
    ['dc', (flags & VMA_DONTFORK) !== 0],
    ['ac', accounted || (shared && inode === 0)],
    ['nr', (flags & VMA_NORESERVE) !== 0],
    ['wf', (flags & VMA_WIPEONFORK) !== 0],
  ];
  return codes.reduce((text, [code, set]) => (set ? `${text}${code} ` : text), 'VmFlags: ');
}

function entryOf(subject: Subject, area: Readonly<Vma>): string {
  const usage = noUsage();
  addUsage(subject, area, usage);
  const sizes = kb('Size', (area.end - area.start) / PAGE) + kb('KernelPageSize', 1) + kb('MMUPageSize', 1);
  return `${head(subject, area)}${sizes}${figures(usage, false)}THPeligible:           0\n${flagsOf(area)}\n`;
}

export const smaps = (subject: Subject): string =>
  areasOf(subject)
    .map((area) => entryOf(subject, area))
    .join('');

export function smapsRollup(subject: Subject): string {
  const areas = areasOf(subject);
  const [first, last] = [areas[0], areas.at(-1)];
  if (first === undefined || last === undefined) return '';
  const usage = noUsage();
  for (const area of areas) addUsage(subject, area, usage);
  const address = (value: number): string => value.toString(16).padStart(8, '0');
  const line = `${address(first.start)}-${address(last.end)} ---p 00000000 00:00 0 `;
  return `${line.padEnd(73)}[rollup]\n${figures(usage, true)}`;
}
