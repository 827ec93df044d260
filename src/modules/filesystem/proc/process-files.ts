/**
 * The files of /proc/PID and /proc/PID/task/TID. A table.
 *
 * The order is part of the inode numbers: new rows go to the end. Source: proc_pid(5).
 */
import { S_IFDIR, S_IFLNK, S_IFREG } from '../../../abi/linux/stat.ts';
import { auxv, cmdline, environ, maps } from './memory.ts';
import { mountinfo, mounts } from './mounts.ts';
import { pagemap } from './pagemap.ts';
import { smaps, smapsRollup } from './smaps.ts';
import { limits, stat, statm, status } from './status.ts';
import { type Subject, timesOf } from './subject.ts';

export interface ProcessFile {
  readonly name: string;
  /** Type and permissions. */
  readonly mode: number;
  /** Only for who may inspect the process. */
  readonly guarded: boolean;
  /** Not below task/TID. */
  readonly wholeOnly: boolean;
  readonly text: (subject: Subject) => string;
  /** What thread `tid` reads of one that has no text. */
  readonly window?: (subject: Subject, tid: number, offset: number, length: number) => Uint8Array | number;
}

const file = (
  name: string,
  text: (subject: Subject) => string,
  mode = 0o444,
  guarded = false,
): ProcessFile => ({ name, mode: S_IFREG | mode, guarded, wholeOnly: false, text });

const place = (name: string, mode: number, wholeOnly = false): ProcessFile => ({
  name,
  mode,
  guarded: false,
  wholeOnly,
  text: () => '',
});

const oomAdjustment = ({ state, group }: Subject): string => `${state.oomAdjustments.get(group.tgid) ?? 0}\n`;

/** CPU time, time in a queue, which is not measured, and how often it had the CPU: proc_pid_schedstat. */
function schedstat(subject: Subject): string {
  const [user, system] = timesOf(subject);
  const { voluntarySwitches, involuntarySwitches } = subject.thread.tally;
  return `${user + system} 0 ${voluntarySwitches + involuntarySwitches}\n`;
}

const io = (): string =>
  'rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n';

export const PROCESS_FILES: readonly ProcessFile[] = [
  place('fd', S_IFDIR | 0o500),
  place('fdinfo', S_IFDIR | 0o555),
  place('task', S_IFDIR | 0o555, true),
  place('exe', S_IFLNK | 0o777),
  place('cwd', S_IFLNK | 0o777),
  place('root', S_IFLNK | 0o777),
  file('stat', stat),
  file('status', status),
  file('statm', statm),
  file('cmdline', cmdline),
  file('environ', environ, 0o400, true),
  file('comm', ({ thread }) => `${thread.name}\n`, 0o644),
  file('maps', maps, 0o444, true),
  file('smaps', smaps, 0o444, true),
  file('auxv', auxv, 0o400, true),
  file('mounts', mounts),
  file('mountinfo', mountinfo),
  file('limits', limits),
  file('oom_score', () => '666\n'),
  file('oom_score_adj', oomAdjustment, 0o644),
  file('cgroup', () => '0::/\n'),
  file('loginuid', () => '4294967295', 0o644),
  file('sessionid', () => '4294967295'),
  file('io', io, 0o400, true),
  file('wchan', () => '0'),
  file('personality', () => '00000000\n', 0o400),
  file('schedstat', schedstat),
  file('setgroups', () => 'allow\n', 0o644),
  file('uid_map', () => '         0          0 4294967295\n', 0o644),
  file('gid_map', () => '         0          0 4294967295\n', 0o644),
  file('smaps_rollup', smapsRollup, 0o444, true),
  { ...file('pagemap', () => '', 0o400, true), window: pagemap },
  file('coredump_filter', () => '00000033\n', 0o644),
];

/** Place in the table, or -1. */
export const processFileIndex = (name: string): number => PROCESS_FILES.findIndex((row) => row.name === name);
