/**
 * frames/first-fit: hands out the lowest free frame.
 *
 * Low frames are reused first, so that the memory ever touched stays small and a capsule with it. The price is a search
 * from the lowest free frame on, which `hint` makes short but not constant. Holds no state but the contract's.
 */
import { type Frames, type FramesState, framesLayout } from '../../../contracts/frames.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Module } from '../../../contracts/module.ts';
import { KernelFault } from '../../../lib/kernel-fault.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';

/** A count that got here stays here: the frame is never freed, which is safe and needs 65535 mappings of one page. */
const STUCK = 0xffff;
const FIRST_COUNTS = 1024;

/** Make room for the counts of `index` and all below. */
function grow(state: FramesState, index: number): void {
  let length = Math.max(state.counts.length, FIRST_COUNTS);
  while (length <= index) length *= 2;
  length = Math.min(length, state.end - state.first);
  if (length === state.counts.length) return;
  const counts = new Uint16Array(length);
  counts.set(state.counts);
  state.counts = counts;
}

/** The index to hand out, or -1. */
function choose(state: FramesState, preferred: number): number {
  const wanted = preferred - state.first;
  if (preferred !== 0 && wanted >= 0 && preferred < state.end) {
    if (wanted >= state.touched || state.counts[wanted] === 0) return wanted;
  }
  // Counts from `touched` on are zero, so the search can not miss a fresh frame that has a count.
  const found = state.counts.indexOf(0, state.hint);
  if (found >= 0) {
    state.hint = found;
    return found;
  }
  const fresh = state.counts.length;
  return fresh < state.end - state.first ? fresh : -1;
}

function alloc(state: FramesState, kernel: Kernel, zero: boolean, preferred: number): number {
  const index = choose(state, preferred);
  if (index < 0) return 0;
  if (index >= state.counts.length) grow(state, index);
  const frame = state.first + index;
  if (index >= state.touched) {
    state.touched = index + 1;
  } else if (zero) {
    kernel.machine.u8.fill(0, frame * PAGE_SIZE, (frame + 1) * PAGE_SIZE);
  }
  state.counts[index] = 1;
  state.used++;
  if (index === state.hint) state.hint = index + 1;
  return frame;
}

/** @returns the index of a frame that has references */
function held(state: FramesState, frame: number): number {
  const index = frame - state.first;
  if (!(index >= 0 && index < state.touched) || state.counts[index] === 0) {
    throw new KernelFault(`frame ${frame} has no references`);
  }
  return index;
}

function unref(state: FramesState, kernel: Kernel, frame: number): number {
  const index = held(state, frame);
  const count = state.counts[index] as number;
  if (count === STUCK) return STUCK;
  state.counts[index] = count - 1;
  if (count > 1) return count - 1;
  state.used--;
  if (index < state.hint) state.hint = index;
  if (kernel.machine.u8[kernel.machine.layout.codeMarkBase + frame] !== 0) {
    kernel.engine.invalidateFrame(frame);
  }
  return 0;
}

function ref(state: FramesState, frame: number): void {
  const index = held(state, frame);
  const count = state.counts[index] as number;
  if (count !== STUCK) state.counts[index] = count + 1;
}

export const firstFitFrames: Module<Frames, FramesState> = {
  manifest: {
    slot: 'frames',
    name: 'first-fit',
    version: '1.0.0',
    contract: 1,
    interfaces: ['batches'],
    needs: { engine: 1 },
    description: 'hands out the lowest free frame',
  },
  layout: framesLayout,
  create: (state, kernel) => ({
    adopt(first, end) {
      state.first = first;
      state.end = end;
    },
    alloc: (zero, preferred) => alloc(state, kernel, zero, preferred),
    ref: (frame) => ref(state, frame),
    unref: (frame) => unref(state, kernel, frame),
    count(frame) {
      const index = frame - state.first;
      return index >= 0 && index < state.touched ? (state.counts[index] as number) : 0;
    },
    refAll(frames, count) {
      for (let i = 0; i < count; i++) ref(state, frames[i] as number);
    },
    unrefAll(frames, count) {
      for (let i = 0; i < count; i++) unref(state, kernel, frames[i] as number);
    },
    total: () => state.end - state.first,
    free: () => state.end - state.first - state.used,
  }),
};

export default firstFitFrames;
