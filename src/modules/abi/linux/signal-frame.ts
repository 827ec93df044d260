/**
 * struct rt_sigframe: builds one for a handler, and takes the registers back from it.
 *
 * Source: riscv Linux ABI (asm/ucontext.h, asm/sigcontext.h); sigaltstack(2), rt_sigreturn(2).
 */
import { EFAULT } from '../../../abi/linux/errno.ts';
import {
  FRAME_INFO,
  FRAME_SIZE,
  FRAME_UCONTEXT,
  highBit,
  lowBit,
  MC_EXTENSION,
  MC_FCSR,
  MC_FPREGS,
  MC_GREGS,
  SA_NODEFER,
  SA_ONSTACK,
  SS_AUTODISARM,
  SS_DISABLE,
  SS_ONSTACK,
  STACK_FLAGS,
  STACK_LENGTH,
  STACK_SP,
  UC_MCONTEXT,
  UC_SIGMASK,
  UC_STACK,
} from '../../../abi/linux/signal.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { SignalAction, SignalInfo, Thread } from '../../../contracts/process.ts';
import { CTX_F, CTX_FCSR, CTX_PC, CTX_X } from '../../../machine/layout.ts';
import { TRAMPOLINE } from './exec-image.ts';
import { isAwaited } from './presence.ts';
import { A0, A1, A2, contextOf, RA, register, setPc, setRegister, SP } from './registers.ts';
import { putInfo } from './signal-info.ts';
import { get64, put64 } from './usage.ts';

const MCONTEXT: number = FRAME_UCONTEXT + UC_MCONTEXT;
const REGISTERS = 32;

/** Is this stack pointer on the thread's alternate stack? */
export const onAltStack = (thread: Readonly<Thread>, sp: number): boolean =>
  (thread.altStackFlags & SS_AUTODISARM) === 0 &&
  thread.altStackSize !== 0 &&
  sp > thread.altStack &&
  sp - thread.altStack <= thread.altStackSize;

/** SS_ONSTACK, SS_DISABLE or 0, as sigaltstack reports it. */
export function altStackState(thread: Readonly<Thread>, sp: number): number {
  if (thread.altStackSize === 0) return SS_DISABLE;
  return onAltStack(thread, sp) ? SS_ONSTACK : 0;
}

/** Where the frame goes, or -1 if it would run over the alternate stack. */
function placeFrame(thread: Readonly<Thread>, flags: number, sp: number): number {
  const onStack = onAltStack(thread, sp);
  // A stack that is about to overflow must not wrap round to its top.
  if (onStack && !onAltStack(thread, sp - FRAME_SIZE)) return -1;
  const useAlt = (flags & SA_ONSTACK) !== 0 && thread.altStackSize !== 0 && !onStack;
  const from = useAlt ? thread.altStack + thread.altStackSize : sp;
  const at = from - FRAME_SIZE;
  return at < 0 ? -1 : at - (at % 16);
}

/** True if a stack on which a frame may come is not in memory; the wait for it is named. */
export function frameWaits(kernel: Kernel, tid: number): boolean {
  const thread = kernel.process.thread(tid);
  const sp = register(kernel, contextOf(kernel, tid), SP);
  const plain = placeFrame(thread, 0, sp);
  const alternate = placeFrame(thread, SA_ONSTACK, sp);
  if (plain >= 0 && isAwaited(kernel, tid, plain, FRAME_SIZE)) return true;
  return alternate >= 0 && alternate !== plain && isAwaited(kernel, tid, alternate, FRAME_SIZE);
}

/** Make the frame in the record. */
function fill(kernel: Kernel, thread: Thread, context: number, info: Readonly<SignalInfo>): void {
  const { i32 } = kernel.machine;
  const data = kernel.user.blankRecord(FRAME_SIZE);
  putInfo(data, FRAME_INFO, info);
  const stack = FRAME_UCONTEXT + UC_STACK;
  const state = altStackState(thread, register(kernel, context, SP));
  put64(data, stack + STACK_SP, thread.altStack);
  data.setUint32(stack + STACK_FLAGS, (state | (thread.altStackFlags & SS_AUTODISARM)) >>> 0, true);
  put64(data, stack + STACK_LENGTH, thread.altStackSize);
  const saved = thread.restoreMask;
  data.setInt32(FRAME_UCONTEXT + UC_SIGMASK, saved ? thread.savedMaskLow : thread.maskLow, true);
  data.setInt32(FRAME_UCONTEXT + UC_SIGMASK + 4, saved ? thread.savedMaskHigh : thread.maskHigh, true);
  // gregs are pc, x1..x31: the pc stands where x0 would.
  const gregs = MCONTEXT + MC_GREGS;
  save(i32, context + CTX_X, data, gregs, 8 * REGISTERS);
  save(i32, context + CTX_PC, data, gregs, 8);
  save(i32, context + CTX_F, data, MCONTEXT + MC_FPREGS, 8 * REGISTERS);
  save(i32, context + CTX_FCSR, data, MCONTEXT + MC_FPREGS + MC_FCSR, 4);
}

