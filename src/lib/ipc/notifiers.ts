/**
 * Eventfds, timerfds, signalfds and epolls of the slot `ipc`, by kind and id.
 */
import { EINVAL, ENFILE } from '../../abi/linux/errno.ts';
import { POLLOUT } from '../../abi/linux/poll.ts';
import type { Kernel } from '../../contracts/kernel.ts';
import {
  createEpoll,
  createEventfd,
  createSignalfd,
  createTimerfd,
  type Epoll,
  type Eventfd,
  type Notifiers,
  type NotifierState,
  type Signalfd,
  type Timerfd,
} from '../../contracts/notifiers.ts';
import { KernelFault } from '../kernel-fault.ts';
import * as epolls from './epolls.ts';
import { pollEventfd, readEventfd, writeEventfd } from './eventfds.ts';
import { pollSignalfd, pollTimerfd, readSignalfd, readTimerfd, setTimerfd } from './timerfds.ts';

/** All together: like open files, of which each is one. */
const MOST_NOTIFIERS = 65536;

function found<T>(all: ReadonlyMap<number, T>, id: number): T {
  const one = all.get(id);
  if (one === undefined) throw new KernelFault(`no notifier ${id}`);
  return one;
}

export function notifierOperations(state: NotifierState, kernel: Kernel): Notifiers {
  const eventfdOf = (id: number): Eventfd => found(state.eventfds, id);
  const timerfdOf = (id: number): Timerfd => found(state.timerfds, id);
  const signalfdOf = (id: number): Signalfd => found(state.signalfds, id);
  const epollOf = (id: number): Epoll => found(state.epolls, id);

  /** Give a new one its id and keep it, or refuse. */
  const keep = <T extends { id: number }>(all: Map<number, T>, one: T): number => {
    const { eventfds, timerfds, signalfds } = state;
    if (eventfds.size + timerfds.size + signalfds.size + state.epolls.size >= MOST_NOTIFIERS) return -ENFILE;
    one.id = state.next++;
    all.set(one.id, one);
    return one.id;
  };

  return {
    createEventfd(low, semaphore) {
      const eventfd = createEventfd();
      eventfd.low = low;
      eventfd.semaphore = semaphore;
      eventfd.readEvent = kernel.waits.newEvent();
      eventfd.writeEvent = kernel.waits.newEvent();
      return keep(state.eventfds, eventfd);
    },
    createTimerfd(clock) {
      const timer = createTimerfd();
      timer.clock = clock;
      timer.event = kernel.waits.newEvent();
      return keep(state.timerfds, timer);
    },
    createSignalfd(low, high) {
      const signalfd = createSignalfd();
      signalfd.low = low;
      signalfd.high = high;
      return keep(state.signalfds, signalfd);
    },
    createEpoll() {
      const epoll = createEpoll();
      epoll.event = kernel.waits.newEvent();
      return keep(state.epolls, epoll);
    },
    closeNotifier(kind, id) {
      if (kind === 'epoll') epolls.closeEpoll(state, kernel, epollOf(id));
      else if (kind === 'timerfd') setTimerfd(kernel, timerfdOf(id), -1, 0);
      state.eventfds.delete(id);
      state.timerfds.delete(id);
      state.signalfds.delete(id);
    },
    readNotifier(tid, kind, id, into, nonBlocking) {
      if (kind === 'eventfd') return readEventfd(kernel, eventfdOf(id), into, nonBlocking);
      if (kind === 'timerfd') return readTimerfd(kernel, timerfdOf(id), into, nonBlocking);
      return kind === 'signalfd' ? readSignalfd(kernel, tid, signalfdOf(id), into, nonBlocking) : -EINVAL;
    },
    writeNotifier: (kind, id, from, nonBlocking) =>
      kind === 'eventfd' ? writeEventfd(kernel, eventfdOf(id), from, nonBlocking) : -EINVAL,
    pollNotifier(tid, kind, id) {
      if (kind === 'eventfd') return pollEventfd(eventfdOf(id));
      if (kind === 'timerfd') return pollTimerfd(kernel, timerfdOf(id));
      if (kind === 'signalfd') return pollSignalfd(kernel, tid, signalfdOf(id));
      return epolls.pollEpoll(kernel, tid, epollOf(id));
    },
    armNotifier(tid, kind, id, wanted) {
      if (kind === 'eventfd') {
        const { readEvent, writeEvent } = eventfdOf(id);
        if ((wanted & ~POLLOUT) !== 0) kernel.waits.on(readEvent);
        if ((wanted & POLLOUT) !== 0) kernel.waits.on(writeEvent);
      } else if (kind === 'timerfd') {
        kernel.waits.on(timerfdOf(id).event);
      } else if (kind === 'signalfd') {
        kernel.waits.on(kernel.process.group(tid).signalEvent);
      } else {
        kernel.waits.on(epollOf(id).event);
      }
    },
    setTimerfd: (id, deadline, interval) => setTimerfd(kernel, timerfdOf(id), deadline, interval),
    timerfd: timerfdOf,
    setSignalfd(id, low, high) {
      const signalfd = signalfdOf(id);
      signalfd.low = low;
      signalfd.high = high;
    },
    control: (tid, id, operation, fd, file, events, dataLow, dataHigh) =>
      epolls.control(
        state,
        kernel,
        tid,
        epollOf(id),
        operation,
        epolls.createRequest(fd, file, events, dataLow, dataHigh),
      ),
    candidates: (id) => epolls.candidates(kernel, epollOf(id)),
    take: (tid, id, limit, into) => epolls.take(kernel, tid, epollOf(id), limit, into),
    fileClosed: (file) => epolls.fileClosed(state, kernel, file),
  };
}
