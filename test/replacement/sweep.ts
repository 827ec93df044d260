/**
 * The swap sweep: one script, run without replacement and with every cell replaced at every k-th kernel entry.
 *
 * Holds the script's run and the list of cells; the tests beside share it out over workers.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { builtinModules, defaultModules } from '../../src/api/builtin.ts';
import type { GuestRun } from '../support/guest.ts';
import { PATH, runGuest } from '../support/guest.ts';

const SCRIPT = readFileSync(path.join(import.meta.dirname, 'scripts/mixed.sh'), 'utf8');

/** `SLOT=NAME` of what fills each cell by default. */
export const CELLS: readonly string[] = defaultModules().map(
  ({ manifest }) => `${manifest.slot}=${manifest.name}`,
);

/** Modules that share a cell with a default, as `SLOT=NAME@VERSION`. */
export const ALTERNATIVES: readonly string[] = builtinModules()
  .filter((module) => !defaultModules().includes(module))
  .map(({ manifest }) => `${manifest.slot}=${manifest.name}@${manifest.version}`);

export interface SweepOptions {
  /** `SLOT=NAME@WHEN`. */
  readonly replace?: readonly string[];
  readonly transfer?: 'move' | 'copy';
  readonly digest?: 'full' | 'output';
  readonly modules?: Readonly<Record<string, string>>;
}

/** Run the script on a Debian busybox root, deterministically. */
export function runScript(root: string, options: SweepOptions = {}): Promise<GuestRun> {
  return runGuest(['/bin/sh', '/tmp/mixed.sh'], {
    digest: 'full',
    ...options,
    root,
    deterministic: true,
    seed: 1,
    files: { '/tmp/mixed.sh': SCRIPT },
    spawn: { env: { PATH, HOME: '/root' } },
  });
}

/** Replacements that were carried out, and the refusals among them. */
export function replaced(run: GuestRun): { readonly done: number; readonly refused: readonly string[] } {
  const refused = run.stats.replacements.flatMap(({ failed }) => failed ?? []);
  return { done: run.stats.replacements.length - refused.length + run.stats.replacementsDropped, refused };
}
