/**
 * mlock and its kin: which areas stay in memory, and how much of an address space that is.
 *
 * Only marks areas; that their pages are there is for whoever locks to see to. Source: mlock(2).
 */
import { ENOMEM } from '../../abi/linux/errno.ts';
import { type Space, VMA_LOCKED, VMA_SPECIAL } from '../../contracts/vm.ts';
import { carve, coveredTo, findArea, mergeAround } from './areas.ts';
import type { Core } from './core.ts';

/** Lock or unlock the areas of a range, up to its first hole. @returns 0 or -ENOMEM (a hole) */
export function lock(core: Core, space: Space, start: number, end: number, locked: boolean): number {
  const { keeper } = core.mapper;
  const stop = coveredTo(space.vmas, start, end);
  if (stop > start) {
    let index = carve(space.vmas, start, stop, keeper);
    for (; index < space.vmas.length; index++) {
      const area = space.vmas[index];
      if (area === undefined || area.start >= stop) break;
      if ((area.flags & VMA_SPECIAL) !== 0) continue;
      area.flags = locked ? area.flags | VMA_LOCKED : area.flags & ~VMA_LOCKED;
    }
    mergeAround(space.vmas, start, stop, keeper);
  }
  return stop < end ? -ENOMEM : 0;
}

/** Lock or unlock all areas there are. */
export function lockAll(core: Core, space: Space, locked: boolean): void {
  for (const { start, end } of [...space.vmas]) lock(core, space, start, end, locked);
}

/** Locked bytes within [start, end). */
export function lockedBytes(space: Readonly<Space>, start: number, end: number): number {
  let bytes = 0;
  for (let index = findArea(space.vmas, start); index < space.vmas.length; index++) {
    const area = space.vmas[index];
    if (area === undefined || area.start >= end) break;
    if ((area.flags & VMA_LOCKED) === 0) continue;
    bytes += Math.min(area.end, end) - Math.max(area.start, start);
  }
  return bytes;
}
