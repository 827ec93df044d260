/**
 * System calls that wait for descriptors: ppoll, pselect6.
 *
 * Each run looks at every descriptor and, if none is ready, names all their events; nothing is kept between runs but
 * the deadline. What a descriptor meant stays open meanwhile, but it is looked up anew, as Linux does.
 */
import { EBADF, EFAULT, EINVAL } from '../../../abi/linux/errno.ts';
import {
  POLLERR,
  POLLFD_EVENTS,
  POLLFD_FD,
  POLLFD_REVENTS,
  POLLFD_SIZE,
  POLLHUP,
  POLLNVAL,
  SELECT_EXCEPT,
  SELECT_READ,
  SELECT_WRITE,
} from '../../../abi/linux/poll.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import { full, type Handler, type Row } from './call.ts';
import { beginMask, endMask } from './signal-mask.ts';
import { NEVER, relativeDeadline, writeRemaining } from './timespec.ts';

const RLIMIT_NOFILE_SOFT = 14;
/** Sets of pselect6 are looked at no further: NR_OPEN of Linux. */
const MOST_DESCRIPTORS = 1048576;

/** The deadline of the call: kept from the first run. @returns it, NEVER, -EFAULT, -EINVAL or WAIT */
function deadlineOf(kernel: Kernel, tid: number, timeout: number): number {
  const kept = kernel.waits.progress(tid)[0];
  if (kept !== undefined) return kept;
  return timeout === 0 ? NEVER : relativeDeadline(kernel, tid, timeout);
}

/** None is ready: wait for any. Pre: their events were named. */
function sleep(kernel: Kernel, deadline: number): number {
  if (deadline !== NEVER) kernel.waits.until(deadline);
  kernel.waits.keep([deadline]);
  kernel.waits.restart('no-handler');
  return WAIT;
}

/** The call ends or is broken off: say what is left of the time-out, as far as it can be written. */
function finish(
  kernel: Kernel,
  tid: number,
  result: number,
  timeout: number,
  deadline: number,
  masked: boolean,
): number {
  if (timeout !== 0 && writeRemaining(kernel, tid, timeout, deadline) === WAIT) return WAIT;
  if (result === WAIT) kernel.waits.restart('no-handler');
  else if (masked) endMask(kernel, tid);
  return result;
}

/** Bits ready of a descriptor, or POLLNVAL. */
function ready(kernel: Kernel, tid: number, fd: number): number {
  const file = kernel.process.file(tid, fd);
  return file < 0 ? POLLNVAL : kernel.vfs.poll(tid, file);
}

const get16 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) | ((bytes[at + 1] as number) << 8);

/** The descriptor of an entry at `at`. */
const descriptorAt = (bytes: Uint8Array, at: number): number =>
  get16(bytes, at + POLLFD_FD) | (get16(bytes, at + POLLFD_FD + 2) << 16);

function pollAll(kernel: Kernel, tid: number, bytes: Uint8Array): number {
  let found = 0;
  for (let at = 0; at < bytes.length; at += POLLFD_SIZE) {
    const fd = descriptorAt(bytes, at);
    const wanted = get16(bytes, at + POLLFD_EVENTS) | POLLERR | POLLHUP | POLLNVAL;
    const bits = fd < 0 ? 0 : ready(kernel, tid, fd) & wanted;
    bytes[at + POLLFD_REVENTS] = bits;
    bytes[at + POLLFD_REVENTS + 1] = bits >>> 8;
    if (bits !== 0) found++;
  }
  return found;
}

/** ppoll(2). The time-out is written back, as Linux does. */
const sysPpoll: Handler = (kernel, tid, fds, count, timeout, mask, maskSize) => {
  const deadline = deadlineOf(kernel, tid, timeout);
  if (deadline < 0) return deadline;
  const error = beginMask(kernel, tid, mask, maskSize);
  if (error !== 0) return error;
  const end = (result: number): number => finish(kernel, tid, result, timeout, deadline, mask !== 0);
  if (count > (kernel.process.group(tid).limits[RLIMIT_NOFILE_SOFT] as number)) return end(-EINVAL);
  // A view of a short array would take it out of the heap, which costs more than the call.
  const bytes = new Uint8Array(count * POLLFD_SIZE);
  const fault = count === 0 ? 0 : kernel.user.read(tid, fds, bytes);
  if (fault === WAIT) return WAIT;
  if (fault !== 0) return end(fault);
  const found = pollAll(kernel, tid, bytes);
  if (found === 0 && deadline > kernel.clock.monotonic()) {
    if (kernel.waits.interrupted(tid)) return end(WAIT);
    for (let at = 0; at < bytes.length; at += POLLFD_SIZE) {
      const fd = descriptorAt(bytes, at);
      const wanted = get16(bytes, at + POLLFD_EVENTS);
      if (fd < 0) continue;
      kernel.vfs.arm(tid, kernel.process.file(tid, fd), wanted);
      kernel.process.holdFile?.(tid, fd, false);
    }
    return sleep(kernel, deadline);
  }
  const written = count === 0 ? 0 : kernel.user.write(tid, fds, bytes);
  if (written === WAIT) return WAIT;
  return end(written !== 0 ? written : found);
};

