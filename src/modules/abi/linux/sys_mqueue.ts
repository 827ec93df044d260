/**
 * System calls of POSIX message queues: mq_open, mq_unlink, mq_timedsend, mq_timedreceive, mq_notify, mq_getsetattr.
 *
 * Sending and receiving are in mqueue-messages.ts. Names come without their slash from libc, as Linux wants them.
 */
import * as E from '../../../abi/linux/errno.ts';
import { CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER } from '../../../abi/linux/capability.ts';
import * as F from '../../../abi/linux/fcntl.ts';
import * as Q from '../../../abi/linux/mqueue.ts';
import { AF_NETLINK } from '../../../abi/linux/netlink.ts';
import { NSIG } from '../../../abi/linux/signal.ts';
import {
  SIGEV_NONE,
  SIGEV_SIGNAL,
  SIGEV_THREAD,
  SIGEVENT_NOTIFY,
  SIGEVENT_SIGNO,
  SIGEVENT_SIZE,
  SIGEVENT_VALUE,
} from '../../../abi/linux/time.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import {
  createQueueNotice,
  type NamedQueue,
  type NamedQueues,
  namedQueuesOf,
  type QueueNotice,
} from '../../../contracts/named-queues.ts';
import { installFile, readPath } from './at.ts';
import { full, type Handler, type Row } from './call.ts';
import { featureFault } from './feature-fault.ts';
import { queueFile, sysMqTimedreceive, sysMqTimedsend } from './mqueue-messages.ts';
import { get64, put64 } from './usage.ts';

const NAME_MAX = 255;
const READ = 4;
const WRITE = 2;

/** A queue's name in user memory. @returns it, -errno or WAIT */
function readName(kernel: Kernel, tid: number, at: number): string | number {
  const name = readPath(kernel, tid, at);
  if (typeof name === 'number') return name;
  if (name === '') return -E.ENOENT;
  if (name === '.' || name === '..' || name.includes('/')) return -E.EACCES;
  return name.length > NAME_MAX ? -E.ENAMETOOLONG : name;
}

/** @param wanted READ and WRITE bits @returns 0 or -EACCES */
function permit(kernel: Kernel, tid: number, queue: Readonly<NamedQueue>, wanted: number): number {
  const { fsuid, fsgid, groups } = kernel.process.credentials(tid);
  let granted = queue.mode;
  if (fsuid === queue.uid) granted >>= 6;
  else if (fsgid === queue.gid || groups.includes(queue.gid)) granted >>= 3;
  if ((wanted & ~granted) === 0 || kernel.process.capable(tid, CAP_DAC_OVERRIDE)) return 0;
  return wanted === READ && kernel.process.capable(tid, CAP_DAC_READ_SEARCH) ? 0 : -E.EACCES;
}

const longAt = (data: DataView, at: number): number => {
  const value = get64(data, at);
  return data.getInt32(at + 4, true) < 0 ? -1 : value;
};

/** @returns the queue of a name, made if that is asked for, or -errno */
function find(
  kernel: Kernel,
  tid: number,
  queues: NamedQueues,
  name: string,
  flags: number,
  mode: number,
  attributes: DataView | null,
): number {
  const id = queues.findNamedQueue(name);
  if (id === 0) {
    if ((flags & F.O_CREAT) === 0) return -E.ENOENT;
    const size =
      attributes === null
        ? null
        : { messages: longAt(attributes, Q.MQ_MAXMSG), bytes: longAt(attributes, Q.MQ_MSGSIZE) };
    return queues.makeNamedQueue(tid, name, mode & 0o777 & ~kernel.process.place(tid).umask, size);
  }
  if ((flags & (F.O_CREAT | F.O_EXCL)) === (F.O_CREAT | F.O_EXCL)) return -E.EEXIST;
  const access = flags & F.O_ACCMODE;
  if (access === F.O_ACCMODE) return -E.EINVAL;
  const wanted = access === F.O_RDONLY ? READ : access === F.O_WRONLY ? WRITE : READ | WRITE;
  return permit(kernel, tid, queues.namedQueue(id), wanted) || id;
}

/** mq_open(3) */
const sysMqOpen: Handler = (kernel, tid, nameAt, flags, mode, attributesAt) => {
  const queues = namedQueuesOf(kernel);
  if (queues === null) return featureFault(kernel, tid, 'ipc', 'posix-queues', -E.ENOSYS);
  const bytes = new Uint8Array(Q.MQ_ATTR_SIZE);
  const attributes = (flags & F.O_CREAT) !== 0 && attributesAt !== 0;
  const error = attributes ? kernel.user.read(tid, attributesAt, bytes) : 0;
  if (error !== 0) return error;
  const name = readName(kernel, tid, nameAt);
  if (typeof name === 'number') return name;
  const view = attributes ? new DataView(bytes.buffer) : null;
  const isNew = queues.findNamedQueue(name) === 0;
  const queue = find(kernel, tid, queues, name, flags, mode, view);
  if (queue < 0) return queue;
  const file = kernel.vfs.openObject('message-queue', queue, flags & (F.O_ACCMODE | F.O_NONBLOCK));
  const fd = installFile(kernel, tid, file, 0, true);
  // Linux takes the descriptor first.
  if (fd < 0 && isNew) queues.unlinkNamedQueue(queue);
  return fd;
};

