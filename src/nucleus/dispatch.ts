/**
 * The dispatcher: runs threads on the hart and turns each exit of the engine into a kernel entry.
 *
 * Mechanism only: which thread runs is the scheduler's, what a trap means is the ABI's, what a fault means is vm's.
 * Between two entries nothing runs in any module; there the `boundary` hook may replace modules.
 */
import { EFAULT } from '../abi/linux/errno.ts';
import { NO_RESULT, RESTART_CLASSES } from '../contracts/abi.ts';
import type { TimerKind } from '../contracts/clock.ts';
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
import { CONTEXT_SIZE, CTX_PC, CTX_RETIRED, CTX_X, HART_CONTEXT, HART_TVAL } from '../machine/layout.ts';
import { contextAddress, hartAddress } from '../machine/machine.ts';
import { KernelFault } from '../lib/kernel-fault.ts';
import type { RunDigest } from './run-digest.ts';
import { type Completion, type HostPort, MODULES, type PortResult } from './host-port.ts';
import type { Journal } from './journal.ts';
import { Stall } from './stall.ts';
import type { MachineTime } from './time.ts';
import type { Trial } from './trial.ts';
import type { GuestMemory } from './user-memory.ts';
import { FAULT, SYSCALL, type WaitQueues, type WaitRecord } from './waits.ts';

/** Steps of an entry, each of which is undone and done again by itself when a module on probation fails in it. */
const TIMERS = 0;
const PICK = 1;
const NEXT_TIMER = 2;
const PREPARE = 3;
const SWITCH = 4;
const BUDGET = 5;
const ACTIVATE = 6;
const RUN = 7;
const ENTER = 8;
const PREEMPTS = 9;
const TICK = 10;
const COMPLETION = 11;

const HART = 0;
const A0 = 10;
const A7 = 17;
const RLIMIT_STACK_SOFT = 6;
/** What an entry costs in instructions of the quantum on host time, where its own time is not seen. */
const ENTRY_COST = 100;
const MAX_BUDGET = 0x3fff_ffff;

/** What a dispatcher works with. */
export interface DispatchParts {
  readonly kernel: Kernel;
  readonly waits: WaitQueues;
  readonly user: GuestMemory;
  readonly host: HostPort;
  readonly time: MachineTime;
  /** null when no digest was asked for. */
  readonly digest: RunDigest | null;
  readonly trial: Trial;
  readonly journal: Journal;
  readonly moduleArrived: (id: number, result: PortResult) => void;
  /** After every kernel entry. */
  readonly boundary: () => void;
  /** The soonest time at which `boundary` has something to do, so that idle periods do not jump over it. */
  readonly nextBoundaryTime: () => number;
  /** A process of the host's ended, or could not be loaded (status as in wait(2), error 0 or -errno). */
  readonly ended: (pid: number, status: number, error: number) => void;
  /** After each call, for --strace; null when off. */
  readonly trace: ((tid: number, line: string) => void) | null;
}

/** Why `run` came back: time was up; idle until a time (-1: only the host can wake it); waiting for host I/O. */
export type RunOutcome =
  | { readonly kind: 'busy' }
  | { readonly kind: 'idle'; readonly until: number }
  | { readonly kind: 'host' }
  | { readonly kind: 'stuck' };

const BUSY: RunOutcome = { kind: 'busy' };
const HOST: RunOutcome = { kind: 'host' };
const STUCK: RunOutcome = { kind: 'stuck' };

export class Dispatcher {
  readonly #parts: DispatchParts;
  readonly #kernel: Kernel;
  readonly #waits: WaitQueues;
  readonly #hart: number;
  readonly #trial: Trial;
  #lastThread = 0;
  /** Arguments of a step beyond three numbers: the completion to deliver; the quantum was used up. */
  #completion: Completion | null = null;
  #expired = false;
  /** The call in progress, for --strace. */
  #traced = '';
  /** Since when no thread could run, -1 while some can. Host time only. */
  #idleSince = -1;

  constructor(parts: DispatchParts) {
    this.#parts = parts;
    this.#kernel = parts.kernel;
    this.#waits = parts.waits;
    this.#hart = hartAddress(parts.kernel.machine.layout, HART);
    this.#trial = parts.trial;
  }

  /** One step: plainly, or as an attempt while a module is on probation. */
  #step(step: number, a: number, b: number, c: number): number {
    if (!this.#trial.active) return this.#do(step, a, b, c);
    return this.#trial.attempt(() => whole(this.#do(step, a, b, c)));
  }

