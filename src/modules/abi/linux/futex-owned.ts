/**
 * Futexes whose word holds the thread that owns them: FUTEX_LOCK_PI, LOCK_PI2, TRYLOCK_PI, UNLOCK_PI.
 *
 * The kernel passes the word from owner to owner, to the waiter of the highest priority first, which lends its priority to the
 * owner while it waits (ipc). When an owner ends, those who wait look again, and the first to do so owns the word with
 * FUTEX_OWNER_DIED set. Source: futex(2), "Priority-inheritance futexes".
 */
import { EAGAIN, EDEADLK, ENOSYS, EPERM, ESRCH, ETIMEDOUT } from '../../../abi/linux/errno.ts';
import { FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS } from '../../../abi/linux/futex.ts';
import { type Kernel, RESUMED_BY_TIMEOUT, WAIT } from '../../../contracts/kernel.ts';
import { type Key, keyOf } from './futex-key.ts';
import { absoluteDeadline, NEVER } from './timespec.ts';

/** Not among what the calls return. */
export const HELD = 1;

const isAlive = (kernel: Kernel, tid: number): boolean => kernel.process.findThread(tid)?.dead === false;

/**
 * Own the word if nobody does.
 * @param reader whose memory the word is in @param tid who is to own it @param crowded more will wait for it
 * @param inherits the owner may be gone, because the caller waited for it
 * @returns 0 (owned), HELD (by `kernel.user.value`, marked that somebody waits), -errno or WAIT
 */
export function acquire(
  kernel: Kernel,
  reader: number,
  tid: number,
  va: number,
  key: Key,
  inherits: boolean,
  crowded: boolean,
): number {
  const error = kernel.user.readU32(reader, va);
  if (error !== 0) return error;
  const word = kernel.user.value;
  const owner = word & FUTEX_TID_MASK;
  if (owner === tid) return -EDEADLK;
  const next = kernel.ipc.futexNext?.(key.space, key.address) ?? 0;
  if (next < 0) return next;
  const gone = owner !== 0 && !isAlive(kernel, owner);
  if (owner === 0 || (gone && inherits)) {
    const died = gone ? FUTEX_OWNER_DIED : word & FUTEX_OWNER_DIED;
    // Who waited keeps the mark that somebody waits, as in Linux: its unlock then comes to the kernel.
    const waiters = gone || crowded || next !== 0 ? FUTEX_WAITERS : 0;
    return kernel.user.writeU32(reader, va, (tid | died | waiters) >>> 0);
  }
  const marked = (word | FUTEX_WAITERS) >>> 0;
  if (marked !== word) {
    const written = kernel.user.writeU32(reader, va, marked);
    if (written !== 0) return written;
  }
  if (gone && next === 0) return -ESRCH;
  kernel.user.value = owner;
  return HELD;
}

/** FUTEX_LOCK_PI and LOCK_PI2. @param timeout address of an absolute time, 0 = none */
export function lockOwned(
  kernel: Kernel,
  tid: number,
  va: number,
  isPrivate: boolean,
  timeout: number,
  realtime: boolean,
): number {
  const { ipc, waits } = kernel;
  if (ipc.futexWaitToOwn === undefined) return -ENOSYS;
  const kept = waits.progress(tid)[0];
  const resumed = waits.resumed(tid) !== 0 && kept !== undefined;
  if (resumed) {
    if (ipc.futexDone(tid)) return 0;
    if (waits.resumed(tid) === RESUMED_BY_TIMEOUT) return -ETIMEDOUT;
    if (waits.interrupted(tid)) {
      waits.restart('always');
      return WAIT;
    }
  }
  let deadline = kept ?? NEVER;
  if (!resumed && timeout !== 0) deadline = absoluteDeadline(kernel, tid, timeout, realtime);
  if (deadline < 0) return deadline;
  const key = keyOf(kernel, tid, va, isPrivate);
  if (typeof key === 'number') return key;
  const result = acquire(kernel, tid, tid, va, key, resumed, false);
  return result === HELD ? awaitOwnership(kernel, tid, key, kernel.user.value, deadline) : result;
}

/** @returns WAIT, -EDEADLK or -ETIMEDOUT */
export function awaitOwnership(
  kernel: Kernel,
  tid: number,
  { space, address }: Key,
  owner: number,
  deadline: number,
): number {
  const { ipc, waits } = kernel;
  const event = ipc.futexWaitToOwn?.(tid, space, address, owner) ?? -ENOSYS;
  if (event < 0) return event;
  if (deadline <= kernel.clock.monotonic()) {
    ipc.futexDone(tid);
    return -ETIMEDOUT;
  }
  waits.on(event);
  if (deadline !== NEVER) waits.until(deadline);
  waits.keep([deadline]);
  waits.restart('always');
  return WAIT;
}

/** FUTEX_TRYLOCK_PI: it may own a word that FUTEX_OWNER_DIED keeps user programs from taking. */
export function tryLockOwned(kernel: Kernel, tid: number, va: number, isPrivate: boolean): number {
  if (kernel.ipc.futexNext === undefined) return -ENOSYS;
  const key = keyOf(kernel, tid, va, isPrivate);
  if (typeof key === 'number') return key;
  const result = acquire(kernel, tid, tid, va, key, false, false);
  return result === HELD ? -EAGAIN : result;
}

/** FUTEX_UNLOCK_PI. */
export function unlockOwned(kernel: Kernel, tid: number, va: number, isPrivate: boolean): number {
  const { ipc, user } = kernel;
  if (ipc.futexNext === undefined || ipc.futexGrant === undefined) return -ENOSYS;
  const error = user.readU32(tid, va);
  if (error !== 0) return error;
  if ((user.value & FUTEX_TID_MASK) !== tid) return -EPERM;
  const key = keyOf(kernel, tid, va, isPrivate);
  if (typeof key === 'number') return key;
  const next = ipc.futexNext(key.space, key.address);
  if (next < 0) return next;
  const written = user.writeU32(tid, va, next === 0 ? 0 : (next | FUTEX_WAITERS) >>> 0);
  if (written === 0 && next !== 0) ipc.futexGrant(key.space, key.address, next);
  return written;
}
