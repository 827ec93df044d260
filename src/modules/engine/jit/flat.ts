/**
 * The flat page tables (tables.ts) from the kernel's side: the interpreter fills them, here is what clears them.
 */
import { H_TOUCHED_COUNT } from '../../../machine/interpreter/region.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../../../machine/layout.ts';
import type { Machine } from '../../../machine/machine.ts';
import type { Tables } from './tables.ts';

/** Frame numbers there are. */
const FRAMES = 2 ** 32 / PAGE_SIZE;

export interface Flat {
  /** The address space is another. */
  clear(): void;
  /** Pages that have come to hold code may not be written without a look. */
  clearCode(): void;
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
  return {
    clear() {
      for (let i = 0; i < (m.u32[count] as number); i++) {
        const page = m.u32[list + i] as number;
        m.u32[read + page] = 0;
        m.u32[write + page] = 0;
      }
      m.u32[count] = 0;
    },
    clearCode() {
      for (let i = 0; i < (m.u32[count] as number); i++) {
        const page = m.u32[list + i] as number;
        const delta = m.u32[write + page] as number;
        const frame = (page + (delta >>> PAGE_SHIFT)) % FRAMES;
        if (m.u8[marks + frame] !== 0) m.u32[write + page] = 0;
      }
    },
    clearPage(va) {
      if (va >= 2 ** 32) return;
      m.u32[read + va / PAGE_SIZE] = 0;
      m.u32[write + va / PAGE_SIZE] = 0;
    },
  };
}
