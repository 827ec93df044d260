/**
 * Sending to and receiving from POSIX message queues: mq_timedsend, mq_timedreceive.
 *
 * The caller of a send or receive that waits is in line at the queue, with its message; by the next run the queue has taken or
 * brought one. Progress is the deadline.
 */
import * as E from '../../../abi/linux/errno.ts';
import * as F from '../../../abi/linux/fcntl.ts';
import { MQ_PRIO_MAX } from '../../../abi/linux/mqueue.ts';
import { type Kernel, RESUMED_BY_TIMEOUT, WAIT } from '../../../contracts/kernel.ts';
import { type NamedMessage, type NamedQueues, namedQueuesOf } from '../../../contracts/named-queues.ts';
import type { OpenFile } from '../../../contracts/vfs.ts';
import { usableFile } from './at.ts';
import type { Handler } from './call.ts';
import { absoluteDeadline, NEVER } from './timespec.ts';

/** @returns the open file of a queue, opened for that, or -EBADF */
export function queueFile(kernel: Kernel, tid: number, fd: number, closedTo: number): OpenFile | number {
  const file = usableFile(kernel, tid, fd);
  if (typeof file === 'number') return file;
  return file.kind === 'message-queue' && (file.flags & F.O_ACCMODE) !== closedTo ? file : -E.EBADF;
}

const deadlineOf = (kernel: Kernel, tid: number, timeout: number): number =>
  kernel.waits.progress(tid)[0] ?? (timeout === 0 ? NEVER : absoluteDeadline(kernel, tid, timeout, true));

/** In line. @returns WAIT, -EAGAIN or -ETIMEDOUT */
function wait(
  kernel: Kernel,
  tid: number,
  queues: NamedQueues,
  { object, flags }: OpenFile,
  message: NamedMessage | null,
  deadline: number,
): number {
  if ((flags & F.O_NONBLOCK) !== 0) return -E.EAGAIN;
  if (deadline <= kernel.clock.monotonic()) return -E.ETIMEDOUT;
  kernel.waits.on(queues.awaitNamed(tid, object, message));
  if (deadline !== NEVER) kernel.waits.until(deadline);
  kernel.waits.keep([deadline]);
  kernel.waits.restart('restart');
  return WAIT;
}

/** The wait ended without a message. @returns -ETIMEDOUT, WAIT (broken off) or 0: go on */
function ended(kernel: Kernel, tid: number, queues: NamedQueues, { object }: OpenFile): number {
  queues.namedOver(tid, object);
  if (kernel.waits.resumed(tid) === RESUMED_BY_TIMEOUT) return -E.ETIMEDOUT;
  if (!kernel.waits.interrupted(tid)) return 0;
  kernel.waits.restart('restart');
  return WAIT;
}

const isResumed = (kernel: Kernel, tid: number): boolean =>
  kernel.waits.resumed(tid) !== 0 && kernel.waits.progress(tid).length > 0;

/** mq_send(3) */
export const sysMqTimedsend: Handler = (kernel, tid, fd, at, length, priority, timeout) => {
  const queues = namedQueuesOf(kernel);
  if (queues === null) return -E.ENOSYS;
  const deadline = deadlineOf(kernel, tid, timeout);
  if (deadline < 0) return deadline;
  if (priority >= MQ_PRIO_MAX) return -E.EINVAL;
  const file = queueFile(kernel, tid, fd, F.O_RDONLY);
  if (typeof file === 'number') return file;
  if (isResumed(kernel, tid)) {
    const sent = queues.namedDone(tid, file.object) !== null;
    const stop = ended(kernel, tid, queues, file);
    if (sent || stop !== 0) return sent ? 0 : stop;
  }
  if (length > queues.namedQueue(file.object).mostBytes) return -E.EMSGSIZE;
  const bytes = new Uint8Array(length);
  const error = length === 0 ? 0 : kernel.user.read(tid, at, bytes);
  if (error !== 0) return error;
  const result = queues.sendNamed(tid, file.object, priority, bytes);
  if (result !== -E.EAGAIN) return result;
  return wait(kernel, tid, queues, file, { priority, bytes }, deadline);
};

/** @returns its length, -EFAULT or WAIT */
function deliver(
  kernel: Kernel,
  tid: number,
  { bytes, priority }: Readonly<NamedMessage>,
  at: number,
  priorityAt: number,
): number {
  const told = priorityAt === 0 ? 0 : kernel.user.writeU32(tid, priorityAt, priority);
  const error = told !== 0 || bytes.length === 0 ? told : kernel.user.write(tid, at, bytes);
  return error !== 0 ? error : bytes.length;
}

/** mq_receive(3). A message that can not be stored is lost, as on Linux. */
export const sysMqTimedreceive: Handler = (kernel, tid, fd, at, length, priorityAt, timeout) => {
  const queues = namedQueuesOf(kernel);
  if (queues === null) return -E.ENOSYS;
  const deadline = deadlineOf(kernel, tid, timeout);
  if (deadline < 0) return deadline;
  const file = queueFile(kernel, tid, fd, F.O_WRONLY);
  if (typeof file === 'number') return file;
  if (isResumed(kernel, tid)) {
    const received = queues.namedDone(tid, file.object);
    if (received !== null) {
      const count = deliver(kernel, tid, received, at, priorityAt);
      if (count !== WAIT) queues.namedOver(tid, file.object);
      return count;
    }
    const stop = ended(kernel, tid, queues, file);
    if (stop !== 0) return stop;
  }
  if (length < queues.namedQueue(file.object).mostBytes) return -E.EMSGSIZE;
  const next = queues.nextNamed(file.object);
  if (next === null) return wait(kernel, tid, queues, file, null, deadline);
  const count = deliver(kernel, tid, next, at, priorityAt);
  if (count !== WAIT) queues.takeNamed(file.object);
  return count;
};
