/**
 * What translated code and the engine share in linear memory, at the end of the engine region.
 *
 *     flat     two tables, for reading and writing: by the low 20 bits of a page number the page that has the entry, and its physical less virtual address
 *     touched  the page numbers that have entries there
 *     jumps    by a hash of the pc: pc u64, place in the function table u32, way in u32; for indirect jumps
 *     links    by number: place in the function table and way in, u32 each, for what begins at an address; place 0 = none now
 *     guesses  by a hash of the pc: by how much the physical address was more than the virtual one at the last access there, u32
 *     between  what `enter` needs to interpret between translations, see BETWEEN_
 *     misses   by a hash of the pc: pc u64, how often translated code went there in vain since that was said last u32
 */
import { type MemoryLayout, PAGE_SIZE } from '../../../machine/layout.ts';
import {
  FLAT_ENTRY_SHIFT,
  FLAT_PAGES,
  RESERVED_BYTES,
  TOUCHED_MOST,
} from '../../../machine/interpreter/region.ts';
import type { Signature } from '../../../machine/wasm/module.ts';

const FLAT_BYTES = FLAT_PAGES << FLAT_ENTRY_SHIFT;
export const JUMP_ENTRIES = 4096;
export const JUMP_ENTRY = 16;
export const JUMP_PC = 0;
export const JUMP_PLACE = 8;
export const JUMP_ENTER = 12;
export const LINKS = 65536;
export const GUESSES = 65536;
export const GUESS = 4;
export const LINK = 8;
export const LINK_ENTER = 4;
export const MISS_ENTRIES = 4096;
export const MISS_ENTRY = 16;
export const MISS_PC = 0;
export const MISS_COUNT = 8;
/** After so many at one pc that is said. */
export const BETWEEN_MISSES_MOST = 0;
/** H_DROPS for which what is linked may be entered. */
export const BETWEEN_DROPS = 4;
/** Instructions interpreted until a sample is due. */
export const BETWEEN_SLICE = 8;
/** Why the interpreter left, if it is to be looked after. */
export const BETWEEN_CAUSE = 12;
/** Instructions interpreted, and ways in vain, since somebody set these to 0. */
export const BETWEEN_INTERPRETED = 16;
export const BETWEEN_MISSED = 20;
const BETWEEN_BYTES = 32;
/** How far behind `jumps` the others lie. */
const LINKS_AT = JUMP_ENTRIES * JUMP_ENTRY;
const GUESSES_AT = LINKS_AT + LINKS * LINK;
export const BETWEEN_AT: number = GUESSES_AT + GUESSES * GUESS;
export const MISSES_AT: number = BETWEEN_AT + BETWEEN_BYTES;

export interface Tables {
  readonly flatRead: number;
  readonly flatWrite: number;
  readonly touched: number;
  readonly jumps: number;
  readonly links: number;
  readonly guesses: number;
  readonly between: number;
  readonly misses: number;
  /** One past the last byte. */
  readonly end: number;
}

export function planTables(layout: MemoryLayout): Tables {
  const start = Math.ceil((layout.engine.end - RESERVED_BYTES) / PAGE_SIZE) * PAGE_SIZE;
  const flatWrite = start + FLAT_BYTES;
  const touched = flatWrite + FLAT_BYTES;
  const jumps = touched + TOUCHED_MOST * 4;
  return {
    flatRead: start,
    flatWrite,
    touched,
    jumps,
    links: jumps + LINKS_AT,
    guesses: jumps + GUESSES_AT,
    between: jumps + BETWEEN_AT,
    misses: jumps + MISSES_AT,
    end: jumps + MISSES_AT + MISS_ENTRIES * MISS_ENTRY,
  };
}

/**
 * A translation: (context, left, depth, way in) -> (pc, left). `left` is what is left of the budget, `depth` how many calls may nest, the way in
 * one of entries.ts. All registers are in the context before and after. The pc says where to go on; with PC_FINISH, that the instruction there is to be
 * done by the interpreter; with PC_PASSED, that a spent budget does not stop there; with PC_ECALL, that an ecall is there;
 * with PC_REFUSED, that it can not be entered
 * there now, and nothing was done.
 */
export const TRANSLATION: Signature = { parameters: ['i32', 'i32', 'i32', 'i32'], results: ['i64', 'i32'] };
export const PC_FINISH = 1;
/** In the high word of a pc. */
export const PC_PASSED_HIGH = 0x4000_0000;
export const PC_ECALL_HIGH = 0x1000_0000;
export const PC_REFUSED_HIGH = 0x2000_0000;
