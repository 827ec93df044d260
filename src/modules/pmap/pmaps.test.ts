import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ENOMEM } from '../../abi/linux/errno.ts';
import type { Kernel } from '../../contracts/kernel.ts';
import {
  EXTRACT_FRAME_SHIFT,
  MAPPED_DIRTY,
  PIECE_BYTES,
  PIECE_PAGES,
  type Pmap,
  pmapLayout,
  type PmapState,
} from '../../contracts/pmap.ts';
import { HART_MODE, HART_ROOT } from '../../machine/layout.ts';
import { sv39Pmap } from './sv39/module.ts';
import { sv39Pmap10 } from './sv39/module-1.0.ts';
import { sv48Pmap } from './sv48/module.ts';

const PAGE = 4096;
const HART_ROOT_WORD = (64 * 1024 + HART_ROOT) / 4;
const HART_MODE_WORD = (64 * 1024 + HART_MODE) / 4;
const FIRST_FRAME = 32;

const MODULES = [sv39Pmap, sv39Pmap10, sv48Pmap] as const;
type PmapModule = (typeof MODULES)[number];

function boot(
  module: PmapModule = sv39Pmap,
  tables = 200,
): {
  pmap: Pmap;
  state: PmapState;
  kernel: Kernel;
  flushed: number[];
  harts: number[];
  used: Set<number>;
} {
  const buffer = new ArrayBuffer((FIRST_FRAME + tables) * PAGE);
  const flushed: number[] = [];
  const harts: number[] = [];
  const used = new Set<number>();
  const u32 = new Uint32Array(buffer);
  const kernel = {
    machine: {
      i32: new Int32Array(buffer),
      u32,
      u8: new Uint8Array(buffer),
      layout: { hartBase: 64 * 1024 },
    },
    engine: { flushPage: (va: number) => flushed.push(va), flushHart: (hart: number) => harts.push(hart) },
    frames: {
      alloc(): number {
        for (let frame = FIRST_FRAME; frame < FIRST_FRAME + tables; frame++) {
          if (used.has(frame)) continue;
          used.add(frame);
          u32.fill(0, frame * 1024, (frame + 1) * 1024);
          return frame;
        }
        return 0;
      },
      unref: (frame: number) => used.delete(frame),
    },
  } as unknown as Kernel;
  const state = pmapLayout.create();
  return { pmap: module.create(state, kernel), state, kernel, flushed, harts, used };
}

/** What `share` and then `clear` are to do, by the operations of every pmap. @returns the frames that each saw */
function pagewise(pmap: Pmap, start: number, end: number, prot: number): number[][] {
  const frames: number[] = [];
  for (let va = pmap.next(1, start, end); va >= 0; va = pmap.next(1, va + PAGE, end)) {
    const page = pmap.extract(1, va);
    frames.push(page >>> EXTRACT_FRAME_SHIFT);
    if ((page & 2) !== 0) pmap.protect(1, va, prot);
    pmap.enter(2, va, page >>> EXTRACT_FRAME_SHIFT, prot);
  }
  const middle = start + (Math.floor((end - start) / PAGE / 2) || 0) * PAGE;
  const cleared: number[] = [];
  for (let va = pmap.next(1, start, middle); va >= 0; va = pmap.next(1, va + PAGE, middle)) {
    cleared.push(pmap.remove(1, va) >>> EXTRACT_FRAME_SHIFT);
  }
  return [frames, cleared];
}

function piecewise(pmap: Pmap, start: number, end: number, prot: number): number[][] {
  const frames = new Int32Array(PIECE_PAGES);
  const shared = pmap.share?.(1, 2, start, end, prot, frames) ?? -1;
  const middle = start + (Math.floor((end - start) / PAGE / 2) || 0) * PAGE;
  const first = [...frames.subarray(0, shared)];
  const cleared = pmap.clear?.(1, start, middle, frames) ?? -1;
  return [first, [...frames.subarray(0, cleared)]];
}

/** All that a space maps in a piece. */
const mappedIn = (pmap: Pmap, space: number, base: number): number[] =>
  Array.from({ length: PIECE_PAGES }, (_, i) => pmap.extract(space, base + i * PAGE));

