/**
 * What a pending signal does to a thread on its way to user mode: default actions, handlers, broken-off calls.
 *
 * Source: signal(7), "Signal dispositions" and "Interruption of system calls"; sigaction(2).
 */
import { EINTR } from '../../../abi/linux/errno.ts';
import {
  defaultAction,
  SA_RESETHAND,
  SA_RESTART,
  SI_KERNEL,
  SI_USER,
  SIG_DFL,
  SIG_IGN,
  SIGSEGV,
  SIGSTOP,
} from '../../../abi/linux/signal.ts';
import { killedStatus } from '../../../abi/linux/wait.ts';
import { RESTART_CLASSES } from '../../../contracts/abi.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { createSignalAction, createSignalInfo, type SignalInfo } from '../../../contracts/process.ts';
import { A0, contextOf, pcOf, setPc, setRegister } from './registers.ts';
import { frameWaits, pushFrame } from './signal-frame.ts';
import { endMask } from './signal-mask.ts';

const INIT = 1;
const ECALL_BYTES = 4;
const RESTART: number = RESTART_CLASSES.indexOf('restart');
const EINTR_ALWAYS: number = RESTART_CLASSES.indexOf('eintr');
const BLOCK: number = RESTART_CLASSES.indexOf('block');
const ALWAYS: number = RESTART_CLASSES.indexOf('always');

/** The broken-off call ends in EINTR. Its result had not been stored, its pc not moved. */
function interrupt(kernel: Kernel, tid: number): void {
  const context = contextOf(kernel, tid);
  setRegister(kernel, context, A0, -EINTR);
  setPc(kernel, context, pcOf(kernel, context) + ECALL_BYTES);
}

/** A signal without a handler. @returns false if the thread is not to go on: it ended or stopped */
function actByDefault(kernel: Kernel, tid: number, info: Readonly<SignalInfo>): boolean {
  const group = kernel.process.group(tid);
  switch (defaultAction(info.signal)) {
    case 'ignore':
    case 'continue':
      return true;
    case 'stop':
      // A stop signal of the terminal would stop an orphaned process group for good (POSIX.1 2.4.3).
      if (info.signal !== SIGSTOP && kernel.process.orphaned(group.pgid)) return true;
      kernel.process.stopGroup(group.tgid, info.signal);
      return false;
    default:
      // pid 1 is spared what others send it; what it does to itself it bears.
      if (group.tgid === INIT && info.code <= SI_USER) return true;
      kernel.process.exitGroup(group.tgid, killedStatus(info.signal));
      return false;
  }
}

/** Run a handler next. @returns true if a frame was built */
function handle(kernel: Kernel, tid: number, info: Readonly<SignalInfo>): boolean {
  const action = kernel.process.action(tid, info.signal);
  const error = pushFrame(kernel, tid, info, action);
  if (error !== 0) {
    // No stack to run a handler on (or its page is not to be had now): Linux's force_sigsegv.
    if (info.signal === SIGSEGV) kernel.process.setAction(tid, SIGSEGV, createSignalAction());
    const fault = createSignalInfo();
    fault.signal = SIGSEGV;
    fault.code = SI_KERNEL;
    kernel.process.forceSignal(tid, fault);
    return false;
  }
  if ((action.flags & SA_RESETHAND) !== 0) kernel.process.setAction(tid, info.signal, createSignalAction());
  return true;
}

/** The abi contract's `signals`. @returns true also where the broken-off call ended in EINTR without a handler */
export function signals(kernel: Kernel, tid: number, broken: number): boolean {
  const group = kernel.process.group(tid);
  let waits = broken;
  /** Whether it ends or begins anew: the files that it went on with are not its any more. */
  const callOver = (): void => {
    if (broken >= 0 && broken !== BLOCK) kernel.process.letGo?.(tid);
  };
  for (;;) {
    if (group.exiting) {
      kernel.process.exitGroup(group.tgid, group.status);
      return false;
    }
    if (group.stopped !== 0) {
      callOver();
      return waits !== broken;
    }
    const thread = kernel.process.thread(tid);
    if (frameWaits(kernel, tid)) return false;
    callOver();
    const info = kernel.process.takeSignal(tid, ~thread.maskLow, ~thread.maskHigh);
    if (info === null) break;
    const { handler, flags } = kernel.process.action(tid, info.signal);
    if (handler === SIG_IGN) continue;
    if (handler === SIG_DFL) {
      if (actByDefault(kernel, tid, info)) continue;
      return waits !== broken;
    }
    if (waits >= 0) {
      if (waits !== ALWAYS && (waits !== RESTART || (flags & SA_RESTART) === 0)) interrupt(kernel, tid);
      waits = -1;
      kernel.process.letGo?.(tid);
    }
    if (handle(kernel, tid, info)) return true;
  }
  if (waits === EINTR_ALWAYS) {
    interrupt(kernel, tid);
    waits = -1;
  }
  // A call with a mask of its own ended in EINTR for a signal that no handler took.
  if (waits === -1) endMask(kernel, tid);
  return waits !== broken;
}
