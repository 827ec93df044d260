/**
 * System calls of epoll: epoll_create1, epoll_ctl, epoll_pwait, epoll_pwait2.
 *
 * Nothing is kept between runs of a wait but the deadline. Entries are taken only when the buffer is known to be good.
 */
import { EBADF, EINVAL, EPERM } from '../../../abi/linux/errno.ts';
import {
  EPOLL_CTL_DEL,
  EPOLL_EVENT_DATA,
  EPOLL_EVENT_EVENTS,
  EPOLL_EVENT_SIZE,
} from '../../../abi/linux/epoll.ts';
import { O_CLOEXEC, O_RDWR } from '../../../abi/linux/fcntl.ts';
import { deviceMinor } from '../../../abi/linux/stat.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import type { ReadyEvent } from '../../../contracts/notifiers.ts';
import type { OpenFile } from '../../../contracts/vfs.ts';
import { installFile, usableFile } from './at.ts';
import { full, type Handler, partial, type Row } from './call.ts';
import { beginMask, endMask } from './signal-mask.ts';
import { NEVER, relativeDeadline } from './timespec.ts';

const MILLISECOND = 1_000_000;
const MOST_EVENTS = Math.floor(0x7fffffff / EPOLL_EVENT_SIZE);
/** Memory devices that can be waited for: random, urandom, kmsg. */
const POLLED_DEVICES: ReadonlySet<number> = new Set([8, 9, 11]);

/** epoll_create(2) */
const sysEpollCreate1: Handler = (kernel, tid, flags) => {
  if ((flags & ~O_CLOEXEC) !== 0) return -EINVAL;
  const epoll = kernel.ipc.createEpoll();
  if (epoll < 0) return epoll;
  return installFile(kernel, tid, kernel.vfs.openObject('epoll', epoll, O_RDWR), 0, flags !== 0);
};

const hasEvents = ({ kind, object, mountsSeen }: OpenFile): boolean => {
  if (kind === 'device') return POLLED_DEVICES.has(deviceMinor(object));
  return kind === 'regular' ? mountsSeen >= 0 : kind !== 'directory';
};

/** epoll_ctl(2). The entry is read word by word: a view of it would cost more than the call. */
const sysEpollCtl: Handler = (kernel, tid, epfd, operation, fd, at) => {
  const { user } = kernel;
  let events = 0;
  let low = 0;
  let high = 0;
  if (operation !== EPOLL_CTL_DEL) {
    let error = user.readU32(tid, at + EPOLL_EVENT_EVENTS);
    if (error !== 0) return error;
    events = user.value;
    error = user.readU32(tid, at + EPOLL_EVENT_DATA);
    if (error !== 0) return error;
    low = user.value;
    error = user.readU32(tid, at + EPOLL_EVENT_DATA + 4);
    if (error !== 0) return error;
    high = user.value;
  }
  const epoll = usableFile(kernel, tid, epfd);
  const file = usableFile(kernel, tid, fd);
  if (typeof epoll === 'number' || typeof file === 'number') return -EBADF;
  if (!hasEvents(file)) return -EPERM;
  if (epoll.kind !== 'epoll') return -EINVAL;
  return kernel.ipc.control(tid, epoll.object, operation, fd, file.id, events, low, high);
};

function put32(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = value >>> (8 * i);
}

function image(events: readonly ReadyEvent[], count: number): Uint8Array {
  const bytes = new Uint8Array(count * EPOLL_EVENT_SIZE);
  for (let i = 0; i < count; i++) {
    const { events: bits, dataLow, dataHigh } = events[i] as ReadyEvent;
    const at = i * EPOLL_EVENT_SIZE;
    put32(bytes, at + EPOLL_EVENT_EVENTS, bits);
    put32(bytes, at + EPOLL_EVENT_DATA, dataLow);
    put32(bytes, at + EPOLL_EVENT_DATA + 4, dataHigh);
  }
  return bytes;
}

/** Take what is ready. @returns how many, 0 if none is, -EFAULT or WAIT (for the buffer's pages) */
function takeReady(kernel: Kernel, tid: number, epoll: number, at: number, limit: number): number {
  const most = Math.min(limit, kernel.ipc.candidates(epoll));
  if (most === 0) return 0;
  const error = kernel.user.spans(tid, at, most * EPOLL_EVENT_SIZE, true, kernel.user.scratch);
  if (error !== 0) return error;
  const events: ReadyEvent[] = [];
  const count = kernel.ipc.take(tid, epoll, most, events);
  if (count === 0) return 0;
  const written = kernel.user.write(tid, at, image(events, count));
  return written === 0 ? count : written;
}

/** @param deadline monotonic ns, at or before now = do not wait */
function wait(
  kernel: Kernel,
  tid: number,
  epfd: number,
  at: number,
  limit: number,
  deadline: number,
  mask: number,
  maskSize: number,
): number {
  const error = beginMask(kernel, tid, mask, maskSize);
  if (error !== 0) return error;
  const end = (result: number): number => {
    if (mask !== 0) endMask(kernel, tid);
    return result;
  };
  if (limit <= 0 || limit > MOST_EVENTS) return end(-EINVAL);
  const file = usableFile(kernel, tid, epfd);
  if (typeof file === 'number') return end(file);
  if (file.kind !== 'epoll') return end(-EINVAL);
  const count = takeReady(kernel, tid, file.object, at, limit);
  if (count === WAIT) return WAIT;
  if (count !== 0 || deadline <= kernel.clock.monotonic()) return end(count);
  kernel.waits.restart('eintr');
  if (kernel.waits.interrupted(tid)) return WAIT;
  kernel.vfs.arm(tid, file.id, 0);
  if (deadline !== NEVER) kernel.waits.until(deadline);
  kernel.waits.keep([deadline]);
  return WAIT;
}

/** epoll_wait(2), the time-out in milliseconds. */
const sysEpollPwait: Handler = (kernel, tid, epfd, at, limit, timeout, mask, maskSize) => {
  const kept = kernel.waits.progress(tid)[0];
  const deadline = timeout < 0 ? NEVER : (kept ?? kernel.clock.monotonic() + timeout * MILLISECOND);
  return wait(kernel, tid, epfd, at, limit, deadline, mask, maskSize);
};

/** epoll_wait(2), the time-out as a struct timespec. */
const sysEpollPwait2: Handler = (kernel, tid, epfd, at, limit, timeout, mask, maskSize) => {
  const kept = kernel.waits.progress(tid)[0];
  const deadline = kept ?? (timeout === 0 ? NEVER : relativeDeadline(kernel, tid, timeout));
  if (deadline < 0) return deadline;
  return wait(kernel, tid, epfd, at, limit, deadline, mask, maskSize);
};

const EXCLUSIVE_NOTE = 'EPOLLEXCLUSIVE wakes every epoll; EPOLLWAKEUP is ignored';

export const epollCalls: readonly Row[] = [
  full(20, 'epoll_create1', ['uint'], sysEpollCreate1),
  partial(21, 'epoll_ctl', ['int', 'int', 'int', 'ptr'], sysEpollCtl, EXCLUSIVE_NOTE),
  full(22, 'epoll_pwait', ['fd', 'ptr', 'int', 'int', 'ptr', 'size'], sysEpollPwait),
  full(441, 'epoll_pwait2', ['fd', 'ptr', 'int', 'ptr', 'ptr', 'size'], sysEpollPwait2),
];