/** Pages spread over every level: neighbours, other tables, other gigabytes, above 4 GiB, above what Sv39 maps. */
const places = [
  ...[0, 1, 2, 511, 512, 513, 262_143, 262_144, 1_048_576, 1_048_577, 2 ** 26 - 1],
  ...[2 ** 26, 2 ** 27 - 1, 2 ** 27, 2 ** 30 + 5, 2 ** 35 - 1],
].map((page) => page * PAGE);
const place = fc.constantFrom(...places);
const frame = fc.integer({ min: 1, max: 0xf_ffff });
const prot = fc.nat(7);

describe.each(MODULES.map((module) => [module.manifest.name, module.manifest.version, module] as const))(
  'pmap/%s %s',
  (_name, _version, module) => {
    test('keeps what was entered, through changes, and finds it in order', () => {
      const command = fc.record({
        kind: fc.constantFrom('enter', 'enter', 'remove', 'protect'),
        place,
        frame,
        prot,
      });
      fc.assert(
        fc.property(fc.array(command, { maxLength: 60, size: 'max' }), place, place, (list, from, to) => {
          const { pmap, used } = boot(module);
          pmap.create(1);
          const model = new Map<number, { frame: number; prot: number }>();
          for (const step of list) {
            const known = model.get(step.place);
            if (step.kind === 'enter') {
              expect(pmap.enter(1, step.place, step.frame, step.prot)).toBe(0);
              model.set(step.place, { frame: step.frame, prot: step.prot });
            } else if (step.kind === 'remove') {
              expect(pmap.remove(1, step.place) >>> EXTRACT_FRAME_SHIFT).toBe(known?.frame ?? 0);
              model.delete(step.place);
            } else {
              pmap.protect(1, step.place, step.prot);
              if (known !== undefined) known.prot = step.prot;
            }
          }
          for (const va of places) {
            const known = model.get(va);
            // Write without read does not exist in hardware.
            const rights = known === undefined ? 0 : known.prot | ((known.prot & 2) !== 0 ? 1 : 0);
            const expected = known === undefined ? 0 : (known.frame << EXTRACT_FRAME_SHIFT) | rights;
            expect(pmap.extract(1, va)).toBe(expected);
            for (const access of [1, 2, 4, 3]) {
              const physical = pmap.translate(1, va + 123, access);
              expect(physical).toBe((rights & access) === access ? (known?.frame ?? 0) * PAGE + 123 : 0);
            }
          }
          const inRange = [...model.keys()].filter((va) => va >= from && va < to).sort((a, b) => a - b);
          expect(pmap.next(1, from, to)).toBe(inRange[0] ?? -1);
          pmap.destroy(1);
          expect(used.size).toBe(0);
        }),
        { numRuns: 200 },
      );
    });

    test('shares and clears the pages of a piece as it does page by page', () => {
      const page = fc.record({ at: fc.nat(PIECE_PAGES - 1), frame, prot, written: fc.boolean() });
      const bound = fc.nat(PIECE_PAGES);
      const base = fc.constantFrom(0, PIECE_BYTES, 7 * PIECE_BYTES, 2 ** 38 - PIECE_BYTES);
      fc.assert(
        fc.property(
          fc.array(page, { maxLength: 90, size: 'max' }),
          base,
          bound,
          bound,
          prot,
          (list, base, a, b, rights) => {
            const [start, end] = [base + Math.min(a, b) * PAGE, base + Math.max(a, b) * PAGE];
            const ways = [true, false].map((byPiece) => {
              const world = boot(module);
              const { pmap } = world;
              for (const space of [1, 2]) pmap.create(space);
              pmap.activate(0, 1);
              for (const { at, frame, prot, written } of list) {
                pmap.enter(1, base + at * PAGE, frame, prot);
                if (written) pmap.translate(1, base + at * PAGE, 2);
              }
              const seen = byPiece ? piecewise(pmap, start, end, rights) : pagewise(pmap, start, end, rights);
              const left = [1, 2].map((space) => mappedIn(pmap, space, base));
              return { seen, left, tables: world.used.size, flushes: world.flushed, harts: world.harts };
            });
            const [piece, single] = ways as [(typeof ways)[0], (typeof ways)[0]];
            expect({ ...piece, flushes: [], harts: [] }).toEqual({ ...single, flushes: [], harts: [] });
            // Page by page, or all at once where they are many.
            if (piece.harts.length === 1) expect(piece.flushes).toEqual(single.flushes);
            else expect(single.flushes.length).toBeGreaterThan(32);
          },
        ),
        { numRuns: 300 },
      );
    });

    test('changes nothing where it has no frame for a table of who shares', () => {
      const { pmap, used } = boot(module, module === sv48Pmap ? 5 : 4);
      pmap.create(1);
      pmap.create(2);
      // Two pages, of which the parent's tables take what there is.
      if (module === sv48Pmap) pmap.activate(0, 1);
      expect(pmap.enter(1, PAGE, 40, 3)).toBe(0);
      const before = used.size;
      expect(pmap.share?.(1, 2, 0, PIECE_BYTES, 1, new Int32Array(PIECE_PAGES))).toBe(-ENOMEM);
      expect([pmap.extract(1, PAGE) & 7, pmap.extract(2, PAGE)]).toEqual([3, 0]);
      expect(used.size).toBe(before);
    });

    test('flushes a page that got worse where a hart runs it, and nothing else', () => {
      const { pmap, flushed, harts } = boot(module);
      pmap.create(1);
      pmap.create(2);
      pmap.activate(0, 1);
      expect(harts).toEqual([0]);
      pmap.enter(1, PAGE, 40, 1);
      pmap.protect(1, PAGE, 3);
      pmap.enter(2, PAGE, 40, 3);
      pmap.remove(2, PAGE);
      expect(flushed).toEqual([]);
      pmap.protect(1, PAGE, 1);
      pmap.enter(1, PAGE, 41, 1);
      pmap.remove(1, PAGE);
      expect(flushed).toEqual([PAGE, PAGE, PAGE]);
    });

    test('tells the hart its root, and flushes it only if that changes', () => {
      const { pmap, kernel, harts } = boot(module);
      pmap.create(1);
      pmap.create(2);
      pmap.activate(0, 1);
      const root = kernel.machine.u32[HART_ROOT_WORD] as number;
      expect(root).toBeGreaterThanOrEqual(FIRST_FRAME);
      pmap.activate(0, 1);
      expect(harts).toEqual([0]);
      pmap.activate(0, 2);
      expect(kernel.machine.u32[HART_ROOT_WORD]).not.toBe(root);
      pmap.destroy(2);
      expect(kernel.machine.u32[HART_ROOT_WORD]).toBe(0);
      expect(harts).toEqual([0, 0, 0]);
    });

    test('marks a page dirty when it is translated for writing, and clean when it is entered again', () => {
      const { pmap } = boot(module);
      pmap.create(1);
      pmap.enter(1, PAGE, 40, 3);
      pmap.translate(1, PAGE, 1);
      expect(pmap.extract(1, PAGE) & MAPPED_DIRTY).toBe(0);
      pmap.translate(1, PAGE, 2);
      pmap.protect(1, PAGE, 1);
      expect(pmap.extract(1, PAGE) & MAPPED_DIRTY).toBe(MAPPED_DIRTY);
      pmap.enter(1, PAGE, 40, 1);
      expect(pmap.extract(1, PAGE) & MAPPED_DIRTY).toBe(0);
    });

    test('refuses addresses outside, and says when it has no frame for a table', () => {
      const { pmap } = boot(module, 3);
      pmap.create(1);
      for (const va of [-1, 2 ** 38, Number.MAX_SAFE_INTEGER]) expect(pmap.translate(1, va, 1)).toBe(0);
      expect(pmap.enter(1, PAGE, 40, 1)).toBe(0);
      expect(pmap.enter(1, 2 ** 31, 40, 1)).toBe(-ENOMEM);
      expect(pmap.create(2)).toBe(-ENOMEM);
    });
  },
);

