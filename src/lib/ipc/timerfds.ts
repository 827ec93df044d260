/**
 * Timerfds and signalfds of the slot `ipc`.
 *
 * Expirations are counted when they are read, from the deadline of the first that was not; the clock wakes the event once and
 * is armed again by the read, as Linux does it. Source: timerfd_create(2), signalfd(2).
 */
import { EAGAIN, EINVAL } from '../../abi/linux/errno.ts';
import {
  SIGNALFD_SIGINFO_SIZE,
  SSI_ADDR,
  SSI_CODE,
  SSI_INT,
  SSI_OVERRUN,
  SSI_PID,
  SSI_PTR,
  SSI_SIGNO,
  SSI_STATUS,
  SSI_TID,
  SSI_UID,
} from '../../abi/linux/notifier.ts';
import { POLLIN } from '../../abi/linux/poll.ts';
import { lowBit, SI_TIMER, SIGCHLD, SYNCHRONOUS } from '../../abi/linux/signal.ts';
import { type Kernel, type Spans, WAIT } from '../../contracts/kernel.ts';
import type { Signalfd, Timerfd } from '../../contracts/notifiers.ts';
import type { SignalInfo } from '../../contracts/process.ts';
import { copyToSpans } from '../spans.ts';
import { holdsCount, putCount } from './eventfds.ts';

const HALF = 0x1_0000_0000;

function expirations(kernel: Kernel, { deadline, interval }: Timerfd): number {
  const late = deadline < 0 ? -1 : kernel.clock.monotonic() - deadline;
  if (late < 0) return 0;
  return interval === 0 ? 1 : Math.floor(late / interval) + 1;
}

export function setTimerfd(kernel: Kernel, timer: Timerfd, deadline: number, interval: number): void {
  timer.deadline = deadline;
  timer.interval = interval;
  if (deadline < 0) kernel.clock.disarm('event', timer.event);
  else kernel.clock.arm('event', timer.event, deadline);
}

export function readTimerfd(kernel: Kernel, timer: Timerfd, into: Spans, nonBlocking: boolean): number {
  if (!holdsCount(into)) return -EINVAL;
  const count = expirations(kernel, timer);
  if (count === 0) {
    if (nonBlocking) return -EAGAIN;
    kernel.waits.on(timer.event);
    return WAIT;
  }
  const next = timer.interval === 0 ? -1 : timer.deadline + count * timer.interval;
  setTimerfd(kernel, timer, next, timer.interval);
  return putCount(kernel, into, count % HALF, Math.floor(count / HALF));
}

export const pollTimerfd = (kernel: Kernel, timer: Timerfd): number =>
  expirations(kernel, timer) > 0 ? POLLIN : 0;

function siginfo(info: Readonly<SignalInfo>): Uint8Array {
  const bytes = new Uint8Array(SIGNALFD_SIGINFO_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(SSI_SIGNO, info.signal, true);
  view.setInt32(SSI_CODE, info.code, true);
  if (info.code > 0 && (lowBit(info.signal) & SYNCHRONOUS) !== 0) {
    view.setUint32(SSI_ADDR, info.address % HALF, true);
    view.setUint32(SSI_ADDR + 4, Math.floor(info.address / HALF), true);
    return bytes;
  }
  if (info.code === SI_TIMER) {
    view.setUint32(SSI_TID, info.pid, true);
    view.setUint32(SSI_OVERRUN, info.uid, true);
  } else {
    view.setInt32(SSI_PID, info.pid, true);
    view.setUint32(SSI_UID, info.uid, true);
  }
  if (info.signal === SIGCHLD && info.code > 0) {
    view.setInt32(SSI_STATUS, info.status, true);
  } else {
    view.setInt32(SSI_INT, info.value | 0, true);
    view.setUint32(SSI_PTR, info.value >>> 0, true);
    view.setInt32(SSI_PTR + 4, Math.floor(info.value / HALF), true);
  }
  return bytes;
}

export function readSignalfd(
  kernel: Kernel,
  tid: number,
  { low, high }: Signalfd,
  into: Spans,
  nonBlocking: boolean,
): number {
  if (into.total < SIGNALFD_SIGINFO_SIZE) return -EINVAL;
  let done = 0;
  while (into.total - done >= SIGNALFD_SIGINFO_SIZE) {
    const info = kernel.process.takeSignal(tid, low, high);
    if (info === null) break;
    copyToSpans(kernel, siginfo(info), 0, into, done, SIGNALFD_SIGINFO_SIZE);
    done += SIGNALFD_SIGINFO_SIZE;
  }
  if (done > 0) return done;
  if (nonBlocking) return -EAGAIN;
  kernel.waits.on(kernel.process.group(tid).signalEvent);
  return WAIT;
}

export function pollSignalfd(kernel: Kernel, tid: number, { low, high }: Signalfd): number {
  const pending = (kernel.process.pendingLow(tid) & low) | (kernel.process.pendingHigh(tid) & high);
  return pending === 0 ? 0 : POLLIN;
}
