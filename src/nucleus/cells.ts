/**
 * Cells: what fills each slot now, with the state that the kernel keeps for it.
 *
 * A cell is a slot, or one file-system type of the slot `filesystem`. It owns the capsule (layout, version, state) and
 * the way back: the modules that were there before. Linkage reads only the operations.
 */
import type { StateLayout } from '../contracts/contract.ts';
import type { Kernel } from '../contracts/kernel.ts';
import { KernelFault } from '../lib/kernel-fault.ts';
import type { Undoable } from './trial.ts';
import { type AnyModule, checkOperations, type Operations, Refusal } from './registry.ts';

export interface Cell {
  /** Slot, or `filesystem:TYPE`. */
  readonly name: string;
  module: AnyModule;
  state: unknown;
  stateVersion: number;
  operations: Operations;
  /** Modules that were here before, newest last; what an unload goes back to. */
  readonly previous: AnyModule[];
  /** Interfaces in use, with who holds each: ids of the kernel's modules, or numbers below 0 of the embedding program. */
  readonly leases: Map<string, Set<number>>;
}

export const cellNameOf = (module: AnyModule): string =>
  module.manifest.slot === 'filesystem' ? `filesystem:${module.manifest.type ?? ''}` : module.manifest.slot;

export const stateVersionOf = (module: AnyModule): number =>
  module.stateVersion ?? newest(module.layout).version;

const newest = (layout: StateLayout<unknown>): { readonly version: number } => {
  const last = layout.versions.at(-1);
  if (last === undefined) throw new Refusal(`layout ${layout.name} has no version`);
  return last;
};

export class Cells implements Undoable {
  readonly #cells = new Map<string, Cell>();
  readonly #kernel: Kernel;
  #nextHolder = -1;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Fill an empty cell with a module on fresh state; at boot. */
  fill(module: AnyModule): void {
    const name = cellNameOf(module);
    if (this.#cells.has(name)) throw new KernelFault(`cell ${name} is filled twice at boot`);
    const state = module.layout.create();
    const operations = module.create(state, this.#kernel);
    checkOperations(module.manifest, operations);
    const stateVersion = stateVersionOf(module);
    this.#cells.set(name, { name, module, state, stateVersion, operations, previous: [], leases: new Map() });
    this.link(name, operations);
  }

  /** The flip: one store. */
  link(name: string, operations: Operations): void {
    const colon = name.indexOf(':');
    const linkage = this.#kernel as unknown as Record<string, unknown>;
    if (colon < 0) linkage[name] = operations;
    else (linkage['filesystem'] as Record<string, unknown>)[name.slice(colon + 1)] = operations;
  }

  /**
   * Take an optional interface of a cell into use: no module without it can come in until it is given back.
   * Throws Refusal if the module in place does not have it. @returns how to give it back; once
   */
  lease(name: string, wanted: string): () => void {
    const holder = this.#nextHolder--;
    if (!this.take(name, wanted, holder)) {
      throw new Refusal(`${name}/${this.get(name).module.manifest.name} has no interface '${wanted}'`);
    }
    return () => this.give(name, wanted, holder);
  }

  /** `Leases.take`. */
  take(name: string, wanted: string, holder: number): boolean {
    const { module, leases } = this.get(name);
    if (!module.manifest.interfaces.includes(wanted)) return false;
    const holders = leases.get(wanted);
    if (holders === undefined) leases.set(wanted, new Set([holder]));
    else holders.add(holder);
    return true;
  }

  /** `Leases.give`. */
  give(name: string, wanted: string, holder: number): void {
    const { leases } = this.get(name);
    const holders = leases.get(wanted);
    if (holders?.delete(holder) === true && holders.size === 0) leases.delete(wanted);
  }

  /** Of the leases: which module is in place is no piece of an entry. */
  checkpoint(): () => void {
    const leases = this.all().map((cell) =>
      [...cell.leases].map(([name, held]) => [name, new Set(held)] as const),
    );
    return () => {
      for (const [i, cell] of this.all().entries()) {
        cell.leases.clear();
        for (const [name, held] of leases[i] ?? []) cell.leases.set(name, held);
      }
    };
  }

  get(name: string): Cell {
    const cell = this.#cells.get(name);
    if (cell === undefined) throw new Refusal(`there is no cell ${name}`);
    return cell;
  }

  all(): readonly Cell[] {
    return [...this.#cells.values()];
  }
}
