/**
 * Part of contract `ipc`: files that tell of events: eventfd, timerfd, signalfd and epoll.
 *
 * An epoll asks any file through `vfs.poll` and has the nucleus watch the events that `vfs.arm` names (`Waits.watch`), so
 * that it looks only at what may be ready. A file is told apart by kind and id; vfs holds both. Source: eventfd(2),
 * timerfd_create(2), signalfd(2), epoll(7).
 */
import type { Spans } from './kernel.ts';
import { array, bool, int, map, record, type Schema, set } from './schema.ts';

export type NotifierKind = 'eventfd' | 'timerfd' | 'signalfd' | 'epoll';

export interface Eventfd {
  id: number;
  /** Its 64-bit count, in halves. */
  low: number;
  high: number;
  semaphore: boolean;
  readEvent: number;
  writeEvent: number;
}

export interface Timerfd {
  id: number;
  /** CLOCK_ number that it was made for. */
  clock: number;
  /** Monotonic ns of the first expiration that was not read yet; -1 = disarmed. */
  deadline: number;
  /** ns; 0 = it expires once. */
  interval: number;
  /** Woken by the clock at the deadline. */
  event: number;
}

/** The signals that it takes: bits set = wanted. Whose signals is decided by who reads. */
export interface Signalfd {
  id: number;
  low: number;
  high: number;
}

/** One entry of an interest list; its key is the descriptor number and the open file. */
export interface Watch {
  token: number;
  file: number;
  fd: number;
  /** EPOLL bits; without any of the conditions it is disabled (EPOLLONESHOT). */
  events: number;
  /** epoll_data_t, in halves. */
  dataLow: number;
  dataHigh: number;
}

export interface Epoll {
  id: number;
  /** Woken when a watched file may have become ready. */
  event: number;
  /** By token. */
  watches: Map<number, Watch>;
  /** Tokens of what may be ready and was not looked at since, the first to be told first. */
  ready: Set<number>;
}

export interface NotifierState {
  eventfds: Map<number, Eventfd>;
  timerfds: Map<number, Timerfd>;
  signalfds: Map<number, Signalfd>;
  epolls: Map<number, Epoll>;
  next: number;
  nextToken: number;
  /** Open file to the epolls that watch it, as epoll, token, epoll, token ... */
  watchers: Map<number, number[]>;
}

export const createEventfd = (): Eventfd => ({
  id: 0,
  low: 0,
  high: 0,
  semaphore: false,
  readEvent: 0,
  writeEvent: 0,
});
export const createTimerfd = (): Timerfd => ({ id: 0, clock: 0, deadline: -1, interval: 0, event: 0 });
export const createSignalfd = (): Signalfd => ({ id: 0, low: 0, high: 0 });
export const createWatch = (): Watch => ({ token: 0, file: 0, fd: 0, events: 0, dataLow: 0, dataHigh: 0 });
export const createEpoll = (): Epoll => ({ id: 0, event: 0, watches: new Map(), ready: new Set() });
export const createNotifierState = (): NotifierState => ({
  eventfds: new Map(),
  timerfds: new Map(),
  signalfds: new Map(),
  epolls: new Map(),
  next: 1,
  nextToken: 1,
  watchers: new Map(),
});

const watch = record<Watch>(
  { token: int(), file: int(), fd: int(), events: int(), dataLow: int(), dataHigh: int() },
  createWatch,
);

export const notifierSchema: Schema<NotifierState> = record<NotifierState>(
  {
    eventfds: map(
      int(),
      record<Eventfd>(
        { id: int(), low: int(), high: int(), semaphore: bool(), readEvent: int(), writeEvent: int() },
        createEventfd,
      ),
    ),
    timerfds: map(
      int(),
      record<Timerfd>(
        { id: int(), clock: int(), deadline: int(), interval: int(), event: int() },
        createTimerfd,
      ),
    ),
    signalfds: map(int(), record<Signalfd>({ id: int(), low: int(), high: int() }, createSignalfd)),
    epolls: map(
      int(),
      record<Epoll>({ id: int(), event: int(), watches: map(int(), watch), ready: set(int()) }, createEpoll),
    ),
    next: int(),
    nextToken: int(),
    watchers: map(int(), array(int())),
  },
  createNotifierState,
);

/** @returns what is broken, or null */
export function verifyNotifiers(state: NotifierState): string | null {
  for (const { id, watches } of state.epolls.values()) {
    for (const { token, file } of watches.values()) {
      const pairs = state.watchers.get(file) ?? [];
      if (!pairs.some((value, i) => i % 2 === 1 && value === token))
        return `epoll ${id} watches open file ${file}, which does not know it`;
    }
  }
  return null;
}

/** What epoll_wait(2) tells of one entry. */
export interface ReadyEvent {
  events: number;
  dataLow: number;
  dataHigh: number;
}

export interface Notifiers {
  /** @param low the initial count @returns its id, or -ENFILE; so do the others that create */
  createEventfd(low: number, semaphore: boolean): number;
  createTimerfd(clock: number): number;
  createSignalfd(low: number, high: number): number;
  createEpoll(): number;
  /** The last descriptor of it is gone. */
  closeNotifier(kind: NotifierKind, id: number): void;
  /**
   * read(2): 8 bytes of an eventfd or timerfd, records of a signalfd. @returns count, -EINVAL (too short, an epoll), -EAGAIN,
   * or WAIT before anything has changed.
   */
  readNotifier(tid: number, kind: NotifierKind, id: number, into: Spans, nonBlocking: boolean): number;
  /** write(2) to an eventfd. Same returns. */
  writeNotifier(kind: NotifierKind, id: number, from: Spans, nonBlocking: boolean): number;
  /** POLL bits ready, for the thread that asks. */
  pollNotifier(tid: number, kind: NotifierKind, id: number): number;
  armNotifier(tid: number, kind: NotifierKind, id: number, wanted: number): void;
  /** timerfd_settime(2). Expirations that were not read are lost. @param deadline monotonic ns, -1 = disarm */
  setTimerfd(id: number, deadline: number, interval: number): void;
  timerfd(id: number): Readonly<Timerfd>;
  setSignalfd(id: number, low: number, high: number): void;

  /**
   * epoll_ctl(2). @param file what `fd` names, not a file without events @param events EPOLL bits, as are the data for ADD and MOD
   * @returns 0, -EEXIST, -ENOENT, -EINVAL (itself, EPOLLEXCLUSIVE wrongly used), -ELOOP (a circle, or a chain too long)
   */
  control(
    tid: number,
    epoll: number,
    operation: number,
    fd: number,
    file: number,
    events: number,
    dataLow: number,
    dataHigh: number,
  ): number;
  /** How many entries `take` may find at most. */
  candidates(epoll: number): number;
  /** epoll_wait(2): fill `into` with up to `limit` entries that are ready. @returns how many. Time by what may be ready, not by what is watched. */
  take(tid: number, epoll: number, limit: number, into: ReadyEvent[]): number;
  /** An open file that can be watched is gone: no epoll watches it any more. */
  fileClosed(file: number): void;
}

export const NOTIFIER_OPERATIONS: readonly (keyof Notifiers)[] = [
  'createEventfd',
  'createTimerfd',
  'createSignalfd',
  'createEpoll',
  'closeNotifier',
  'readNotifier',
  'writeNotifier',
  'pollNotifier',
  'armNotifier',
  'setTimerfd',
  'timerfd',
  'setSignalfd',
  'control',
  'candidates',
  'take',
  'fileClosed',
];