/** Copy registers to the record. @param size bytes */
function save(words: Int32Array, from: number, data: DataView, at: number, size: number): void {
  for (let i = 0; i < size; i += 4) data.setInt32(at + i, words[(from + i) >>> 2] as number, true);
}

/** And back. */
function load(data: DataView, at: number, words: Int32Array, to: number, size: number): void {
  for (let i = 0; i < size; i += 4) words[(to + i) >>> 2] = data.getInt32(at + i, true);
}

/**
 * Let the thread run its handler next. @returns 0, -EFAULT or WAIT; on these nothing was changed
 */
export function pushFrame(
  kernel: Kernel,
  tid: number,
  info: Readonly<SignalInfo>,
  action: Readonly<SignalAction>,
): number {
  const thread = kernel.process.thread(tid);
  const context = contextOf(kernel, tid);
  const sp = placeFrame(thread, action.flags, register(kernel, context, SP));
  if (sp < 0) return -EFAULT;
  fill(kernel, thread, context, info);
  const error = kernel.user.writeRecord(tid, sp, FRAME_SIZE);
  if (error !== 0) return error;
  setPc(kernel, context, action.handler);
  setRegister(kernel, context, RA, TRAMPOLINE);
  setRegister(kernel, context, SP, sp);
  setRegister(kernel, context, A0, info.signal);
  setRegister(kernel, context, A1, sp + FRAME_INFO);
  setRegister(kernel, context, A2, sp + FRAME_UCONTEXT);
  if ((thread.altStackFlags & SS_AUTODISARM) !== 0) {
    thread.altStack = 0;
    thread.altStackSize = 0;
    thread.altStackFlags = SS_DISABLE;
  }
  thread.restoreMask = false;
  const own = (action.flags & SA_NODEFER) === 0;
  kernel.process.setMask(
    tid,
    thread.maskLow | action.maskLow | (own ? lowBit(info.signal) : 0),
    thread.maskHigh | action.maskHigh | (own ? highBit(info.signal) : 0),
  );
  return 0;
}

/** rt_sigreturn: the registers are those of the frame at sp. @returns 0, -EFAULT or WAIT */
export function popFrame(kernel: Kernel, tid: number): number {
  const context = contextOf(kernel, tid);
  const sp = register(kernel, context, SP);
  const error = sp % 16 !== 0 ? -EFAULT : kernel.user.readRecord(tid, sp, FRAME_SIZE);
  if (error !== 0) return error;
  const data = kernel.user.record;
  const extension = MCONTEXT + MC_EXTENSION;
  if (data.getUint32(extension, true) !== 0 || data.getUint32(extension + 4, true) !== 0) return -EFAULT;
  const { i32 } = kernel.machine;
  const gregs = MCONTEXT + MC_GREGS;
  load(data, gregs, i32, context + CTX_PC, 8);
  load(data, gregs + 8, i32, context + CTX_X + 8, 8 * (REGISTERS - 1));
  // Instructions are aligned to 2 bytes, whatever the frame says.
  i32[(context + CTX_PC) >>> 2] = (i32[(context + CTX_PC) >>> 2] as number) & ~1;
  const fpregs = MCONTEXT + MC_FPREGS;
  load(data, fpregs, i32, context + CTX_F, 8 * REGISTERS);
  kernel.machine.u32[(context + CTX_FCSR) >>> 2] = data.getUint32(fpregs + MC_FCSR, true) & 0xff;
  const mask = FRAME_UCONTEXT + UC_SIGMASK;
  kernel.process.setMask(tid, data.getInt32(mask, true), data.getInt32(mask + 4, true));
  const stack = FRAME_UCONTEXT + UC_STACK;
  setAltStack(
    kernel.process.thread(tid),
    get64(data, stack + STACK_SP),
    data.getUint32(stack + STACK_FLAGS, true),
    get64(data, stack + STACK_LENGTH),
  );
  return 0;
}

/** What sigaltstack sets once it is checked. @param flags SS_ bits, unsigned */
export function setAltStack(thread: Thread, address: number, flags: number, size: number): void {
  const disabled = (flags & SS_DISABLE) !== 0;
  thread.altStack = disabled ? 0 : address;
  thread.altStackSize = disabled ? 0 : size;
  thread.altStackFlags = disabled ? SS_DISABLE : (flags & SS_AUTODISARM) >>> 0;
}
