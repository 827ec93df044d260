/**
 * The flat page tables (tables.ts) from the kernel's side: the interpreter fills them, here is what clears them.
 */
import {
  FLAT_PAGES,
  H_FLAT_TAGS,
  H_TOUCHED_COUNT,
  TOUCHED_MOST,
} from '../../../machine/interpreter/region.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../../../machine/layout.ts';
import type { Machine } from '../../../machine/machine.ts';
import type { Tables } from './tables.ts';

export interface Flat {
  /** The address space is another. */
  clear(): void;
  /** Pages that have come to hold code may not be written without a look. */
  clearCode(): void;
  /** Enter pages above 4 GiB as well, or no longer. */
  setWide(isWide: boolean): void;
  /** Some page above 4 GiB is entered. */
  hasHigh(): boolean;
  /** No page can be entered any more for want of room in the list of those that are. */
  isFull(): boolean;
  /** @param va page aligned */
  clearPage(va: number): void;
}

/** @param header number of the first word of the engine region's header */
export function createFlat(m: Machine, tables: Tables, header: number): Flat {
  const tags = tables.flatTags >>> 1;
  const marks = m.layout.codeMarkBase;
  const read = tables.flatRead >>> 2;
  const write = tables.flatWrite >>> 2;
  const list = tables.touched >>> 2;
  const count = header + H_TOUCHED_COUNT / 4;
  const clear = (): void => {
    for (let i = 0; i < (m.u32[count] as number); i++) {
      const page = m.u32[list + i] as number;
      m.u32[read + page] = 0;
      m.u32[write + page] = 0;
      m.u16[tags + page] = 0;
    }
    m.u32[count] = 0;
  };
  return {
    clear,
    setWide(isWide) {
      clear();
      m.u32[header + H_FLAT_TAGS / 4] = isWide ? tables.flatTags : 0;
    },
    hasHigh() {
      for (let i = 0; i < (m.u32[count] as number); i++) {
        if (m.u16[tags + (m.u32[list + i] as number)] !== 0) return true;
      }
      return false;
    },
    isFull: () => m.u32[count] === TOUCHED_MOST,
    clearCode() {
      for (let i = 0; i < (m.u32[count] as number); i++) {
        const page = m.u32[list + i] as number;
        const delta = m.u32[write + page] as number;
        const frame = (page + (delta >>> PAGE_SHIFT)) % FLAT_PAGES;
        if (m.u8[marks + frame] !== 0) m.u32[write + page] = 0;
      }
    },
    clearPage(va) {
      const page = (va / PAGE_SIZE) % FLAT_PAGES;
      m.u32[read + page] = 0;
      m.u32[write + page] = 0;
    },
  };
}
