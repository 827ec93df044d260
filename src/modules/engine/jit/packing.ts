/**
 * Which modules are put together in one, so that what works together lies together.
 *
 * The host's machine code of what is put together is lost and made anew. So a few are left as they are, and a module
 * waits until those that are smaller outweigh a part of it: what is in the largest is seldom touched, and there are never many.
 */
import { type Body, bodyIn, moduleOf, nameOf } from './binary.ts';

/** A module goes into another with all that are smaller where these are at least so large a part of it. */
const PART = 1 / 2;
/** So many at least are put together. */
const LEAST = 8;

export interface Packed<R> {
  readonly bytes: Uint8Array;
  readonly regions: readonly R[];
}
interface Named {
  readonly name: string;
  readonly body: Body;
}

const sizeOf = (regions: readonly Named[]): number =>
  regions.reduce((sum, { body }) => sum + body.end - body.start, 0);

/**
 * @param modules with those of their regions that are of use @param most bytes of a module at most
 * @returns those that are to be put together, by what they become
 */
export function toPack<M extends Packed<Named>>(modules: readonly M[], most: number): readonly M[][] {
  const sized = modules
    .map((module) => ({ module, size: sizeOf(module.regions) }))
    .sort((a, b) => a.size - b.size);
  let count = 0;
  let smaller = 0;
  sized.forEach(({ size }, i) => {
    if (i > 0 && smaller >= size * PART) count = i + 1;
    smaller += size;
  });
  if (count < LEAST) return [];
  const groups: M[][] = [];
  let room = 0;
  for (const { module, size } of sized.slice(0, count)) {
    if (groups.length === 0 || size > room) {
      groups.push([]);
      room = most;
    }
    groups.at(-1)?.push(module);
    room -= size;
  }
  return groups.filter(({ length }) => length > 1);
}

/** A region, and what it is in its new module. */
interface Moved<R> extends Named {
  readonly region: R;
}

/** One module of several. */
export function pack<R extends Named>(
  modules: readonly Packed<R>[],
  shared: boolean,
): { readonly bytes: Uint8Array; readonly moved: readonly Moved<R>[] } {
  const all = modules.flatMap(({ bytes, regions }) => regions.map((region) => ({ bytes, region })));
  const { bytes, bodies } = moduleOf(
    all.map(({ bytes: old, region }) => bodyIn(old, region.body)),
    shared,
  );
  return {
    bytes,
    moved: all.map(({ region }, i) => ({ region, name: nameOf(i), body: bodies[i] as Body })),
  };
}
