/**
 * Contract `ipc`: how processes exchange bytes and wake-ups: pipes, futexes, notifiers, AF_UNIX sockets.
 *
 * Policy here: buffering and who is woken. Mechanism, fixed: user buffers arrive as physical ranges; waiting goes through
 * `Waits`. Nothing here knows descriptors: vfs holds an end of a pipe by the pipe's id. Source: pipe(7), futex(2).
 */
import { type Contract, layout, type StateLayout } from './contract.ts';
import type { Spans } from './kernel.ts';
import {
  FUTEX_INTERFACES,
  type FutexInheritance,
  type FutexVectors,
  type FutexWaiter,
  futexWaiterSchema,
  type MovedFutexes,
  type OwnedFutexes,
} from './futexes.ts';
import {
  createMessageQueueState,
  MESSAGE_QUEUE_OPERATIONS,
  messageQueueSchema,
  type MessageQueues,
  type MessageQueueState,
  verifyMessageQueues,
} from './message-queues.ts';
import {
  createNamedQueueState,
  NAMED_QUEUE_OPERATIONS,
  namedQueueSchema,
  type NamedQueues,
  type NamedQueueState,
  verifyNamedQueues,
} from './named-queues.ts';
import {
  createNotifierState,
  NOTIFIER_OPERATIONS,
  notifierSchema,
  type Notifiers,
  type NotifierState,
  verifyNotifiers,
} from './notifiers.ts';
import { array, int, map, record, text, uint8s } from './schema.ts';
import {
  createSocketTable,
  SOCKET_OPERATIONS,
  type Sockets,
  type SocketTable,
  socketTableSchema,
  verifySockets,
} from './sockets.ts';
import {
  createSegmentState,
  SEGMENT_OPERATIONS,
  type Segments,
  segmentSchema,
  type SegmentState,
  verifySegments,
} from './segments.ts';
import {
  createSemaphoreState,
  SEMAPHORE_OPERATIONS,
  semaphoreSchema,
  type Semaphores,
  type SemaphoreState,
  verifySemaphores,
} from './semaphores.ts';
import { type Talks, talksSchema, verifyTalks } from './talks.ts';

/** Bytes that a pipe holds unless fcntl(F_SETPIPE_SZ) says otherwise, and the size up to which a write is atomic. */
export const PIPE_CAPACITY = 65536;
export const PIPE_BUF = 4096;

export interface Pipe {
  id: number;
  readers: number;
  writers: number;
  /** Counts every opening of an end, so that a FIFO's open can wait for the other side (fifo(7)). */
  readerOpens: number;
  writerOpens: number;
  capacity: number;
  /** Ring of bytes; grown by doubling up to `capacity`. */
  buffer: Uint8Array;
  head: number;
  used: number;
  /** What lies in the ring, in order: the length of each packet, and negated that of bytes without bounds; empty = no packet. */
  packets: number[];
  readEvent: number;
  writeEvent: number;
  /** Woken when the other end of a FIFO is opened. */
  openEvent: number;
}

export interface IpcState {
  pipes: Map<number, Pipe>;
  nextPipe: number;
  /** Inode id of a FIFO that is open, to its pipe. */
  fifos: Map<number, number>;
  /** By rank, then in order of arrival. */
  futexWaiters: FutexWaiter[];
  notifiers: NotifierState;
  /** AF_UNIX. */
  sockets: SocketTable;
  /** Their names, `#` and an inode or `@`, the type, `:` and an abstract name, to the socket. */
  unixNames: Map<string, number>;
  talks: Talks;
  segments: SegmentState;
  semaphores: SemaphoreState;
  messageQueues: MessageQueueState;
  namedQueues: NamedQueueState;
}

export const createPipe = (): Pipe => ({
  id: 0,
  readers: 0,
  writers: 0,
  readerOpens: 0,
  writerOpens: 0,
  capacity: PIPE_CAPACITY,
  buffer: new Uint8Array(0),
  head: 0,
  used: 0,
  packets: [],
  readEvent: 0,
  writeEvent: 0,
  openEvent: 0,
});

const blank = (): IpcState => ({
  pipes: new Map(),
  nextPipe: 1,
  fifos: new Map(),
  futexWaiters: [],
  notifiers: createNotifierState(),
  sockets: createSocketTable(),
  unixNames: new Map(),
  talks: new Map(),
  segments: createSegmentState(),
  semaphores: createSemaphoreState(),
  messageQueues: createMessageQueueState(),
  namedQueues: createNamedQueueState(),
});

export const ipcLayout: StateLayout<IpcState> = layout(
  'ipc',
  record<IpcState>(
    {
      pipes: map(
        int(),
        record<Pipe>(
          {
            id: int(),
            readers: int(),
            writers: int(),
            readerOpens: int(),
            writerOpens: int(),
            capacity: int(),
            buffer: uint8s(),
            head: int(),
            used: int(),
            packets: array(int()),
            readEvent: int(),
            writeEvent: int(),
            openEvent: int(),
          },
          createPipe,
        ),
      ),
      nextPipe: int(),
      fifos: map(int(), int()),
      futexWaiters: array(futexWaiterSchema),
      notifiers: notifierSchema,
      sockets: socketTableSchema,
      unixNames: map(text(), int()),
      talks: talksSchema,
      segments: segmentSchema,
      semaphores: semaphoreSchema,
      messageQueues: messageQueueSchema,
      namedQueues: namedQueueSchema,
    },
    blank,
  ),
  blank,
  (state) => {
    for (const pipe of state.pipes.values()) {
      if (pipe.used > pipe.buffer.length || pipe.head > pipe.buffer.length)
        return `pipe ${pipe.id} overflows its buffer`;
      const bounded = pipe.packets.reduce((sum, each) => sum + Math.abs(each), 0);
      if (pipe.packets.length > 0 && bounded !== pipe.used)
        return `packets of pipe ${pipe.id} are ${bounded} bytes`;
    }
    return (
      verifyNotifiers(state.notifiers) ??
      verifySockets(state.sockets) ??
      verifyTalks(state.talks) ??
      verifySegments(state.segments) ??
      verifySemaphores(state.semaphores) ??
      verifyMessageQueues(state.messageQueues) ??
      verifyNamedQueues(state.namedQueues)
    );
  },
);

