/**
 * Probation (step 4 of the replacement protocol): a module that is new to its slot serves on trial.
 *
 * While it does, every cell runs a rewritten twin of its module whose writes go to the journal. A kernel entry is an
 * attempt: if it throws, takes too many steps or breaks an invariant, everything that it wrote is undone, what was to leave
 * for the host is dropped, the module that was there before comes back, and the entry is tried again. The guest sees
 * nothing but a delay. The bad version is remembered and not loaded again. Holds who is on trial and who may not come back.
 */
import type { Kernel } from '../contracts/kernel.ts';
import { CONTEXT_SIZE, PAGE_SIZE } from '../machine/layout.ts';
import { reasonOf } from '../lib/reason.ts';
import type { Cell, Cells } from './cells.ts';
import type { HostPort } from './host-port.ts';
import type { Journal, Make } from './journal.ts';
import { invariantBroken } from './migration.ts';
import { type AnyModule, checkModule, type Operations, Refusal } from './registry.ts';
import { Stall, StallWatch } from './stall.ts';

/** Something of the nucleus's own that an entry changes. */
export interface Undoable {
  /** An attempt begins. @returns what puts everything back as it is now */
  checkpoint(): () => void;
}

/** One cell of a replacement: what came in, and what was there before. */
export interface Side {
  readonly cell: Cell;
  readonly module: AnyModule;
  readonly from: AnyModule;
}

/** What was replaced together, and goes back together. */
interface Group {
  sides: readonly Side[];
  /** Kernel entry at which it began, or would have, had it served all its time at once. */
  readonly since: number;
}

/** Modules on trial, newest last; for reports. */
export interface Trying {
  readonly cell: string;
  readonly module: string;
  readonly entriesLeft: number;
}

export interface TrialParts {
  readonly kernel: Kernel;
  readonly cells: Cells;
  readonly journal: Journal;
  readonly host: HostPort;
  /** Kernel entries that a module serves on trial; 0 = none does. */
  readonly entries: number;
  /** Host time in ns. */
  readonly hostNow: () => number;
  /**
   * Put the modules of before back into their cells, by means of the state alone.
   * @param doubtful the state may lack what no undoing brings back: make it anew where that can be
   */
  readonly takeBack: (sides: readonly Side[], reason: string, doubtful: boolean) => void;
  /** One line for the host's log. */
  readonly log: (line: string) => void;
}

/** What checks may cost in host time before a trial ends early, and the entries that it lasts nevertheless. */
const CHECK_NS = 1e9;
const LEAST_ENTRIES = 32;

export class Trial {
  /** True while some module is on trial. Read by the dispatcher at each step. */
  active = false;
  /** True while one of them is an engine, which writes memory by itself. */
  engine = false;
  /** Watches a scheduler on trial. */
  readonly stall: StallWatch;
  readonly #parts: TrialParts;
  readonly #undoable: Undoable[] = [];
  readonly #twins = new WeakMap<AnyModule, AnyModule>();
  readonly #trusted = new WeakSet<AnyModule>();
  /** `cell/name version` to why it was undone. */
  readonly #condemned = new Map<string, string>();
  readonly #groups: Group[] = [];
  /** Cells with a module on trial. */
  #tried: readonly Cell[] = [];
  /** Instances are made of twins. */
  #instrumented = false;
  #attempting = false;
  /** Entries that modules served on trial before they were replaced, and what checks have cost since a trial began. */
  readonly #served = new WeakMap<AnyModule, number>();
  #checkedNs = 0;
  /** Twins of the built-in modules were brought, or can not be. */
  builtinsKnown = false;

  constructor(parts: TrialParts) {
    this.#parts = parts;
    this.stall = new StallWatch(parts.kernel);
  }

  /** Take part in attempts. */
  join(...undoable: readonly Undoable[]): void {
    this.#undoable.push(...undoable);
  }

  /** Modules that need no trial: those of boot. */
  trust(modules: Iterable<AnyModule>): void {
    for (const module of modules) this.#trusted.add(module);
  }

  /** Let a module be tried. @param make evaluates its rewritten code; throws what that throws */
  addTwin(module: AnyModule, make: Make): void {
    this.#addTwin(module, checkModule(make(this.#parts.journal)));
  }

