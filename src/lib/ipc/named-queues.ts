/**
 * Message queues with names of the slot `ipc`: their making, their messages, and who is told of them.
 *
 * Who waits is in queue-waiters.ts. Source: mq_overview(7), mq_open(3), mq_notify(3), getrlimit(2) (RLIMIT_MSGQUEUE).
 */
import { CAP_SYS_RESOURCE } from '../../abi/linux/capability.ts';
import { EAGAIN, EBUSY, EINVAL, EMFILE, ENOSPC } from '../../abi/linux/errno.ts';
import {
  HARD_MSGMAX,
  HARD_MSGSIZEMAX,
  MESSAGE_OVERHEAD,
  MQ_PRIO_MAX,
  NOTIFY_COOKIE_LEN,
  NOTIFY_REMOVED,
  NOTIFY_WOKENUP,
  PRIORITY_OVERHEAD,
} from '../../abi/linux/mqueue.ts';
import { POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../../abi/linux/poll.ts';
import { RLIMIT_MSGQUEUE } from '../../abi/linux/resource.ts';
import { SI_MESGQ } from '../../abi/linux/signal.ts';
import type { Kernel } from '../../contracts/kernel.ts';
import {
  createNamedQueue,
  createQueueNotice,
  type NamedMessage,
  type NamedQueue,
  type NamedQueues,
  type NamedQueueState,
  type QueueNotice,
} from '../../contracts/named-queues.ts';
import { createSignalInfo } from '../../contracts/process.ts';
import { KernelFault } from '../kernel-fault.ts';
import { EVERYONE } from '../socket/table.ts';
import { drop, enter, first, of } from './queue-waiters.ts';

/** Behind those of its priority: mostly at the end, so it is looked for from there. */
function insert(messages: NamedMessage[], message: NamedMessage): void {
  let at = messages.length;
  while (at > 0 && (messages[at - 1] as NamedMessage).priority < message.priority) at--;
  messages.splice(at, 0, message);
}

/** What a queue counts against its user's limit, filled or not. */
const chargeOf = (messages: number, bytes: number): number =>
  messages * (bytes + MESSAGE_OVERHEAD) + Math.min(messages, MQ_PRIO_MAX) * PRIORITY_OVERHEAD;

export function namedQueueOperations(state: NamedQueueState, kernel: Kernel): NamedQueues {
  const { queues, names } = state;
  const find = (id: number): NamedQueue => {
    const queue = queues.get(id);
    if (queue === undefined) throw new KernelFault(`no named queue ${id}`);
    return queue;
  };
  const touch = (queue: NamedQueue): void => {
    queue.used = kernel.clock.realtimeSeconds();
  };
  const wake = (event: number): void => void kernel.waits.wake(event, EVERYONE);
  const free = ({ id, name, opens }: NamedQueue): void => {
    if (opens === 0 && name === '') queues.delete(id);
  };
  const chargedTo = (user: number): number => {
    let sum = 0;
    for (const queue of queues.values()) if (queue.user === user) sum += queue.charge;
    return sum;
  };
  /** Say to libc's thread what has become of its request, which is over. */
  const post = ({ kind, file, cookie }: QueueNotice, outcome: number): void => {
    if (kind !== 'thread') return;
    const bytes = cookie.slice();
    bytes[NOTIFY_COOKIE_LEN - 1] = outcome;
    kernel.net.post?.(kernel.vfs.file(file).object, bytes);
    kernel.vfs.release(file, 0);
  };
  const forsake = (queue: NamedQueue, tgid: number): void => {
    const { notice } = queue;
    if (notice.tgid !== tgid) return;
    queue.notice = createQueueNotice();
    post(notice, NOTIFY_REMOVED);
  };
  /** The queue was empty and nobody waited: who asked hears of it, once. */
  const tell = (queue: NamedQueue, tid: number): void => {
    const { notice } = queue;
    const { tgid, kind, signal, value } = notice;
    if (tgid === 0) return;
    queue.notice = createQueueNotice();
    post(notice, NOTIFY_WOKENUP);
    if (kind !== 'signal') return;
    const info = createSignalInfo();
    info.signal = signal;
    info.code = SI_MESGQ;
    info.pid = kernel.process.thread(tid).tgid;
    info.uid = kernel.process.credentials(tid).uid;
    info.value = value;
    kernel.process.signalGroup(tgid, info);
  };

  return {
    queueLimits: () => state.limits,
    setQueueLimits(limits) {
      state.limits = { ...limits };
    },
    makeNamedQueue(tid, name, mode, size) {
      const { limits } = state;
      const free = kernel.process.capable(tid, CAP_SYS_RESOURCE);
      if (names.size >= limits.queues && !free) return -ENOSPC;
      const { messages, bytes } = size ?? {
        messages: Math.min(limits.messages, limits.usualMessages),
        bytes: Math.min(limits.bytes, limits.usualBytes),
      };
      const [mostMessages, mostBytes] = free
        ? [HARD_MSGMAX, HARD_MSGSIZEMAX]
        : [limits.messages, limits.bytes];
      if (messages <= 0 || bytes <= 0 || messages > mostMessages || bytes > mostBytes) return -EINVAL;
      const { uid, fsuid, fsgid } = kernel.process.credentials(tid);
      const charge = chargeOf(messages, bytes);
      const limit = kernel.process.group(tid).limits[RLIMIT_MSGQUEUE * 2] as number;
      if (chargedTo(uid) + charge > limit) return -EMFILE;
      const queue = createNamedQueue();
      queue.id = state.next++;
      queue.name = name;
      queue.uid = fsuid;
      queue.gid = fsgid;
      queue.mode = mode;
      queue.user = uid;
      queue.charge = charge;
      queue.mostMessages = messages;
      queue.mostBytes = bytes;
      queue.messageEvent = kernel.waits.newEvent();
      queue.roomEvent = kernel.waits.newEvent();
      touch(queue);
      queues.set(queue.id, queue);
      names.set(name, queue.id);
      return queue.id;
    },
    findNamedQueue: (name) => names.get(name) ?? 0,
    namedQueue: find,
    openNamedQueue(id) {
      find(id).opens++;
    },
    closeNamedQueue(id) {
      const queue = find(id);
      queue.opens--;
      free(queue);
    },
    forsakeNamedQueue(id, tgid) {
      forsake(find(id), tgid);
    },
    unlinkNamedQueue(id) {
      const queue = find(id);
      names.delete(queue.name);
      queue.name = '';
      free(queue);
    },
    sendNamed(tid, id, priority, bytes) {
      const queue = find(id);
      if (queue.messages.length >= queue.mostMessages) return -EAGAIN;
      touch(queue);
      const message = { priority, bytes };
      const receiver = first(kernel, queue.receivers);
      if (receiver !== null) {
        receiver.message = message;
        return 0;
      }
      insert(queue.messages, message);
      if (queue.messages.length === 1) tell(queue, tid);
      wake(queue.messageEvent);
      return 0;
    },
    nextNamed: (id) => find(id).messages[0] ?? null,
    takeNamed(id) {
      const queue = find(id);
      queue.messages.shift();
      touch(queue);
      const sender = first(kernel, queue.senders);
      if (sender === null) {
        wake(queue.roomEvent);
        return;
      }
      insert(queue.messages, sender.message);
      wake(queue.messageEvent);
    },
    awaitNamed(tid, id, message) {
      const queue = find(id);
      return enter(kernel, message === null ? queue.receivers : queue.senders, tid, message);
    },
    namedDone(tid, id) {
      const { receivers, senders } = find(id);
      const waiter = of(receivers, tid) ?? of(senders, tid);
      return waiter?.done === true ? waiter.message : null;
    },
    namedOver(tid, id) {
      const { receivers, senders } = find(id);
      drop(receivers, tid);
      drop(senders, tid);
    },
    noticeNamed(tid, id, notice) {
      const queue = find(id);
      const { tgid } = kernel.process.thread(tid);
      if (notice === null) {
        forsake(queue, tgid);
        return 0;
      }
      if (queue.notice.tgid !== 0) return -EBUSY;
      const { kind, signal, value, file, cookie } = notice;
      queue.notice = { tgid, kind, signal, value, file, cookie };
      touch(queue);
      return 0;
    },
    pollNamed(id) {
      const { messages, mostMessages } = find(id);
      return (
        (messages.length > 0 ? POLLIN | POLLRDNORM : 0) |
        (messages.length < mostMessages ? POLLOUT | POLLWRNORM : 0)
      );
    },
    armNamed(id, wanted) {
      const { messageEvent, roomEvent } = find(id);
      if ((wanted & ~(POLLOUT | POLLWRNORM)) !== 0) kernel.waits.on(messageEvent);
      if ((wanted & (POLLOUT | POLLWRNORM)) !== 0) kernel.waits.on(roomEvent);
    },
  };
}
