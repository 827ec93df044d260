/**
 * /proc/PID/{stat,status,statm,limits}: what ps, top and libraries read of a process.
 *
 * Source: proc_pid_stat(5), proc_pid_status(5), proc_pid_statm(5), proc_pid_limits(5).
 */
import { POLICY_NUMBERS } from '../../../abi/linux/sched.ts';
import { makeDevice, encodeDevice } from '../../../abi/linux/stat.ts';
import { PROT_EXEC, PROT_WRITE } from '../../../contracts/pmap.ts';
import type { Thread } from '../../../contracts/process.ts';
import { effectivePolicy } from '../../../contracts/scheduler.ts';
import { addTally, createTally } from '../../../contracts/tally.ts';
import { VMA_HEAP, VMA_SHARED, USER_LIMIT, VMA_STACK, type Vma } from '../../../contracts/vm.ts';
import { addUsage, noUsage } from './resident.ts';
import { liveThreads, spaceOf, stateOf, type Subject, timesOf } from './subject.ts';

const PAGE = 4096;
/** Ticks of sysconf(_SC_CLK_TCK) are 10 ms. */
export const ticks = (ns: number): number => Math.floor(ns / 10_000_000);
const RLIM_INFINITY = '18446744073709551615';
const RLIMIT_RSS = 5;
const LAST_SIGNAL = 64;
const SIG_IGN = 1;
/** Of a terminal's device number. */
const TTY_MAJOR = 5;
const PTS_MAJOR = 136;

const hex8 = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
const mask = (low: number, high: number): string => hex8(high) + hex8(low);

const areasOf = (subject: Subject): readonly Readonly<Vma>[] => {
  const space = spaceOf(subject);
  return space === 0 ? [] : subject.kernel.vm.areas(space);
};

const pagesWhere = (areas: readonly Readonly<Vma>[], match: (area: Readonly<Vma>) => boolean): number =>
  areas.reduce((sum, area) => (match(area) ? sum + (area.end - area.start) / PAGE : sum), 0);

const isCode = (area: Readonly<Vma>): boolean => (area.prot & PROT_EXEC) !== 0 && area.inode !== 0;
const isData = (area: Readonly<Vma>): boolean =>
  (area.prot & PROT_WRITE) !== 0 && (area.flags & (VMA_SHARED | VMA_STACK)) === 0;

/** The group in front of the process's terminal: 0 where none is, -1 without a terminal. */
const foregroundOf = ({ kernel, group }: Subject): number =>
  group.tty < 0 ? -1 : kernel.tty.foreground(group.tty);

/** Signal sets as low and high words: ignored, then caught. */
function dispositions(subject: Subject): [number, number, number, number] {
  const sets: [number, number, number, number] = [0, 0, 0, 0];
  if (subject.group.zombie) return sets;
  for (let signal = 1; signal <= LAST_SIGNAL; signal++) {
    const { handler } = subject.kernel.process.action(subject.thread.tid, signal);
    const bit = 1 << ((signal - 1) & 31);
    const at = (handler === SIG_IGN ? 0 : 2) + (signal > 32 ? 1 : 0);
    if (handler !== 0) sets[at] = (sets[at] as number) | bit;
  }
  return sets;
}

const pendingBits = (pending: readonly { readonly signal: number }[], high: boolean): number =>
  pending.reduce((bits, { signal }) => (signal > 32 === high ? bits | (1 << ((signal - 1) & 31)) : bits), 0);

const terminalNumber = (tty: number): number => {
  if (tty < 0) return 0;
  return encodeDevice(tty === 0 ? makeDevice(TTY_MAJOR, 1) : makeDevice(PTS_MAJOR, tty));
};

/** As top shows it: below 0 for the policies that run before normal ones. */
function priorityOf(thread: Thread): number {
  const policy = effectivePolicy(thread);
  if (policy.kind === 'deadline') return -101;
  return policy.priority > 0 ? -1 - policy.priority : 20 + thread.nice;
}

/** Minor faults, those of collected children, major ones, and so on. */
function faultsOf(subject: Subject): number[] {
  const { group, thread, whole } = subject;
  const own = createTally();
  if (whole) {
    addTally(own, group.exitedTally);
    for (const live of liveThreads(subject)) addTally(own, live.tally);
  } else addTally(own, thread.tally);
  const { childTally } = group;
  return [own.minorFaults, childTally.minorFaults, own.majorFaults, childTally.majorFaults];
}

