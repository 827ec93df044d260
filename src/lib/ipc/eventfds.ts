/**
 * Eventfds of the slot `ipc`: a 64-bit count that reads take and writes add to.
 *
 * The count is kept in two halves of 32 bits, so that it is exact. Source: eventfd(2).
 */
import { EAGAIN, EINVAL } from '../../abi/linux/errno.ts';
import { POLLIN, POLLOUT } from '../../abi/linux/poll.ts';
import { type Kernel, type Spans, WAIT } from '../../contracts/kernel.ts';
import type { Eventfd } from '../../contracts/notifiers.ts';
import { copyFromSpans, copyToSpans } from '../spans.ts';

const EVERYONE = Number.POSITIVE_INFINITY;
const HALF = 0x1_0000_0000;
const LARGEST_HALF = HALF - 1;
const COUNT_SIZE = 8;

const isZero = ({ low, high }: Eventfd): boolean => low === 0 && high === 0;
/** The greatest count is 2^64 - 2. */
const isGreatest = ({ low, high }: Eventfd): boolean => high === LARGEST_HALF && low === LARGEST_HALF - 1;

/** Store a count of 64 bits in a user buffer. Pre: it has room. */
export function putCount(kernel: Kernel, into: Spans, low: number, high: number): number {
  const bytes = new Uint8Array(COUNT_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, low, true);
  view.setUint32(4, high, true);
  copyToSpans(kernel, bytes, 0, into, 0, COUNT_SIZE);
  return COUNT_SIZE;
}

export const holdsCount = (buffer: Spans): boolean => buffer.total >= COUNT_SIZE;

export function readEventfd(kernel: Kernel, eventfd: Eventfd, into: Spans, nonBlocking: boolean): number {
  if (!holdsCount(into)) return -EINVAL;
  if (isZero(eventfd)) {
    if (nonBlocking) return -EAGAIN;
    kernel.waits.on(eventfd.readEvent);
    return WAIT;
  }
  const { low, high } = eventfd;
  if (eventfd.semaphore) {
    eventfd.low = low === 0 ? LARGEST_HALF : low - 1;
    if (low === 0) eventfd.high--;
    putCount(kernel, into, 1, 0);
  } else {
    eventfd.low = 0;
    eventfd.high = 0;
    putCount(kernel, into, low, high);
  }
  kernel.waits.wake(eventfd.writeEvent, EVERYONE);
  return COUNT_SIZE;
}

/** Linux takes exactly one count since 6.8. */
export function writeEventfd(kernel: Kernel, eventfd: Eventfd, from: Spans, nonBlocking: boolean): number {
  if (from.total !== COUNT_SIZE) return -EINVAL;
  const bytes = new Uint8Array(COUNT_SIZE);
  copyFromSpans(kernel, from, 0, bytes, 0, COUNT_SIZE);
  const view = new DataView(bytes.buffer);
  const low = eventfd.low + view.getUint32(0, true);
  const high = eventfd.high + view.getUint32(4, true) + (low >= HALF ? 1 : 0);
  if (view.getUint32(0, true) === LARGEST_HALF && view.getUint32(4, true) === LARGEST_HALF) return -EINVAL;
  if (high >= HALF || (high === LARGEST_HALF && low % HALF === LARGEST_HALF)) {
    if (nonBlocking) return -EAGAIN;
    kernel.waits.on(eventfd.writeEvent);
    return WAIT;
  }
  eventfd.low = low % HALF;
  eventfd.high = high;
  kernel.waits.wake(eventfd.readEvent, EVERYONE);
  return COUNT_SIZE;
}

export function pollEventfd(eventfd: Eventfd): number {
  return (isGreatest(eventfd) ? 0 : POLLOUT) | (isZero(eventfd) ? 0 : POLLIN);
}
