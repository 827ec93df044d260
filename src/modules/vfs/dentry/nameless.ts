/**
 * What stat(2) and statfs(2) say of open files that have no inode: pipes, terminals, sockets and their like.
 *
 * Their device number is that of a superblock that is never mounted, as Linux's internal file systems have one.
 */
import { PIPEFS_MAGIC } from '../../../abi/linux/statfs.ts';
import { makeDevice, S_IFCHR, S_IFIFO, S_IFSOCK } from '../../../abi/linux/stat.ts';
import {
  copyStat,
  createStat,
  type FileSystemStat,
  SB_SHIFT,
  type Stat,
} from '../../../contracts/filesystem.ts';
import { socketInode } from '../../../contracts/sockets.ts';
import type { OpenFile } from '../../../contracts/vfs.ts';
import type { Core } from './core.ts';
import { isNotifier, isSocket } from './objects.ts';
import { statQueue } from './queues.ts';

/** Superblock numbers beyond any that is mounted; they fit the 20 bits of a minor number. */
const PIPE_SB = 0xffff0;
const TERMINAL_SB = 0xffff1;
const STREAM_SB = 0xffff2;
const NOTIFIER_SB = 0xffff3;
const SOCKET_SB = 0xffff4;
const QUEUE_SB = 0xffff5;
const PIDFD_SB = 0xffff6;

const PAGE = 4096;
const TTY_BLOCK = 1024;
const CONSOLE_RDEV: number = makeDevice(5, 1);
const PTMX_RDEV: number = makeDevice(5, 2);
export const PTS_MAJOR = 136;

export const PIPE_STATFS: FileSystemStat = {
  type: PIPEFS_MAGIC,
  blockSize: PAGE,
  blocks: 0,
  free: 0,
  files: 0,
  filesFree: 0,
  nameLength: 255,
};

/** What all of them have in common. */
const NOTHING: Readonly<Stat> = createStat();

export function statNameless(core: Core, file: OpenFile, into: Stat): void {
  copyStat(NOTHING, into);
  into.links = 1;
  into.atimeSeconds = core.kernel.time.bootSeconds;
  into.mtimeSeconds = into.atimeSeconds;
  into.ctimeSeconds = into.atimeSeconds;
  if (file.kind === 'tty' || file.kind === 'pty-master') {
    into.inode = TERMINAL_SB * SB_SHIFT + file.object + 3;
    into.mode = S_IFCHR | 0o620;
    into.blockSize = TTY_BLOCK;
    if (file.kind === 'pty-master') into.rdev = PTMX_RDEV;
    else into.rdev = file.object === 0 ? CONSOLE_RDEV : makeDevice(PTS_MAJOR, file.object);
    return;
  }
  if (isSocket(file.kind)) {
    into.inode = SOCKET_SB * SB_SHIFT + socketInode(file.kind === 'unix-socket', file.object);
    into.mode = S_IFSOCK | 0o777;
    return;
  }
  if (file.kind === 'message-queue') {
    into.inode = QUEUE_SB * SB_SHIFT + file.object + 1;
    statQueue(core, file.object, into);
    return;
  }
  if (file.kind === 'pidfd') {
    into.inode = PIDFD_SB * SB_SHIFT + file.object;
    into.mode = 0o700;
    return;
  }
  if (isNotifier(file.kind)) {
    // All of them share one inode, which has no type.
    into.inode = NOTIFIER_SB * SB_SHIFT + 1;
    into.mode = 0o600;
    return;
  }
  into.inode = (file.kind === 'pipe' ? PIPE_SB : STREAM_SB) * SB_SHIFT + file.object + 1;
  into.mode = S_IFIFO | 0o600;
}
