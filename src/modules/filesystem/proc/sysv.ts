/**
 * /proc/sysvipc: semaphores, message queues and shared memory, where the module in slot `ipc` has them. Source: proc(5), sysvipc(7).
 */
import { SHM_DEST, SHM_LOCKED } from '../../../abi/linux/sysv.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Permission } from '../../../contracts/semaphores.ts';

const SEMAPHORES = '       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n';
const QUEUES =
  '       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n';

const SEGMENTS =
  '       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap\n';

const wide = (value: number): string => `${value}`.padStart(10);
const narrow = (value: number): string => `${value}`.padStart(5);
const start = (key: number, id: number, { mode }: Permission): string =>
  `${wide(key)} ${wide(id)}  ${mode.toString(8).padStart(4)}`;
const owners = ({ uid, gid, creatorUid, creatorGid }: Permission): string =>
  [uid, gid, creatorUid, creatorGid].map(narrow).join(' ');

export function semaphoreTable({ ipc }: Kernel): string {
  let text = SEMAPHORES;
  for (const { key, id, permission, semaphores, operated, changed } of ipc.semaphoreSets?.() ?? []) {
    const columns = [wide(semaphores.length), owners(permission), wide(operated), wide(changed)];
    text += `${start(key, id, permission)} ${columns.join(' ')}\n`;
  }
  return text;
}

export function messageQueueTable({ ipc }: Kernel): string {
  let text = QUEUES;
  for (const queue of ipc.messageQueues?.() ?? []) {
    const { key, id, permission, bytes, messages, lastSender, lastReceiver } = queue;
    const columns = [wide(bytes), wide(messages.length), narrow(lastSender), narrow(lastReceiver)];
    const times = [queue.sent, queue.received, queue.changed].map(wide);
    text += `${start(key, id, permission)}  ${[...columns, owners(permission), ...times].join(' ')}\n`;
  }
  return text;
}

const PAGE = 4096;
const widest = (value: number): string => `${value}`.padStart(21);

export function segmentTable({ ipc, vm, pagecache }: Kernel): string {
  let text = SEGMENTS;
  for (const segment of ipc.segments?.() ?? []) {
    const { key, id, permission, bytes, creator, lastUser, inode, doomed, locked } = segment;
    const mode = permission.mode | (doomed ? SHM_DEST : 0) | (locked ? SHM_LOCKED : 0);
    const attachments = `${vm.attachments?.(inode) ?? 0}`.padStart(6);
    const columns = [widest(bytes), narrow(creator), narrow(lastUser), attachments, owners(permission)];
    const times = [segment.attached, segment.detached, segment.changed].map(wide);
    const pages = [widest(pagecache.count(inode) * PAGE), widest(0)];
    text += `${start(key, id, { ...permission, mode })} ${[...columns, ...times, ...pages].join(' ')}\n`;
  }
  return text;
}
