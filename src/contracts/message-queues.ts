/**
 * Part of contract `ipc`, its optional interface `message-queues`: System V message queues.
 *
 * Who may do what, and the waiting, are the caller's; a queue is found by its id (ipc-ids.ts). Source: msgget(2), msgop(2),
 * msgctl(2).
 */
import { createIdSequence, type IdSequence, idSequenceSchema, type NextId } from './ipc-ids.ts';
import { array, bool, int, map, record, type Schema, uint8s } from './schema.ts';
import { createPermission, type Permission, permissionSchema } from './semaphores.ts';

export interface QueuedMessage {
  /** Above 0. */
  type: number;
  bytes: Uint8Array;
}

/** Which message a receiver wants: see msgrcv(2). */
export interface MessageWish {
  readonly type: number;
  /** MSG_EXCEPT. */
  readonly except: boolean;
  /** The longest that it takes; a longer one is its error, E2BIG, unless it is cut. */
  readonly size: number;
  readonly cut: boolean;
}

/** A thread in msgrcv. */
export interface MessageWaiter {
  tid: number;
  /** Its own. */
  event: number;
  wish: MessageWish;
}

/** What a wait for a message came to, until the thread has looked. */
export interface Delivery {
  /** 0 or -errno. */
  error: number;
  message: QueuedMessage;
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
  /** In order of arrival. */
  receivers: MessageWaiter[];
  /** Woken when there is room again or the queue is gone. */
  roomEvent: number;
}

/** /proc/sys/kernel/msgmax, msgmnb, msgmni and msg_next_id. */
export interface MessageLimits extends NextId {
  /** Bytes of a message, and of a new queue. */
  message: number;
  queue: number;
  queues: number;
}

export interface MessageQueueState {
  queues: Map<number, MessageQueue>;
  ids: IdSequence;
  /** By thread. */
  deliveries: Map<number, Delivery>;
  limits: MessageLimits;
}

export interface MessageQueues {
  messageLimits(): Readonly<MessageLimits>;
  setMessageLimits(limits: Readonly<MessageLimits>): void;
  /** A new queue. @returns its id or -ENOSPC */
  createQueue(key: number, permission: Permission): number;
  /** The queue of an id, or null. Its fields may be read until the entry ends. */
  messageQueue(id: number): Readonly<MessageQueue> | null;
  messageQueues(): Iterable<Readonly<MessageQueue>>;
  /** To the first who waits for such a message, else into the queue. @returns 0, or -EAGAIN where there is no room */
  putMessage(tid: number, id: number, type: number, bytes: Uint8Array): number;
  /** Remove the message at an index. */
  takeMessage(tid: number, id: number, index: number): void;
  /** Begin to wait for a message that is not there. @returns the event to wait on */
  awaitMessage(tid: number, id: number, wish: MessageWish): number;
  /** What the thread's wait came to; null = nothing yet. */
  messageDelivery(tid: number): Readonly<Delivery> | null;
  /** The thread waits no more. */
  messageWaitOver(tid: number, id: number): void;
  setQueue(id: number, uid: number, gid: number, mode: number, limit: number): void;
  /** Those who wait for it find it gone. */
  removeQueue(id: number): void;
}

export const MESSAGE_QUEUE_OPERATIONS: readonly (keyof MessageQueues)[] = [
  'messageLimits',
  'setMessageLimits',
  'createQueue',
  'messageQueue',
  'messageQueues',
  'putMessage',
  'takeMessage',
  'awaitMessage',
  'messageDelivery',
  'messageWaitOver',
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
  receivers: [],
  roomEvent: 0,
});
export const createMessageLimits = (): MessageLimits => ({
  message: 8192,
  queue: 16384,
  queues: 32000,
  nextId: -1,
});
export const createMessageQueueState = (): MessageQueueState => ({
  queues: new Map(),
  ids: createIdSequence(),
  deliveries: new Map(),
  limits: createMessageLimits(),
});

const createMessage = (): QueuedMessage => ({ type: 0, bytes: new Uint8Array(0) });
const createWish = (): MessageWish => ({ type: 0, except: false, size: 0, cut: false });
const message: Schema<QueuedMessage> = record<QueuedMessage>({ type: int(), bytes: uint8s() }, createMessage);
const waiter: Schema<MessageWaiter> = record<MessageWaiter>(
  {
    tid: int(),
    event: int(),
    wish: record<MessageWish>({ type: int(), except: bool(), size: int(), cut: bool() }, createWish),
  },
  () => ({ tid: 0, event: 0, wish: createWish() }),
);

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
          receivers: array(waiter),
          roomEvent: int(),
        },
        createMessageQueue,
      ),
    ),
    ids: idSequenceSchema,
    deliveries: map(
      int(),
      record<Delivery>({ error: int(), message }, () => ({ error: 0, message: createMessage() })),
    ),
    limits: record<MessageLimits>(
      { message: int(), queue: int(), queues: int(), nextId: int() },
      createMessageLimits,
    ),
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
