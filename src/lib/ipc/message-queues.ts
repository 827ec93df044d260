/**
 * System V message queues of the slot `ipc`: putting, taking and limits.
 *
 * A message goes to the first who waits for one of its kind at once, so that nobody overtakes that thread. Source: msgop(2), msgctl(2).
 */
import { E2BIG, EAGAIN, ENOSPC } from '../../abi/linux/errno.ts';
import type { Kernel } from '../../contracts/kernel.ts';
import {
  createMessageQueue,
  type Delivery,
  type MessageQueue,
  type MessageQueues,
  type MessageQueueState,
  type MessageWaiter,
  type MessageWish,
  type QueuedMessage,
} from '../../contracts/message-queues.ts';
import { KernelFault } from '../kernel-fault.ts';
import { EVERYONE } from '../socket/table.ts';
import { newId } from './ids.ts';

const isWished = ({ type, except }: MessageWish, message: QueuedMessage): boolean => {
  if (type === 0) return true;
  return type > 0 ? (message.type === type) !== except : message.type <= -type;
};

export function messageQueueOperations(state: MessageQueueState, kernel: Kernel): MessageQueues {
  const { queues } = state;
  const find = (id: number): MessageQueue => {
    const queue = queues.get(id);
    if (queue === undefined) throw new KernelFault(`no message queue ${id}`);
    return queue;
  };
  const pidOf = (tid: number): number => kernel.process.thread(tid).tgid;
  const now = (): number => kernel.clock.realtimeSeconds();
  const wake = (event: number): void => void kernel.waits.wake(event, EVERYONE);
  /** One whose thread timed out, was interrupted or killed wants nothing any more. */
  const stillWaits = ({ event }: MessageWaiter): boolean => kernel.waits.waiters(event).length > 0;
  const finish = (queue: MessageQueue, receiver: MessageWaiter, delivery: Delivery): void => {
    for (const tid of state.deliveries.keys()) {
      if (kernel.process.findThread(tid)?.dead !== false) state.deliveries.delete(tid);
    }
    queue.receivers.splice(queue.receivers.indexOf(receiver), 1);
    state.deliveries.set(receiver.tid, delivery);
    wake(receiver.event);
  };
  /** @returns true if somebody who waited has the message now; those whom it is too long for are told so */
  const deliver = (queue: MessageQueue, message: QueuedMessage): boolean => {
    queue.receivers = queue.receivers.filter(stillWaits);
    for (const receiver of queue.receivers.slice()) {
      const { wish, tid } = receiver;
      if (!isWished(wish, message)) continue;
      const fits = wish.cut || message.bytes.length <= wish.size;
      finish(queue, receiver, { error: fits ? 0 : -E2BIG, message });
      if (!fits) continue;
      queue.lastReceiver = pidOf(tid);
      queue.received = now();
      return true;
    }
    return false;
  };
  return {
    messageLimits: () => state.limits,
    setMessageLimits(limits) {
      state.limits = { ...limits };
    },
    createQueue(key, permission) {
      if (queues.size >= state.limits.queues) return -ENOSPC;
      const queue = createMessageQueue();
      queue.id = newId(state.ids, state.limits, queues.keys(), state.limits.queues);
      queue.key = key;
      queue.permission = permission;
      queue.limit = state.limits.queue;
      queue.changed = now();
      queue.roomEvent = kernel.waits.newEvent();
      queues.set(queue.id, queue);
      return queue.id;
    },
    messageQueue: (id) => queues.get(id) ?? null,
    messageQueues: () => queues.values(),
    putMessage(tid, id, type, bytes) {
      const queue = find(id);
      const { messages, limit } = queue;
      // As many messages as bytes at most, so that empty ones can not fill the memory.
      if (queue.bytes + bytes.length > limit || messages.length >= limit) return -EAGAIN;
      queue.lastSender = pidOf(tid);
      queue.sent = now();
      if (deliver(queue, { type, bytes })) return 0;
      messages.push({ type, bytes });
      queue.bytes += bytes.length;
      return 0;
    },
    takeMessage(tid, id, index) {
      const queue = find(id);
      for (const { bytes } of queue.messages.splice(index, 1)) queue.bytes -= bytes.length;
      queue.lastReceiver = pidOf(tid);
      queue.received = now();
      wake(queue.roomEvent);
    },
    awaitMessage(tid, id, wish) {
      const event = kernel.waits.newEvent();
      find(id).receivers.push({ tid, event, wish });
      return event;
    },
    messageDelivery: (tid) => state.deliveries.get(tid) ?? null,
    messageWaitOver(tid, id) {
      state.deliveries.delete(tid);
      const queue = queues.get(id);
      if (queue !== undefined) queue.receivers = queue.receivers.filter((receiver) => receiver.tid !== tid);
    },
    setQueue(id, uid, gid, mode, limit) {
      const queue = find(id);
      queue.permission.uid = uid;
      queue.permission.gid = gid;
      queue.permission.mode = mode & 0o777;
      queue.limit = limit;
      queue.changed = now();
      wake(queue.roomEvent);
      // They look whether they still may.
      for (const { event } of queue.receivers) wake(event);
    },
    removeQueue(id) {
      const queue = find(id);
      queues.delete(id);
      for (const { event } of queue.receivers) wake(event);
      wake(queue.roomEvent);
    },
  };
}
