/**
 * Kernel entries: what a system call, a fault or a signal does to the thread that had it.
 *
 * Says for each whether the thread can go on. Everything that an entry means is asked of the modules; here is the order in
 * which they are asked, and what becomes of a call that waits.
 */
import { EFAULT } from '../abi/linux/errno.ts';
import { NO_RESULT, RESTART_CLASSES } from '../contracts/abi.ts';
import {
  EXIT_BUDGET,
  EXIT_ECALL,
  EXIT_FETCH_FAULT,
  EXIT_LOAD_FAULT,
  EXIT_STORE_FAULT,
} from '../contracts/engine.ts';
import { type Kernel, RESUMED_BY_SIGNAL, WAIT } from '../contracts/kernel.ts';
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '../contracts/pmap.ts';
import { USER_LIMIT } from '../contracts/vm.ts';
import { KernelFault } from '../lib/kernel-fault.ts';
import { CONTEXT_SIZE, CTX_PC, CTX_X, HART_TVAL } from '../machine/layout.ts';
import { contextAddress } from '../machine/machine.ts';
import type { Journal } from './journal.ts';
import type { RunDigest } from './run-digest.ts';
import type { Trial } from './trial.ts';
import type { GuestMemory } from './user-memory.ts';
import { FAULT, SYSCALL, type WaitQueues, type WaitRecord } from './waits.ts';

const A0 = 10;
const A7 = 17;
const RLIMIT_STACK_SOFT = 6;

/** What entries work with. */
export interface EntryParts {
  readonly kernel: Kernel;
  readonly waits: WaitQueues;
  readonly user: GuestMemory;
  /** null when no digest was asked for. */
  readonly digest: RunDigest | null;
  readonly trial: Trial;
  readonly journal: Journal;
  /** A process of the host's ended, or could not be loaded (status as in wait(2), error 0 or -errno). */
  readonly ended: (pid: number, status: number, error: number) => void;
  /** After each call, for --strace; null when off. */
  readonly trace: ((tid: number, line: string) => void) | null;
}

export class Entries {
  readonly #parts: EntryParts;
  readonly #kernel: Kernel;
  readonly #waits: WaitQueues;
  /** Address of the hart's exchange block. */
  readonly #hart: number;
  readonly #trial: Trial;
  /** The call in progress, for --strace. */
  #traced = '';

  constructor(parts: EntryParts, hart: number) {
    this.#parts = parts;
    this.#kernel = parts.kernel;
    this.#waits = parts.waits;
    this.#hart = hart;
    this.#trial = parts.trial;
  }

  /** Load a program into a process of the host's, now or when the host has what it needs. */
  exec(tid: number, path: string, argv: readonly string[], envp: readonly string[]): void {
    this.#waits.begin();
    this.#parts.user.begin();
    this.#execEnded(tid, this.#kernel.abi.exec(tid, path, argv, envp), path, argv, envp);
  }