  /** The same for modules that come in one file, by slot and name. */
  addTwins(modules: readonly AnyModule[], make: Make): void {
    const twins = make(this.#parts.journal) as readonly AnyModule[];
    for (const module of modules) {
      const twin = twins.find((candidate) => label(candidate) === label(module));
      if (twin !== undefined) this.#addTwin(module, twin);
    }
  }

  #addTwin(module: AnyModule, twin: AnyModule): void {
    if (label(twin) !== label(module))
      throw new Refusal(`${label(module)} names itself otherwise when it is read again`);
    this.#twins.set(module, twin);
  }

  /** An instance as the moment asks for: of the module itself, or of its twin. */
  instantiate(module: AnyModule, state: unknown): Operations {
    // What an engine that is not on trial writes are caches, which may be lost but not wrong.
    const logged = this.#instrumented && (module.manifest.slot !== 'engine' || this.engine);
    const twin = logged ? this.#twins.get(module) : undefined;
    return (twin ?? module).create(state, this.#parts.kernel);
  }

  /** What is wrong with bringing a module in: it failed before. Throws Refusal. */
  check(module: AnyModule): void {
    const reason = this.#condemned.get(label(module));
    if (reason !== undefined) throw new Refusal(`${label(module)} failed on probation: ${reason}`);
  }

  /** True if one of these would come on trial. */
  wants(modules: readonly AnyModule[]): boolean {
    return this.#parts.entries > 0 && modules.some((module) => !this.#trusted.has(module));
  }

  /** A replacement begins: from now on instances are such as it asks for. */
  prepare(modules: readonly AnyModule[]): void {
    this.#parts.journal.refill();
    this.#instrumented = this.active || (this.wants(modules) && this.#canTry(modules));
    this.engine ||= modules.some(({ manifest }) => manifest.slot === 'engine');
  }

  /** The replacement was given up. */
  dismiss(): void {
    this.#update();
  }

  /** The replacement was committed: those of its modules that are new serve on trial. */
  admit(sides: readonly Side[]): void {
    if (!this.#instrumented) {
      this.#update();
      return;
    }
    for (const { cell, module } of sides) if (this.#trusted.has(module)) this.#forget(cell);
    const fresh = sides.filter(
      ({ cell, module, from }) => !this.#trusted.has(module) && !(module === from && this.#tries(cell)),
    );
    const served = Math.min(...fresh.map(({ module }) => this.#served.get(module) ?? 0));
    if (fresh.length > 0) this.#groups.push({ sides: fresh, since: this.#now() - served });
    this.stall.reset();
    const began = !this.active;
    this.#update();
    if (began && this.active && served === 0) this.#checkedNs = 0;
    if (began) this.#relink();
  }

  /** At a kernel-entry boundary: modules that have served their time are trusted from now on. */
  review(): void {
    const { entries } = this.#parts;
    const served = (group: Group): number => this.#now() - group.since;
    const enough = this.#checkedNs > CHECK_NS ? Math.min(entries, LEAST_ENTRIES) : entries;
    const passed = this.#groups.filter((group) => served(group) >= enough);
    if (passed.length === 0 || (this.tries('scheduler') && !this.stall.settled())) return;
    for (const group of passed) {
      this.trust(group.sides.map(({ module }) => module));
      this.#groups.splice(this.#groups.indexOf(group), 1);
    }
    this.#update();
    if (!this.active) this.#relink();
  }

  trying(): readonly Trying[] {
    const { entries } = this.#parts;
    return this.#groups.flatMap(({ sides, since }) =>
      sides.map(({ cell, module }) => ({
        cell: cell.name,
        module: module.manifest.name,
        entriesLeft: since + entries - this.#now(),
      })),
    );
  }

  /** True while the module of a cell is on trial. */
  tries(cell: string): boolean {
    return this.#tried.some(({ name }) => name === cell);
  }

  /**
   * Do a piece of a kernel entry; over again from the start, with the modules of before, where one on trial fails.
   * `act` keeps nothing of a first run. Throws what it throws when nobody is left who could be at fault.
   */
  attempt<T>(act: () => T): T {
    const { journal, host } = this.#parts;
    if (this.#attempting) return act();
    while (this.active) {
      const restore = this.#undoable.map((each) => each.checkpoint());
      journal.begin();
      this.#attempting = true;
      let failure: string | null;
      let stalled = false;
      try {
        const result = act();
        failure = this.#complaint();
        if (failure === null) {
          this.#attempting = false;
          journal.commit();
          host.release();
          return result;
        }
      } catch (error) {
        failure = journal.overran() ? OVERRUN : reasonOf(error);
        stalled = error instanceof Stall;
      }
      this.#attempting = false;
      journal.undo();
      for (const undo of restore) undo();
      this.#fail(failure, stalled);
    }
    journal.refill();
    return act();
  }

  /** Log all memory in use, and a context: an engine on trial is about to write where it will. */
  saveMemory(context: number): void {
    const { kernel, journal, hostNow } = this.#parts;
    const { frames, machine } = kernel;
    const began = hostNow();
    journal.memory(context, CONTEXT_SIZE);
    let left = frames.total() - frames.free();
    let start = -1;
    for (let frame = machine.layout.firstFrame; frame <= machine.layout.endFrame; frame++) {
      if (left === 0 && start < 0) break;
      const used = left > 0 && frames.count(frame) > 0;
      if (used) left--;
      if (used && start < 0) start = frame;
      if (!used && start >= 0) {
        journal.memory(start * PAGE_SIZE, (frame - start) * PAGE_SIZE);
        start = -1;
      }
    }
    this.#checkedNs += hostNow() - began;
  }

  /** What is wrong after an attempt that did not throw, or null. */
  #complaint(): string | null {
    const { journal, hostNow } = this.#parts;
    if (journal.overran()) return OVERRUN;
    if (!journal.wrote()) return null;
    const began = hostNow();
    try {
      for (const { module, stateVersion, state } of this.#tried) {
        const broken = invariantBroken(module, stateVersion, state);
        if (broken !== null) return broken;
      }
    } catch (error) {
      return reasonOf(error);
    }
    this.#checkedNs += hostNow() - began;
    return null;
  }

  /** Undone already; now the newest of those on trial go. */
  #fail(reason: string, stalled: boolean): void {
    const { log, takeBack } = this.#parts;
    const group = this.#groups.pop();
    if (group === undefined) return;
    this.stall.reset();
    for (const { module } of group.sides) this.#condemned.set(label(module), reason);
    const names = group.sides.map(({ module }) => label(module)).join(', ');
    log(`${names}: undone on probation after ${this.#now() - group.since} kernel entries: ${reason}`);
    this.#update();
    this.#parts.journal.refill();
    try {
      this.#relink(group.sides.map(({ cell }) => cell));
      takeBack(group.sides, reason, stalled);
    } catch (error) {
      // An older module on trial does not even come up again.
      if (!this.active) throw error;
      this.#fail(reasonOf(error), stalled);
      this.#relink();
    }
  }

  /** Without a twin of every module in place, what an entry writes could not be undone. */
  #canTry(modules: readonly AnyModule[]): boolean {
    const lacking = [...this.#parts.cells.all().map((cell) => cell.module), ...modules].filter(
      (module) => !this.#twins.has(module),
    );
    const [first] = lacking;
    if (first !== undefined) {
      this.#parts.log(`no probation: ${label(first)} can not be rewritten so that its writes are logged`);
    }
    return first === undefined;
  }

  #tries(cell: Cell): boolean {
    return this.tries(cell.name);
  }

