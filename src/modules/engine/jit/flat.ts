/**
 * The flat page tables (tables.ts) from the kernel's side: the interpreter fills them, here is what clears them.
 */
import {
  FLAT_DELTA,
  FLAT_NONE,
  FLAT_PAGES,
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
  /** No page can be entered any more for want of room in the list of those that are. */
  isFull(): boolean;
  /** @param va page aligned */
  clearPage(va: number): void;
}

/** @param header number of the first word of the engine region's header */
export function createFlat(m: Machine, tables: Tables, header: number): Flat {
  const marks = m.layout.codeMarkBase;
  const read = tables.flatRead >>> 2;
  const write = tables.flatWrite >>> 2;
  const list = tables.touched >>> 2;
  const count = header + H_TOUCHED_COUNT / 4;
  const setNone = (table: number, page: number): void => {
    const at = table + page * 4;
    m.u32[at] = page === 0 ? FLAT_NONE : 0;
    m.u32[at + 1] = 0;
  };
  const clear = (): void => {
    setNone(read, 0);
    setNone(write, 0);
    for (let i = 0; i < (m.u32[count] as number); i++) {
      const page = m.u32[list + i] as number;
      setNone(read, page);
      setNone(write, page);
    }
    m.u32[count] = 0;
  };
  return {
    clear,
    isFull: () => m.u32[count] === TOUCHED_MOST,
    clearCode() {
      for (let i = 0; i < (m.u32[count] as number); i++) {
        const page = m.u32[list + i] as number;
        const at = write + page * 4;
        const tag = m.u32[at] as number;
        if (tag % PAGE_SIZE !== 0) continue;
        const frame = ((tag + (m.u32[at + FLAT_DELTA / 4] as number)) >>> PAGE_SHIFT) % FLAT_PAGES;
        if (m.u8[marks + frame] !== 0) setNone(write, page);
      }
    },
    clearPage(va) {
      const page = (va / PAGE_SIZE) % FLAT_PAGES;
      setNone(read, page);
      setNone(write, page);
    },
  };
}
