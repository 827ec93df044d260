import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Area,
  type AreaKeeper,
  coveredTo,
  gapAbove,
  gapBelow,
  insertArea,
  isFree,
  removeAreas,
} from './areas.ts';

const PAGES = 32;

/** Counts areas by inode, as a keeper of pins would. */
function counting(): { keeper: AreaKeeper; held: Map<number, number> } {
  const held = new Map<number, number>();
  const count = (area: Area, by: number): void => {
    held.set(area.inode, (held.get(area.inode) ?? 0) + by);
  };
  const keeper: AreaKeeper = {
    copy: (area) => ({ ...area }),
    joins: (a, b) =>
      a.inode === b.inode &&
      a.prot === b.prot &&
      (a.inode === 0 || a.offset + (a.end - a.start) === b.offset),
    hold: (area) => count(area, 1),
    drop: (area) => count(area, -1),
    edge: (area) => area.start,
  };
  return { keeper, held };
}

interface Step {
  start: number;
  length: number;
  inode: number;
  prot: number;
  offset: number;
  insert: boolean;
}
const steps = fc.array(
  fc.record<Step>({
    start: fc.nat(PAGES - 1),
    length: fc.integer({ min: 1, max: 8 }),
    inode: fc.nat(2),
    prot: fc.nat(1),
    offset: fc.nat(3),
    insert: fc.boolean(),
  }),
  { maxLength: 40 },
);

/** Play steps on a list and on an array with one cell a page. */
function play(commands: readonly Step[]): {
  list: Area[];
  cells: (string | null)[];
  keeper: AreaKeeper;
  held: Map<number, number>;
} {
  const { keeper, held } = counting();
  const list: Area[] = [];
  const cells: (string | null)[] = Array.from({ length: PAGES + 8 }, () => null);
  for (const { start, length, inode, prot, offset, insert } of commands) {
    const end = start + length;
    removeAreas(list, start, end, keeper);
    cells.fill(null, start, end);
    if (!insert) continue;
    const area: Area = { start, end, prot, maxProt: 7, flags: 0, inode, offset: inode === 0 ? 0 : offset };
    insertArea(list, area, keeper);
    for (let i = 0; i < length; i++) cells[start + i] = `${inode} ${prot} ${inode === 0 ? 0 : offset + i}`;
  }
  return { list, cells, keeper, held };
}

describe('areas', () => {
  test('hold what was put in, sorted, disjoint and merged', () => {
    fc.assert(
      fc.property(steps, (commands) => {
        const { list, cells, keeper, held } = play(commands);
        const seen: (string | null)[] = cells.map(() => null);
        list.forEach((area, i) => {
          expect(area.start).toBeLessThan(area.end);
          const before = list[i - 1];
          if (before !== undefined) {
            expect(before.end).toBeLessThanOrEqual(area.start);
            expect(before.end === area.start && keeper.joins(before, area)).toBe(false);
          }
          for (let va = area.start; va < area.end; va++) {
            seen[va] = `${area.inode} ${area.prot} ${area.inode === 0 ? 0 : area.offset + va - area.start}`;
          }
        });
        expect(seen).toEqual(cells);
        for (const inode of [0, 1, 2]) {
          expect(held.get(inode) ?? 0).toBe(list.filter((area) => area.inode === inode).length);
        }
      }),
    );
  });

  test('find gaps where the cells are free, the highest and the lowest', () => {
    fc.assert(
      fc.property(
        steps,
        fc.nat(8),
        fc.integer({ min: 9, max: PAGES }),
        fc.integer({ min: 1, max: 6 }),
        (commands, bottom, top, length) => {
          const { list, cells, keeper } = play(commands);
          const fits: number[] = [];
          for (let at = bottom; at + length <= top; at++) {
            if (cells.slice(at, at + length).every((cell) => cell === null)) fits.push(at);
          }
          expect(gapBelow(list, bottom, top, length, keeper)).toBe(fits[fits.length - 1] ?? -1);
          expect(gapAbove(list, bottom, top, length, keeper)).toBe(fits[0] ?? -1);
        },
      ),
    );
  });

  test('tell how far a range is covered and if it is free', () => {
    fc.assert(
      fc.property(steps, fc.nat(PAGES - 1), fc.integer({ min: 1, max: 8 }), (commands, start, length) => {
        const { list, cells } = play(commands);
        const range = cells.slice(start, start + length);
        const hole = range.indexOf(null);
        expect(coveredTo(list, start, start + length)).toBe(hole < 0 ? start + length : start + hole);
        expect(isFree(list, start, start + length)).toBe(range.every((cell) => cell === null));
      }),
    );
  });
});