  #do(step: number, a: number, b: number, c: number): number {
    const { kernel } = this.#parts;
    switch (step) {
      case TIMERS:
        this.#expireTimers();
        return 0;
      case PICK:
        return this.#pick();
      case NEXT_TIMER:
        return kernel.clock.next();
      case PREPARE:
        return this.#prepare(a) ? 1 : 0;
      case SWITCH:
        return this.#switch(a);
      case BUDGET:
        return this.#budget(a, b);
      case ACTIVATE:
        kernel.pmap.activate(HART, kernel.process.group(a).space);
        return 0;
      case RUN:
        if (this.#trial.engine) this.#trial.saveMemory(b);
        return kernel.engine.run(HART, a);
      case ENTER:
        return this.#enter(a, b, c) ? 1 : 0;
      case PREEMPTS:
        return kernel.scheduler.preempts(a) ? 1 : 0;
      case TICK:
        if (kernel.process.findThread(a) === null) return 0;
        kernel.process.addTime(a, b, c - b);
        kernel.scheduler.tick(a, c, this.#expired);
        return 0;
      default:
        this.#complete(this.#completion as Completion);
        return 0;
    }
  }

  /** Run threads until `expired` says that the host wants its turn, or none can run. */
  run(expired: () => boolean): RunOutcome {
    const { kernel, host, time } = this.#parts;
    const { deterministic, terminal } = kernel.settings;
    if (this.#idleSince >= 0) kernel.counters.idleNs += time.now() - this.#idleSince;
    this.#idleSince = -1;
    this.#parts.journal.refill();
    // What the embedding program did since the last turn may have asked for a module.
    this.#parts.boundary();
    for (;;) {
      this.deliver();
      if (deterministic && host.pending(!terminal) > 0) return HOST;
      this.#step(TIMERS, 0, 0, 0);
      const tid = this.#step(PICK, 0, 0, 0);
      if (tid !== 0) {
        this.#runThread(tid);
      } else {
        const idle = this.#idle();
        if (idle !== null) return idle;
      }
      if (expired()) return BUSY;
    }
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

  /** Hand completions of the host to who asked; each is a kernel entry. */
  deliver(): void {
    const { kernel, host } = this.#parts;
    for (let completion = host.take(); completion !== null; completion = host.take()) {
      kernel.counters.kernelEntries++;
      this.#waits.begin();
      const { owner, id, result } = completion;
      if (owner === MODULES) {
        // It may replace modules, which is no piece of an entry.
        this.#parts.moduleArrived(id, result);
      } else {
        this.#completion = completion;
        this.#step(COMPLETION, 0, 0, 0);
      }
      this.#parts.boundary();
    }
  }

  #complete({ owner, id, result }: Completion): void {
    const { kernel } = this.#parts;
    this.#waits.begin();
    if (owner.startsWith('filesystem:')) {
      kernel.filesystem[owner.slice('filesystem:'.length)]?.completed(id, result);
    } else if (owner === 'block') {
      kernel.block.completed(id, result);
    } else {
      kernel.tty.completed(id, result);
    }
  }

  #pick(): number {
    const tid = this.#kernel.scheduler.pick(HART);
    if (this.#trial.active && this.#trial.tries('scheduler')) {
      const complaint = this.#trial.stall.complaint(tid);
      if (complaint !== null) throw new Stall(complaint);
    }
    return tid;
  }

  #expireTimers(): void {
    const { clock } = this.#kernel;
    // Reading the time costs more than looking whether anybody waits for it.
    if (clock.next() < 0) return;
    const now = clock.monotonic();
    for (let next = clock.next(); next >= 0 && next <= now; next = clock.next()) {
      const timer = this.#kernel.clock.expire(now);
      if (timer === null) return;
      this.#expire(timer.kind, timer.target);
    }
  }

