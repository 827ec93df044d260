/**
 * What a contract is: the type that stands between a slot and the modules that may fill it.
 *
 * A contract names its operations, the optional interfaces beside them, and the schema of the state that a slot
 * keeps over a replacement. Immutable once published: never change one, add an interface. Holds types and one helper.
 */
import type { Kernel } from './kernel.ts';
import type { Schema } from './schema.ts';

/** State of one version, and the way from the version before it. */
export interface StateVersion {
  readonly version: number;
  readonly schema: Schema<unknown>;
  /** Build this version's state from that of version - 1; absent on the first. Must not keep what it is given. */
  readonly up?: (older: unknown) => unknown;
  /** Build the state of version - 1 from this one; absent if it can not go back. */
  readonly down?: (newer: unknown) => unknown;
}

/**
 * How a slot's state is laid out: a name and its versions, oldest first.
 * Two modules with one layout exchange state by reference or by migration; otherwise the contract rebuilds it.
 */
export interface StateLayout<State> {
  readonly name: string;
  readonly versions: readonly StateVersion[];
  /** A fresh state of the newest version. */
  create(): State;
  /** Invariants that the schema can not say. @returns what is broken, or null. Called before every flip. */
  verify?(state: State): string | null;
}

export interface Contract<Operations extends object> {
  readonly name: string;
  readonly version: number;
  /** Every module of the slot has these. */
  readonly operations: readonly (keyof Operations & string)[];
  /** Optional interfaces: name to the operations that a module which states it must have. */
  readonly interfaces: Readonly<Record<string, readonly string[]>>;
  /**
   * Carry the content of one module's state to another of a different layout through public operations alone.
   * Absent where all modules of the contract share one layout.
   */
  readonly rebuild?: (from: Operations, to: Operations) => void;
  /**
   * Fill a module of an empty state with what the other slots know, where the module in place is not to be trusted with
   * `rebuild`. What only the slot's own state tells, such as an order, is lost.
   */
  readonly recover?: (kernel: Kernel, to: Operations) => void;
}

/** A layout with a single version. */
export function layout<State>(
  name: string,
  schema: Schema<State>,
  create: () => State,
  verify?: (state: State) => string | null,
): StateLayout<State> {
  const versions = [{ version: 1, schema: schema as Schema<unknown> }];
  return verify === undefined ? { name, versions, create } : { name, versions, create, verify };
}
