/**
 * System calls of System V message queues: msgget, msgsnd, msgrcv, msgctl.
 *
 * A wait is restarted behind a signal only if no handler ran (signal(7)). Nothing is kept between its runs; who waits for a
 * message is in line at the queue.
 */
import { CAP_SYS_RESOURCE } from '../../../abi/linux/capability.ts';
import * as E from '../../../abi/linux/errno.ts';
import * as V from '../../../abi/linux/sysv.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import type {
  MessageQueue,
  MessageQueues,
  MessageWish,
  QueuedMessage,
} from '../../../contracts/message-queues.ts';
import { atPlace, highestPlace } from '../../../lib/ipc/ids.ts';
import { full, type Handler, type Row } from './call.ts';
import { checkAccess, checkOwner, permissionOf, putPermission } from './sysv-permission.ts';

const READ = 0o444;
const WRITE = 0o222;
/** The type in front of a message's bytes: a long. */
const TYPE_SIZE = 8;

/** The slot's operations on queues, or null where the module in place has none. */
const queuesOf = ({ ipc }: Kernel): MessageQueues | null =>
  ipc.createQueue === undefined ? null : (ipc as MessageQueues);

/** msgget(2) */
const sysMsgget: Handler = (kernel, tid, key, flags) => {
  const ipc = queuesOf(kernel);
  if (ipc === null) return -E.ENOSYS;
  if (key !== V.IPC_PRIVATE) {
    for (const queue of ipc.messageQueues()) {
      if (queue.key !== key) continue;
      if ((flags & (V.IPC_CREAT | V.IPC_EXCL)) === (V.IPC_CREAT | V.IPC_EXCL)) return -E.EEXIST;
      const refused = checkAccess(kernel, tid, queue.permission, flags & 0o777);
      return refused !== 0 ? refused : queue.id;
    }
    if ((flags & V.IPC_CREAT) === 0) return -E.ENOENT;
  }
  return ipc.createQueue(key, permissionOf(kernel, tid, flags));
};

/** The call can not go on now. A queue that is gone by the next run ends it with EIDRM. */
function wait(kernel: Kernel, event: number): number {
  kernel.waits.on(event);
  kernel.waits.restart('no-handler');
  return WAIT;
}

/** A queue that the thread may use so. @returns it or -errno */
function usable(
  kernel: Kernel,
  tid: number,
  ipc: MessageQueues,
  id: number,
  wanted: number,
): Readonly<MessageQueue> | number {
  const queue = ipc.messageQueue(id);
  if (queue === null) return kernel.waits.resumed(tid) !== 0 ? -E.EIDRM : -E.EINVAL;
  const refused = checkAccess(kernel, tid, queue.permission, wanted);
  return refused !== 0 ? refused : queue;
}

/** msgsnd(2) */
const sysMsgsnd: Handler = (kernel, tid, id, at, size, flags) => {
  const ipc = queuesOf(kernel);
  if (ipc === null) return -E.ENOSYS;
  const head = new Uint8Array(TYPE_SIZE);
  const unread = kernel.user.read(tid, at, head);
  if (unread !== 0) return unread;
  if (size > ipc.messageLimits().message || id < 0) return -E.EINVAL;
  const view = new DataView(head.buffer);
  const type = view.getInt32(4, true) * 0x1_0000_0000 + view.getUint32(0, true);
  if (type < 1 || type > Number.MAX_SAFE_INTEGER) return -E.EINVAL;
  const bytes = new Uint8Array(size);
  const error = kernel.user.read(tid, at + TYPE_SIZE, bytes);
  if (error !== 0) return error;
  const queue = usable(kernel, tid, ipc, id, WRITE);
  if (typeof queue === 'number') return queue;
  const result = ipc.putMessage(tid, id, type, bytes);
  return result === -E.EAGAIN && (flags & V.IPC_NOWAIT) === 0 ? wait(kernel, queue.roomEvent) : result;
};