  #expire(kind: TimerKind, target: number): void {
    const { block, buffercache, process } = this.#kernel;
    switch (kind) {
      case 'wait':
        this.#waits.timeOut(target);
        break;
      case 'event':
        this.#waits.wake(target, Number.POSITIVE_INFINITY);
        break;
      case 'itimer':
        process.timerExpired(target);
        break;
      case 'block':
        block.expired(target);
        break;
      case 'buffers':
        buffercache.expired();
    }
  }

  /**
   * Somebody outside any thread waits and no host request is under way: let time pass to the next timer.
   * @returns ns that are still to be waited out on host time, 0 if a timer expired, -1 if there is none
   */
  advance(): number {
    const { kernel, time } = this.#parts;
    const next = this.#step(NEXT_TIMER, 0, 0, 0);
    if (next < 0) return -1;
    if (kernel.settings.deterministic) time.skipTo(next);
    const left = next - time.now();
    if (left > 0) return left;
    this.#waits.begin();
    this.#step(TIMERS, 0, 0, 0);
    return 0;
  }

  /** Nothing is runnable. @returns null if virtual time went on to the next timer, or the host has to answer before */
  #idle(): RunOutcome | null {
    const { kernel, host, time, boundary, nextBoundaryTime } = this.#parts;
    const { deterministic, terminal } = kernel.settings;
    // A timer that has just expired may have asked for a transfer.
    if (deterministic && host.pending(!terminal) > 0) return null;
    const timer = this.#step(NEXT_TIMER, 0, 0, 0);
    const planned = nextBoundaryTime();
    const next = timer < 0 ? planned : Math.min(timer, planned);
    if (!deterministic) {
      if (planned <= kernel.time.now()) {
        boundary();
        return null;
      }
      this.#idleSince = time.now();
      return { kind: 'idle', until: Number.isFinite(next) ? next : -1 };
    }
    // A plan alone never ends a wait: with no timer and no input only the host could.
    if (timer < 0) return host.pending(true) > 0 ? HOST : STUCK;
    time.skipTo(next);
    if (next === planned) boundary();
    return null;
  }

  #runThread(tid: number): void {
    const { kernel, time } = this.#parts;
    const { counters, machine } = kernel;
    if (this.#step(PREPARE, tid, 0, 0) === 0) {
      // A call that ran again and waits anew may have asked for a module.
      this.#parts.boundary();
      return;
    }
    const context = this.#step(SWITCH, tid, 0, 0);
    this.#lastThread = tid;
    const began = time.now();
    counters.running = tid;
    counters.runningSince = began;
    const before = counters.instructions;
    const entriesBefore = counters.kernelEntries;
    let remaining = this.#step(BUDGET, tid, began, 0);
    let stays = true;
    while (stays && remaining > 0) {
      this.#step(ACTIVATE, tid, 0, 0);
      const retiredBefore = machine.u32[(context + CTX_RETIRED) >>> 2] as number;
      const cause = this.#run(remaining, context);
      const retired = ((machine.u32[(context + CTX_RETIRED) >>> 2] as number) - retiredBefore) >>> 0;
      counters.instructions += retired;
      counters.kernelEntries++;
      remaining -= kernel.settings.deterministic ? retired : retired + ENTRY_COST;
      stays = this.#step(ENTER, tid, context, cause) === 1 && cause !== EXIT_BUDGET;
      this.#parts.boundary();
      if (stays && (this.#step(PREEMPTS, tid, 0, 0) === 1 || this.#step(PREPARE, tid, 0, 0) === 0))
        stays = false;
    }
    const ran = time.now() - began;
    counters.running = 0;
    const instructions = counters.instructions - before;
    const user = time.learn(instructions, ran, counters.kernelEntries - entriesBefore);
    this.#expired = remaining <= 0;
    this.#step(TICK, tid, user, ran);
  }

  /** An engine on trial may be undone; another's run is no step, for what it writes is not logged. */
  #run(budget: number, context: number): number {
    if (this.#trial.engine) return this.#step(RUN, budget, context, 0);
    return this.#kernel.engine.run(HART, budget);
  }

  /** Make the hart ready for a thread. @returns the address of its context */
  #switch(tid: number): number {
    const { kernel } = this.#parts;
    const { machine, counters } = kernel;
    const thread = kernel.process.thread(tid);
    const context = contextAddress(machine.layout, thread.context);
    machine.u32[(this.#hart + HART_CONTEXT) >>> 2] = context;
    if (this.#lastThread !== tid) {
      counters.contextSwitches++;
      this.#preempted();
    }
    return context;
  }

  /** The thread that ran before has the CPU taken away, unless it waits. */
  #preempted(): void {
    const tid = this.#lastThread;
    const before = this.#kernel.process.findThread(tid);
    if (before === null || before.dead || this.#waits.waiting(tid) !== null) return;
    this.#parts.journal.at(before.tally, 'involuntarySwitches');
    before.tally.involuntarySwitches++;
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

  /** Instructions that the thread may run: its quantum, or until the next timer. */
  #budget(tid: number, now: number): number {
    const { kernel, time, nextBoundaryTime } = this.#parts;
    const timer = kernel.clock.next();
    const planned = nextBoundaryTime();
    let ns = kernel.scheduler.quantum(tid);
    if (timer >= 0) ns = Math.min(ns, timer - now);
    if (planned > now) ns = Math.min(ns, planned - now);
    return Math.min(MAX_BUDGET, Math.max(1, time.instructionsFor(ns)));
  }

  /** One kernel entry. @returns true if the thread can go on */
  #enter(tid: number, context: number, cause: number): boolean {
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
  #prepare(tid: number): boolean {
    const { kernel } = this.#parts;
    for (let record = this.#waits.ready(tid); record !== null; record = this.#waits.ready(tid)) {
      if (this.#stopped(tid) || !this.#resume(tid, record)) return false;
    }
    while (kernel.process.signalPending(tid)) {
      this.#waits.begin();
      this.#parts.user.begin();
      const framed = kernel.abi.signals(tid, -1);
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
    const framed = kernel.abi.signals(tid, RESTART_CLASSES.indexOf(restart));
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
function whole(result: number): number {
  if (!Number.isSafeInteger(result)) throw new KernelFault('an operation gave what is no whole number');
  return result;
}
