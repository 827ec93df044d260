/**
 * Loading and unloading of modules as guests ask for it (init_module(2), delete_module(2)).
 *
 * A module file is evaluated by the host, which takes time; other guests go on. When it is there it is checked and put
 * in its slot at that kernel entry. A file that only names a built-in module is resolved at once. Holds the
 * tickets of those under way.
 */
import { EBUSY, EEXIST, EINVAL, ENOENT, ENOEXEC, EPERM } from '../abi/linux/errno.ts';
import type { Kernel, ModuleControl, ModuleEntry, Need } from '../contracts/kernel.ts';
import { type SlotName, SLOTS } from '../contracts/module.ts';
import { printable, reasonOf } from '../lib/reason.ts';
import { type Cell, type Cells, cellNameOf } from './cells.ts';
import { freezeBehaviour } from './freeze-behaviour.ts';
import type { Journal } from './journal.ts';
import type { HostPort, PortResult } from './host-port.ts';
import { bestOf, meets } from './needs.ts';
import { type AnyModule, checkModule, type RegisteredModule, type Registry } from './registry.ts';
import type { Replacer, Transfer } from './replacement.ts';
import type { Trial, Undoable } from './trial.ts';

/** First line of a file under /lib/modules that stands for a built-in module: this, the slot and the name. */
const BUILTIN = '#!strake-module ';
const LONGEST_FIRST_LINE = 200;

/** The content of such a file: the line, then what modinfo(8) looks for, each between NULs as in a Linux module. */
export const builtinModuleFile = ({ manifest }: AnyModule): string => {
  const { slot, name, description, version } = manifest;
  return `${BUILTIN}${slot} ${name}\n\0description=${description}\0version=${version}\0`;
};

interface Ticket {
  readonly id: number;
  /** Of a demand: that it succeeded is seen from the module in place, so nobody comes for the outcome. */
  readonly ofDemand: boolean;
  readonly event: number;
  /** Host request that evaluates the file; 0 once done. */
  request: number;
  readonly size: number;
  /** What is left to do when twins of the built-in modules were asked for first. */
  rest: (() => number) | null;
  outcome: number | null;
}

interface Job {
  /** By number: an undone entry puts copies of tickets back. */
  readonly ticket: number;
  readonly act: () => number;
}

export interface ModuleControlParts {
  readonly kernel: Kernel;
  readonly registry: Registry;
  readonly cells: Cells;
  readonly replacer: Replacer;
  readonly trial: Trial;
  readonly journal: Journal;
  readonly host: HostPort;
  /** Those that come with the kernel, whose twins lie in one file. */
  readonly builtin: readonly AnyModule[];
  readonly defaults: ReadonlySet<AnyModule>;
  readonly transfer: Transfer;
  /** Any program may have a module brought in that has what a call of it needs (feature faults). */
  readonly onDemand: boolean;
  /** One line for the host's log: why a module was refused. */
  readonly log: (line: string) => void;
}

export class GuestModules implements ModuleControl, Undoable {
  readonly #parts: ModuleControlParts;
  readonly #tickets = new Map<number, Ticket>();
  /** Asked for by a call, to be done at the next boundary: never while a module runs. */
  readonly #jobs: Job[] = [];
  #next = 1;
  /** A file was evaluated: code of a guest's is in this realm. */
  evaluated = false;

  constructor(parts: ModuleControlParts) {
    this.#parts = parts;
  }

  list(): readonly ModuleEntry[] {
    const { registry, cells, defaults } = this.#parts;
    const active = new Map(cells.all().map((cell) => [cell.module, cell]));
    const users = (module: AnyModule): number => {
      const others = [...active.keys()].filter((other) => other !== module);
      const leases = [...(active.get(module)?.leases.values() ?? [])];
      const needing = others.filter((other) => module.manifest.slot in other.manifest.needs);
      return needing.length + leases.reduce((sum, holders) => sum + holders.size, 0);
    };
    return registry.all().map(({ module, loaded, size }) => ({
      slot: module.manifest.slot,
      name: module.manifest.name,
      guestName: registry.guestName(module),
      version: module.manifest.version,
      description: module.manifest.description,
      interfaces: [...module.manifest.interfaces],
      active: active.has(module),
      default: defaults.has(module),
      size,
      users: users(module),
      loaded,
    }));
  }

  load(image: Uint8Array, parameters: string): number {
    const { log, host, registry } = this.#parts;
    const builtin = builtinNamed(image);
    if (parameters !== '') {
      log(`module parameters '${printable(parameters)}' are refused: modules take none`);
      return this.#ticket(image.length, () => -EINVAL);
    }
    if (builtin === null) return this.#ticket(image.length, null, host.loadModule(image.slice()));
    const entry = registry.find(builtin.slot, builtin.name);
    if (entry === null) return this.#ticket(image.length, () => -ENOENT);
    return this.#bring(entry.module, image.length);
  }

