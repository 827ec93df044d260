/**
 * How translations reach each other: link words for addresses that code names, the jump cache for those that it computes.
 *
 * Both hold what is *open*: what was found to be at its address in the address space that runs. When that may have changed, all is closed.
 */
import type { Machine } from '../../../machine/machine.ts';
import { NO_WORD } from './keeping.ts';
import {
  JUMP_ENTER,
  JUMP_ENTRIES,
  JUMP_ENTRY,
  JUMP_PC,
  JUMP_PLACE,
  LINK,
  LINK_ENTER,
  type Tables,
} from './tables.ts';

/** Where a translation can be entered: by which place of the function table, and by which way in (entries.ts). */
export interface Target {
  readonly pc: number;
  readonly place: number;
  readonly enter: number;
}

export interface Links<T extends Target> {
  /** Keep words for these pcs by number, for good. Pre: none has a word yet. @param pcs NO_WORD for none */
  reserve(pcs: readonly number[]): void;
  /** Number of the word of a pc, which has one. */
  numberOf(pc: number): number;
  /** Address of the link word for a pc. */
  wordFor(pc: number): number;
  /** Code names these pcs; code that did is gone: their words may go to others. */
  hold(calls: ReadonlySet<number>): void;
  release(calls: ReadonlySet<number>): void;
  /** How many link words there are. */
  size(): number;
  open(target: T): void;
  /** What is open at a pc. */
  opened(pc: number): T | undefined;
  closeAll(): void;
}

/** So many entries are cleared one by one. */
const FEW = 256;
/** From a pc, in halfwords, to its entry among the jumps. */
const JUMP_SHIFT = Math.log2(JUMP_ENTRY) - 1;

export function createLinks<T extends Target>(m: Machine, tables: Tables): Links<T> {
  /** Numbers of link words by pc. */
  const numbers = new Map<number, number>();
  /** By number, how many regions have a link word in their code; numbers that none has. */
  const uses: number[] = [];
  const free: number[] = [];
  const targets = new Map<number, T>();

  const setWord = (number: number, target: Target | undefined): void => {
    const word = (tables.links + number * LINK) >>> 2;
    m.u32[word] = target === undefined ? 0 : target.place;
    m.u32[word + LINK_ENTER / 4] = target === undefined ? 0 : target.enter;
  };
  /** Number of the first word of a jump entry. */
  const jumpEntry = (pc: number): number =>
    (tables.jumps + ((pc << JUMP_SHIFT) & ((JUMP_ENTRIES - 1) * JUMP_ENTRY))) >>> 2;
  const noteJump = ({ pc, place, enter }: Target): void => {
    const entry = jumpEntry(pc);
    m.u32[entry + JUMP_PC / 4] = pc >>> 0;
    m.u32[entry + JUMP_PC / 4 + 1] = Math.floor(pc / 2 ** 32);
    m.u32[entry + JUMP_PLACE / 4] = place;
    m.u32[entry + JUMP_ENTER / 4] = enter;
  };

  return {
    reserve(pcs) {
      pcs.forEach((pc, number) => {
        uses[number] = pc === NO_WORD ? 0 : 1;
        if (pc === NO_WORD) free.push(number);
        else numbers.set(pc, number);
      });
    },
    numberOf: (pc) => numbers.get(pc) as number,
    wordFor(pc) {
      let number = numbers.get(pc);
      if (number === undefined) {
        number = free.pop() ?? uses.push(0) - 1;
        numbers.set(pc, number);
        setWord(number, targets.get(pc));
      }
      return tables.links + number * LINK;
    },
    hold(calls) {
      for (const pc of calls) (uses[numbers.get(pc) as number] as number)++;
    },
    release(calls) {
      for (const pc of calls) {
        const number = numbers.get(pc) as number;
        if (--(uses[number] as number) > 0) continue;
        setWord(number, undefined);
        numbers.delete(pc);
        free.push(number);
      }
    },
    size: () => numbers.size,
    open(target) {
      targets.set(target.pc, target);
      const number = numbers.get(target.pc);
      if (number !== undefined) setWord(number, target);
      noteJump(target);
    },
    opened(pc) {
      const target = targets.get(pc);
      // Another pc may have taken its entry.
      if (target !== undefined && m.u32[jumpEntry(pc) + JUMP_PC / 4] !== pc >>> 0) noteJump(target);
      return target;
    },
    closeAll() {
      if (targets.size === 0) return;
      // No entry is that of a pc which is not open; to clear all takes some microseconds.
      const isFew = targets.size <= FEW;
      for (const pc of targets.keys()) {
        const number = numbers.get(pc);
        if (number !== undefined) setWord(number, undefined);
        if (isFew) m.u32.fill(0, jumpEntry(pc), jumpEntry(pc) + JUMP_ENTRY / 4);
      }
      targets.clear();
      if (!isFew) m.u8.fill(0, tables.jumps, tables.jumps + JUMP_ENTRIES * JUMP_ENTRY);
    },
  };
}
