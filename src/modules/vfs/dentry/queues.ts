/**
 * Open files on message queues of ipc that have names: mq_open(3) gives them, and they can be read, polled and looked at.
 *
 * A file's text says how full the queue is and who is told of messages. Source: mq_overview(7), "Mounting the message queue
 * filesystem".
 */
import { EINVAL } from '../../../abi/linux/errno.ts';
import { SEEK_CUR, SEEK_END, SEEK_SET } from '../../../abi/linux/fcntl.ts';
import { QUEUE_FILE_SIZE } from '../../../abi/linux/mqueue.ts';
import { S_IFREG } from '../../../abi/linux/stat.ts';
import { SIGEV_NONE, SIGEV_SIGNAL } from '../../../abi/linux/time.ts';
import type { Stat } from '../../../contracts/filesystem.ts';
import type { Spans } from '../../../contracts/kernel.ts';
import { type NamedQueues, namedQueuesOf } from '../../../contracts/named-queues.ts';
import type { OpenFile } from '../../../contracts/vfs.ts';
import { KernelFault } from '../../../lib/kernel-fault.ts';
import { copyToSpans } from '../../../lib/spans.ts';
import { bytesOf } from '../../../lib/utf8.ts';
import type { Core } from './core.ts';

export function queuesOf({ kernel }: Core): NamedQueues {
  const queues = namedQueuesOf(kernel);
  if (queues === null) throw new KernelFault('a message queue is open, but ipc has none');
  return queues;
}

/** @param file the holder of the lease on what serves it */
export function openQueue(core: Core, file: number, queue: number): void {
  core.kernel.leases.take('ipc', 'posix-queues', file);
  queuesOf(core).openNamedQueue(queue);
}

export function closeQueue(core: Core, file: number, queue: number): void {
  queuesOf(core).closeNamedQueue(queue);
  core.kernel.leases.give('ipc', 'posix-queues', file);
}

/** @param offset -1 = at the file's own */
export function readQueue(core: Core, file: OpenFile, into: Spans, offset: number): number {
  const { messages, notice } = queuesOf(core).namedQueue(file.object);
  const bytes = messages.reduce((sum, each) => sum + each.bytes.length, 0);
  const { tgid, kind, signal } = notice;
  const how = tgid === 0 ? 0 : kind === 'signal' ? SIGEV_SIGNAL : SIGEV_NONE;
  const columns = [
    `QSIZE:${String(bytes).padEnd(10)}`,
    `NOTIFY:${String(how).padEnd(5)}`,
    `SIGNO:${String(how === SIGEV_SIGNAL ? signal : 0).padEnd(5)}`,
    `NOTIFY_PID:${String(tgid).padEnd(6)}`,
  ];
  const from = offset < 0 ? file.offset : offset;
  const text = `${columns.join(' ')}\n`.slice(from, from + into.total);
  copyToSpans(core.kernel, bytesOf(text), 0, into, 0, text.length);
  if (offset < 0) file.offset += text.length;
  return text.length;
}

export function seekQueue(file: OpenFile, offset: number, whence: number): number {
  const base = whence === SEEK_CUR ? file.offset : whence === SEEK_END ? QUEUE_FILE_SIZE : 0;
  if ((whence !== SEEK_SET && whence !== SEEK_CUR && whence !== SEEK_END) || base + offset < 0)
    return -EINVAL;
  file.offset = base + offset;
  return file.offset;
}

/** What the queue says of itself; the rest of `into` is filled in already. */
export function statQueue(core: Core, id: number, into: Stat): void {
  const { name, mode, uid, gid, used } = queuesOf(core).namedQueue(id);
  into.mode = S_IFREG | mode;
  into.uid = uid;
  into.gid = gid;
  into.links = name === '' ? 0 : 1;
  into.size = QUEUE_FILE_SIZE;
  into.atimeSeconds = into.mtimeSeconds = into.ctimeSeconds = used;
}