/** mq_unlink(3). The place of the names is sticky: the owner's only. */
const sysMqUnlink: Handler = (kernel, tid, nameAt) => {
  const queues = namedQueuesOf(kernel);
  if (queues === null) return -E.ENOSYS;
  const name = readName(kernel, tid, nameAt);
  if (typeof name === 'number') return name;
  const id = queues.findNamedQueue(name);
  if (id === 0) return -E.ENOENT;
  const { fsuid } = kernel.process.credentials(tid);
  const owner = fsuid === 0 || fsuid === queues.namedQueue(id).uid;
  if (!owner && !kernel.process.capable(tid, CAP_FOWNER)) return -E.EPERM;
  queues.unlinkNamedQueue(id);
  return 0;
};

/**
 * The netlink socket and the cookie of SIGEV_THREAD, by which libc's own thread is told.
 * @returns 0, -EFAULT, -EBADF, -ENOTSOCK, -EINVAL, -ENOSYS or WAIT
 */
function readThread(kernel: Kernel, tid: number, fd: number, at: number, notice: QueueNotice): number {
  const error = kernel.user.read(tid, at, notice.cookie);
  if (error !== 0) return error;
  const file = kernel.process.file(tid, fd);
  if (file < 0) return file;
  const { kind, object } = kernel.vfs.file(file);
  if (kind !== 'unix-socket' && kind !== 'inet-socket') return -E.ENOTSOCK;
  if (kind !== 'inet-socket' || kernel.net.socket(object).family !== AF_NETLINK) return -E.EINVAL;
  notice.file = file;
  return kernel.net.post === undefined ? -E.ENOSYS : 0;
}

/** mq_notify(3) */
const sysMqNotify: Handler = (kernel, tid, fd, at) => {
  const queues = namedQueuesOf(kernel);
  if (queues === null) return -E.ENOSYS;
  const bytes = new Uint8Array(SIGEVENT_SIZE);
  let error = at === 0 ? 0 : kernel.user.read(tid, at, bytes);
  if (error !== 0) return error;
  const view = new DataView(bytes.buffer);
  const how = view.getInt32(SIGEVENT_NOTIFY, true);
  const notice = createQueueNotice();
  notice.signal = view.getInt32(SIGEVENT_SIGNO, true);
  notice.value = get64(view, SIGEVENT_VALUE);
  if (at !== 0) {
    if (how !== SIGEV_NONE && how !== SIGEV_SIGNAL && how !== SIGEV_THREAD) return -E.EINVAL;
    if (how === SIGEV_SIGNAL && (notice.signal < 0 || notice.signal > NSIG)) return -E.EINVAL;
    if (how === SIGEV_THREAD) {
      notice.cookie = new Uint8Array(Q.NOTIFY_COOKIE_LEN);
      error = readThread(kernel, tid, notice.signal, notice.value, notice);
      if (error !== 0) return error;
    }
  }
  const file = queueFile(kernel, tid, fd, -1);
  if (typeof file === 'number') return file;
  if (at === 0) return queues.noticeNamed(tid, file.object, null);
  notice.kind = how === SIGEV_SIGNAL ? 'signal' : how === SIGEV_THREAD ? 'thread' : 'nothing';
  const result = queues.noticeNamed(tid, file.object, notice);
  if (result === 0 && notice.kind === 'thread') kernel.vfs.retain(notice.file);
  return result;
};

/** mq_getattr(3), mq_setattr(3) */
const sysMqGetsetattr: Handler = (kernel, tid, fd, newAt, oldAt) => {
  const queues = namedQueuesOf(kernel);
  if (queues === null) return -E.ENOSYS;
  const bytes = new Uint8Array(Q.MQ_ATTR_SIZE);
  const view = new DataView(bytes.buffer);
  const error = newAt === 0 ? 0 : kernel.user.read(tid, newAt, bytes);
  if (error !== 0) return error;
  const flags = get64(view, Q.MQ_FLAGS);
  if (newAt !== 0 && flags !== 0 && flags !== F.O_NONBLOCK) return -E.EINVAL;
  const file = queueFile(kernel, tid, fd, -1);
  if (typeof file === 'number') return file;
  if (oldAt !== 0) {
    const { mostMessages, mostBytes, messages } = queues.namedQueue(file.object);
    bytes.fill(0);
    put64(view, Q.MQ_FLAGS, file.flags & F.O_NONBLOCK);
    put64(view, Q.MQ_MAXMSG, mostMessages);
    put64(view, Q.MQ_MSGSIZE, mostBytes);
    put64(view, Q.MQ_CURMSGS, messages.length);
    const written = kernel.user.write(tid, oldAt, bytes);
    if (written !== 0) return written;
  }
  if (newAt !== 0) kernel.vfs.setFlags(tid, file.id, (file.flags & ~F.O_NONBLOCK) | flags, fd);
  return 0;
};

export const namedQueueCalls: readonly Row[] = [
  full(180, 'mq_open', ['ptr', 'uint', 'uint', 'ptr'], sysMqOpen),
  full(181, 'mq_unlink', ['ptr'], sysMqUnlink),
  full(182, 'mq_timedsend', ['fd', 'ptr', 'size', 'uint', 'ptr'], sysMqTimedsend),
  full(183, 'mq_timedreceive', ['fd', 'ptr', 'size', 'ptr', 'ptr'], sysMqTimedreceive),
  full(184, 'mq_notify', ['int', 'ptr'], sysMqNotify),
  full(185, 'mq_getsetattr', ['int', 'ptr', 'ptr'], sysMqGetsetattr),
];