describe('formats', () => {
  test('writes entries as the Privileged specification has them', () => {
    const { pmap, kernel } = boot(sv39Pmap);
    pmap.create(1);
    pmap.enter(1, 0x4020_3000, 0xabcde, 7);
    const words = kernel.machine.u32;
    pmap.activate(0, 1);
    const root = words[HART_ROOT_WORD] as number;
    const entry = (table: number, index: number): number => words[table * 1024 + index * 2] as number;
    const middle = entry(root, 1);
    const leafTable = entry(middle >>> 10, 1);
    expect([middle & 0x3ff, leafTable & 0x3ff]).toEqual([1, 1]);
    // V R W X U A, PPN from bit 10; the high word is zero.
    expect(entry(leafTable >>> 10, 3)).toBe(((0xabcde << 10) | 0x5f) >>> 0);
    expect(words[(leafTable >>> 10) * 1024 + 7]).toBe(0);
  });

  test('Sv48 has one more level above the root of Sv39', () => {
    const { pmap, kernel } = boot(sv48Pmap);
    pmap.create(1);
    pmap.enter(1, 0x4020_3000, 0xabcde, 7);
    pmap.activate(0, 1);
    const words = kernel.machine.u32;
    const entry = (table: number, index: number): number => words[table * 1024 + index * 2] as number;
    const third = entry(words[HART_ROOT_WORD] as number, 0) >>> 10;
    const leafTable = entry(entry(third, 1) >>> 10, 1);
    expect(entry(leafTable >>> 10, 3)).toBe(((0xabcde << 10) | 0x5f) >>> 0);
    expect(words[HART_MODE_WORD]).toBe(1);
  });

  test('a tree is turned into the other format when a hart runs in it, and works before and after', () => {
    const { state, kernel, used, harts } = boot();
    const modules = [sv39Pmap, sv48Pmap, sv39Pmap10, sv48Pmap, sv39Pmap];
    const expected = new Map<number, number>();
    let pmap = sv39Pmap.create(state, kernel);
    pmap.create(1);
    pmap.create(2);
    const frames = used.size;
    for (const [turn, module] of modules.entries()) {
      pmap = module.create(state, kernel);
      const enter = (va: number): void => {
        expect(pmap.enter(1, va, 40 + turn, 3)).toBe(0);
        expected.set(va, 40 + turn);
      };
      const look = (): void => {
        for (const [va, known] of expected) expect(pmap.extract(1, va) >>> EXTRACT_FRAME_SHIFT).toBe(known);
        expect(pmap.next(1, 0, 2 ** 38)).toBe(0);
      };
      enter(turn * PAGE);
      look();
      pmap.activate(0, 1);
      enter((turn + 100) * PAGE);
      look();
      expect(kernel.machine.u32[HART_MODE_WORD]).toBe(module === sv48Pmap ? 1 : 0);
      expect(pmapLayout.verify?.(state)).toBe(null);
    }
    // The hart ran in one address space all the time: what it has translated stays valid.
    expect(harts).toEqual([0]);
    pmap.destroy(1);
    pmap.destroy(2);
    expect(frames).toBe(2);
    expect(used.size).toBe(0);
  });

  test('a tree that maps what Sv39 does not keeps four levels, also where Sv39 is asked to, and while a hart runs in it', () => {
    const { state, kernel, used } = boot();
    const high = 2 ** 45;
    let pmap = sv39Pmap.create(state, kernel);
    pmap.create(1);
    pmap.enter(1, PAGE, 40, 3);
    pmap.activate(0, 1);
    for (const va of [high, 2 ** 38]) {
      expect(pmap.enter(1, va, 41, 3)).toBe(0);
      expect([kernel.machine.u32[HART_MODE_WORD], state.roots.get(1)]).toEqual([
        1,
        kernel.machine.u32[HART_ROOT_WORD],
      ]);
      pmap = sv39Pmap.create(state, kernel);
      pmap.activate(0, 1);
      expect(pmap.extract(1, va) >>> EXTRACT_FRAME_SHIFT).toBe(41);
      expect(pmap.extract(1, PAGE) >>> EXTRACT_FRAME_SHIFT).toBe(40);
    }
    expect([sv39Pmap.create(state, kernel).limit, sv48Pmap.create(state, kernel).limit?.()]).toEqual([
      undefined,
      2 ** 47,
    ]);
    pmap.destroy(1);
    expect(used.size).toBe(0);
  });

  test('without a frame for the level above, a tree stays as it is and works', () => {
    const { pmap, kernel } = boot(sv48Pmap, 3);
    pmap.create(1);
    expect(pmap.enter(1, PAGE, 40, 1)).toBe(0);
    pmap.activate(0, 1);
    expect(kernel.machine.u32[HART_MODE_WORD]).toBe(0);
    expect(pmap.extract(1, PAGE) >>> EXTRACT_FRAME_SHIFT).toBe(40);
  });

  test('version 1.0 keeps a stale right to write where a page may be executed; 1.1 and Sv48 do not', () => {
    const flushes = MODULES.map((module) => {
      const { pmap, flushed } = boot(module);
      pmap.create(1);
      pmap.activate(0, 1);
      pmap.enter(1, PAGE, 40, 7);
      pmap.protect(1, PAGE, 5);
      pmap.enter(1, 2 * PAGE, 41, 3);
      pmap.protect(1, 2 * PAGE, 1);
      return flushed;
    });
    expect(flushes).toEqual([[PAGE, 2 * PAGE], [2 * PAGE], [PAGE, 2 * PAGE]]);
  });
});