/** Index of the message that a call wants, or -1. */
function choose({ messages }: Readonly<MessageQueue>, { type, except }: MessageWish): number {
  if (type === 0) return messages.length - 1 < 0 ? -1 : 0;
  if (type > 0) return messages.findIndex((message) => (message.type === type) !== except);
  let chosen = -1;
  let least = -type;
  messages.forEach((message, index) => {
    if (message.type > least || (chosen >= 0 && message.type === least)) return;
    least = message.type;
    chosen = index;
  });
  return chosen;
}

/** Store a message, its type in front. @returns how many of its bytes, -EFAULT or WAIT */
function received(
  kernel: Kernel,
  tid: number,
  at: number,
  message: Readonly<QueuedMessage>,
  { size }: MessageWish,
): number {
  const count = Math.min(size, message.bytes.length);
  const whole = new Uint8Array(TYPE_SIZE + count);
  new DataView(whole.buffer).setUint32(0, message.type, true);
  new DataView(whole.buffer).setUint32(4, Math.floor(message.type / 0x1_0000_0000), true);
  whole.set(message.bytes.subarray(0, count), TYPE_SIZE);
  const error = kernel.user.write(tid, at, whole);
  return error !== 0 ? error : count;
}

/** msgrcv(2) */
const sysMsgrcv: Handler = (kernel, tid, id, at, size, type, flags) => {
  const ipc = queuesOf(kernel);
  if (ipc === null) return -E.ENOSYS;
  if (id < 0 || size === Number.MAX_SAFE_INTEGER) return -E.EINVAL;
  const copies = (flags & V.MSG_COPY) !== 0;
  if (copies && ((flags & V.MSG_EXCEPT) !== 0 || (flags & V.IPC_NOWAIT) === 0)) return -E.EINVAL;
  const wish = { type, except: (flags & V.MSG_EXCEPT) !== 0, size, cut: (flags & V.MSG_NOERROR) !== 0 };
  if (kernel.waits.resumed(tid) !== 0) {
    const delivery = ipc.messageDelivery(tid);
    const result =
      delivery === null ? null : delivery.error || received(kernel, tid, at, delivery.message, wish);
    if (result !== WAIT) ipc.messageWaitOver(tid, id);
    if (result !== null) return result;
  }
  const queue = usable(kernel, tid, ipc, id, READ);
  if (typeof queue === 'number') return queue;
  const index = copies ? type : choose(queue, wish);
  const message = queue.messages[index];
  if (message === undefined) {
    if ((flags & V.IPC_NOWAIT) !== 0) return -E.ENOMSG;
    if (!kernel.waits.interrupted(tid)) return wait(kernel, ipc.awaitMessage(tid, id, wish));
    kernel.waits.restart('no-handler');
    return WAIT;
  }
  if (message.bytes.length > size && !wish.cut) return -E.E2BIG;
  // A copy is whole or none.
  if (copies && message.bytes.length > size) return -E.EINVAL;
  const count = received(kernel, tid, at, message, wish);
  if (count >= 0 && !copies) ipc.takeMessage(tid, id, index);
  return count;
};

/** IPC_INFO and MSG_INFO. @returns the highest index in use, -EFAULT or WAIT */
function info(kernel: Kernel, tid: number, ipc: MessageQueues, at: number, inUse: boolean): number {
  let [queues, messages, bytes] = [0, 0, 0];
  for (const queue of ipc.messageQueues()) {
    queues++;
    messages += queue.messages.length;
    bytes += queue.bytes;
  }
  const view = new DataView(new ArrayBuffer(V.MSGINFO_SIZE));
  const { message: longest, queue: room, queues: all } = ipc.messageLimits();
  const [pool, most, sum] = inUse ? [queues, messages, bytes] : [(all * room) / 1024, room, room];
  [pool, most, longest, room, all, 16, sum].forEach((value, i) => view.setInt32(4 * i, value, true));
  view.setUint16(28, 0xffff, true);
  const error = kernel.user.write(tid, at, new Uint8Array(view.buffer));
  return error !== 0 ? error : highestPlace(ipc.messageQueues());
}

