/**
 * What /dev holds when it is mounted. A table.
 *
 * Device numbers from Linux's admin-guide/devices.txt; modes as udev sets them.
 */
import { S_IFCHR, S_IFDIR, S_IFLNK } from '../../../abi/linux/stat.ts';

export interface Node {
  readonly name: string;
  readonly mode: number;
  readonly major: number;
  readonly minor: number;
  readonly gid: number;
  /** Of a symlink. */
  readonly target: string;
}

/** The group that owns terminals (Debian's `tty`). */
export const TTY_GROUP = 5;
/** The group that owns disks. */
export const DISK_GROUP = 6;
/** Major number of the first 256 slave sides of pseudo-terminals. */
export const PTS_MAJOR = 136;

const device = (name: string, major: number, minor: number, mode = 0o666, gid = 0): Node => ({
  name,
  mode: S_IFCHR | mode,
  major,
  minor,
  gid,
  target: '',
});
const link = (name: string, target: string): Node => ({
  name,
  mode: S_IFLNK | 0o777,
  major: 0,
  minor: 0,
  gid: 0,
  target,
});
const directory = (name: string, mode: number): Node => ({
  name,
  mode: S_IFDIR | mode,
  major: 0,
  minor: 0,
  gid: 0,
  target: '',
});

export const PTS_DIRECTORY = 'pts';

export const NODES: readonly Node[] = [
  device('null', 1, 3),
  device('zero', 1, 5),
  device('full', 1, 7),
  device('random', 1, 8),
  device('urandom', 1, 9),
  device('tty', 5, 0, 0o666, TTY_GROUP),
  device('console', 5, 1, 0o600),
  device('ptmx', 5, 2, 0o666, TTY_GROUP),
  directory(PTS_DIRECTORY, 0o755),
  directory('shm', 0o1777),
  directory('mqueue', 0o1777),
  link('fd', '/proc/self/fd'),
  link('stdin', '/proc/self/fd/0'),
  link('stdout', '/proc/self/fd/1'),
  link('stderr', '/proc/self/fd/2'),
];
