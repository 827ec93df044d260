/**
 * Contract `pmap`: the machine-dependent map; builds the page tables that engines walk.
 *
 * Policy here: the paging format and when translations are flushed. It holds no reference to the pages that it maps:
 * counts are vm's. Page tables are machine memory, reached from the root in the state.
 */
import { type Contract, layout, type StateLayout } from './contract.ts';
import { array, int, map, record, set } from './schema.ts';

/** Protection bits; those of mmap(2). */
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_EXEC = 4;

/** Highest user address and one more that a pmap without interface `four-levels` maps: that of Sv39. */
export const THREE_LEVELS_LIMIT = 0x40_0000_0000;

/** Set in `extract`'s result beside the protection: the page was written since it was entered. */
export const MAPPED_DIRTY = 8;
export const EXTRACT_FRAME_SHIFT = 8;

/** What is given to `share` and `clear` lies within one aligned piece of so many bytes, and so of so many pages. */
export const PIECE_BYTES = 0x20_0000;
export const PIECE_PAGES = 512;

export interface PmapState {
  /** Address space id to the frame of its root table. */
  roots: Map<number, number>;
  /** Address spaces whose tree has four levels (Sv48); the others have three (Sv39). */
  wide: Set<number>;
  /** The address space that each hart runs; 0 = none. */
  active: number[];
}

const blank = (): PmapState => ({ roots: new Map(), wide: new Set(), active: [] });

export const pmapLayout: StateLayout<PmapState> = layout(
  'pmap',
  record<PmapState>({ roots: map(int(), int()), wide: set(int()), active: array(int()) }, blank),
  blank,
  (state) => {
    for (const space of state.active) {
      if (space !== 0 && !state.roots.has(space))
        return `a hart runs address space ${space}, which has no root`;
    }
    for (const space of state.wide) {
      if (!state.roots.has(space)) return `address space ${space} has four levels but no root`;
    }
    return null;
  },
);

export interface Pmap {
  /** Make an empty map for a new address space. @returns 0 or -ENOMEM */
  create(space: number): number;
  /** Free the tables. The pages mapped are the caller's to release before. */
  destroy(space: number): void;
  /** Map one page, in place of what was there. @param va page aligned @returns 0 or -ENOMEM (a table). Hot path. */
  enter(space: number, va: number, frame: number, prot: number): number;
  /** Unmap one page. @returns what `extract` would have said before. */
  remove(space: number, va: number): number;
  /** Change the protection of one mapped page; none if it is not mapped. */
  protect(space: number, va: number, prot: number): void;
  /** What is mapped at va: frame << EXTRACT_FRAME_SHIFT | MAPPED_DIRTY | protection; 0 if nothing. */
  extract(space: number, va: number): number;
  /** The physical address of va for an access with all of `prot`; 0 if not mapped so. Sets dirty for PROT_WRITE. Hot path. */
  translate(space: number, va: number, prot: number): number;
  /** Next mapped page at or above va and below end, so that sparse ranges are cheap. @returns va or -1 */
  next(space: number, va: number, end: number): number;
  /** Let a hart run in this address space. Hot path of a context switch. */
  activate(hart: number, space: number): void;
  /** Interface `ageing`. @returns true if a mapped page was used since it was entered or last asked for; then it counts as unused */
  age?(space: number, va: number): boolean;
  /**
   * Interface `ranges`. Map in `to`, which maps nothing there, the pages that `from` maps in [start, end), all with `prot`; those
   * of `from` that may be written get it too.
   * @param frames PIECE_PAGES words that get the frames of these pages
   * @returns how many, or -ENOMEM (a table); then nothing changed
   */
  share?(from: number, to: number, start: number, end: number, prot: number, frames: Int32Array): number;
  /** Interface `ranges`. Unmap the pages of [start, end). @param frames as for `share` @returns how many were mapped */
  clear?(space: number, start: number, end: number, frames: Int32Array): number;
  /** Interface `four-levels`. Highest user address and one more that new mappings may reach. */
  limit?(): number;
}

export const pmap: Contract<Pmap> = {
  name: 'pmap',
  version: 1,
  operations: ['create', 'destroy', 'enter', 'remove', 'protect', 'extract', 'translate', 'next', 'activate'],
  interfaces: {
    /** Tells pages that are used from those that are not. */
    ageing: ['age'],
    /** Takes neighbouring pages in one call, which fork(2) and the end of a process are quicker by. */
    ranges: ['share', 'clear'],
    /** Maps addresses beyond THREE_LEVELS_LIMIT. */
    'four-levels': ['limit'],
  },
};
