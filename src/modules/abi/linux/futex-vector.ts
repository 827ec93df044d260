/**
 * Futexes by calls of their own: futex_waitv, futex_wake, futex_wait and futex_requeue.
 *
 * What these words are is said by flags of each; only words of 32 bits are known, as in Linux. Source: futex_waitv(2),
 * Documentation/userspace-api/futex2.rst.
 */
import { EAGAIN, EINVAL, ENOSYS, ETIMEDOUT } from '../../../abi/linux/errno.ts';
import * as F from '../../../abi/linux/futex.ts';
import { CLOCK_MONOTONIC, CLOCK_REALTIME } from '../../../abi/linux/time.ts';
import { type Kernel, RESUMED_BY_TIMEOUT, WAIT } from '../../../contracts/kernel.ts';
import { full, type Handler, type Row } from './call.ts';
import { requeueWords, waitForWord } from './futex.ts';
import { type Key, keyOf } from './futex-key.ts';
import { absoluteDeadline, NEVER } from './timespec.ts';
import { get64 } from './usage.ts';

/** A struct futex_waitv. */
interface Word {
  readonly va: number;
  readonly value: number;
  readonly isPrivate: boolean;
}

const WORD_MOST = 0xffff_ffff;
const isKnown = (flags: number): boolean =>
  (flags & ~(F.FUTEX2_SIZE_MASK | F.FUTEX2_PRIVATE)) === 0 &&
  (flags & F.FUTEX2_SIZE_MASK) === F.FUTEX2_SIZE_U32;
const isPrivateFlag = (flags: number): boolean => (flags & F.FUTEX2_PRIVATE) !== 0;

/** @returns the words, -EINVAL, -EFAULT or WAIT */
function readWords(kernel: Kernel, tid: number, at: number, count: number): Word[] | number {
  const words: Word[] = [];
  for (let i = 0; i < count; i++) {
    const bytes = new Uint8Array(F.FUTEX_WAITV_SIZE);
    const error = kernel.user.read(tid, at + i * F.FUTEX_WAITV_SIZE, bytes);
    if (error !== 0) return error;
    const view = new DataView(bytes.buffer);
    const flags = view.getUint32(F.FUTEX_WAITV_FLAGS, true);
    const value = get64(view, F.FUTEX_WAITV_VAL);
    if (!isKnown(flags) || view.getUint32(F.FUTEX_WAITV_RESERVED, true) !== 0) return -EINVAL;
    if (value < 0 || value > WORD_MOST) return -EINVAL;
    const va = get64(view, F.FUTEX_WAITV_UADDR);
    words.push({ va: va < 0 ? Number.MAX_SAFE_INTEGER : va, value, isPrivate: isPrivateFlag(flags) });
  }
  return words;
}

/** @returns a monotonic deadline, NEVER, -EINVAL, -EFAULT or WAIT */
function deadlineOf(kernel: Kernel, tid: number, timeout: number, clock: number): number {
  const kept = kernel.waits.progress(tid)[0];
  if (kept !== undefined) return kept;
  if (timeout === 0) return NEVER;
  if (clock !== CLOCK_MONOTONIC && clock !== CLOCK_REALTIME) return -EINVAL;
  return absoluteDeadline(kernel, tid, timeout, clock === CLOCK_REALTIME);
}

/** futex_waitv(2) */
const sysFutexWaitv: Handler = (kernel, tid, at, count, flags, timeout, clock) => {
  const { ipc, waits, user } = kernel;
  if (ipc.futexWaitAny === undefined || ipc.futexAnyDone === undefined) return -ENOSYS;
  if (flags !== 0 || count === 0 || count > F.FUTEX_WAITV_MAX || at === 0) return -EINVAL;
  const again = waits.resumed(tid) !== 0 && waits.progress(tid).length > 0;
  const deadline = deadlineOf(kernel, tid, timeout, clock);
  if (deadline < 0) return deadline;
  if (again) {
    const woken = ipc.futexAnyDone(tid);
    if (woken >= 0) return woken;
    if (waits.resumed(tid) === RESUMED_BY_TIMEOUT) return -ETIMEDOUT;
    if (waits.interrupted(tid)) {
      waits.restart('restart');
      return WAIT;
    }
  }
  const words = readWords(kernel, tid, at, count);
  if (typeof words === 'number') return words;
  const keys: Key[] = [];
  for (const { va, isPrivate } of words) {
    const key = keyOf(kernel, tid, va, isPrivate);
    if (typeof key === 'number') return key;
    keys.push(key);
  }
  for (const { va, value } of words) {
    const error = user.readU32(tid, va);
    if (error !== 0) return error;
    if (user.value !== value) return -EAGAIN;
  }
  if (deadline <= kernel.clock.monotonic()) return -ETIMEDOUT;
  waits.on(ipc.futexWaitAny(tid, keys));
  if (deadline !== NEVER) waits.until(deadline);
  waits.keep([deadline]);
  waits.restart('restart');
  return WAIT;
};

/** futex_wake: as FUTEX_WAKE_BITSET, but none is none. */
const sysFutexWake: Handler = (kernel, tid, va, mask, count, flags) => {
  if (!isKnown(flags) || mask > WORD_MOST) return -EINVAL;
  const bits = mask | 0;
  if (bits === 0) return -EINVAL;
  const key = keyOf(kernel, tid, va, isPrivateFlag(flags));
  if (typeof key === 'number') return key;
  return count === 0 ? 0 : kernel.ipc.futexWake(key.space, key.address, Math.max(1, count), bits);
};

/** futex_wait: as FUTEX_WAIT_BITSET, but that a signal's handler may have it begun anew. */
const sysFutexWait: Handler = (kernel, tid, va, value, mask, flags, timeout, clock) => {
  if (!isKnown(flags) || value > WORD_MOST || mask > WORD_MOST) return -EINVAL;
  const deadline = deadlineOf(kernel, tid, timeout, clock);
  if (deadline < 0) return deadline;
  if (mask === 0) return -EINVAL;
  return waitForWord(kernel, tid, va, isPrivateFlag(flags), value, mask | 0, deadline, 'restart');
};

/** futex_requeue: as FUTEX_CMP_REQUEUE, between the two words of a vector. */
const sysFutexRequeue: Handler = (kernel, tid, at, flags, wake, move) => {
  if (flags !== 0 || at === 0) return -EINVAL;
  const words = readWords(kernel, tid, at, 2);
  if (typeof words === 'number') return words;
  const [from, to] = words as [Word, Word];
  if (wake < 0 || move < 0) return -EINVAL;
  const fromKey = keyOf(kernel, tid, from.va, from.isPrivate);
  if (typeof fromKey === 'number') return fromKey;
  const toKey = keyOf(kernel, tid, to.va, to.isPrivate);
  if (typeof toKey === 'number') return toKey;
  return requeueWords(kernel, tid, from.va, fromKey, wake, move, toKey, from.value);
};

export const futexVectorCalls: readonly Row[] = [
  full(449, 'futex_waitv', ['ptr', 'uint', 'uint', 'ptr', 'int'], sysFutexWaitv),
  full(454, 'futex_wake', ['ptr', 'size', 'int', 'uint'], sysFutexWake),
  full(455, 'futex_wait', ['ptr', 'size', 'size', 'uint', 'ptr', 'int'], sysFutexWait),
  full(456, 'futex_requeue', ['ptr', 'uint', 'int', 'int'], sysFutexRequeue),
];
