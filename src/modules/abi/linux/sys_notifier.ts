/**
 * System calls that make files of events: eventfd2, signalfd4, timerfd_create, timerfd_settime, timerfd_gettime.
 */
import { EBADF, EINVAL, EPERM } from '../../../abi/linux/errno.ts';
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from '../../../abi/linux/fcntl.ts';
import { CAP_WAKE_ALARM } from '../../../abi/linux/capability.ts';
import { EFD_SEMAPHORE, TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET } from '../../../abi/linux/notifier.ts';
import { SIGSET_SIZE, UNBLOCKABLE } from '../../../abi/linux/signal.ts';
import {
  CLOCK_BOOTTIME,
  CLOCK_BOOTTIME_ALARM,
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  CLOCK_REALTIME_ALARM,
  ITIMERSPEC_SIZE,
} from '../../../abi/linux/time.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { NotifierKind, Timerfd } from '../../../contracts/notifiers.ts';
import { installFile, usableFile } from './at.ts';
import { full, type Handler, partial, type Row } from './call.ts';
import { timeAt, timerSpec } from './sys_timers.ts';
import { get64 } from './usage.ts';

const OPENING: number = O_CLOEXEC | O_NONBLOCK;

/** A descriptor for a fresh notifier, or its error. */
function publish(kernel: Kernel, tid: number, kind: NotifierKind, id: number, flags: number): number {
  if (id < 0) return id;
  const file = kernel.vfs.openObject(kind, id, O_RDWR | (flags & O_NONBLOCK));
  return installFile(kernel, tid, file, 0, (flags & O_CLOEXEC) !== 0);
}

/** eventfd(2) */
const sysEventfd2: Handler = (kernel, tid, count, flags) => {
  if ((flags & ~(OPENING | EFD_SEMAPHORE)) !== 0) return -EINVAL;
  const id = kernel.ipc.createEventfd(count, (flags & EFD_SEMAPHORE) !== 0);
  return publish(kernel, tid, 'eventfd', id, flags);
};

/** signalfd(2) */
const sysSignalfd4: Handler = (kernel, tid, fd, maskAt, size, flags) => {
  if (size !== SIGSET_SIZE) return -EINVAL;
  const bytes = new Uint8Array(SIGSET_SIZE);
  const error = kernel.user.read(tid, maskAt, bytes);
  if (error !== 0) return error;
  if ((flags & ~OPENING) !== 0) return -EINVAL;
  const view = new DataView(bytes.buffer);
  const low = view.getInt32(0, true) & ~UNBLOCKABLE;
  const high = view.getInt32(4, true);
  if (fd === -1) return publish(kernel, tid, 'signalfd', kernel.ipc.createSignalfd(low, high), flags);
  const file = usableFile(kernel, tid, fd);
  if (typeof file === 'number') return -EBADF;
  if (file.kind !== 'signalfd') return -EINVAL;
  kernel.ipc.setSignalfd(file.object, low, high);
  return fd;
};

const isAlarm = (clock: number): boolean => clock === CLOCK_REALTIME_ALARM || clock === CLOCK_BOOTTIME_ALARM;
const isReal = (clock: number): boolean => clock === CLOCK_REALTIME || clock === CLOCK_REALTIME_ALARM;

/** timerfd_create(2) */
const sysTimerfdCreate: Handler = (kernel, tid, clock, flags) => {
  if ((flags & ~OPENING) !== 0) return -EINVAL;
  if (!isReal(clock) && clock !== CLOCK_MONOTONIC && clock !== CLOCK_BOOTTIME && !isAlarm(clock))
    return -EINVAL;
  if (isAlarm(clock) && !kernel.process.capable(tid, CAP_WAKE_ALARM)) return -EPERM;
  return publish(kernel, tid, 'timerfd', kernel.ipc.createTimerfd(clock), flags);
};

function timerOf(kernel: Kernel, tid: number, fd: number): Readonly<Timerfd> | number {
  const file = usableFile(kernel, tid, fd);
  if (typeof file === 'number') return file;
  return file.kind === 'timerfd' ? kernel.ipc.timerfd(file.object) : -EINVAL;
}

/** struct itimerspec of a timer: when it expires next, seen from now. */
function timerImage(kernel: Kernel, { deadline, interval }: Readonly<Timerfd>): Uint8Array {
  const late = deadline < 0 ? -1 : kernel.clock.monotonic() - deadline;
  if (late < 0) return timerSpec(kernel.clock.monotonic(), deadline, interval);
  if (interval === 0) return timerSpec(kernel.clock.monotonic(), -1, 0);
  return timerSpec(
    kernel.clock.monotonic(),
    deadline + (Math.floor(late / interval) + 1) * interval,
    interval,
  );
}

/** timerfd_create(2) */
const sysTimerfdSettime: Handler = (kernel, tid, fd, flags, newAt, oldAt) => {
  const bytes = new Uint8Array(ITIMERSPEC_SIZE);
  const error = kernel.user.read(tid, newAt, bytes);
  if (error !== 0) return error;
  const view = new DataView(bytes.buffer);
  const interval = timeAt(view, 0, 1);
  const value = timeAt(view, 16, 1);
  if ((flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) !== 0 || interval < 0 || value < 0)
    return -EINVAL;
  const timer = timerOf(kernel, tid, fd);
  if (typeof timer === 'number') return timer;
  if (oldAt !== 0) {
    const written = kernel.user.write(tid, oldAt, timerImage(kernel, timer));
    if (written !== 0) return written;
  }
  let deadline = kernel.clock.monotonic() + value;
  if ((flags & TFD_TIMER_ABSTIME) !== 0) {
    deadline = isReal(timer.clock)
      ? kernel.clock.realtimeToMonotonic(get64(view, 16), get64(view, 24))
      : value;
  }
  kernel.ipc.setTimerfd(timer.id, value === 0 ? -1 : deadline, interval);
  return 0;
};

/** timerfd_create(2) */
const sysTimerfdGettime: Handler = (kernel, tid, fd, at) => {
  const timer = timerOf(kernel, tid, fd);
  return typeof timer === 'number' ? timer : kernel.user.write(tid, at, timerImage(kernel, timer));
};

const CANCEL_NOTE = 'a change of the time of day neither moves nor cancels a timer';

export const notifierCalls: readonly Row[] = [
  full(19, 'eventfd2', ['uint', 'uint'], sysEventfd2),
  full(74, 'signalfd4', ['int', 'ptr', 'size', 'uint'], sysSignalfd4),
  full(85, 'timerfd_create', ['int', 'uint'], sysTimerfdCreate),
  partial(86, 'timerfd_settime', ['int', 'uint', 'ptr', 'ptr'], sysTimerfdSettime, CANCEL_NOTE),
  full(87, 'timerfd_gettime', ['int', 'ptr'], sysTimerfdGettime),
];
