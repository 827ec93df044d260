/**
 * futex(2): its operations over `ipc`, and their time-outs.
 *
 * The word is read in the same kernel entry in which the wait begins or the wake-up is given, which makes it atomic.
 * Words that hold their owner (FUTEX_LOCK_PI) are in futex-owned.ts and futex-moved.ts, newer calls in futex-vector.ts.
 */
import { EAGAIN, EINVAL, ENOSYS, ETIMEDOUT } from '../../../abi/linux/errno.ts';
import * as F from '../../../abi/linux/futex.ts';
import { type Kernel, RESUMED_BY_TIMEOUT, type RestartClass, WAIT } from '../../../contracts/kernel.ts';
import type { Handler } from './call.ts';
import { type Key, keyOf } from './futex-key.ts';
import { moveToOwn, waitToMove } from './futex-moved.ts';
import { lockOwned, tryLockOwned, unlockOwned } from './futex-owned.ts';
import { absoluteDeadline, NEVER, relativeDeadline } from './timespec.ts';

/** Begin to wait while the word has a value. @param deadline monotonic ns, or NEVER */
function begin(
  kernel: Kernel,
  tid: number,
  va: number,
  isPrivate: boolean,
  value: number,
  bits: number,
  deadline: number,
  restart: RestartClass,
): number {
  const key = keyOf(kernel, tid, va, isPrivate);
  if (typeof key === 'number') return key;
  const error = kernel.user.readU32(tid, va);
  if (error !== 0) return error;
  if (kernel.user.value !== value) return -EAGAIN;
  if (deadline <= kernel.clock.monotonic()) return -ETIMEDOUT;
  kernel.waits.on(kernel.ipc.futexWait(tid, key.space, key.address, bits));
  if (deadline !== NEVER) kernel.waits.until(deadline);
  kernel.waits.keep([deadline]);
  kernel.waits.restart(restart);
  return WAIT;
}

/** A whole wait, of which the deadline is kept. @param restart what a signal does to it */
export function waitForWord(
  kernel: Kernel,
  tid: number,
  va: number,
  isPrivate: boolean,
  value: number,
  bits: number,
  deadline: number,
  restart: RestartClass,
): number {
  if (kernel.waits.resumed(tid) !== 0 && kernel.waits.progress(tid).length > 0) {
    if (kernel.ipc.futexDone(tid)) return 0;
    if (kernel.waits.resumed(tid) === RESUMED_BY_TIMEOUT) return -ETIMEDOUT;
    if (kernel.waits.interrupted(tid)) {
      kernel.waits.restart(restart);
      return WAIT;
    }
  }
  return begin(kernel, tid, va, isPrivate, value, bits, deadline, restart);
}

/** FUTEX_WAIT and FUTEX_WAIT_BITSET; the former's time-out is relative. */
function sysWait(
  kernel: Kernel,
  tid: number,
  va: number,
  operation: number,
  value: number,
  timeout: number,
  bits: number,
): number {
  if (bits === 0) return -EINVAL;
  let deadline = kernel.waits.progress(tid)[0] ?? NEVER;
  if (kernel.waits.progress(tid).length === 0 && timeout !== 0) {
    deadline =
      (operation & F.FUTEX_CMD_MASK) === F.FUTEX_WAIT
        ? relativeDeadline(kernel, tid, timeout)
        : absoluteDeadline(kernel, tid, timeout, (operation & F.FUTEX_CLOCK_REALTIME) !== 0);
    if (deadline < 0) return deadline;
  }
  const isPrivate = (operation & F.FUTEX_PRIVATE_FLAG) !== 0;
  const restart = deadline === NEVER ? 'restart' : 'block';
  return waitForWord(kernel, tid, va, isPrivate, value, bits, deadline, restart);
}

function sysWake(
  kernel: Kernel,
  tid: number,
  va: number,
  isPrivate: boolean,
  count: number,
  bits: number,
): number {
  if (bits === 0) return -EINVAL;
  const key = keyOf(kernel, tid, va, isPrivate);
  if (typeof key === 'number') return key;
  // Linux wakes one where none was asked for.
  return kernel.ipc.futexWake(key.space, key.address, Math.max(1, count), bits);
}

/** FUTEX_REQUEUE and, with `expected`, FUTEX_CMP_REQUEUE. */
function sysRequeue(
  kernel: Kernel,
  tid: number,
  va: number,
  isPrivate: boolean,
  count: number,
  move: number,
  toVa: number,
  expected: number | null,
): number {
  if (count < 0 || move < 0) return -EINVAL;
  const from = keyOf(kernel, tid, va, isPrivate);
  if (typeof from === 'number') return from;
  const to = keyOf(kernel, tid, toVa, isPrivate);
  if (typeof to === 'number') return to;
  return requeueWords(kernel, tid, va, from, count, move, to, expected);
}

/** @param expected the value that the first word must have, or null */
export function requeueWords(
  kernel: Kernel,
  tid: number,
  va: number,
  from: Key,
  count: number,
  move: number,
  to: Key,
  expected: number | null,
): number {
  if (expected !== null) {
    const error = kernel.user.readU32(tid, va);
    if (error !== 0) return error;
    if (kernel.user.value !== expected) return -EAGAIN;
  }
  return kernel.ipc.futexRequeue(from.space, from.address, count, to.space, to.address, move);
}