  /** Number of the kernel entry. */
  #now(): number {
    return this.#parts.kernel.counters.kernelEntries;
  }

  #forget(cell: Cell): void {
    for (const group of this.#groups) {
      for (const side of group.sides)
        if (side.cell === cell) this.#served.set(side.module, this.#now() - group.since);
      group.sides = group.sides.filter((side) => side.cell !== cell);
    }
    const kept = this.#groups.filter(({ sides }) => sides.length > 0);
    this.#groups.splice(0, this.#groups.length, ...kept);
  }

  #update(): void {
    this.active = this.#groups.length > 0;
    this.#instrumented = this.active;
    this.#tried = [...new Set(this.#groups.flatMap(({ sides }) => sides.map(({ cell }) => cell)))];
    this.engine = this.tries('engine');
  }

  /** Fresh instances in all cells but these. What they keep beside the state they can rebuild. */
  #relink(except: readonly Cell[] = []): void {
    for (const cell of this.#parts.cells.all()) {
      if (except.includes(cell)) continue;
      cell.operations = this.instantiate(cell.module, cell.state);
      this.#parts.cells.link(cell.name, cell.operations);
    }
  }
}

const OVERRUN = 'it took more steps than a kernel entry may';

const label = ({ manifest }: AnyModule): string => `${manifest.slot}/${manifest.name} ${manifest.version}`;
