/**
 * What every allocator of frames must do, wherever it places them (`framesConformance`).
 */
import fc from 'fast-check';
import type { Frames } from '../contracts/frames.ts';
import type { Kernel } from '../contracts/kernel.ts';
import type { Module } from '../contracts/module.ts';
import { type Check, equal, holds, Subject } from './check.ts';

const PAGE = 4096;
export const FIRST = 3;
export const COUNT = 40;
const CODE_MARKS = 0;

export interface FramesWorld<State> {
  readonly subject: Subject<Frames, State>;
  readonly u8: Uint8Array;
  /** Frames whose code the engine was told to forget. */
  readonly forgotten: number[];
}

/** An allocator of frames FIRST to FIRST + COUNT. */
export function framesWorld<State>(module: Module<Frames, State>): FramesWorld<State> {
  const u8 = new Uint8Array((FIRST + COUNT) * PAGE);
  const forgotten: number[] = [];
  const engine = {
    invalidateFrame(frame: number): void {
      forgotten.push(frame);
      u8[CODE_MARKS + frame] = 0;
    },
  };
  const kernel = { machine: { u8, layout: { codeMarkBase: CODE_MARKS } }, engine } as unknown as Kernel;
  const subject = new Subject(module, kernel);
  subject.operations.adopt(FIRST, FIRST + COUNT);
  return { subject, u8, forgotten };
}

const command = fc.record({
  kind: fc.constantFrom('alloc', 'alloc', 'ref', 'unref', 'unref', 'reload'),
  at: fc.nat(COUNT - 1),
});
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

export function framesConformance<State>(module: Module<Frames, State>): readonly Check[] {
  const make = (): FramesWorld<State> => framesWorld(module);

  function allocate({ subject, u8 }: FramesWorld<State>, counts: number[], preferred: number): void {
    const frame = subject.operations.alloc(true, preferred);
    if (preferred !== 0) equal('the preferred frame', frame, preferred);
    if (frame === 0) return equal('free frames when there is none to give', counts.indexOf(0), -1);
    equal('references of a frame before it is given', counts[frame - FIRST], 0);
    counts[frame - FIRST] = 1;
    const page = u8.subarray(frame * PAGE, (frame + 1) * PAGE);
    holds(
      'a frame is zero where that is asked for',
      page.every((byte) => byte === 0),
    );
    page.fill(0xaa);
  }

  function countsReferences(commands: readonly Command[]): void {
    const world = make();
    const counts: number[] = Array.from({ length: COUNT }, () => 0);
    for (const { kind, at } of commands) {
      const { operations: frames } = world.subject;
      const count = counts[at] as number;
      if (kind === 'reload') world.subject.copy();
      else if (kind === 'alloc') allocate(world, counts, at % 3 === 0 && count === 0 ? FIRST + at : 0);
      else if (count > 0) {
        counts[at] = kind === 'ref' ? count + 1 : count - 1;
        if (kind === 'ref') frames.ref(FIRST + at);
        else equal('references left', frames.unref(FIRST + at), count - 1);
      }
    }
    const { operations: frames } = world.subject;
    equal(
      'references',
      counts.map((_, i) => frames.count(FIRST + i)),
      counts,
    );
    equal('free frames', frames.free(), counts.filter((count) => count === 0).length);
    equal('frames in all', frames.total(), COUNT);
  }

  return [
    {
      name: 'hands out free frames alone and counts references, through reloads',
      run: () =>
        fc.assert(fc.property(fc.array(command, { maxLength: 200, size: 'max' }), countsReferences), {
          numRuns: 100,
        }),
    },
    {
      name: 'has the engine forget the code of a frame that becomes free, and not before',
      run(): void {
        const { subject, u8, forgotten } = make();
        const { operations: frames } = subject;
        const frame = frames.alloc(true, 0);
        frames.ref(frame);
        u8[CODE_MARKS + frame] = 1;
        frames.unref(frame);
        equal('forgotten while it is in use', forgotten, []);
        frames.unref(frame);
        equal('forgotten when it is free', forgotten, [frame]);
      },
    },
    {
      name: 'counts references of many frames in one call, where it has interface batches',
      run(): void {
        const { subject, u8, forgotten } = make();
        const { operations: frames } = subject;
        const list = Int32Array.from({ length: 5 }, () => frames.alloc(true, 0));
        if (frames.refAll === undefined || frames.unrefAll === undefined) return;
        const [first, second] = list as unknown as [number, number];
        list[4] = first;
        u8[CODE_MARKS + second] = 1;
        const counts = (): number[] => [...list].map((frame) => frames.count(frame));
        frames.refAll(list, 2);
        equal('references once two of the list have one more', counts(), [2, 2, 1, 1, 2]);
        frames.unrefAll(list, 5);
        equal('references once all of the list have one fewer', counts(), [0, 1, 0, 0, 0]);
        equal('forgotten while it is in use', forgotten, []);
        frames.unrefAll(list.subarray(1), 1);
        equal('forgotten when it is free', forgotten, [second]);
      },
    },
    {
      name: 'never frees a frame that has more references than can be counted',
      run(): void {
        const { operations: frames } = make().subject;
        const frame = frames.alloc(true, 0);
        for (let i = 0; i < 70_000; i++) frames.ref(frame);
        for (let i = 0; i < 69_999; i++) frames.unref(frame);
        holds('it has a reference left', frames.count(frame) > 0);
      },
    },
  ];
}