/** struct msqid64_ds. @returns `result`, -EFAULT or WAIT */
function stat(
  kernel: Kernel,
  tid: number,
  queue: Readonly<MessageQueue>,
  at: number,
  result: number,
): number {
  const view = new DataView(new ArrayBuffer(V.MSQID_DS_SIZE));
  putPermission(view, queue.key, queue.permission);
  view.setUint32(V.MSQID_DS_STIME, queue.sent, true);
  view.setUint32(V.MSQID_DS_RTIME, queue.received, true);
  view.setUint32(V.MSQID_DS_CTIME, queue.changed, true);
  view.setUint32(V.MSQID_DS_CBYTES, queue.bytes, true);
  view.setUint32(V.MSQID_DS_QNUM, queue.messages.length, true);
  view.setUint32(V.MSQID_DS_QBYTES, queue.limit, true);
  view.setInt32(V.MSQID_DS_LSPID, queue.lastSender, true);
  view.setInt32(V.MSQID_DS_LRPID, queue.lastReceiver, true);
  const error = kernel.user.write(tid, at, new Uint8Array(view.buffer));
  return error !== 0 ? error : result;
}

function change(
  kernel: Kernel,
  tid: number,
  ipc: MessageQueues,
  queue: Readonly<MessageQueue>,
  at: number,
): number {
  const bytes = new Uint8Array(V.MSQID_DS_SIZE);
  const error = kernel.user.read(tid, at, bytes) || checkOwner(kernel, tid, queue.permission);
  if (error !== 0) return error;
  const view = new DataView(bytes.buffer);
  const limit = view.getUint32(V.MSQID_DS_QBYTES, true);
  if (limit > ipc.messageLimits().queue && !kernel.process.capable(tid, CAP_SYS_RESOURCE)) return -E.EPERM;
  const [uid, gid, mode] = [V.PERM_UID, V.PERM_GID, V.PERM_MODE].map((from) => view.getUint32(from, true));
  ipc.setQueue(queue.id, uid as number, gid as number, mode as number, limit);
  return 0;
}

/** msgctl(2) */
const sysMsgctl: Handler = (kernel, tid, id, command, at) => {
  const ipc = queuesOf(kernel);
  if (ipc === null) return -E.ENOSYS;
  if (id < 0 || command < 0) return -E.EINVAL;
  if (command === V.IPC_INFO || command === V.MSG_INFO)
    return info(kernel, tid, ipc, at, command === V.MSG_INFO);
  const byIndex = command === V.MSG_STAT || command === V.MSG_STAT_ANY;
  const queue = byIndex ? atPlace(ipc.messageQueues(), id) : ipc.messageQueue(id);
  if (queue === null) return -E.EINVAL;
  switch (command) {
    case V.IPC_STAT:
    case V.MSG_STAT:
    case V.MSG_STAT_ANY: {
      const refused = command === V.MSG_STAT_ANY ? 0 : checkAccess(kernel, tid, queue.permission, READ);
      return refused !== 0 ? refused : stat(kernel, tid, queue, at, byIndex ? queue.id : 0);
    }
    case V.IPC_SET:
      return change(kernel, tid, ipc, queue, at);
    case V.IPC_RMID: {
      const refused = checkOwner(kernel, tid, queue.permission);
      if (refused === 0) ipc.removeQueue(id);
      return refused;
    }
    default:
      return -E.EINVAL;
  }
};

export const messageQueueCalls: readonly Row[] = [
  full(186, 'msgget', ['int', 'int'], sysMsgget),
  full(187, 'msgctl', ['int', 'int', 'ptr'], sysMsgctl),
  full(188, 'msgrcv', ['int', 'ptr', 'size', 'off', 'int'], sysMsgrcv),
  full(189, 'msgsnd', ['int', 'ptr', 'size', 'int'], sysMsgsnd),
];
