import { describe, expect, test } from 'vitest';
import { COUNT, FIRST, framesConformance, framesWorld } from '../../../testing/frames-suite.ts';
import { firstFitFrames } from './module.ts';

const PAGE = 4096;

describe('frames/first-fit', () => {
  for (const { name, run } of framesConformance(firstFitFrames)) test(name, run);

  test('hands out the lowest free frame, through reloads', () => {
    const { subject } = framesWorld(firstFitFrames);
    for (let i = 0; i < COUNT; i++) expect(subject.operations.alloc(false, 0)).toBe(FIRST + i);
    expect(subject.operations.alloc(false, 0)).toBe(0);
    for (const at of [30, 7, 12]) subject.operations.unref(FIRST + at);
    for (const at of [7, 12, 30]) {
      subject.copy();
      expect(subject.operations.alloc(true, 0)).toBe(FIRST + at);
    }
  });

  test('clears a frame only where it is asked to and the frame was used before', () => {
    const { subject, u8 } = framesWorld(firstFitFrames);
    const frames = subject.operations;
    const frame = frames.alloc(false, 0);
    u8[frame * PAGE] = 1;
    frames.unref(frame);
    expect([frames.alloc(false, 0), u8[frame * PAGE]]).toEqual([frame, 1]);
    frames.unref(frame);
    expect([frames.alloc(true, 0), u8[frame * PAGE]]).toEqual([frame, 0]);
  });

  test('takes a reference of a free frame for a bug', () => {
    const frames = framesWorld(firstFitFrames).subject.operations;
    expect(() => frames.ref(FIRST)).toThrow(/no references/);
    expect(() => frames.unref(FIRST)).toThrow(/no references/);
  });

  test('keeps a count that reached its maximum', () => {
    const frames = framesWorld(firstFitFrames).subject.operations;
    const frame = frames.alloc(true, 0);
    for (let i = 0; i < 70_000; i++) frames.ref(frame);
    for (let i = 0; i < 70_000; i++) frames.unref(frame);
    expect(frames.count(frame)).toBe(0xffff);
  });
});
