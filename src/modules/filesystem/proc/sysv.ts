/**
 * /proc/sysvipc: semaphores and message queues, where the module in slot `ipc` has them. Source: proc(5), sysvipc(7).
 */
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Permission } from '../../../contracts/semaphores.ts';

const SEMAPHORES = '       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n';
const QUEUES =
  '       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n';

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
