/**
 * The nucleus: everything that can not be replaced, put together.
 *
 * Builds the kernel record that modules see, fills the cells, and runs replacements at kernel-entry boundaries. Knows no
 * module by name: what is built in and what is the default comes from the composition root (src/api/builtin.ts).
 */
import type { Counters, Kernel, Leases, Settings } from '../contracts/kernel.ts';
import type { SlotName } from '../contracts/module.ts';
import { Digest } from '../lib/digest.ts';
import { reasonOf } from '../lib/reason.ts';
import { createMachine, type Machine } from '../machine/machine.ts';
import { Cells, cellNameOf } from './cells.ts';
import { Dispatcher } from './dispatch.ts';
import { type HostAdapter, HostPort } from './host-port.ts';
import { Journal, type Make } from './journal.ts';
import { Ledger, type LedgerEntry } from './ledger.ts';
import { GuestModules } from './module-control.ts';
import { type AnyModule, Refusal, Registry } from './registry.ts';
import { ReplacementError, type ReplacementRequest, Replacer, type Transfer } from './replacement.ts';
import { RunDigest } from './run-digest.ts';
import { type Due, Schedule } from './schedule.ts';
import { type Side, Trial } from './trial.ts';
import { hostTime, type MachineTime, virtualTime } from './time.ts';
import { GuestMemory } from './user-memory.ts';
import { WaitQueues } from './waits.ts';

export interface NucleusOptions {
  readonly adapter: HostAdapter;
  readonly settings: Settings;
  /** All modules that come with the kernel. */
  readonly modules: readonly AnyModule[];
  /** Those that fill the cells at boot. */
  readonly defaults: readonly AnyModule[];
  /** Those that would, were they not chosen otherwise; for listings. */
  readonly standard: readonly AnyModule[];
  readonly engineBytes: number;
  readonly seed: number;
  readonly digest: 'full' | 'output' | null;
  readonly transfer: Transfer;
  /** Kernel entries that a module new to its slot serves on probation; 0 = none does. */
  readonly probation: number;
  /** Calls that need what the module in place lacks may bring in one that has it. */
  readonly onDemand: boolean;
  /** A module named by path in a plan, evaluated before boot. */
  readonly resolve: (slot: SlotName, name: string) => AnyModule;
  readonly ended: (pid: number, status: number, error: number) => void;
  readonly log: (line: string) => void;
  readonly trace: ((tid: number, line: string) => void) | null;
}

const HARTS = 1;
const CONTEXTS = 4096;
const LEDGER_LIMIT = 1 << 20;
const STREAMS = 3;

export class Nucleus {
  readonly kernel: Kernel;
  readonly registry: Registry = new Registry();
  readonly cells: Cells;
  readonly ledger: Ledger = new Ledger(LEDGER_LIMIT);
  readonly schedule: Schedule = new Schedule();
  readonly host: HostPort;
  readonly dispatcher: Dispatcher;
  readonly waits: WaitQueues;
  readonly trial: Trial;
  readonly journal: Journal;
  readonly #options: NucleusOptions;
  readonly #time: MachineTime;
  readonly #replacer: Replacer;
  readonly #modules: GuestModules;
  readonly #digest: RunDigest | null;
  readonly #outputs: readonly Digest[];
  /** Module that a repeated plan found in place at its first turn. */
  readonly #original = new Map<object, AnyModule>();