export function stat(subject: Subject): string {
  const { kernel, group, thread, whole } = subject;
  const space = spaceOf(subject);
  const areas = areasOf(subject);
  const [user, system, childUser, childSystem] = timesOf(subject);
  const [ignoredLow, , caughtLow] = dispositions(subject);
  const code = areas.find(isCode);
  const stack = areas.find((area) => (area.flags & VMA_STACK) !== 0);
  const data = areas.find(isData);
  const heap = areas.find((area) => (area.flags & VMA_HEAP) !== 0);
  const rss = group.limits[RLIMIT_RSS * 2] as number;
  const fields = [
    `${thread.tid} (${thread.name}) ${stateOf(subject).slice(0, 1)}`,
    [group.parent, group.pgid, group.sid, terminalNumber(group.tty), foregroundOf(subject), 0x400000],
    faultsOf(subject),
    [ticks(user), ticks(system), ticks(childUser), ticks(childSystem)],
    [priorityOf(thread), thread.nice, whole ? Math.max(liveThreads(subject).length, 1) : 1, 0],
    [ticks(group.startNs)],
    [space === 0 ? 0 : kernel.vm.size(space) * PAGE, space === 0 ? 0 : kernel.vm.resident(space)],
    [Number.isFinite(rss) ? rss : RLIM_INFINITY],
    [code?.start ?? 0, code?.end ?? 0, stack?.end ?? 0, 0, 0],
    [pendingBits(thread.pending, false) & 0x7fff_ffff, thread.maskLow & 0x7fff_ffff],
    [ignoredLow & 0x7fff_ffff, caughtLow & 0x7fff_ffff],
    [0, 0, 0, 17, 0, thread.policy.priority, POLICY_NUMBERS[thread.policy.kind], 0, 0, 0],
    [data?.start ?? 0, data?.end ?? 0, heap?.start ?? 0],
    [group.argumentStart, group.argumentEnd, group.environmentStart, group.environmentEnd],
    [group.zombie ? group.status : 0],
  ];
  return `${fields.flat().join(' ')}\n`;
}

export function statm(subject: Subject): string {
  const space = spaceOf(subject);
  if (space === 0) return '0 0 0 0 0 0 0\n';
  const { vm } = subject.kernel;
  const areas = areasOf(subject);
  const data = pagesWhere(areas, (area) => isData(area) || (area.flags & VMA_STACK) !== 0);
  // An estimate: top asks for it of every process all the time, and only status counts.
  const shared = Math.min(
    vm.resident(space),
    pagesWhere(areas, (area) => area.inode !== 0),
  );
  return `${vm.size(space)} ${vm.resident(space)} ${shared} ${pagesWhere(areas, isCode)} 0 ${data} 0\n`;
}

function memoryLines(subject: Subject): string[] {
  const space = spaceOf(subject);
  if (space === 0) return [];
  const { vm } = subject.kernel;
  const areas = areasOf(subject);
  const kb = (name: string, pages: number): string => `${name}:\t${`${pages * 4}`.padStart(8)} kB`;
  const resident = vm.resident(space);
  const usage = noUsage();
  for (const area of areas) addUsage(subject, area, usage);
  return [
    kb('VmPeak', vm.peakSize?.(space) ?? vm.size(space)),
    kb('VmSize', vm.size(space)),
    kb('VmLck', (vm.locked?.(space, 0, USER_LIMIT) ?? 0) / PAGE),
    kb('VmPin', 0),
    kb('VmHWM', vm.peakResident?.(space) ?? resident),
    kb('VmRSS', resident),
    kb('RssAnon', usage.anonymous),
    kb('RssFile', usage.file),
    kb('RssShmem', usage.shmem),
    kb('VmData', pagesWhere(areas, isData)),
    kb(
      'VmStk',
      pagesWhere(areas, (area) => (area.flags & VMA_STACK) !== 0),
    ),
    kb('VmExe', pagesWhere(areas.slice(0, 1), isCode)),
    kb('VmLib', pagesWhere(areas.slice(1), isCode)),
    kb('VmPTE', 0),
    kb('VmSwap', usage.swap),
  ];
}

