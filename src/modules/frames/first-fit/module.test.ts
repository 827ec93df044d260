import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, encode } from '../../../contracts/schema.ts';
import { type Frames, framesLayout } from '../../../contracts/frames.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { firstFitFrames } from './module.ts';

const PAGE = 4096;
const FIRST = 3;
const COUNT = 40;
const CODE_MARKS = 0;

function boot(): {
  frames: Frames;
  kernel: Kernel;
  u8: Uint8Array;
  forgotten: number[];
  reload: () => Frames;
} {
  const u8 = new Uint8Array((FIRST + COUNT) * PAGE);
  const forgotten: number[] = [];
  const engine = {
    invalidateFrame(frame: number): void {
      forgotten.push(frame);
      u8[CODE_MARKS + frame] = 0;
    },
  };
  const kernel = { machine: { u8, layout: { codeMarkBase: CODE_MARKS } }, engine } as unknown as Kernel;
  let state = framesLayout.create();
  const frames = firstFitFrames.create(state, kernel);
  frames.adopt(FIRST, FIRST + COUNT);
  const reload = (): Frames => {
    expect(framesLayout.verify?.(state)).toBeNull();
    const schema = framesLayout.versions[0]?.schema;
    if (schema === undefined) throw new Error('no schema');
    state = decode(schema, encode(schema, state)) as typeof state;
    return firstFitFrames.create(state, kernel);
  };
  return { frames, kernel, u8, forgotten, reload };
}

describe('frames/first-fit', () => {
  test('hands out the lowest free frame and counts references, through reloads', () => {
    const commands = fc.array(
      fc.record({
        kind: fc.constantFrom('alloc', 'alloc', 'ref', 'unref', 'unref', 'reload'),
        at: fc.nat(COUNT - 1),
      }),
      { maxLength: 200, size: 'max' },
    );
    fc.assert(
      fc.property(commands, (list) => {
        const booted = boot();
        let { frames } = booted;
        const counts: number[] = Array.from({ length: COUNT }, () => 0);
        for (const { kind, at } of list) {
          const count = counts[at] as number;
          if (kind === 'reload') {
            frames = booted.reload();
          } else if (kind === 'alloc') {
            const lowest = counts.indexOf(0);
            const preferred = at % 3 === 0 && count === 0 ? FIRST + at : 0;
            const frame = frames.alloc(true, preferred);
            const expected = preferred !== 0 ? preferred : lowest < 0 ? 0 : FIRST + lowest;
            expect(frame).toBe(expected);
            if (frame === 0) continue;
            counts[frame - FIRST] = 1;
            const page = booted.u8.subarray(frame * PAGE, (frame + 1) * PAGE);
            expect(page.every((byte) => byte === 0)).toBe(true);
            page.fill(0xaa);
          } else if (count > 0) {
            counts[at] = kind === 'ref' ? count + 1 : count - 1;
            if (kind === 'ref') frames.ref(FIRST + at);
            else expect(frames.unref(FIRST + at)).toBe(count - 1);
          }
        }
        counts.forEach((count, i) => {
          expect(frames.count(FIRST + i)).toBe(count);
        });
        expect(frames.free()).toBe(counts.filter((count) => count === 0).length);
      }),
      { numRuns: 100 },
    );
  });

  test('clears a frame only where it is asked to and the frame was used before', () => {
    const { frames, u8 } = boot();
    const frame = frames.alloc(false, 0);
    u8[frame * PAGE] = 1;
    frames.unref(frame);
    expect([frames.alloc(false, 0), u8[frame * PAGE]]).toEqual([frame, 1]);
    frames.unref(frame);
    expect([frames.alloc(true, 0), u8[frame * PAGE]]).toEqual([frame, 0]);
  });

  test('has the engine forget the code of a frame that becomes free, and not before', () => {
    const { frames, u8, forgotten } = boot();
    const frame = frames.alloc(true, 0);
    frames.ref(frame);
    u8[CODE_MARKS + frame] = 1;
    frames.unref(frame);
    expect(forgotten).toEqual([]);
    frames.unref(frame);
    expect(forgotten).toEqual([frame]);
  });

  test('never frees a frame whose count reached its maximum', () => {
    const { frames } = boot();
    const frame = frames.alloc(true, 0);
    for (let i = 0; i < 70_000; i++) frames.ref(frame);
    for (let i = 0; i < 70_000; i++) frames.unref(frame);
    expect(frames.count(frame)).toBe(0xffff);
  });

  test('takes a reference of a free frame for a bug', () => {
    const { frames } = boot();
    expect(() => frames.ref(FIRST)).toThrow(/no references/);
    expect(() => frames.unref(FIRST)).toThrow(/no references/);
  });
});
