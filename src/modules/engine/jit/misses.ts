/**
 * How often translated code went where none begins, as `enter` counts it in linear memory (tables.ts): it leaves when there is something to say.
 */
import type { Machine } from '../../../machine/machine.ts';
import { BETWEEN_MISSES_MOST, MISS_COUNT, MISS_ENTRIES, MISS_ENTRY, MISS_PC, type Tables } from './tables.ts';

export interface Misses {
  /** Control went to a pc in vain. @returns how often since that was said last, this time included */
  take(pc: number): number;
  /** Have the next ones at a pc counted. Another pc may have to give its entry up: that is said now. */
  watch(pc: number, say: (pc: number, times: number) => void): void;
  forget(): void;
}

/** From a pc, in halfwords, to its entry. */
const SHIFT = Math.log2(MISS_ENTRY) - 1;

/** @param most after so many it is to be said; 1 at least */
export function createMisses(m: Machine, tables: Tables, most: number): Misses {
  const entryOf = (pc: number): number =>
    (tables.misses + ((pc << SHIFT) & ((MISS_ENTRIES - 1) * MISS_ENTRY))) >>> 2;
  const pcAt = (entry: number): number =>
    (m.u32[entry + MISS_PC / 4] as number) + (m.u32[entry + MISS_PC / 4 + 1] as number) * 2 ** 32;
  const count = (entry: number): number => m.u32[entry + MISS_COUNT / 4] as number;

  m.u32[(tables.between + BETWEEN_MISSES_MOST) >>> 2] = most;
  return {
    take(pc) {
      const entry = entryOf(pc);
      if (pcAt(entry) !== pc) return 1;
      const times = count(entry) + 1;
      m.u32[entry + MISS_COUNT / 4] = 0;
      return times;
    },
    watch(pc, say) {
      const entry = entryOf(pc);
      const before = pcAt(entry);
      if (before === pc || most === 1) return;
      const times = count(entry);
      m.u32[entry + MISS_PC / 4] = pc >>> 0;
      m.u32[entry + MISS_PC / 4 + 1] = Math.floor(pc / 2 ** 32);
      m.u32[entry + MISS_COUNT / 4] = 0;
      if (times > 0) say(before, times);
    },
    forget() {
      m.u8.fill(0, tables.misses, tables.misses + MISS_ENTRIES * MISS_ENTRY);
    },
  };
}