export function status(subject: Subject): string {
  const { kernel, group, thread } = subject;
  const { credentials } = group;
  const { uid, euid, suid, fsuid, gid, egid, sgid, fsgid, groups } = credentials;
  const [ignoredLow, ignoredHigh, caughtLow, caughtHigh] = dispositions(subject);
  const fds = group.zombie ? [] : kernel.process.descriptors(thread.tid);
  const umask = group.zombie ? [] : [`Umask:\t${octal(kernel.process.place(thread.tid).umask)}`];
  const threadsLive = Math.max(liveThreads(subject).length, 1);
  return `${[
    `Name:\t${thread.name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
    ...umask,
    `State:\t${stateOf(subject)}`,
    `Tgid:\t${group.tgid}`,
    'Ngid:\t0',
    `Pid:\t${thread.tid}`,
    `PPid:\t${group.parent}`,
    'TracerPid:\t0',
    `Uid:\t${[uid, euid, suid, fsuid].join('\t')}`,
    `Gid:\t${[gid, egid, sgid, fsgid].join('\t')}`,
    `FDSize:\t${Math.max(64, Math.ceil(((fds.at(-1) ?? 0) + 1) / 64) * 64)}`,
    `Groups:\t${groups.map((member) => `${member} `).join('')}`,
    ...memoryLines(subject),
    'CoreDumping:\t0',
    `Threads:\t${group.zombie ? 1 : threadsLive}`,
    `SigQ:\t${thread.pending.length + group.pending.length}/4096`,
    `SigPnd:\t${mask(pendingBits(thread.pending, false), pendingBits(thread.pending, true))}`,
    `ShdPnd:\t${mask(pendingBits(group.pending, false), pendingBits(group.pending, true))}`,
    `SigBlk:\t${mask(thread.maskLow, thread.maskHigh)}`,
    `SigIgn:\t${mask(ignoredLow, ignoredHigh)}`,
    `SigCgt:\t${mask(caughtLow, caughtHigh)}`,
    `CapInh:\t${mask(credentials.inheritableLow, credentials.inheritableHigh)}`,
    `CapPrm:\t${mask(credentials.permittedLow, credentials.permittedHigh)}`,
    `CapEff:\t${mask(credentials.effectiveLow, credentials.effectiveHigh)}`,
    'CapBnd:\t000001ffffffffff',
    'CapAmb:\t0000000000000000',
    `NoNewPrivs:\t${group.noNewPrivileges ? 1 : 0}`,
    'Seccomp:\t0',
    'Cpus_allowed:\t1',
    'Cpus_allowed_list:\t0',
    'Mems_allowed:\t1',
    'Mems_allowed_list:\t0',
    `voluntary_ctxt_switches:\t${thread.tally.voluntarySwitches}`,
    `nonvoluntary_ctxt_switches:\t${thread.tally.involuntarySwitches}`,
  ].join('\n')}\n`;
}

const octal = (value: number): string => value.toString(8).padStart(4, '0');

/** Name and unit of each resource, by number. */
const LIMITS: readonly (readonly [string, string])[] = [
  ['Max cpu time', 'seconds'],
  ['Max file size', 'bytes'],
  ['Max data size', 'bytes'],
  ['Max stack size', 'bytes'],
  ['Max core file size', 'bytes'],
  ['Max resident set', 'bytes'],
  ['Max processes', 'processes'],
  ['Max open files', 'files'],
  ['Max locked memory', 'bytes'],
  ['Max address space', 'bytes'],
  ['Max file locks', 'locks'],
  ['Max pending signals', 'signals'],
  ['Max msgqueue size', 'bytes'],
  ['Max nice priority', ''],
  ['Max realtime priority', ''],
  ['Max realtime timeout', 'us'],
];

export function limits({ group }: Subject): string {
  const show = (value: number): string => (Number.isFinite(value) ? `${value}` : 'unlimited').padEnd(20);
  const line = (name: string, soft: string, hard: string, unit: string): string =>
    `${name.padEnd(25)} ${soft} ${hard} ${unit.padEnd(10)}\n`;
  const head = line('Limit', 'Soft Limit'.padEnd(20), 'Hard Limit'.padEnd(20), 'Units');
  return LIMITS.reduce(
    (text, [name, unit], i) =>
      text + line(name, show(group.limits[i * 2] as number), show(group.limits[i * 2 + 1] as number), unit),
    head,
  );
}
