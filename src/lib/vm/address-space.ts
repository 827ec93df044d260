/**
 * What mmap, munmap, mprotect, brk and mremap do to the list of areas of an address space.
 *
 * The arithmetic that every virtual memory has in common, over plain data. What becomes of the pages is the pager's,
 * which the module that calls gives. Errors and their order follow the man pages.
 */
import { EACCES, EEXIST, EFAULT, EINVAL, ENOMEM } from '../../abi/linux/errno.ts';
import { MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE } from '../../abi/linux/mman.ts';
import { USER_LIMIT } from '../../contracts/vm.ts';
import {
  type Area,
  type AreaKeeper,
  areaAt,
  carve,
  coveredBytes,
  coveredTo,
  findArea,
  gapAbove,
  gapBelow,
  insertArea,
  isFree,
  mergeAround,
  removeAreas,
} from './areas.ts';

const PAGE = 4096;
/** Areas that one address space may have (vm.max_map_count). */
const MOST_AREAS = 65530;

export interface AddressSpace {
  readonly id: number;
  vmas: Area[];
  brkStart: number;
  brk: number;
  mmapTop: number;
  resident: number;
  size: number;
  peakSize: number;
  peakResident: number;
}

/** What a virtual memory does about the pages behind areas. All ranges are page aligned. */
export interface Pager {
  /** Unmap the pages of a range and release them. The areas are still there. */
  discard(space: AddressSpace, start: number, end: number): void;
  /** Bring the page tables in line with the areas of a range, whose protection changed. @returns 0 or -errno */
  reprotect(space: AddressSpace, start: number, end: number): number;
  /** Make the pages of a new range present as far as policy wants. @returns 0 or -errno; then the range is unmapped */
  populate(space: AddressSpace, start: number, end: number): number;
  /** Move the pages of a range to a free one. @returns false if page tables can not be had; then nothing was moved */
  move(space: AddressSpace, from: number, to: number, length: number): boolean;
}

/** The module's own side of every operation here. */
export interface Mapper {
  readonly keeper: AreaKeeper;
  readonly pager: Pager;
  /** The bit of Area.flags that says that writes are shared. */
  readonly shared: number;
  /** Lowest address, and end of where addresses are given out first. */
  readonly bottom: number;
  readonly top: number;
  /** End of where new mappings may lie. What is mapped may lie beyond, from before the page tables' format changed. */
  limit(): number;
}

/** Round a length or an address up to a page. */
export const pageUp = (value: number): number => Math.ceil(value / PAGE) * PAGE;
export const isAligned = (value: number): boolean => (value & (PAGE - 1)) === 0;

/** A free range of `length` bytes: below `mmapTop`, else anywhere. @returns where it starts or -ENOMEM */
export function findGap(space: AddressSpace, length: number, mapper: Mapper): number {
  const { bottom, top, keeper } = mapper;
  let start = gapBelow(space.vmas, bottom, space.mmapTop, length, keeper);
  if (start < 0) start = gapAbove(space.vmas, bottom, top, length, keeper);
  if (start < 0) start = gapAbove(space.vmas, top, mapper.limit(), length, keeper);
  return start < 0 ? -ENOMEM : start;
}

/** Where a mapping goes (mmap(2)). A hint beyond `top` is not taken. @returns the address or -errno */
export function placeArea(
  space: AddressSpace,
  address: number,
  length: number,
  fixed: boolean,
  noReplace: boolean,
  mapper: Mapper,
): number {
  if (length > mapper.limit()) return -ENOMEM;
  if (fixed) {
    if (address > mapper.limit() - length) return -ENOMEM;
    if (!isAligned(address)) return -EINVAL;
    return noReplace && !isFree(space.vmas, address, address + length) ? -EEXIST : address;
  }
  const hint = pageUp(address);
  if (hint >= mapper.bottom && hint + length <= mapper.top && isFree(space.vmas, hint, hint + length)) {
    const above = space.vmas[findArea(space.vmas, hint)];
    if (above === undefined || mapper.keeper.edge(above) >= hint + length) return hint;
  }
  return findGap(space, length, mapper);
}

/** True if taking the range out makes two areas of one. */
function splits(space: AddressSpace, start: number, end: number): boolean {
  const area = areaAt(space.vmas, start);
  return area !== null && area.start < start && end < area.end;
}

