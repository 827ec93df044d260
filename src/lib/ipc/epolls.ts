/**
 * Epolls of the slot `ipc`: interest lists, and what may be ready.
 *
 * The nucleus adds a token to what fired when an event of a watched file is woken; only those files are asked. What is
 * level-triggered and ready stays in line, at its end. After each look the file's events are named again, because some files
 * (host streams) have to be asked anew for each. Source: epoll(7), epoll_ctl(2), epoll_wait(2).
 */
import { EEXIST, EINVAL, ELOOP, ENOENT } from '../../abi/linux/errno.ts';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLL_PRIVATE,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLONESHOT,
  EPOLLWAKEUP,
} from '../../abi/linux/epoll.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM } from '../../abi/linux/poll.ts';
import type { Kernel } from '../../contracts/kernel.ts';
import {
  createWatch,
  type Epoll,
  type NotifierState,
  type ReadyEvent,
  type Watch,
} from '../../contracts/notifiers.ts';

const ALWAYS: number = POLLERR | POLLHUP;
/** Epolls that watch each other in a row. */
const LONGEST_CHAIN = 5;
/** With EPOLLEXCLUSIVE nothing else may be asked. */
const EXCLUSIVE_OK: number = POLLIN | POLLOUT | ALWAYS | EPOLLET | EPOLLEXCLUSIVE | EPOLLWAKEUP;

const find = (state: NotifierState, epoll: Epoll, file: number, fd: number): Watch | undefined => {
  const pairs = state.watchers.get(file) ?? [];
  for (let i = 0; i < pairs.length; i += 2) {
    if (pairs[i] !== epoll.id) continue;
    const watch = epoll.watches.get(pairs[i + 1] as number);
    if (watch?.fd === fd) return watch;
  }
  return undefined;
};

/** Let the nucleus watch the file's events. */
function arm(kernel: Kernel, tid: number, epoll: Epoll, watch: Watch): void {
  kernel.vfs.arm(tid, watch.file, watch.events & ~EPOLL_PRIVATE);
  kernel.waits.watch(epoll.event, watch.token, (watch.events & EPOLLEXCLUSIVE) !== 0);
}

const isEnabled = ({ events }: Watch): boolean => (events & ~EPOLL_PRIVATE) !== 0;

/** @returns bits that are ready and asked for; the file's events are watched from now on */
function look(kernel: Kernel, tid: number, epoll: Epoll, watch: Watch): number {
  if (!isEnabled(watch)) return 0;
  arm(kernel, tid, epoll, watch);
  return kernel.vfs.poll(tid, watch.file) & ((watch.events & ~EPOLL_PRIVATE) | ALWAYS);
}

/** A new or changed entry: whoever waits is told if it is ready already. */
function begin(kernel: Kernel, tid: number, epoll: Epoll, watch: Watch): void {
  epoll.ready.delete(watch.token);
  kernel.waits.unwatch(epoll.event, watch.token);
  if (look(kernel, tid, epoll, watch) === 0) return;
  epoll.ready.add(watch.token);
  kernel.waits.wake(epoll.event, Number.POSITIVE_INFINITY);
}

function forget(state: NotifierState, kernel: Kernel, epoll: Epoll, watch: Watch): void {
  kernel.waits.unwatch(epoll.event, watch.token);
  epoll.watches.delete(watch.token);
  epoll.ready.delete(watch.token);
  const pairs = state.watchers.get(watch.file) ?? [];
  for (let i = 0; i < pairs.length; i += 2) if (pairs[i + 1] === watch.token) pairs.splice(i, 2);
  if (pairs.length === 0) state.watchers.delete(watch.file);
}

/** The epoll that an open file is, or null. */
function epollOf(state: NotifierState, kernel: Kernel, file: number): Epoll | null {
  const { kind, object } = kernel.vfs.file(file);
  return kind === 'epoll' ? (state.epolls.get(object) ?? null) : null;
}

/** Length of the longest chain of epolls below one, itself included; above LONGEST_CHAIN if `sought` is among them. */
function depth(state: NotifierState, kernel: Kernel, epoll: Epoll, sought: Epoll | null): number {
  if (epoll === sought) return LONGEST_CHAIN + 1;
  let deepest = 0;
  for (const { file } of epoll.watches.values()) {
    const inner = epollOf(state, kernel, file);
    if (inner !== null) deepest = Math.max(deepest, depth(state, kernel, inner, sought));
  }
  return deepest + 1;
}

/** The same upwards. */
function height(state: NotifierState, kernel: Kernel, epoll: Epoll): number {
  let highest = 0;
  for (const outer of state.epolls.values()) {
    for (const { file } of outer.watches.values()) {
      if (epollOf(state, kernel, file) !== epoll) continue;
      highest = Math.max(highest, height(state, kernel, outer));
      break;
    }
  }
  return highest + 1;
}