/** The second word after FUTEX_WAKE_OP's operation, or null if there is no such operation. */
function operate(operation: number, old: number, operand: number): number | null {
  switch (operation) {
    case F.FUTEX_OP_SET:
      return operand >>> 0;
    case F.FUTEX_OP_ADD:
      return (old + operand) >>> 0;
    case F.FUTEX_OP_OR:
      return (old | operand) >>> 0;
    case F.FUTEX_OP_ANDN:
      return (old & ~operand) >>> 0;
    case F.FUTEX_OP_XOR:
      return (old ^ operand) >>> 0;
    default:
      return null;
  }
}

function compare(comparison: number, old: number, operand: number): boolean | null {
  switch (comparison) {
    case F.FUTEX_OP_CMP_EQ:
      return old === operand;
    case F.FUTEX_OP_CMP_NE:
      return old !== operand;
    case F.FUTEX_OP_CMP_LT:
      return old < operand;
    case F.FUTEX_OP_CMP_LE:
      return old <= operand;
    case F.FUTEX_OP_CMP_GT:
      return old > operand;
    case F.FUTEX_OP_CMP_GE:
      return old >= operand;
    default:
      return null;
  }
}

/** FUTEX_WAKE_OP. @param how the packed operation and comparison */
function sysWakeOp(
  kernel: Kernel,
  tid: number,
  va: number,
  isPrivate: boolean,
  count: number,
  count2: number,
  va2: number,
  how: number,
): number {
  const first = keyOf(kernel, tid, va, isPrivate);
  if (typeof first === 'number') return first;
  const second = keyOf(kernel, tid, va2, isPrivate);
  if (typeof second === 'number') return second;
  const error = kernel.user.readU32(tid, va2);
  if (error !== 0) return error;
  const old = kernel.user.value;
  // Operands are 12 bits, signed.
  const operand = (how << 8) >> 20;
  const value = operate((how >>> 28) & 7, old, how >>> 31 === 1 ? 1 << (operand & 31) : operand);
  const meets = compare((how >>> 24) & 15, old | 0, (how << 20) >> 20);
  if (value === null || meets === null) return -ENOSYS;
  const written = kernel.user.writeU32(tid, va2, value);
  if (written !== 0) return written;
  const any = F.FUTEX_BITSET_MATCH_ANY;
  const woken = kernel.ipc.futexWake(first.space, first.address, Math.max(1, count), any);
  if (woken < 0 || !meets) return woken;
  const more = kernel.ipc.futexWake(second.space, second.address, Math.max(1, count2), any);
  return more < 0 ? more : woken + more;
}

/** Operations whose time-out may be by the time of day. */
const REALTIME: ReadonlySet<number> = new Set([
  F.FUTEX_WAIT_BITSET,
  F.FUTEX_WAIT_REQUEUE_PI,
  F.FUTEX_LOCK_PI2,
]);

/** futex(2). */
export const sysFutex: Handler = (kernel, tid, va, operation, value, timeout, va2, value3) => {
  const isPrivate = (operation & F.FUTEX_PRIVATE_FLAG) !== 0;
  const any = F.FUTEX_BITSET_MATCH_ANY;
  const realtime = (operation & F.FUTEX_CLOCK_REALTIME) !== 0;
  const command = operation & F.FUTEX_CMD_MASK;
  if (realtime && !REALTIME.has(command)) return -ENOSYS;
  switch (command) {
    case F.FUTEX_WAIT:
      return sysWait(kernel, tid, va, operation, value, timeout, any);
    case F.FUTEX_WAIT_BITSET:
      return sysWait(kernel, tid, va, operation, value, timeout, value3);
    case F.FUTEX_WAKE:
      return sysWake(kernel, tid, va, isPrivate, value | 0, any);
    case F.FUTEX_WAKE_BITSET:
      return sysWake(kernel, tid, va, isPrivate, value | 0, value3);
    case F.FUTEX_REQUEUE:
      return sysRequeue(kernel, tid, va, isPrivate, value | 0, timeout | 0, va2, null);
    case F.FUTEX_CMP_REQUEUE:
      return sysRequeue(kernel, tid, va, isPrivate, value | 0, timeout | 0, va2, value3);
    case F.FUTEX_WAKE_OP:
      return sysWakeOp(kernel, tid, va, isPrivate, value | 0, timeout | 0, va2, value3);
    case F.FUTEX_LOCK_PI:
      return lockOwned(kernel, tid, va, isPrivate, timeout, true);
    case F.FUTEX_LOCK_PI2:
      return lockOwned(kernel, tid, va, isPrivate, timeout, realtime);
    case F.FUTEX_TRYLOCK_PI:
      return tryLockOwned(kernel, tid, va, isPrivate);
    case F.FUTEX_UNLOCK_PI:
      return unlockOwned(kernel, tid, va, isPrivate);
    case F.FUTEX_WAIT_REQUEUE_PI:
      return waitToMove(kernel, tid, va, isPrivate, value, timeout, realtime, va2);
    case F.FUTEX_CMP_REQUEUE_PI:
      return moveToOwn(kernel, tid, va, isPrivate, value | 0, timeout | 0, va2, value3);
    default:
      return -ENOSYS;
  }
};
