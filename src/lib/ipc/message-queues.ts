/**
 * System V message queues of the slot `ipc`: putting, taking and limits. Source: msgop(2), msgctl(2).
 */
import { EAGAIN, ENOSPC } from '../../abi/linux/errno.ts';
import { MSGMNB, MSGMNI } from '../../abi/linux/sysv.ts';
import type { Kernel } from '../../contracts/kernel.ts';
import {
  createMessageQueue,
  type MessageQueue,
  type MessageQueues,
  type MessageQueueState,
} from '../../contracts/message-queues.ts';
import { KernelFault } from '../kernel-fault.ts';
import { EVERYONE } from '../socket/table.ts';

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
  return {
    createQueue(key, permission) {
      if (queues.size >= MSGMNI) return -ENOSPC;
      const queue = createMessageQueue();
      queue.id = state.next++;
      queue.key = key;
      queue.permission = permission;
      queue.limit = MSGMNB;
      queue.changed = now();
      queue.messageEvent = kernel.waits.newEvent();
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
      messages.push({ type, bytes });
      queue.bytes += bytes.length;
      queue.lastSender = pidOf(tid);
      queue.sent = now();
      wake(queue.messageEvent);
      return 0;
    },
    takeMessage(tid, id, index) {
      const queue = find(id);
      for (const { bytes } of queue.messages.splice(index, 1)) queue.bytes -= bytes.length;
      queue.lastReceiver = pidOf(tid);
      queue.received = now();
      wake(queue.roomEvent);
    },
    setQueue(id, uid, gid, mode, limit) {
      const queue = find(id);
      queue.permission.uid = uid;
      queue.permission.gid = gid;
      queue.permission.mode = mode & 0o777;
      queue.limit = limit;
      queue.changed = now();
      wake(queue.roomEvent);
      wake(queue.messageEvent);
    },
    removeQueue(id) {
      const queue = find(id);
      queues.delete(id);
      wake(queue.messageEvent);
      wake(queue.roomEvent);
    },
  };
}
