/**
 * futex(2): its operations over `ipc`, and their time-outs.
 *
 * The word is read in the same kernel entry in which the wait begins or the wake-up is given, which makes it atomic.
 * Words that hold their owner (FUTEX_LOCK_PI) are in futex-owned.ts.
 */
import { EAGAIN, EINVAL, ENOSYS, ETIMEDOUT } from '../../../abi/linux/errno.ts';
import * as F from '../../../abi/linux/futex.ts';
import { type Kernel, RESUMED_BY_TIMEOUT, WAIT } from '../../../contracts/kernel.ts';
import type { Handler } from './call.ts';
import { keyOf } from './futex-key.ts';
import { lockOwned, tryLockOwned, unlockOwned } from './futex-owned.ts';
import { absoluteDeadline, NEVER, relativeDeadline } from './timespec.ts';

/** @param deadline monotonic ns, or NEVER */
function wait(
  kernel: Kernel,
  tid: number,
  va: number,
  isPrivate: boolean,
  value: number,
  bits: number,
  deadline: number,
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
  kernel.waits.restart(deadline === NEVER ? 'restart' : 'block');
  return WAIT;
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
  const isPrivate = (operation & F.FUTEX_PRIVATE_FLAG) !== 0;
  const kept = kernel.waits.progress(tid)[0];
  if (kernel.waits.resumed(tid) !== 0 && kept !== undefined) {
    if (kernel.ipc.futexDone(tid)) return 0;
    if (kernel.waits.resumed(tid) === RESUMED_BY_TIMEOUT) return -ETIMEDOUT;
    if (kernel.waits.interrupted(tid)) {
      kernel.waits.restart(kept === NEVER ? 'restart' : 'block');
      return WAIT;
    }
    return wait(kernel, tid, va, isPrivate, value, bits, kept);
  }
  let deadline = NEVER;
  if (timeout !== 0) {
    deadline =
      (operation & F.FUTEX_CMD_MASK) === F.FUTEX_WAIT
        ? relativeDeadline(kernel, tid, timeout)
        : absoluteDeadline(kernel, tid, timeout, (operation & F.FUTEX_CLOCK_REALTIME) !== 0);
    if (deadline < 0) return deadline;
  }
  return wait(kernel, tid, va, isPrivate, value, bits, deadline);
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

/** futex(2). */
export const sysFutex: Handler = (kernel, tid, va, operation, value, timeout, va2, value3) => {
  const isPrivate = (operation & F.FUTEX_PRIVATE_FLAG) !== 0;
  const any = F.FUTEX_BITSET_MATCH_ANY;
  const realtime = (operation & F.FUTEX_CLOCK_REALTIME) !== 0;
  const command = operation & F.FUTEX_CMD_MASK;
  if (realtime && command !== F.FUTEX_WAIT_BITSET && command !== F.FUTEX_LOCK_PI2) return -ENOSYS;
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
    default:
      return -ENOSYS;
  }
};
