/**
 * FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI: from a word that wakes to a word that is owned, without waking in between.
 *
 * A waiter's progress is its deadline. Once it was moved it can not begin anew, because the word that it compared has changed:
 * a signal then ends it with EAGAIN, as Linux does. Source: futex(2).
 */
import { EAGAIN, EINVAL, ENOSYS, ETIMEDOUT } from '../../../abi/linux/errno.ts';
import { type Kernel, RESUMED_BY_TIMEOUT, WAIT } from '../../../contracts/kernel.ts';
import { type Key, keyOf } from './futex-key.ts';
import { acquire, awaitOwnership, HELD } from './futex-owned.ts';
import { absoluteDeadline, NEVER } from './timespec.ts';

/** In front of the deadline once the owner was gone when the thread looked, and it waits as FUTEX_LOCK_PI does. */
const OWNS = 1;

const isSame = (a: Key, b: Key): boolean => a.space === b.space && a.address === b.address;

/** The wait is over or goes on. @returns a result, or null: the owner of the second word is gone */
function resumed(kernel: Kernel, tid: number, moved: boolean): number | null {
  const { ipc, waits } = kernel;
  if (ipc.futexDone(tid)) return 0;
  if (waits.resumed(tid) === RESUMED_BY_TIMEOUT) return -ETIMEDOUT;
  if (waits.interrupted(tid)) {
    if (moved) return -EAGAIN;
    waits.restart('always');
    return WAIT;
  }
  return moved ? null : -EAGAIN;
}

/** FUTEX_WAIT_REQUEUE_PI. @param timeout address of an absolute time, 0 = none */
export function waitToMove(
  kernel: Kernel,
  tid: number,
  va: number,
  isPrivate: boolean,
  value: number,
  timeout: number,
  realtime: boolean,
  toVa: number,
): number {
  const { ipc, waits, user } = kernel;
  if (ipc.futexWaitToMove === undefined) return -ENOSYS;
  const [kept, owns] = waits.progress(tid);
  let deadline = kept ?? NEVER;
  const again = waits.resumed(tid) !== 0 && kept !== undefined;
  if (again) {
    const result = resumed(kernel, tid, owns === OWNS || ipc.futexMoved?.(tid) === true);
    if (result !== null) return result;
  } else if (timeout !== 0) deadline = absoluteDeadline(kernel, tid, timeout, realtime);
  if (deadline < 0) return deadline;
  if (va === toVa) return -EINVAL;
  const to = keyOf(kernel, tid, toVa, isPrivate);
  if (typeof to === 'number') return to;
  if (again) {
    const result = acquire(kernel, tid, tid, toVa, to, true, false);
    if (result !== HELD) return result;
    const waiting = awaitOwnership(kernel, tid, to, user.value, deadline);
    waits.keep([deadline, OWNS]);
    return waiting;
  }
  const key = keyOf(kernel, tid, va, isPrivate);
  if (typeof key === 'number') return key;
  const error = user.readU32(tid, va);
  if (error !== 0) return error;
  if (user.value !== value) return -EAGAIN;
  if (isSame(key, to)) return -EINVAL;
  if (deadline <= kernel.clock.monotonic()) return -ETIMEDOUT;
  waits.on(ipc.futexWaitToMove(tid, key.space, key.address, to.space, to.address));
  if (deadline !== NEVER) waits.until(deadline);
  waits.keep([deadline]);
  waits.restart('always');
  return WAIT;
}

/** FUTEX_CMP_REQUEUE_PI: the first owns the second word if it is free; others wait for it. */
export function moveToOwn(
  kernel: Kernel,
  tid: number,
  va: number,
  isPrivate: boolean,
  wake: number,
  move: number,
  toVa: number,
  expected: number,
): number {
  const { ipc, user } = kernel;
  if (ipc.futexFirstToMove === undefined || ipc.futexMoveGranted === undefined) return -ENOSYS;
  if (va === toVa || wake !== 1 || move < 0) return -EINVAL;
  const from = keyOf(kernel, tid, va, isPrivate);
  if (typeof from === 'number') return from;
  const to = keyOf(kernel, tid, toVa, isPrivate);
  if (typeof to === 'number') return to;
  if (isSame(from, to)) return -EINVAL;
  const error = user.readU32(tid, va);
  if (error !== 0) return error;
  if (user.value !== expected) return -EAGAIN;
  const first = ipc.futexFirstToMove(from.space, from.address, to.space, to.address);
  if (first <= 0) return first;
  const result = acquire(kernel, tid, first, toVa, to, false, move > 0);
  if (result < 0) return result;
  const owner = result === HELD ? user.value : first;
  const granted = result === HELD ? 0 : 1;
  if (granted === 1) ipc.futexMoveGranted(first);
  const count = move + 1 - granted;
  const moved = ipc.futexMoveToOwn?.(from.space, from.address, to.space, to.address, owner, count) ?? 0;
  return moved < 0 ? moved : granted + moved;
}