function add(
  state: NotifierState,
  kernel: Kernel,
  tid: number,
  epoll: Epoll,
  watch: Watch,
  inner: Epoll | null,
): number {
  if (inner !== null) {
    const chain = depth(state, kernel, inner, epoll);
    if (chain > LONGEST_CHAIN || chain + height(state, kernel, epoll) > LONGEST_CHAIN) return -ELOOP;
  }
  watch.token = state.nextToken++;
  epoll.watches.set(watch.token, watch);
  const pairs = state.watchers.get(watch.file);
  if (pairs === undefined) state.watchers.set(watch.file, [epoll.id, watch.token]);
  else pairs.push(epoll.id, watch.token);
  begin(kernel, tid, epoll, watch);
  return 0;
}

/** @param asked the entry as the caller wants it, without a token */
export function control(
  state: NotifierState,
  kernel: Kernel,
  tid: number,
  epoll: Epoll,
  operation: number,
  asked: Watch,
): number {
  const { file, fd, events } = asked;
  const inner = epollOf(state, kernel, file);
  if (inner === epoll) return -EINVAL;
  const exclusive = (events & EPOLLEXCLUSIVE) !== 0 && operation !== EPOLL_CTL_DEL;
  if (exclusive) {
    if (operation === EPOLL_CTL_MOD) return -EINVAL;
    if (operation === EPOLL_CTL_ADD && (inner !== null || (events & ~EXCLUSIVE_OK) !== 0)) return -EINVAL;
  }
  const present = find(state, epoll, file, fd);
  switch (operation) {
    case EPOLL_CTL_ADD:
      return present !== undefined ? -EEXIST : add(state, kernel, tid, epoll, asked, inner);
    case EPOLL_CTL_DEL:
      if (present === undefined) return -ENOENT;
      forget(state, kernel, epoll, present);
      return 0;
    case EPOLL_CTL_MOD:
      if (present === undefined) return -ENOENT;
      if ((present.events & EPOLLEXCLUSIVE) !== 0) return -EINVAL;
      present.events = events;
      present.dataLow = asked.dataLow;
      present.dataHigh = asked.dataHigh;
      begin(kernel, tid, epoll, present);
      return 0;
    default:
      return -EINVAL;
  }
}

export function createRequest(
  fd: number,
  file: number,
  events: number,
  dataLow: number,
  dataHigh: number,
): Watch {
  const watch = createWatch();
  watch.fd = fd;
  watch.file = file;
  watch.events = events | ALWAYS;
  watch.dataLow = dataLow;
  watch.dataHigh = dataHigh;
  return watch;
}

/** What fired since the last look gets in line. */
function collect(kernel: Kernel, epoll: Epoll): void {
  for (const token of kernel.waits.fired(epoll.event)) epoll.ready.add(token);
}

export function candidates(kernel: Kernel, epoll: Epoll): number {
  collect(kernel, epoll);
  return epoll.ready.size;
}

export function take(kernel: Kernel, tid: number, epoll: Epoll, limit: number, into: ReadyEvent[]): number {
  collect(kernel, epoll);
  let count = 0;
  for (const token of [...epoll.ready]) {
    if (count === limit) break;
    epoll.ready.delete(token);
    const watch = epoll.watches.get(token);
    const events = watch === undefined ? 0 : look(kernel, tid, epoll, watch);
    if (watch === undefined || events === 0) continue;
    into[count++] = { events, dataLow: watch.dataLow, dataHigh: watch.dataHigh };
    if ((watch.events & EPOLLONESHOT) !== 0) watch.events &= EPOLL_PRIVATE;
    else if ((watch.events & EPOLLET) === 0) epoll.ready.add(token);
  }
  return count;
}

/** Readable if any entry is ready. What is found not to be leaves the line. */
export function pollEpoll(kernel: Kernel, tid: number, epoll: Epoll): number {
  collect(kernel, epoll);
  for (const token of epoll.ready) {
    const watch = epoll.watches.get(token);
    if (watch !== undefined && look(kernel, tid, epoll, watch) !== 0) return POLLIN | POLLRDNORM;
    epoll.ready.delete(token);
  }
  return 0;
}

export function closeEpoll(state: NotifierState, kernel: Kernel, epoll: Epoll): void {
  for (const watch of [...epoll.watches.values()]) forget(state, kernel, epoll, watch);
  state.epolls.delete(epoll.id);
}

export function fileClosed(state: NotifierState, kernel: Kernel, file: number): void {
  const pairs = state.watchers.get(file)?.slice() ?? [];
  for (let i = 0; i < pairs.length; i += 2) {
    const epoll = state.epolls.get(pairs[i] as number);
    const watch = epoll?.watches.get(pairs[i + 1] as number);
    if (epoll !== undefined && watch !== undefined) forget(state, kernel, epoll, watch);
  }
}
