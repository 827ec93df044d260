/**
 * The dispatcher: runs threads on the hart and turns each exit of the engine into a kernel entry.
 *
 * Mechanism only: which thread runs is the scheduler's, what a trap means is the ABI's, what a fault means is vm's.
 * Between two entries nothing runs in any module; there the `boundary` hook may replace modules.
 */
import type { TimerKind } from '../contracts/clock.ts';
import { EXIT_BUDGET } from '../contracts/engine.ts';
import type { Kernel } from '../contracts/kernel.ts';
import { CTX_RETIRED, HART_CONTEXT } from '../machine/layout.ts';
import { contextAddress, hartAddress } from '../machine/machine.ts';
import { type Completion, type HostPort, MODULES, type PortResult } from './host-port.ts';
import { Entries, type EntryParts, whole } from './entries.ts';
import { Stall } from './stall.ts';
import type { MachineTime } from './time.ts';
import type { WaitQueues } from './waits.ts';

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
/** What an entry costs in instructions of the quantum on host time, where its own time is not seen. */
const ENTRY_COST = 100;
const MAX_BUDGET = 0x3fff_ffff;

/** What a dispatcher works with. */
export interface DispatchParts extends EntryParts {
  readonly host: HostPort;
  readonly time: MachineTime;
  readonly moduleArrived: (id: number, result: PortResult) => void;
  /** After every kernel entry. */
  readonly boundary: () => void;
  /** The soonest time at which `boundary` has something to do, so that idle periods do not jump over it. */
  readonly nextBoundaryTime: () => number;
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
  readonly #entries: Entries;
  readonly #trial: DispatchParts['trial'];
  #lastThread = 0;
  /** Arguments of a step beyond three numbers: the completion to deliver; the quantum was used up. */
  #completion: Completion | null = null;
  #expired = false;
  /** Since when no thread could run, -1 while some can. Host time only. */
  #idleSince = -1;

  constructor(parts: DispatchParts) {
    this.#parts = parts;
    this.#kernel = parts.kernel;
    this.#waits = parts.waits;
    this.#hart = hartAddress(parts.kernel.machine.layout, HART);
    this.#entries = new Entries(parts, this.#hart);
    this.#trial = parts.trial;
  }

  /** One step: plainly, or as an attempt while a module is on probation. */
  #step(step: number, a: number, b: number, c: number): number {
    if (!this.#trial.active) return this.#do(step, a, b, c);
    return this.#trial.attempt(() => whole(this.#do(step, a, b, c)));
  }

  #do(step: number, a: number, b: number, c: number): number {
    const result = this.#perform(step, a, b, c);
    this.#signalDriven();
    return result;
  }

  #signalDriven(): void {
    if (!this.#waits.driven) return;
    this.#waits.begin();
    this.#kernel.vfs.signalReady();
  }

  #perform(step: number, a: number, b: number, c: number): number {
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
        return this.#entries.prepare(a) ? 1 : 0;
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
        return this.#entries.enter(a, b, c) ? 1 : 0;
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

  /** Load a program into a process of the host's, now or when the host has what it needs. */
  exec(tid: number, path: string, argv: readonly string[], envp: readonly string[]): void {
    this.#entries.exec(tid, path, argv, envp);
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
    if (!this.#prepares(tid)) {
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
    // Whose tables the hart has, by whom; unknown at first, for others ran since.
    let pmap: Kernel['pmap'] | null = null;
    let space = 0;
    while (stays && remaining > 0) {
      if (this.#trial.active) {
        this.#step(ACTIVATE, tid, 0, 0);
        pmap = null;
      } else {
        const wanted = kernel.process.group(tid).space;
        if (pmap !== kernel.pmap || space !== wanted) {
          pmap = kernel.pmap;
          space = wanted;
          pmap.activate(HART, space);
        }
      }
      const retiredBefore = machine.u32[(context + CTX_RETIRED) >>> 2] as number;
      const cause = this.#run(remaining, context);
      const retired = ((machine.u32[(context + CTX_RETIRED) >>> 2] as number) - retiredBefore) >>> 0;
      counters.instructions += retired;
      counters.kernelEntries++;
      remaining -= kernel.settings.deterministic ? retired : retired + ENTRY_COST;
      stays = this.#enters(tid, context, cause) && cause !== EXIT_BUDGET;
      this.#parts.boundary();
      stays = stays && !this.#preempts(tid) && this.#prepares(tid);
    }
    const ran = time.now() - began;
    counters.running = 0;
    const instructions = counters.instructions - before;
    const user = time.learn(instructions, ran, counters.kernelEntries - entriesBefore);
    this.#expired = remaining <= 0;
    this.#step(TICK, tid, user, ran);
  }

  // The steps of each entry, called as what they are unless they may have to be undone.

  #enters(tid: number, context: number, cause: number): boolean {
    if (this.#trial.active) return this.#step(ENTER, tid, context, cause) === 1;
    const goesOn = this.#entries.enter(tid, context, cause);
    this.#signalDriven();
    return goesOn;
  }

  #prepares(tid: number): boolean {
    if (this.#trial.active) return this.#step(PREPARE, tid, 0, 0) === 1;
    const isReady = this.#entries.prepare(tid);
    this.#signalDriven();
    return isReady;
  }

  #preempts(tid: number): boolean {
    if (this.#trial.active) return this.#step(PREEMPTS, tid, 0, 0) === 1;
    return this.#kernel.scheduler.preempts(tid);
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
}