/** The three sets of pselect6 as read, and as they will be written; each `size` bytes, all in one array. */
interface Sets {
  readonly size: number;
  readonly wanted: Uint8Array;
  readonly found: Uint8Array;
}

const CONDITIONS: readonly number[] = [SELECT_READ, SELECT_WRITE, SELECT_EXCEPT];
const EVERY_CONDITION: number = SELECT_READ | SELECT_WRITE | SELECT_EXCEPT;

/** The POLL bits that the sets ask of one descriptor. */
function wantedOf({ size, wanted }: Sets, at: number, bit: number): number {
  let bits = 0;
  for (let set = 0; set < 3; set++) {
    if ((((wanted[set * size + at] as number) >>> bit) & 1) !== 0) bits |= CONDITIONS[set] as number;
  }
  return bits;
}

/** @returns how many bits are set in `found`, or -EBADF */
function selectAll(kernel: Kernel, tid: number, sets: Sets, limit: number, arm: boolean): number {
  const { size, wanted, found } = sets;
  let count = 0;
  for (let at = 0; at < size; at++) {
    const any = (wanted[at] as number) | (wanted[size + at] as number) | (wanted[2 * size + at] as number);
    for (let bit = 0; any >>> bit !== 0; bit++) {
      const fd = at * 8 + bit;
      if (((any >>> bit) & 1) === 0 || fd >= limit) continue;
      const file = kernel.process.file(tid, fd);
      // One that another thread has closed meanwhile has something to tell in every set.
      if (file < 0 && kernel.waits.resumed(tid) === 0) return -EBADF;
      if (arm) {
        kernel.vfs.arm(tid, file, wantedOf(sets, at, bit));
        kernel.process.holdFile?.(tid, fd, false);
        continue;
      }
      const bits = file < 0 ? EVERY_CONDITION : kernel.vfs.poll(tid, file);
      for (let set = 0; set < 3; set++) {
        const index = set * size + at;
        if ((((wanted[index] as number) >>> bit) & 1) === 0) continue;
        if ((bits & (CONDITIONS[set] as number)) === 0) continue;
        found[index] = (found[index] as number) | (1 << bit);
        count++;
      }
    }
  }
  return count;
}

/** Read the sets that are there. @returns 0, -EFAULT or WAIT */
function readSets(kernel: Kernel, tid: number, sets: Sets, addresses: readonly number[]): number {
  for (let set = 0; set < 3; set++) {
    const va = addresses[set] as number;
    if (va === 0 || sets.size === 0) continue;
    const error = kernel.user.read(tid, va, sets.wanted.subarray(set * sets.size, (set + 1) * sets.size));
    if (error !== 0) return error;
  }
  return 0;
}

function writeSets(kernel: Kernel, tid: number, sets: Sets, addresses: readonly number[]): number {
  for (let set = 0; set < 3; set++) {
    const va = addresses[set] as number;
    if (va === 0 || sets.size === 0) continue;
    const error = kernel.user.write(tid, va, sets.found.subarray(set * sets.size, (set + 1) * sets.size));
    if (error !== 0) return error;
  }
  return 0;
}

/** The last argument of pselect6: a pointer to a mask and its size. @returns 0, -EINVAL, -EFAULT or WAIT */
function beginPackedMask(kernel: Kernel, tid: number, va: number): number {
  if (va === 0) return 0;
  const error = kernel.user.readRecord(tid, va, 16);
  if (error !== 0) return error;
  const view = kernel.user.record;
  if (view.getUint32(4, true) > 0x7fff) return -EFAULT;
  const mask = view.getUint32(4, true) * 0x1_0000_0000 + view.getUint32(0, true);
  return beginMask(kernel, tid, mask, view.getUint32(8, true));
}

/** select(2), pselect6. The time-out is written back, as Linux does. */
const sysPselect6: Handler = (kernel, tid, limit, reads, writes, excepts, timeout, packed) => {
  const deadline = deadlineOf(kernel, tid, timeout);
  if (deadline < 0) return deadline;
  const error = beginPackedMask(kernel, tid, packed);
  if (error !== 0) return error;
  const end = (result: number): number => finish(kernel, tid, result, timeout, deadline, packed !== 0);
  if (limit < 0) return end(-EINVAL);
  const last = Math.min(limit, MOST_DESCRIPTORS);
  const size = Math.ceil(last / 64) * 8;
  const sets: Sets = { size, wanted: new Uint8Array(3 * size), found: new Uint8Array(3 * size) };
  const addresses = [reads, writes, excepts];
  const fault = readSets(kernel, tid, sets, addresses);
  if (fault === WAIT) return WAIT;
  if (fault !== 0) return end(fault);
  const count = selectAll(kernel, tid, sets, last, false);
  if (count < 0) return end(count);
  if (count === 0 && deadline > kernel.clock.monotonic()) {
    if (kernel.waits.interrupted(tid)) return end(WAIT);
    selectAll(kernel, tid, sets, last, true);
    return sleep(kernel, deadline);
  }
  const written = writeSets(kernel, tid, sets, addresses);
  if (written === WAIT) return WAIT;
  return end(written !== 0 ? written : count);
};

export const pollCalls: readonly Row[] = [
  full(72, 'pselect6', ['int', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr'], sysPselect6),
  full(73, 'ppoll', ['ptr', 'uint', 'ptr', 'ptr', 'size'], sysPpoll),
];