/** Of the optional interface `packets`. */
export interface PacketPipes {
  /** As `writePipe`, of at most PIPE_BUF bytes, which one read takes or loses (O_DIRECT of pipe(2)). */
  writePacket(pipe: number, from: Spans, skip: number, nonBlocking: boolean): number;
}

/** Of the optional interface `splicing`: what splice(2), tee(2) and vmsplice(2) are made of. */
export interface SplicedPipes {
  /**
   * Bytes from `skip` on, which stay in the pipe, whatever packets they lie in. @returns the count, 0 at the end of the stream or
   * behind the last byte, or if there is nothing at all -EAGAIN or WAIT
   */
  peekPipe(pipe: number, skip: number, into: Spans, nonBlocking: boolean): number;
  /** Consume bytes that were seen by `peekPipe` in this same entry. */
  dropPipe(pipe: number, count: number): void;
  /** @returns how many bytes a write can put at once, above 0, or -EPIPE, -EAGAIN, or WAIT */
  awaitRoom(pipe: number, nonBlocking: boolean): number;
}

/** The sockets are those of AF_UNIX. */
export interface Ipc
  extends Notifiers,
    Sockets,
    Partial<PacketPipes>,
    Partial<SplicedPipes>,
    Partial<OwnedFutexes>,
    Partial<MovedFutexes>,
    Partial<FutexVectors>,
    Partial<FutexInheritance>,
    Partial<Segments>,
    Partial<Semaphores>,
    Partial<MessageQueues>,
    Partial<NamedQueues> {
  /** A pipe with no ends open yet. @returns its id or -ENFILE */
  createPipe(): number;
  /** The pipe of a FIFO's inode, made at the first opening. @returns its id or -ENFILE */
  fifo(inode: number): number;
  /** Open or close one end; the last close frees it. Wakes who waits for that. */
  openEnd(pipe: number, reader: boolean, writer: boolean): void;
  closeEnd(pipe: number, reader: boolean, writer: boolean): void;
  /** A FIFO's open: 0 if the other side is there (or came and went since `opens`), else WAIT on it. */
  awaitPeer(pipe: number, reader: boolean, opens: number): number;
  /** Openings so far of the other side, for `awaitPeer`. */
  peerOpens(pipe: number, reader: boolean): number;
  /**
   * Take bytes into a user buffer. @returns the count, 0 at the end of the stream, -EAGAIN when it would block and
   * `nonBlocking`, or WAIT (on its event). Hot path.
   */
  readPipe(pipe: number, into: Spans, nonBlocking: boolean): number;
  /**
   * Put bytes from `skip` on. At most PIPE_BUF in all: atomically. @returns bytes put, which may be fewer, -EPIPE, -EAGAIN, or
   * WAIT if none could be put. Hot path.
   */
  writePipe(pipe: number, from: Spans, skip: number, nonBlocking: boolean): number;
  /** POLL bits ready of one end. */
  pollPipe(pipe: number, reader: boolean, writer: boolean): number;
  /** Name the events of an end to the call in progress. */
  armPipe(pipe: number, reader: boolean, writer: boolean): void;
  /** Bytes to read (FIONREAD). */
  pipeBytes(pipe: number): number;
  pipeCapacity(pipe: number): number;
  /** @returns the new capacity, -EBUSY (it holds more), -EPERM (beyond the module's limit), -EINVAL */
  setPipeCapacity(pipe: number, bytes: number): number;

  /**
   * Begin to wait: the word was compared by the caller in this same entry. @param space 0 for a shared futex, whose
   * address is physical @returns the event to wait on
   */
  futexWait(tid: number, space: number, address: number, bits: number): number;
  /** The wait is over for whatever reason. @returns true if it was by a wake-up */
  futexDone(tid: number): boolean;
  /** Wake up to `count` whose bits meet, by rank and arrival. @returns how many, or -EINVAL where one waits to own a word */
  futexWake(space: number, address: number, count: number, bits: number): number;
  /** Wake some, move some. @returns woken + moved, or -EINVAL as `futexWake` */
  futexRequeue(
    space: number,
    address: number,
    wake: number,
    toSpace: number,
    toAddress: number,
    move: number,
  ): number;
}

export const ipc: Contract<Ipc> = {
  name: 'ipc',
  version: 1,
  operations: [
    'createPipe',
    'fifo',
    'openEnd',
    'closeEnd',
    'awaitPeer',
    'peerOpens',
    'readPipe',
    'writePipe',
    'pollPipe',
    'armPipe',
    'pipeBytes',
    'pipeCapacity',
    'setPipeCapacity',
    'futexWait',
    'futexDone',
    'futexWake',
    'futexRequeue',
    ...NOTIFIER_OPERATIONS,
    ...SOCKET_OPERATIONS,
  ],
  interfaces: {
    packets: ['writePacket'],
    splicing: ['peekPipe', 'dropPipe', 'awaitRoom'],
    semaphores: SEMAPHORE_OPERATIONS,
    'shared-memory': SEGMENT_OPERATIONS,
    'message-queues': MESSAGE_QUEUE_OPERATIONS,
    'posix-queues': NAMED_QUEUE_OPERATIONS,
    ...FUTEX_INTERFACES,
  },
};
