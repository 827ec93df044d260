/**
 * Part of contract `ipc`, its optional interface `posix-queues`: message queues that have names.
 *
 * Who may do what, and the waiting, are the caller's. A queue is found by its id, which is never used again, and lives until
 * its name and its last open file are gone. A message that comes while somebody waits is that thread's at once, and so is
 * the room that a message leaves. Source: mq_overview(7).
 */
import type { Kernel } from './kernel.ts';
import { array, bool, int, map, oneOf, record, type Schema, text, uint8s } from './schema.ts';

export interface NamedMessage {
  /** Higher first. */
  priority: number;
  bytes: Uint8Array;
}

/** A thread in mq_timedsend or mq_timedreceive. The record outlives its wait until the thread has seen it. */
export interface QueueWaiter {
  tid: number;
  /** Linux's priority of the thread when it began to wait: lower first, then by arrival. */
  order: number;
  event: number;
  /** What it sends, or has received once `done`. */
  message: NamedMessage;
  /** The message was put in the queue, or taken from it. */
  done: boolean;
}

/** What becomes of the process that asked to be told of a message (mq_notify(3)). */
export const NOTICE_KINDS = ['nothing', 'signal', 'thread'] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

export interface QueueNotice {
  /** 0 = nobody asked. */
  tgid: number;
  kind: NoticeKind;
  signal: number;
  value: number;
  /** Of kind `thread`: the open netlink socket that libc's thread reads, which the notice holds, and what it is sent. */
  file: number;
  cookie: Uint8Array;
}

export interface NamedQueue {
  id: number;
  /** Without the slash; '' once it is unlinked. */
  name: string;
  uid: number;
  gid: number;
  /** Nine bits. */
  mode: number;
  /** The user whose RLIMIT_MSGQUEUE `charge` bytes count against. */
  user: number;
  charge: number;
  mostMessages: number;
  mostBytes: number;
  /** In the order in which they are received. */
  messages: NamedMessage[];
  /** Open files. */
  opens: number;
  senders: QueueWaiter[];
  receivers: QueueWaiter[];
  /** Woken for those who poll: a message came, there is room. */
  messageEvent: number;
  roomEvent: number;
  notice: QueueNotice;
  /** Seconds since 1970 of the last use. */
  used: number;
}

/** /proc/sys/fs/mqueue. */
export interface QueueLimits {
  queues: number;
  /** Of a queue whose maker has no CAP_SYS_RESOURCE. */
  messages: number;
  bytes: number;
  /** Where the maker says nothing. */
  usualMessages: number;
  usualBytes: number;
}

export interface NamedQueueState {
  queues: Map<number, NamedQueue>;
  names: Map<string, number>;
  next: number;
  limits: QueueLimits;
}

export interface NamedQueues {
  queueLimits(): Readonly<QueueLimits>;
  setQueueLimits(limits: Readonly<QueueLimits>): void;
  /**
   * A new queue under a name that is free, not open yet. @param size of its messages, and how many, null = as the limits say
   * @returns its id, -ENOSPC (too many), -EINVAL (sizes), -EMFILE (RLIMIT_MSGQUEUE)
   */
  makeNamedQueue(
    tid: number,
    name: string,
    mode: number,
    size: { readonly messages: number; readonly bytes: number } | null,
  ): number;
  /** Id of the queue of a name; 0 = there is none. */
  findNamedQueue(name: string): number;
  /** Its fields may be read until the entry ends. */
  namedQueue(id: number): Readonly<NamedQueue>;
  openNamedQueue(id: number): void;
  closeNamedQueue(id: number): void;
  /** A process closed a descriptor of it: it is told of nothing any more. */
  forsakeNamedQueue(id: number, tgid: number): void;
  unlinkNamedQueue(id: number): void;
  /** @returns 0 or -EAGAIN: it is full */
  sendNamed(tid: number, id: number, priority: number, bytes: Uint8Array): number;
  /** The message that is next, left in place; null = there is none. */
  nextNamed(id: number): Readonly<NamedMessage> | null;
  /** Take that message. */
  takeNamed(id: number): void;
  /** Begin to wait for room with a message, or for a message with null. @returns the event to wait on */
  awaitNamed(tid: number, id: number, message: NamedMessage | null): number;
  /** What the thread's wait has brought: the message it received or sent; null = nothing yet. */
  namedDone(tid: number, id: number): Readonly<NamedMessage> | null;
  /** The thread waits no more. */
  namedOver(tid: number, id: number): void;
  /** mq_notify(3). @param notice null = not any more; its file is released with it @returns 0 or -EBUSY */
  noticeNamed(tid: number, id: number, notice: Omit<QueueNotice, 'tgid'> | null): number;
  /** POLL bits ready. */
  pollNamed(id: number): number;
  armNamed(id: number, wanted: number): void;
}

