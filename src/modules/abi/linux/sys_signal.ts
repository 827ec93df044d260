/**
 * System calls on the thread's own signals: actions, masks, pending signals, waiting for them, the alternate stack.
 */
import { EAGAIN, EFAULT, EINVAL, ENOMEM, EPERM } from '../../../abi/linux/errno.ts';
import {
  lowBit,
  MINSIGSTKSZ,
  NSIG,
  SI_KERNEL,
  SIG_BLOCK,
  SIG_SETMASK,
  SIG_UNBLOCK,
  SIGACTION_FLAGS,
  SIGACTION_HANDLER,
  SIGACTION_MASK,
  SIGACTION_SIZE,
  SIGINFO_SIZE,
  SIGSEGV,
  SIGSET_SIZE,
  SS_AUTODISARM,
  SS_DISABLE,
  SS_ONSTACK,
  STACK_FLAGS,
  STACK_LENGTH,
  STACK_SIZE,
  STACK_SP,
  UNBLOCKABLE,
} from '../../../abi/linux/signal.ts';
import { NO_RESULT } from '../../../contracts/abi.ts';
import { type Kernel, RESUMED_BY_TIMEOUT, WAIT } from '../../../contracts/kernel.ts';
import { createSignalAction, createSignalInfo, type SignalAction } from '../../../contracts/process.ts';
import { full, type Row } from './call.ts';
import { contextOf, register, SP } from './registers.ts';
import { altStackState, onAltStack, popFrame, setAltStack } from './signal-frame.ts';
import { writeInfo } from './signal-info.ts';
import { beginMask } from './signal-mask.ts';
import { killCalls } from './sys_kill.ts';
import { get64, put64 } from './usage.ts';

/** Flags that a handler may have; SA_UNSUPPORTED is how a program finds out about the others. */
const SA_KNOWN = 0xdc00_0807;
const SECOND = 1_000_000_000;

function takeAction(data: DataView): SignalAction {
  const action = createSignalAction();
  action.handler = get64(data, SIGACTION_HANDLER);
  action.flags = (data.getUint32(SIGACTION_FLAGS, true) & SA_KNOWN) >>> 0;
  action.maskLow = data.getInt32(SIGACTION_MASK, true);
  action.maskHigh = data.getInt32(SIGACTION_MASK + 4, true);
  return action;
}

/** rt_sigaction(2) */
function sysSigaction(
  kernel: Kernel,
  tid: number,
  signal: number,
  newAt: number,
  oldAt: number,
  size: number,
): number {
  if (size !== SIGSET_SIZE) return -EINVAL;
  let action: SignalAction | null = null;
  if (newAt !== 0) {
    const error = kernel.user.readRecord(tid, newAt, SIGACTION_SIZE);
    if (error !== 0) return error;
    action = takeAction(kernel.user.record);
  }
  if (signal < 1 || signal > NSIG) return -EINVAL;
  if (action !== null && (lowBit(signal) & UNBLOCKABLE) !== 0) return -EINVAL;
  if (oldAt !== 0) {
    const old = kernel.process.action(tid, signal);
    const view = kernel.user.blankRecord(SIGACTION_SIZE);
    put64(view, SIGACTION_HANDLER, old.handler);
    view.setUint32(SIGACTION_FLAGS, old.flags, true);
    view.setInt32(SIGACTION_MASK, old.maskLow, true);
    view.setInt32(SIGACTION_MASK + 4, old.maskHigh, true);
    const error = kernel.user.writeRecord(tid, oldAt, SIGACTION_SIZE);
    if (error !== 0) return error;
  }
  if (action !== null) kernel.process.setAction(tid, signal, action);
  return 0;
}

/** @param size bytes of the set that are wanted */
function writeSet(kernel: Kernel, tid: number, va: number, low: number, high: number, size: number): number {
  const data = kernel.user.record;
  data.setInt32(0, low, true);
  data.setInt32(4, high, true);
  return kernel.user.writeRecord(tid, va, size);
}

/** rt_sigprocmask(2) */
function sysSigprocmask(
  kernel: Kernel,
  tid: number,
  how: number,
  newAt: number,
  oldAt: number,
  size: number,
): number {
  if (size !== SIGSET_SIZE) return -EINVAL;
  const { maskLow, maskHigh } = kernel.process.thread(tid);
  let low = 0;
  let high = 0;
  if (newAt !== 0) {
    const error = kernel.user.readRecord(tid, newAt, SIGSET_SIZE);
    if (error !== 0) return error;
    low = kernel.user.record.getInt32(0, true);
    high = kernel.user.record.getInt32(4, true);
    if (how !== SIG_BLOCK && how !== SIG_UNBLOCK && how !== SIG_SETMASK) return -EINVAL;
  }
  if (oldAt !== 0) {
    const error = writeSet(kernel, tid, oldAt, maskLow, maskHigh, SIGSET_SIZE);
    if (error !== 0) return error;
  }
  if (newAt === 0) return 0;
  if (how === SIG_BLOCK) kernel.process.setMask(tid, maskLow | low, maskHigh | high);
  else if (how === SIG_UNBLOCK) kernel.process.setMask(tid, maskLow & ~low, maskHigh & ~high);
  else kernel.process.setMask(tid, low, high);
  return 0;
}

/** rt_sigpending(2) */
function sysSigpending(kernel: Kernel, tid: number, setAt: number, size: number): number {
  if (size > SIGSET_SIZE) return -EINVAL;
  const { maskLow, maskHigh } = kernel.process.thread(tid);
  const low = kernel.process.pendingLow(tid) & maskLow;
  const high = kernel.process.pendingHigh(tid) & maskHigh;
  return writeSet(kernel, tid, setAt, low, high, size);
}

