/**
 * Needs: does a module meet one, and which of those that are known does so best.
 */
import type { Need } from '../contracts/kernel.ts';
import type { Manifest } from '../contracts/module.ts';
import type { AnyModule } from './registry.ts';

/** Compare the numbers of two semantic versions; what follows them (a pre-release) is not looked at. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const numbersOf = (version: string): readonly number[] => version.split(/[.+-]/, 3).map(Number);

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