export const NAMED_QUEUE_OPERATIONS: readonly (keyof NamedQueues)[] = [
  'queueLimits',
  'setQueueLimits',
  'makeNamedQueue',
  'findNamedQueue',
  'namedQueue',
  'openNamedQueue',
  'closeNamedQueue',
  'forsakeNamedQueue',
  'unlinkNamedQueue',
  'sendNamed',
  'nextNamed',
  'takeNamed',
  'awaitNamed',
  'namedDone',
  'namedOver',
  'noticeNamed',
  'pollNamed',
  'armNamed',
];

/** The slot's operations on named queues, or null where the module in place has none. */
export const namedQueuesOf = ({ ipc }: Pick<Kernel, 'ipc'>): NamedQueues | null =>
  ipc.namedQueue === undefined ? null : (ipc as NamedQueues);

export const createNamedMessage = (): NamedMessage => ({ priority: 0, bytes: new Uint8Array(0) });
export const createQueueWaiter = (): QueueWaiter => ({
  tid: 0,
  order: 0,
  event: 0,
  message: createNamedMessage(),
  done: false,
});
export const createQueueNotice = (): QueueNotice => ({
  tgid: 0,
  kind: 'nothing',
  signal: 0,
  value: 0,
  file: 0,
  cookie: new Uint8Array(0),
});
export const createNamedQueue = (): NamedQueue => ({
  id: 0,
  name: '',
  uid: 0,
  gid: 0,
  mode: 0,
  user: 0,
  charge: 0,
  mostMessages: 0,
  mostBytes: 0,
  messages: [],
  opens: 0,
  senders: [],
  receivers: [],
  messageEvent: 0,
  roomEvent: 0,
  notice: createQueueNotice(),
  used: 0,
});
export const createQueueLimits = (): QueueLimits => ({
  queues: 256,
  messages: 10,
  bytes: 8192,
  usualMessages: 10,
  usualBytes: 8192,
});
export const createNamedQueueState = (): NamedQueueState => ({
  queues: new Map(),
  names: new Map(),
  next: 1,
  limits: createQueueLimits(),
});

const message: Schema<NamedMessage> = record<NamedMessage>(
  { priority: int(), bytes: uint8s() },
  createNamedMessage,
);
const waiter: Schema<QueueWaiter> = record<QueueWaiter>(
  { tid: int(), order: int(), event: int(), message, done: bool() },
  createQueueWaiter,
);

export const namedQueueSchema: Schema<NamedQueueState> = record<NamedQueueState>(
  {
    queues: map(
      int(),
      record<NamedQueue>(
        {
          id: int(),
          name: text(),
          uid: int(),
          gid: int(),
          mode: int(),
          user: int(),
          charge: int(),
          mostMessages: int(),
          mostBytes: int(),
          messages: array(message),
          opens: int(),
          senders: array(waiter),
          receivers: array(waiter),
          messageEvent: int(),
          roomEvent: int(),
          notice: record<QueueNotice>(
            {
              tgid: int(),
              kind: oneOf<NoticeKind>(...NOTICE_KINDS),
              signal: int(),
              value: int(),
              file: int(),
              cookie: uint8s(),
            },
            createQueueNotice,
          ),
          used: int(),
        },
        createNamedQueue,
      ),
    ),
    names: map(text(), int()),
    next: int(),
    limits: record<QueueLimits>(
      { queues: int(), messages: int(), bytes: int(), usualMessages: int(), usualBytes: int() },
      createQueueLimits,
    ),
  },
  createNamedQueueState,
);

/** @returns what is broken, or null */
export function verifyNamedQueues({ queues, names }: NamedQueueState): string | null {
  for (const [name, id] of names) {
    if (queues.get(id)?.name !== name) return `the name ${name} leads to no queue`;
  }
  for (const { id, name, opens, messages, mostMessages } of queues.values()) {
    if (opens < 0 || (opens === 0 && name === '')) return `queue ${id} has no name and no open file`;
    if (messages.length > mostMessages) return `queue ${id} holds ${messages.length} messages`;
    if (messages.some((each, i) => i > 0 && each.priority > (messages[i - 1] as NamedMessage).priority))
      return `queue ${id} is out of order`;
  }
  return null;
}