/** rt_sigsuspend(2) */
function sysSigsuspend(kernel: Kernel, tid: number, setAt: number, size: number): number {
  if (size !== SIGSET_SIZE) return -EINVAL;
  const error = setAt === 0 ? -EFAULT : beginMask(kernel, tid, setAt, size);
  if (error !== 0) return error;
  kernel.waits.restart('no-handler');
  return WAIT;
}

/** rt_sigtimedwait(2), sigwaitinfo(2) */
function sysSigtimedwait(
  kernel: Kernel,
  tid: number,
  setAt: number,
  infoAt: number,
  timeoutAt: number,
  size: number,
): number {
  if (size !== SIGSET_SIZE) return -EINVAL;
  const bytes = new Uint8Array(SIGSET_SIZE + 16);
  let error = kernel.user.read(tid, setAt, bytes.subarray(0, SIGSET_SIZE));
  if (error === 0 && timeoutAt !== 0) error = kernel.user.read(tid, timeoutAt, bytes.subarray(SIGSET_SIZE));
  if (error !== 0) return error;
  const data = new DataView(bytes.buffer);
  const seconds = get64(data, 8);
  const nanoseconds = get64(data, 16);
  if (timeoutAt !== 0 && (seconds < 0 || nanoseconds < 0 || nanoseconds >= SECOND)) return -EINVAL;
  // The page for the answer first: a signal that was taken can not be given back.
  if (infoAt !== 0) {
    error = kernel.user.spans(tid, infoAt, SIGINFO_SIZE, true, kernel.user.scratch);
    if (error !== 0) return error;
  }
  const low = data.getInt32(0, true) & ~UNBLOCKABLE;
  const info = kernel.process.takeSignal(tid, low, data.getInt32(4, true));
  if (info !== null) {
    if (infoAt !== 0) writeInfo(kernel, tid, infoAt, info);
    return info.signal;
  }
  if (kernel.waits.resumed(tid) === RESUMED_BY_TIMEOUT) return -EAGAIN;
  if (timeoutAt !== 0) {
    if (seconds === 0 && nanoseconds === 0) return -EAGAIN;
    const limit = Math.min(seconds * SECOND + nanoseconds, Number.MAX_SAFE_INTEGER / 2);
    const deadline = kernel.waits.progress(tid)[0] ?? kernel.clock.monotonic() + limit;
    kernel.waits.keep([deadline]);
    kernel.waits.until(deadline);
  }
  kernel.waits.on(kernel.process.group(tid).signalEvent);
  kernel.waits.restart('eintr');
  return WAIT;
}

/** rt_sigreturn(2) */
function sysSigreturn(kernel: Kernel, tid: number): number {
  const error = popFrame(kernel, tid);
  if (error === WAIT) return WAIT;
  if (error !== 0) {
    const info = createSignalInfo();
    info.signal = SIGSEGV;
    info.code = SI_KERNEL;
    kernel.process.forceSignal(tid, info);
  }
  return NO_RESULT;
}

/** sigaltstack(2) */
function sysSigaltstack(kernel: Kernel, tid: number, newAt: number, oldAt: number): number {
  const thread = kernel.process.thread(tid);
  const sp = register(kernel, contextOf(kernel, tid), SP);
  const bytes = new Uint8Array(STACK_SIZE);
  const data = new DataView(bytes.buffer);
  if (newAt !== 0) {
    const error = kernel.user.read(tid, newAt, bytes);
    if (error !== 0) return error;
  }
  const flags = data.getUint32(STACK_FLAGS, true);
  const mode = (flags & ~SS_AUTODISARM) >>> 0;
  if (newAt !== 0) {
    if (onAltStack(thread, sp)) return -EPERM;
    if (mode !== SS_DISABLE && mode !== SS_ONSTACK && mode !== 0) return -EINVAL;
    if (mode !== SS_DISABLE && get64(data, STACK_LENGTH) < MINSIGSTKSZ) return -ENOMEM;
  }
  if (oldAt !== 0) {
    const image = new Uint8Array(STACK_SIZE);
    const view = new DataView(image.buffer);
    put64(view, STACK_SP, thread.altStack);
    const state = altStackState(thread, sp) | (thread.altStackFlags & SS_AUTODISARM);
    view.setUint32(STACK_FLAGS, state >>> 0, true);
    put64(view, STACK_LENGTH, thread.altStackSize);
    const error = kernel.user.write(tid, oldAt, image);
    if (error !== 0) return error;
  }
  if (newAt !== 0) setAltStack(thread, get64(data, STACK_SP), flags, get64(data, STACK_LENGTH));
  return 0;
}

export const signalCalls: readonly Row[] = [
  ...killCalls,
  full(132, 'sigaltstack', ['ptr', 'ptr'], sysSigaltstack),
  full(133, 'rt_sigsuspend', ['ptr', 'size'], sysSigsuspend),
  full(134, 'rt_sigaction', ['int', 'ptr', 'ptr', 'size'], sysSigaction),
  full(135, 'rt_sigprocmask', ['int', 'ptr', 'ptr', 'size'], sysSigprocmask),
  full(136, 'rt_sigpending', ['ptr', 'size'], sysSigpending),
  full(137, 'rt_sigtimedwait', ['ptr', 'ptr', 'ptr', 'size'], sysSigtimedwait),
  full(139, 'rt_sigreturn', [], sysSigreturn),
];
