/**
 * Taking state from one version of its layout to another.
 *
 * Each version of a layout knows the way up from the one before it and, if there is one, the way back down.
 */
import type { StateLayout } from '../contracts/contract.ts';
import type { Schema } from '../contracts/schema.ts';
import { type Cell, stateVersionOf } from './cells.ts';
import { type AnyModule, Refusal } from './registry.ts';

/** The schema of one version. Throws Refusal if the layout does not have it. */
export function schemaOf(layout: StateLayout<unknown>, version: number): Schema<unknown> {
  const found = layout.versions.find((candidate) => candidate.version === version);
  if (found === undefined) throw new Refusal(`layout ${layout.name} has no version ${version}`);
  return found.schema;
}

/** Up or down the chain, one version at a time; the module of the newer version is the one that knows the way. */
export function migrate(cell: Cell, module: AnyModule, state: unknown): unknown {
  const from = cell.stateVersion;
  const to = stateVersionOf(module);
  const { name, versions } = from < to ? module.layout : cell.module.layout;
  let current = state;
  for (let version = from; version < to; version++) {
    const next = versions.find((candidate) => candidate.version === version + 1);
    if (next?.up === undefined) throw new Refusal(`layout ${name} can not go up to version ${version + 1}`);
    current = next.up(current);
  }
  for (let version = from; version > to; version--) {
    const present = versions.find((candidate) => candidate.version === version);
    if (present?.down === undefined)
      throw new Refusal(`layout ${name} can not go down from version ${version}`);
    current = present.down(current);
  }
  return current;
}

/**
 * Check a state against the schema of its version and the layout's invariants. Throws StateError where it does not fit.
 * @returns what invariant is broken, or null
 */
export function invariantBroken(module: AnyModule, version: number, state: unknown): string | null {
  const { layout } = module;
  schemaOf(layout, version).check(state, layout.name);
  return layout.verify?.(state) ?? null;
}