  constructor(options: NucleusOptions) {
    this.#options = options;
    const { adapter, settings, trace } = options;
    const counters: Counters = {
      kernelEntries: 0,
      instructions: 0,
      contextSwitches: 0,
      pageFaults: 0,
      idleNs: 0,
      forks: 0,
      running: 0,
      runningSince: 0,
    };
    this.#outputs = options.digest === null ? [] : Array.from({ length: STREAMS }, () => new Digest());
    this.#digest = options.digest === 'full' ? new RunDigest() : null;
    this.host = new HostPort(adapter, settings.deterministic ? options.seed : null, this.#outputs);
    this.#time = settings.deterministic
      ? virtualTime(counters)
      : hostTime(() => adapter.now(), adapter.wallSeconds(), adapter.wallNanoseconds());
    const machine = createMachine(
      {
        memoryBytes: settings.memoryBytes,
        harts: HARTS,
        contexts: CONTEXTS,
        engineBytes: options.engineBytes,
      },
      false,
    );
    const hostNow = (): number => adapter.now();
    this.kernel = emptyKernel(machine, settings, counters, this.#time, this.host, hostNow, adapter);
    this.waits = new WaitQueues(this.kernel);
    this.cells = new Cells(this.kernel);
    const { kernel, cells, host, ledger } = this;
    this.journal = new Journal(machine);
    this.trial = new Trial({
      kernel,
      cells,
      journal: this.journal,
      host,
      entries: options.probation,
      hostNow,
      takeBack: (sides, reason, doubtful) => this.#takeBack(sides, reason, doubtful),
      log: options.log,
    });
    this.trial.trust([...options.standard, ...options.defaults]);
    const { trial, journal } = this;
    const user = new GuestMemory(kernel, journal);
    this.#replacer = new Replacer({ kernel, cells, ledger, trial, hostNow });
    this.#modules = new GuestModules({
      kernel,
      registry: this.registry,
      cells,
      replacer: this.#replacer,
      trial,
      journal,
      host,
      builtin: options.modules,
      onDemand: options.onDemand,
      defaults: new Set(options.standard),
      transfer: options.transfer,
      log: options.log,
    });
    trial.join(this.waits, host, this.#modules, cells, { checkpoint: () => countersBack(counters) });
    if (this.#digest !== null) trial.join(this.#digest);
    const leases: Leases = {
      // What the embedding program holds is not a module's to take or to give back.
      take: (cell, name, holder) => holder > 0 && this.cells.take(cell, name, holder),
      give: (cell, name, holder) => {
        if (holder > 0) this.cells.give(cell, name, holder);
      },
    };
    Object.assign(this.kernel, { waits: this.waits, user, modules: this.#modules, leases });
    for (const module of options.modules) this.registry.add(module, false, 0);
    for (const module of options.defaults) this.cells.fill(module);
    const { firstFrame, endFrame } = machine.layout;
    this.kernel.frames.adopt(firstFrame, endFrame);
    this.dispatcher = new Dispatcher({
      kernel: this.kernel,
      waits: this.waits,
      user,
      host: this.host,
      time: this.#time,
      digest: this.#digest,
      trial,
      journal,
      moduleArrived: (id, result) => this.#modules.completed(id, result),
      boundary: () => this.#boundary(),
      nextBoundaryTime: () => this.schedule.nextTime,
      // Neither can be undone.
      ended: (pid, status, error) => host.hold(() => options.ended(pid, status, error)),
      trace: trace === null ? null : (tid, line): void => host.hold(() => trace(tid, line)),
    });
  }

  /** Do a piece of a kernel entry from outside of the dispatcher; over again where a module on trial fails in it. */
  attempt<T>(act: () => T): T {
    return this.trial.attempt(act);
  }

  /** Have at hand what probation of these modules takes. Rejects with Refusal if `make` is not of the module it is for. */
  async prepare(modules: readonly AnyModule[], makes: ReadonlyMap<AnyModule, Make>): Promise<void> {
    const { trial } = this;
    for (const module of modules) {
      const make = makes.get(module);
      if (make !== undefined) trial.addTwin(module, make);
    }
    if (trial.builtinsKnown || !trial.wants(modules)) return;
    try {
      trial.addTwins(this.#options.modules, await this.#options.adapter.loggedModules());
    } catch (error) {
      this.#options.log(`no probation: ${reasonOf(error)}`);
    }
    trial.builtinsKnown = true;
  }

  #takeBack(sides: readonly Side[], reason: string, doubtful: boolean): void {
    this.#replacer.takeBack(sides, reason, doubtful);
    for (const { module } of sides) this.#modules.undone(module);
  }

  /** Replace modules now; only between entries. Throws ReplacementError, and then nothing has changed. */
  replace(
    modules: readonly AnyModule[],
    by: string,
    transfer: Transfer = this.#options.transfer,
    probe?: ReplacementRequest['probe'],
  ): readonly LedgerEntry[] {
    return this.#replacer.replace({ modules, transfer, by, ...(probe === undefined ? {} : { probe }) });
  }

  /** Check a module without touching anything. Throws ReplacementError. */
  check(module: AnyModule): void {
    this.#replacer.check(module);
  }

  /** The digest so far: of what guests put out, and in a full one of what they saw. */
  digest(): string {
    const all = new Digest();
    if (this.#digest !== null) all.text(this.#digest.hex());
    for (const output of this.#outputs) all.text(output.hex());
    return all.hex();
  }

  /** True once a module file of a guest's was evaluated. */
  holdsGuestCode(): boolean {
    return this.#modules.evaluated;
  }

  /** Module entries for listings. */
  modules(): ReturnType<GuestModules['list']> {
    return this.#modules.list();
  }

  #boundary(): void {
    if (this.#modules.hasJobs()) this.#modules.runJobs();
    if (this.trial.active) this.trial.review();
    const { schedule } = this;
    const { counters } = this.kernel;
    if (counters.kernelEntries < schedule.nextEntry) {
      if (schedule.nextTime === Number.POSITIVE_INFINITY || this.#time.now() < schedule.nextTime) return;
    }
    for (const due of schedule.due(counters.kernelEntries, this.#time.now())) this.#carryOut(due);
  }

  #carryOut({ plan, turn }: Due): void {
    const named = this.#options.resolve(plan.slot, plan.name);
    const cell = this.cells.get(cellNameOf(named));
    if (turn === 0) this.#original.set(plan, cell.module);
    const original = this.#original.get(plan) as AnyModule;
    const module = plan.when?.kind === 'every' && turn % 2 === 1 ? original : named;
    try {
      this.replace([module], 'schedule');
    } catch (error) {
      if (!(error instanceof ReplacementError)) throw error;
      this.#options.log(error.message);
    }
  }

  /** A built-in or loaded module by name. Throws Refusal naming what there is. */
  find(slot: SlotName, name: string): AnyModule {
    const entry = this.registry.find(slot, name);
    if (entry !== null) return entry.module;
    const names = this.registry.of(slot).map(({ module }) => module.manifest.name);
    throw new Refusal(
      `slot ${slot} has no module '${name}'; it has ${names.join(', ')}, or give the path of a module file`,
    );
  }
}

/** The record with every field in place, so that its shape never changes; slots are filled before any is used. */
function emptyKernel(
  machine: Machine,
  settings: Settings,
  counters: Counters,
  time: MachineTime,
  host: HostPort,
  hostNow: () => number,
  { beside, kept }: HostAdapter,
): Kernel {
  const unfilled = null as never;
  return {
    engine: unfilled,
    frames: unfilled,
    pmap: unfilled,
    clock: unfilled,
    scheduler: unfilled,
    process: unfilled,
    pagecache: unfilled,
    vm: unfilled,
    ipc: unfilled,
    net: unfilled,
    tty: unfilled,
    block: unfilled,
    buffercache: unfilled,
    filesystem: {},
    vfs: unfilled,
    abi: unfilled,
    machine,
    waits: unfilled,
    user: unfilled,
    time,
    hostNow,
    beside,
    kept,
    host,
    modules: unfilled,
    leases: unfilled,
    counters,
    settings,
  };
}

function countersBack(counters: Counters): () => void {
  const before = { ...counters };
  return () => void Object.assign(counters, before);
}