  meets(need: Need): boolean {
    return this.#inPlaceFor(need).some(({ manifest }) => meets(manifest, need));
  }

  /** What fills the slot; a slot of several cells has several. */
  #inPlaceFor({ slot }: Need): readonly AnyModule[] {
    const modules = this.#parts.cells.all().map(({ module }) => module);
    return modules.filter(({ manifest }) => manifest.slot === slot);
  }

  demand(need: Need, authorised: boolean): number {
    const { registry, onDemand } = this.#parts;
    if (this.meets(need)) return 0;
    const [inPlace] = this.#inPlaceFor(need);
    if (inPlace === undefined) return -ENOENT;
    const known = registry.of(need.slot).map(({ module }) => module);
    const module = bestOf(known, need, inPlace);
    if (module === null) return -ENOENT;
    return authorised || onDemand ? this.#bring(module, 0, true) : -EPERM;
  }

  /** A ticket for a module that is known, which comes in at the next boundary, or when its twin is there. */
  #bring(module: AnyModule, size: number, ofDemand = false): number {
    const act = (): number => this.#activate(module);
    if (!this.#lacksTwins([module])) return this.#ticket(size, act, 0, null, ofDemand);
    return this.#ticket(size, null, this.#parts.host.loadTwins(), act, ofDemand);
  }

  event(ticket: number): number {
    return this.#tickets.get(ticket)?.event ?? 0;
  }

  outcome(ticket: number): number | null {
    const found = this.#tickets.get(ticket);
    if (found === undefined) return -EINVAL;
    if (found.outcome !== null) this.#tickets.delete(ticket);
    return found.outcome;
  }

  unload(name: string): number {
    const named = this.#parts.registry.named(name);
    if (named.length === 0) return -ENOENT;
    const inPlace = this.#parts.cells
      .all()
      .find((cell) => named.some(({ module }) => module === cell.module));
    if (inPlace === undefined && named.every(({ loaded }) => !loaded)) return -ENOENT;
    if (inPlace !== undefined && inPlace.previous.length === 0) return -EBUSY;
    return this.#ticket(0, () => this.#remove(named, inPlace));
  }

  /** At a kernel-entry boundary: carry out what calls asked for, and wake them. */
  runJobs(): void {
    while (this.#jobs.length > 0) {
      const { ticket, act } = this.#jobs.shift() as Job;
      this.#finish(this.#tickets.get(ticket), act());
    }
  }

  /** The call that holds the ticket learns what came of it. */
  #finish(ticket: Ticket | undefined, outcome: number): void {
    if (ticket === undefined) return;
    ticket.request = 0;
    ticket.rest = null;
    ticket.outcome = outcome;
    if (ticket.ofDemand && outcome === 0) this.#tickets.delete(ticket.id);
    this.#parts.trial.attempt(() => this.#parts.kernel.waits.wake(ticket.event, 1));
  }

  checkpoint(): () => void {
    const tickets = [...this.#tickets].map(([id, ticket]) => [id, { ...ticket }] as const);
    const jobs = this.#jobs.slice();
    const next = this.#next;
    return () => {
      this.#tickets.clear();
      for (const [id, ticket] of tickets) this.#tickets.set(id, ticket);
      this.#jobs.splice(0, this.#jobs.length, ...jobs);
      this.#next = next;
    };
  }

  /** True if `runJobs` has something to do. */
  hasJobs(): boolean {
    return this.#jobs.length > 0;
  }

  /** @param act what to do at the next boundary, or null if a host request will tell */
  #ticket(
    size: number,
    act: (() => number) | null,
    request = 0,
    rest: (() => number) | null = null,
    ofDemand = false,
  ): number {
    const event = this.#parts.kernel.waits.newEvent();
    const id = this.#next++;
    this.#tickets.set(id, { id, ofDemand, event, request, size, rest, outcome: null });
    if (act !== null) this.#jobs.push({ ticket: id, act });
    return id;
  }

  /** True if a module is to serve on trial and the twins that this takes are not there yet. */
  #lacksTwins(modules: readonly AnyModule[]): boolean {
    const { trial } = this.#parts;
    return !trial.builtinsKnown && trial.wants(modules);
  }

  #remove(named: readonly RegisteredModule[], inPlace: Cell | undefined): number {
    const { registry, cells } = this.#parts;
    const previous = inPlace?.previous.at(-1);
    if (previous !== undefined) {
      const outcome = this.#replace(previous);
      if (outcome !== 0) return outcome;
    }
    for (const { module, loaded } of named) {
      if (!loaded) continue;
      registry.remove(module);
      for (const cell of cells.all()) {
        const at = cell.previous.indexOf(module);
        if (at >= 0) cell.previous.splice(at, 1);
      }
    }
    return 0;
  }

  /** A file was evaluated, or the twins are there: go on with what was asked, wake who waits. */
  completed(request: number, result: PortResult): void {
    for (const ticket of this.#tickets.values()) {
      if (ticket.request !== request) continue;
      if (ticket.rest !== null) {
        this.#twinsArrived(result);
        this.#finish(ticket, ticket.rest());
        continue;
      }
      const module = this.#arrived(result);
      if (typeof module === 'number') this.#finish(ticket, module);
      else if (this.#lacksTwins([module])) {
        ticket.rest = (): number => this.#add(module, ticket.size);
        ticket.request = this.#parts.host.loadTwins();
      } else this.#finish(ticket, this.#add(module, ticket.size));
    }
  }

  #twinsArrived({ logged, reason }: PortResult): void {
    const { trial, builtin, log } = this.#parts;
    if (trial.builtinsKnown) return;
    if (logged === undefined) log(`no probation: ${reason ?? 'the rewritten modules are missing'}`);
    else trial.addTwins(builtin, logged);
    trial.builtinsKnown = true;
  }

  /** @returns the module of a file, or -errno */
  #arrived({ errno, counted, logged, reason }: PortResult): AnyModule | number {
    const { log, trial, journal } = this.#parts;
    if (counted === undefined || logged === undefined) {
      log(`module file refused: ${reason ?? 'it can not be evaluated'}`);
      return errno;
    }
    if (!this.evaluated) freezeBehaviour(this.#parts.kernel);
    this.evaluated = true;
    try {
      journal.refill();
      const module = plainModule(counted(journal));
      trial.addTwin(module, (runtime) => plainModule(logged(runtime)));
      return module;
    } catch (error) {
      log(`module file refused: ${reasonOf(error)}`);
      return -ENOEXEC;
    }
  }

  /** Register a module of a guest's and put it in its slot. @returns 0 or -errno */
  #add(module: AnyModule, size: number): number {
    const { registry, log } = this.#parts;
    try {
      const { slot, name } = module.manifest;
      if (registry.find(slot, name) !== null) return -EEXIST;
      registry.add(module, true, size);
      const outcome = this.#activate(module);
      if (outcome !== 0) registry.remove(module);
      return outcome;
    } catch (error) {
      log(`module file refused: ${reasonOf(error)}`);
      return -ENOEXEC;
    }
  }

  /** A module on trial was undone: one of a guest's is known no more, so that a better one may take its name. */
  undone(module: AnyModule): void {
    const { registry } = this.#parts;
    if (registry.entryOf(module)?.loaded === true) registry.remove(module);
  }

  #activate(module: AnyModule): number {
    const cell = this.#parts.cells.get(cellNameOf(module));
    return cell.module === module ? -EEXIST : this.#replace(module);
  }

  #replace(module: AnyModule): number {
    try {
      // What a file's factory does to the state before it fails must not be done to that of the module in place.
      const transfer = this.#parts.registry.entryOf(module)?.loaded === true ? 'copy' : this.#parts.transfer;
      this.#parts.replacer.replace({ modules: [module], transfer, by: 'guest' });
      return 0;
    } catch (error) {
      this.#parts.log(reasonOf(error));
      return -ENOEXEC;
    }
  }
}

/**
 * The record that a file exports with each field read once, so that what was checked is what is used. Throws Refusal.
 */
function plainModule(exported: unknown): AnyModule {
  const { manifest, layout, ...rest } = { ...checkModule(exported) };
  const { interfaces, needs, ...texts } = { ...manifest };
  const { name, versions, create, verify } = layout;
  return checkModule({
    ...rest,
    manifest: { ...texts, interfaces: [...interfaces], needs: { ...needs } },
    layout: { name, versions: [...versions], create, ...(verify === undefined ? {} : { verify }) },
  });
}

function builtinNamed(image: Uint8Array): { readonly slot: SlotName; readonly name: string } | null {
  const end = image.indexOf(0x0a);
  if (end < 0 || end > LONGEST_FIRST_LINE) return null;
  const line = String.fromCharCode(...image.subarray(0, end));
  if (!line.startsWith(BUILTIN)) return null;
  const [slot, name] = line.slice(BUILTIN.length).trim().split(' ');
  if (slot === undefined || name === undefined || !(SLOTS as readonly string[]).includes(slot)) return null;
  return { slot: slot as SlotName, name };
}
