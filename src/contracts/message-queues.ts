/**
 * Part of contract `ipc`, its optional interface `message-queues`: System V message queues.
 *
 * Who may do what, and the waiting, are the caller's; a queue is found by its id, which is never used again. Source: msgget(2),
 * msgop(2), msgctl(2).
 */
import { array, int, map, record, type Schema, uint8s } from './schema.ts';
import { createPermission, type Permission, permissionSchema } from './semaphores.ts';

export interface QueuedMessage {
  /** Above 0. */
  type: number;
  bytes: Uint8Array;
}

export interface MessageQueue {
  id: number;
  /** 0 = IPC_PRIVATE. */
  key: number;
  permission: Permission;
  messages: QueuedMessage[];
  /** Sum of the lengths, and what it may be. */
  bytes: number;
  limit: number;
  lastSender: number;
  lastReceiver: number;
  /** Seconds since 1970; 0 = never. */
  sent: number;
  received: number;
  changed: number;
  /** Woken when a message came, or there is room again; both when the queue is gone. */
  messageEvent: number;
  roomEvent: number;
}

export interface MessageQueueState {
  queues: Map<number, MessageQueue>;
  next: number;
}

export interface MessageQueues {
  /** A new queue. @returns its id or -ENOSPC */
  createQueue(key: number, permission: Permission): number;
  /** The queue of an id, or null. Its fields may be read until the entry ends. */
  messageQueue(id: number): Readonly<MessageQueue> | null;
  messageQueues(): Iterable<Readonly<MessageQueue>>;
  /** @returns 0, or -EAGAIN where there is no room */
  putMessage(tid: number, id: number, type: number, bytes: Uint8Array): number;
  /** Remove the message at an index. */
  takeMessage(tid: number, id: number, index: number): void;
  setQueue(id: number, uid: number, gid: number, mode: number, limit: number): void;
  /** Those who wait for it find it gone. */
  removeQueue(id: number): void;
}

export const MESSAGE_QUEUE_OPERATIONS: readonly (keyof MessageQueues)[] = [
  'createQueue',
  'messageQueue',
  'messageQueues',
  'putMessage',
  'takeMessage',
  'setQueue',
  'removeQueue',
];

export const createMessageQueue = (): MessageQueue => ({
  id: 0,
  key: 0,
  permission: createPermission(),
  messages: [],
  bytes: 0,
  limit: 0,
  lastSender: 0,
  lastReceiver: 0,
  sent: 0,
  received: 0,
  changed: 0,
  messageEvent: 0,
  roomEvent: 0,
});
export const createMessageQueueState = (): MessageQueueState => ({ queues: new Map(), next: 0 });

const message: Schema<QueuedMessage> = record<QueuedMessage>({ type: int(), bytes: uint8s() }, () => ({
  type: 0,
  bytes: new Uint8Array(0),
}));

export const messageQueueSchema: Schema<MessageQueueState> = record<MessageQueueState>(
  {
    queues: map(
      int(),
      record<MessageQueue>(
        {
          id: int(),
          key: int(),
          permission: permissionSchema,
          messages: array(message),
          bytes: int(),
          limit: int(),
          lastSender: int(),
          lastReceiver: int(),
          sent: int(),
          received: int(),
          changed: int(),
          messageEvent: int(),
          roomEvent: int(),
        },
        createMessageQueue,
      ),
    ),
    next: int(),
  },
  createMessageQueueState,
);

/** @returns what is broken, or null */
export function verifyMessageQueues({ queues }: MessageQueueState): string | null {
  for (const { id, messages, bytes } of queues.values()) {
    const sum = messages.reduce((all, each) => all + each.bytes.length, 0);
    if (sum !== bytes) return `queue ${id} holds ${sum} bytes but counts ${bytes}`;
  }
  return null;
}