  #execEnded(
    tid: number,
    result: number,
    path: string,
    argv: readonly string[],
    envp: readonly string[],
  ): void {
    if (result === WAIT) {
      this.#waits.commit(tid, { operation: 'exec', path, argv, envp });
      return;
    }
    this.#waits.finish(tid);
    if (result === 0) {
      this.#kernel.scheduler.enqueue(tid);
      return;
    }
    this.#parts.ended(tid, 0, result);
    this.#kernel.process.exitGroup(tid, 127 << 8);
    this.#reap();
  }

  /** @param fault a page is waited for */
  #waitsFor(tid: number, continuation: WaitRecord['continuation'], fault: boolean): void {
    this.#waits.commit(tid, continuation);
    const { tally } = this.#kernel.process.thread(tid);
    this.#parts.journal.at(tally, 'voluntarySwitches');
    tally.voluntarySwitches++;
    if (!fault) return;
    this.#parts.journal.at(tally, 'majorFaults');
    tally.majorFaults++;
  }

  /** One kernel entry. @returns true if the thread can go on */
  enter(tid: number, context: number, cause: number): boolean {
    const { kernel, user } = this.#parts;
    this.#waits.begin();
    user.begin();
    switch (cause) {
      case EXIT_ECALL:
        return this.#settle(tid, context, this.#call(tid));
      case EXIT_BUDGET:
        return true;
      case EXIT_FETCH_FAULT:
      case EXIT_LOAD_FAULT:
      case EXIT_STORE_FAULT:
        return this.#fault(tid, cause);
      default:
        kernel.abi.trap(tid, cause, this.#trapValue(), 0);
        return true;
    }
  }

  #fault(tid: number, cause: number): boolean {
    const { kernel } = this.#parts;
    const address = this.#trapValue();
    const access =
      cause === EXIT_FETCH_FAULT ? PROT_EXEC : cause === EXIT_STORE_FAULT ? PROT_WRITE : PROT_READ;
    const group = kernel.process.group(tid);
    const error =
      address >= 0 && address < USER_LIMIT
        ? kernel.vm.fault(group.space, address, access, group.limits[RLIMIT_STACK_SOFT] as number)
        : -EFAULT;
    if (this.#trial.active) whole(error);
    if (error === WAIT) {
      this.#waitsFor(tid, FAULT, true);
      return false;
    }
    if (error === 0) {
      const { tally } = kernel.process.thread(tid);
      kernel.counters.pageFaults++;
      this.#parts.journal.at(tally, 'minorFaults');
      tally.minorFaults++;
    } else kernel.abi.trap(tid, cause, address, error);
    return true;
  }

  /** Signed, so that an address of the kernel's half is exact too. */
  #trapValue(): number {
    const { i32, u32 } = this.#kernel.machine;
    const at = (this.#hart + HART_TVAL) >>> 2;
    return (i32[at + 1] as number) * 0x1_0000_0000 + (u32[at] as number);
  }

  /** Run the call that the registers hold, or run it again. */
  #call(tid: number): number {
    const { kernel, trace } = this.#parts;
    if (trace !== null) this.#traced = kernel.abi.describe(tid);
    const result = kernel.abi.syscall(tid);
    return this.#trial.active ? whole(result) : result;
  }

  /** A call ended, or waits. @returns true if the thread can go on */
  #settle(tid: number, context: number, result: number): boolean {
    const { kernel, digest, trace, user } = this.#parts;
    if (result === WAIT) {
      this.#waitsFor(tid, SYSCALL, false);
      // A signal that the call itself let in (ppoll's mask) or caused (SIGTTOU) was pending before there was a wait to end.
      if (kernel.process.signalPending(tid)) this.#waits.notify(tid);
      return false;
    }
    this.#waits.finish(tid);
    const { i32, u32 } = kernel.machine;
    const call = i32[(context + CTX_X + 8 * A7) >>> 2] as number;
    if (trace !== null) trace(tid, `${this.#traced} = ${kernel.abi.describeResult(result)}`);
    digest?.call(kernel.machine, tid, context, call, result, user);
    if (result === NO_RESULT) return this.#alive(tid);
    this.#parts.journal.memory(context, CONTEXT_SIZE);
    const a0 = (context + CTX_X + 8 * A0) >>> 2;
    i32[a0] = result | 0;
    i32[a0 + 1] = Math.floor(result / 0x1_0000_0000) | 0;
    const pc = (context + CTX_PC) >>> 2;
    const low = (u32[pc] as number) + 4;
    u32[pc] = low;
    if (low > 0xffff_ffff) u32[pc + 1] = (u32[pc + 1] as number) + 1;
    return this.#alive(tid);
  }

  /**
   * Run again what the thread waited in, act on signals. @returns true if it may go to user mode
   */
  prepare(tid: number): boolean {
    const { kernel } = this.#parts;
    for (let record = this.#waits.ready(tid); record !== null; record = this.#waits.ready(tid)) {
      if (this.#stopped(tid) || !this.#resume(tid, record)) return false;
    }
    while (kernel.process.signalPending(tid)) {
      this.#waits.begin();
      this.#parts.user.begin();
      const framed = this.#signals(tid, -1);
      if (!this.#alive(tid)) return false;
      if (framed) this.#parts.digest?.signal(kernel.machine, tid, this.#parts.user);
      else if (this.#waits.named() > 0) {
        // Its stack is being read in.
        this.#waits.commit(tid, FAULT);
        return false;
      } else break;
    }
    return !this.#stopped(tid);
  }

  /** Before the thread runs. Should a signal end it, that is its own doing: it is what runs (shmctl(2), shm_lpid). */
  #signals(tid: number, restart: number): boolean {
    const { abi, counters } = this.#kernel;
    const before = counters.running;
    counters.running = tid;
    try {
      return abi.signals(tid, restart);
    } finally {
      counters.running = before;
    }
  }

  /** @returns false if the thread waits again, stopped or is gone */
  #resume(tid: number, record: WaitRecord): boolean {
    const { kernel, user, digest } = this.#parts;
    const { continuation } = record;
    if (continuation.operation === 'fault') {
      this.#waits.finish(tid);
      return true;
    }
    this.#waits.begin();
    user.begin();
    if (continuation.operation === 'exec') {
      const { path, argv, envp } = continuation;
      this.#execEnded(tid, kernel.abi.exec(tid, path, argv, envp), path, argv, envp);
      return this.#alive(tid) && this.#waits.waiting(tid) === null;
    }
    const context = contextAddress(kernel.machine.layout, kernel.process.thread(tid).context);
    const bySignal = record.resumedBy === RESUMED_BY_SIGNAL;
    const result = this.#call(tid);
    if (result !== WAIT || !bySignal) return this.#settle(tid, context, result);
    const restart = this.#waits.pendingRestart();
    user.begin();
    const named = this.#waits.named();
    const framed = this.#signals(tid, RESTART_CLASSES.indexOf(restart));
    if (!this.#alive(tid)) return false;
    if (framed) {
      this.#waits.finish(tid);
      digest?.signal(kernel.machine, tid, user);
    } else if (this.#waits.named() > named) {
      // The call waits on, and for its stack: then it is broken off once more.
      this.#waits.commit(tid, continuation);
      return false;
    } else {
      this.#waits.rearm(record, restart);
    }
    return true;
  }

  /** A stopped thread leaves the run queue; the signal that continues it puts it back. */
  #stopped(tid: number): boolean {
    const { process, scheduler } = this.#kernel;
    const group = process.group(tid);
    if (group.stopped === 0 || group.exiting || process.signalPending(tid)) return false;
    scheduler.dequeue(tid);
    return true;
  }

  /** False if the thread exited; collects what pid 1 is to collect. */
  #alive(tid: number): boolean {
    const thread = this.#kernel.process.findThread(tid);
    if (thread !== null && !thread.dead) return true;
    this.#reap();
    return false;
  }

  /** Pid 1 is the kernel's: it collects orphans at once, and tells the host of its own processes. */
  #reap(): void {
    const { kernel, digest, ended } = this.#parts;
    const any = { which: 0, exited: true, stopped: false, continued: false, keep: false };
    for (;;) {
      const child = kernel.process.wait(1, any);
      if (child === null || typeof child === 'number') return;
      digest?.exit(child.pid, child.status);
      ended(child.pid, child.status, 0);
    }
  }
}

/** A result of a module on probation: of the kind that all results are. Throws KernelFault where it is not. */
export function whole(result: number): number {
  if (!Number.isSafeInteger(result)) throw new KernelFault('an operation gave what is no whole number');
  return result;
}
