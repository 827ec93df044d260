/**
 * Needs: does a module meet one, and which of those that are known does so best.
 */
import type { Need } from '../contracts/kernel.ts';
import type { Manifest } from '../contracts/module.ts';
import { compareVersions } from '../lib/version.ts';
import type { AnyModule } from './registry.ts';

/** True if a module of this manifest will do. */
export function meets({ slot, interfaces, version }: Manifest, need: Need): boolean {
  if (slot !== need.slot) return false;
  if (need.interface !== null && !interfaces.includes(need.interface)) return false;
  return need.version === null || compareVersions(version, need.version) >= 0;
}

/** The module that meets a need: of the name that is in place if there is one, the newest of those; else the first known. */
export function bestOf(modules: readonly AnyModule[], need: Need, inPlace: AnyModule): AnyModule | null {
  const able = modules.filter(({ manifest }) => meets(manifest, need));
  const akin = able.filter(({ manifest }) => manifest.name === inPlace.manifest.name);
  const newest = akin.toSorted((a, b) => compareVersions(b.manifest.version, a.manifest.version))[0];
  return newest ?? able[0] ?? null;
}
