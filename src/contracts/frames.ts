/**
 * Contract `frames`: physical frames, their reference counts, and which of them is handed out next.
 *
 * Policy here: placement. Mechanism, fixed: frame numbers are linear page numbers; code marks lie in linear memory
 * and belong to the engine, so freeing a marked frame tells the engine.
 */
import { type Contract, layout, type StateLayout } from './contract.ts';
import { int, record, uint16s } from './schema.ts';

/**
 * Counts of frames from `first` up, only as far as was ever handed out, so that the state stays small.
 * Invariant: `used` is the number of non-zero counts; no zero count lies below `hint`.
 */
export interface FramesState {
  first: number;
  end: number;
  /** Reference count of frame `first + i`; grown by doubling. */
  counts: Uint16Array;
  /** Frames from `first + touched` on were never handed out and are zero. */
  touched: number;
  used: number;
  hint: number;
}

const blank = (): FramesState => ({
  first: 0,
  end: 0,
  counts: new Uint16Array(0),
  touched: 0,
  used: 0,
  hint: 0,
});

export const framesLayout: StateLayout<FramesState> = layout(
  'frames',
  record<FramesState>(
    { first: int(), end: int(), counts: uint16s(), touched: int(), used: int(), hint: int() },
    blank,
  ),
  blank,
  (state) => {
    const { counts } = state;
    let used = 0;
    // There may be hundreds of thousands, and an iterator takes a quarter longer.
    for (let i = 0; i < counts.length; i++) if (counts[i] !== 0) used++;
    return used === state.used
      ? null
      : `${used} frames have references but ${state.used} are counted as used`;
  },
);

export interface Frames {
  /** Once at boot: the frames that may be handed out. */
  adopt(first: number, end: number): void;
  /**
   * A frame with one reference. @param zero fill it with zeros @param preferred take this one if it is free; 0 = any
   * @returns the frame number, or 0 if memory is exhausted. Hot path.
   */
  alloc(zero: boolean, preferred: number): number;
  /** One more reference. Pre: the frame has one. Hot path. */
  ref(frame: number): void;
  /** Drop a reference; at none left the frame is free and the engine forgets code in it. @returns what is left. Hot path. */
  unref(frame: number): number;
  count(frame: number): number;
  /** Interface `batches`. `ref` for the first `count` of a list. */
  refAll?(frames: Int32Array, count: number): void;
  /** Interface `batches`. `unref` for the first `count` of a list. */
  unrefAll?(frames: Int32Array, count: number): void;
  /** Frames in all, and free ones. */
  total(): number;
  free(): number;
}

export const frames: Contract<Frames> = {
  name: 'frames',
  version: 1,
  operations: ['adopt', 'alloc', 'ref', 'unref', 'count', 'total', 'free'],
  interfaces: {
    /** Counts references of many frames in one call. */
    batches: ['refAll', 'unrefAll'],
  },
};
