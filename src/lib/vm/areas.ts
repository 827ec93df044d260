/**
 * Sorted lists of disjoint areas: find, split, insert, remove, merge, and search for gaps.
 *
 * Plain functions over plain data. What an area stands for is its keeper's: who holds the inode behind an area
 * is told when one comes into being or goes, so that it can count. Addresses are numbers; ranges are half open.
 */

/** What vm contracts call a Vma. */
export interface Area {
  start: number;
  end: number;
  prot: number;
  maxProt: number;
  flags: number;
  inode: number;
  offset: number;
}

/** What the owner of a list says about its areas. */
export interface AreaKeeper {
  /** A record like this one. */
  copy(area: Area): Area;
  /** True if the two, which touch, could be one. */
  joins(left: Area, right: Area): boolean;
  /** One more area, or one fewer, with this inode. */
  hold(area: Area): void;
  drop(area: Area): void;
  /** Lowest address that a new area below this one must end at (a guard gap). */
  edge(area: Area): number;
}

/** Index of the first area that ends above `va`; the length of the list if there is none. Hot path. */
export function findArea(list: readonly Readonly<Area>[], va: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] as Area).end > va) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The area that holds `va`, or null. */
export function areaAt(list: readonly Area[], va: number): Area | null {
  const area = list[findArea(list, va)];
  return area !== undefined && area.start <= va ? area : null;
}

/** Make `at` a boundary. @returns the index of the first area that starts at or above it */
export function splitAt(list: Area[], at: number, keeper: AreaKeeper): number {
  const index = findArea(list, at);
  const area = list[index];
  if (area === undefined || area.start >= at) return index;
  const right = keeper.copy(area);
  right.start = at;
  if (right.inode !== 0) right.offset = area.offset + (at - area.start);
  area.end = at;
  list.splice(index + 1, 0, right);
  keeper.hold(right);
  return index + 1;
}

/** Make both ends boundaries. @returns the index of the first area inside */
export function carve(list: Area[], start: number, end: number, keeper: AreaKeeper): number {
  const from = splitAt(list, start, keeper);
  splitAt(list, end, keeper);
  return from;
}

/** Merge what can be merged among the areas that touch [start, end]. */
export function mergeAround(list: Area[], start: number, end: number, keeper: AreaKeeper): void {
  let index = Math.max(findArea(list, start - 1), 0);
  while (index + 1 < list.length) {
    const left = list[index] as Area;
    const right = list[index + 1] as Area;
    if (right.start > end) return;
    if (left.end === right.start && keeper.joins(left, right)) {
      left.end = right.end;
      list.splice(index + 1, 1);
      keeper.drop(right);
    } else {
      index++;
    }
  }
}

/** Add an area where nothing is, and merge it. */
export function insertArea(list: Area[], area: Area, keeper: AreaKeeper): void {
  list.splice(findArea(list, area.start), 0, area);
  keeper.hold(area);
  mergeAround(list, area.start, area.end, keeper);
}

/** Take out whatever lies in the range. */
export function removeAreas(list: Area[], start: number, end: number, keeper: AreaKeeper): void {
  const from = carve(list, start, end, keeper);
  let to = from;
  while (to < list.length && (list[to] as Area).start < end) to++;
  for (const area of list.splice(from, to - from)) keeper.drop(area);
}

/** True if no area overlaps the range. */
export function isFree(list: readonly Area[], start: number, end: number): boolean {
  const area = list[findArea(list, start)];
  return area === undefined || area.start >= end;
}

/** Where the first hole in [start, end) begins; `end` if there is none. */
export function coveredTo(list: readonly Area[], start: number, end: number): number {
  let at = start;
  for (let index = findArea(list, start); at < end; index++) {
    const area = list[index];
    if (area === undefined || area.start > at) return at;
    at = area.end;
  }
  return end;
}

/** Bytes of [start, end) that areas cover. */
export function coveredBytes(list: readonly Readonly<Area>[], start: number, end: number): number {
  let bytes = 0;
  for (let index = findArea(list, start); index < list.length; index++) {
    const area = list[index];
    if (area === undefined || area.start >= end) break;
    bytes += Math.min(area.end, end) - Math.max(area.start, start);
  }
  return bytes;
}

/** The highest gap of `length` bytes within [bottom, top). @returns where it starts, or -1 */
export function gapBelow(
  list: readonly Area[],
  bottom: number,
  top: number,
  length: number,
  keeper: AreaKeeper,
): number {
  let ceiling = top;
  for (let index = Math.min(findArea(list, top), list.length - 1); index >= 0; index--) {
    const area = list[index] as Area;
    if (area.start >= top) {
      ceiling = Math.min(ceiling, keeper.edge(area));
      continue;
    }
    if (ceiling - Math.max(area.end, bottom) >= length) return ceiling - length;
    ceiling = Math.min(ceiling, keeper.edge(area));
    if (ceiling - bottom < length) return -1;
  }
  return ceiling - bottom >= length ? ceiling - length : -1;
}

/** The lowest gap of `length` bytes within [bottom, top). @returns where it starts, or -1 */
export function gapAbove(
  list: readonly Area[],
  bottom: number,
  top: number,
  length: number,
  keeper: AreaKeeper,
): number {
  let floor = bottom;
  for (let index = findArea(list, bottom); index < list.length; index++) {
    const area = list[index] as Area;
    if (keeper.edge(area) - floor >= length) break;
    floor = Math.max(floor, area.end);
  }
  return top - floor >= length ? floor : -1;
}