/** Areas cover more, or fewer, bytes than before. */
export function resized(space: AddressSpace, bytes: number): void {
  space.size += bytes / PAGE;
  space.peakSize = Math.max(space.peakSize, space.size);
}

/** Unmap whatever lies in the range. @returns 0 or -ENOMEM (too many areas) */
export function unmapRange(space: AddressSpace, start: number, end: number, mapper: Mapper): number {
  if (start === end || isFree(space.vmas, start, end)) return 0;
  if (space.vmas.length >= MOST_AREAS && splits(space, start, end)) return -ENOMEM;
  mapper.pager.discard(space, start, end);
  resized(space, -coveredBytes(space.vmas, start, end));
  removeAreas(space.vmas, start, end, mapper.keeper);
  return 0;
}

/** Add an area where nothing is. @returns 0, -ENOMEM or what `populate` says; then it is not there */
export function addArea(space: AddressSpace, area: Area, mapper: Mapper): number {
  if (space.vmas.length >= MOST_AREAS) return -ENOMEM;
  const { start, end } = area;
  insertArea(space.vmas, area, mapper.keeper);
  resized(space, end - start);
  const populated = mapper.pager.populate(space, start, end);
  if (populated !== 0) unmapRange(space, start, end, mapper);
  return populated;
}

/** munmap(2). */
export function unmap(space: AddressSpace, address: number, length: number, mapper: Mapper): number {
  if (!isAligned(address) || length <= 0 || length > USER_LIMIT) return -EINVAL;
  if (address > USER_LIMIT - pageUp(length)) return -EINVAL;
  return unmapRange(space, address, address + pageUp(length), mapper);
}

/** Where in [start, end), which is covered, the first area begins that may not have this protection; or `end`. */
function permittedTo(space: AddressSpace, start: number, end: number, prot: number): number {
  for (let at = start; at < end; ) {
    const area = areaAt(space.vmas, at) as Area;
    if ((prot & ~area.maxProt) !== 0) return at;
    at = area.end;
  }
  return end;
}

/** mprotect(2): areas are changed in order up to the first that can not be. */
export function protect(
  space: AddressSpace,
  address: number,
  length: number,
  prot: number,
  mapper: Mapper,
): number {
  if (!isAligned(address)) return -EINVAL;
  if (length === 0) return 0;
  if (length > USER_LIMIT || address > USER_LIMIT - pageUp(length)) return -ENOMEM;
  const wanted = address + pageUp(length);
  const covered = coveredTo(space.vmas, address, wanted);
  if (covered === address || space.vmas.length + 2 > MOST_AREAS) return -ENOMEM;
  const end = permittedTo(space, address, covered, prot);
  let result = covered < wanted ? -ENOMEM : 0;
  if (end < covered) result = -EACCES;
  if (end === address) return result;
  const first = carve(space.vmas, address, end, mapper.keeper);
  for (let index = first; index < space.vmas.length; index++) {
    const area = space.vmas[index] as Area;
    if (area.start >= end) break;
    area.prot = prot;
  }
  const failed = mapper.pager.reprotect(space, address, end);
  mergeAround(space.vmas, address, wanted, mapper.keeper);
  return failed !== 0 ? failed : result;
}

/** brk(2). @param heap a new area of heap, whose range is set here @returns the break after the call */
export function setBreak(space: AddressSpace, address: number, heap: Area, mapper: Mapper): number {
  if (address < space.brkStart || address > mapper.limit()) return space.brk;
  const before = pageUp(space.brk);
  const after = pageUp(address);
  if (after < before) {
    if (unmapRange(space, after, before, mapper) !== 0) return space.brk;
  } else if (after > before) {
    const above = space.vmas[findArea(space.vmas, before)];
    if (above !== undefined && mapper.keeper.edge(above) < after) return space.brk;
    heap.start = before;
    heap.end = after;
    if (addArea(space, heap, mapper) !== 0) return space.brk;
  }
  space.brk = address;
  return address;
}

