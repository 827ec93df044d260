/**
 * What a module is: a manifest and a factory of operations over state that the kernel owns.
 *
 * A module file ends in one such record, its default export where it is loaded from a file. The factory's result is a
 * record of functions; whatever else it closes over must be a cache that a fresh instance can rebuild, for
 * nothing of a module outlives a kernel entry but its state. Holds types only.
 */
import type { StateLayout } from './contract.ts';
import type { Kernel } from './kernel.ts';

/** The replaceable parts of the kernel, in the order in which they boot. */
export const SLOTS = [
  'engine',
  'frames',
  'pmap',
  'clock',
  'scheduler',
  'process',
  'pagecache',
  'vm',
  'ipc',
  'net',
  'tty',
  'block',
  'buffercache',
  'filesystem',
  'vfs',
  'abi',
] as const;
export type SlotName = (typeof SLOTS)[number];

export interface Manifest {
  readonly slot: SlotName;
  /** kebab-case; `-` equals `_` where a guest names it. Unique within the slot. */
  readonly name: string;
  /** Semantic version of the module. */
  readonly version: string;
  /** Version of the slot's contract that it implements. */
  readonly contract: number;
  /** Optional interfaces of the contract that it implements. */
  readonly interfaces: readonly string[];
  /** Contracts that it calls through linkage, with the least version it needs. */
  readonly needs: Readonly<Partial<Record<SlotName, number>>>;
  /**
   * `filesystem` only: the file-system type that it serves ("ram", "proc"). A slot of several cells has one a type.
   * A replacement fills the cell of its own type.
   */
  readonly type?: string;
  /** One line for `strake modules` and `modinfo`. */
  readonly description: string;
}

export interface Module<Operations extends object, State> {
  readonly manifest: Manifest;
  readonly layout: StateLayout<State>;
  /** Version of the layout that this module works on; the newest where absent. */
  readonly stateVersion?: number;
  /** Must not call other slots: at boot they may not be there yet. */
  create(state: State, kernel: Kernel): Operations;
  /** Exercise a scratch instance with no kernel behind it. @returns what is wrong, or null. Runs before any transfer. */
  selfTest?(): string | null;
}