/** Move [from, from + oldLength) to a free range and grow it there. @returns the new address or -errno; then nothing moved */
function moveArea(
  space: AddressSpace,
  from: number,
  oldLength: number,
  to: number,
  newLength: number,
  keep: boolean,
  mapper: Mapper,
): number {
  if (space.vmas.length + 3 > MOST_AREAS) return -ENOMEM;
  const source = areaAt(space.vmas, from) as Area;
  const area = mapper.keeper.copy(source);
  area.start = to;
  area.end = to + newLength;
  if (area.inode !== 0) area.offset = source.offset + (from - source.start);
  insertArea(space.vmas, area, mapper.keeper);
  resized(space, newLength);
  let result = newLength > oldLength ? mapper.pager.populate(space, to + oldLength, to + newLength) : 0;
  if (result === 0 && !mapper.pager.move(space, from, to, oldLength)) result = -ENOMEM;
  if (result !== 0) {
    unmapRange(space, to, to + newLength, mapper);
    return result;
  }
  if (!keep) unmapRange(space, from, from + oldLength, mapper);
  return to;
}

/** Grow the area that ends at `end` by `more` bytes where it is. @returns 0, -ENOMEM, or -EFAULT if something is in the way */
function extend(space: AddressSpace, end: number, more: number, mapper: Mapper): number {
  const above = space.vmas[findArea(space.vmas, end)];
  if (end + more > mapper.limit() || (above !== undefined && mapper.keeper.edge(above) < end + more)) {
    return -EFAULT;
  }
  const area = areaAt(space.vmas, end - PAGE) as Area;
  area.end = end + more;
  resized(space, more);
  const populated = mapper.pager.populate(space, end, end + more);
  if (populated !== 0) {
    mapper.pager.discard(space, end, end + more);
    area.end = end;
    resized(space, -more);
    return populated;
  }
  mergeAround(space.vmas, area.start, area.end, mapper.keeper);
  return 0;
}

/** mremap(2) with MREMAP_FIXED or MREMAP_DONTUNMAP, arguments already checked. */
function remapTo(
  space: AddressSpace,
  address: number,
  oldLength: number,
  newLength: number,
  flags: number,
  newAddress: number,
  mapper: Mapper,
): number {
  let to = newAddress;
  let length = oldLength;
  if (!isAligned(to) || to > mapper.limit() - newLength) return -EINVAL;
  if (to < address + oldLength && address < to + newLength) return -EINVAL;
  const area = areaAt(space.vmas, address);
  if (area === null || area.end < address + Math.min(oldLength, newLength)) return -EFAULT;
  if ((flags & MREMAP_FIXED) !== 0) {
    const cleared = unmapRange(space, to, to + newLength, mapper);
    if (cleared !== 0) return cleared;
    if (length > newLength) {
      unmapRange(space, address + newLength, address + length, mapper);
      length = newLength;
    }
  } else {
    to = findGap(space, newLength, mapper);
    if (to < 0) return to;
  }
  return moveArea(space, address, length, to, newLength, (flags & MREMAP_DONTUNMAP) !== 0, mapper);
}

/** mremap(2). @returns the address or -errno */
export function remap(
  space: AddressSpace,
  address: number,
  oldBytes: number,
  newBytes: number,
  flags: number,
  newAddress: number,
  mapper: Mapper,
): number {
  const move = (flags & MREMAP_MAYMOVE) !== 0;
  if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0) return -EINVAL;
  if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0 && !move) return -EINVAL;
  const oldLength = pageUp(oldBytes);
  const newLength = pageUp(newBytes);
  if ((flags & MREMAP_DONTUNMAP) !== 0 && oldLength !== newLength) return -EINVAL;
  if (!isAligned(address) || newLength === 0) return -EINVAL;
  if (newLength > mapper.limit() || oldLength > USER_LIMIT) return -ENOMEM;
  const area = areaAt(space.vmas, address);
  if (area === null) return -EFAULT;
  // A shared mapping may be had twice (mremap(2), old_size of zero).
  if (oldLength === 0 && ((area.flags & mapper.shared) === 0 || !move)) return -EINVAL;
  if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0) {
    return remapTo(space, address, oldLength, newLength, flags, newAddress, mapper);
  }
  if (oldLength >= newLength) {
    if (oldLength === newLength) return address;
    const cut = unmapRange(space, address + newLength, address + oldLength, mapper);
    return cut !== 0 ? cut : address;
  }
  if (address + oldLength > area.end) return -EFAULT;
  if (address + oldLength === area.end && oldLength !== 0) {
    const grown = extend(space, area.end, newLength - oldLength, mapper);
    if (grown === 0) return address;
    if (grown !== -EFAULT) return grown;
  }
  if (!move) return -ENOMEM;
  const to = findGap(space, newLength, mapper);
  if (to < 0) return to;
  return moveArea(space, address, oldLength, to, newLength, oldLength === 0, mapper);
}
