/**
 * Copies between lists of physical ranges (user buffers), byte arrays and frames.
 *
 * Every copy into guest memory ends with a look at the code marks of the frames it wrote, so that no engine goes on with
 * a translation of what was there. All offsets and counts are in bytes. Holds no state. Callers keep counts
 * within the ranges' total and the arrays' length.
 */

/** A list of physical ranges; `Spans` of the contracts is one. */
export interface Ranges {
  readonly count: number;
  readonly address: readonly number[];
  readonly length: readonly number[];
}

/** What a copy needs of the kernel; `Kernel` is one. The engine is looked up at each use. */
export interface GuestMemory {
  readonly machine: { readonly u8: Uint8Array; readonly layout: { readonly codeMarkBase: number } };
  readonly engine: { invalidateFrame(frame: number): void };
}

const FRAME_SHIFT = 12;
/** Up to so many bytes a loop is faster than a call, or two and a view where the arrays differ. */
const SHORT = 8;
const SHORT_BETWEEN = 16;

/** Tell the engine that [address, address + length) was written. Needed only after writes not made by this file. */
export function wrote(memory: GuestMemory, address: number, length: number): void {
  if (length === 0) return;
  const marks = memory.machine.layout.codeMarkBase;
  const last = (address + length - 1) >>> FRAME_SHIFT;
  for (let frame = address >>> FRAME_SHIFT; frame <= last; frame++) {
    if (memory.machine.u8[marks + frame] !== 0) memory.engine.invalidateFrame(frame);
  }
}

const copy = (to: Uint8Array, at: number, from: Uint8Array, offset: number, count: number): void => {
  const within = to === from;
  if (count <= (within ? SHORT : SHORT_BETWEEN))
    for (let i = 0; i < count; i++) to[at + i] = from[offset + i] as number;
  else if (within) to.copyWithin(at, offset, offset + count);
  else to.set(from.subarray(offset, offset + count), at);
};

/** Copy `count` bytes of `from`, beginning at `offset`, into guest ranges, beginning at byte `at` of them. */
export function copyToSpans(
  memory: GuestMemory,
  from: Uint8Array,
  offset: number,
  into: Ranges,
  at: number,
  count: number,
): void {
  let skip = at;
  let left = count;
  let source = offset;
  for (let i = 0; i < into.count && left > 0; i++) {
    const length = into.length[i] as number;
    if (skip >= length) {
      skip -= length;
      continue;
    }
    const part = Math.min(length - skip, left);
    const address = (into.address[i] as number) + skip;
    copy(memory.machine.u8, address, from, source, part);
    wrote(memory, address, part);
    source += part;
    left -= part;
    skip = 0;
  }
}

/** Copy `count` bytes of guest ranges, beginning at byte `at` of them, to `into` at `offset`. */
export function copyFromSpans(
  memory: GuestMemory,
  from: Ranges,
  at: number,
  into: Uint8Array,
  offset: number,
  count: number,
): void {
  let skip = at;
  let left = count;
  let target = offset;
  for (let i = 0; i < from.count && left > 0; i++) {
    const length = from.length[i] as number;
    if (skip >= length) {
      skip -= length;
      continue;
    }
    const part = Math.min(length - skip, left);
    copy(into, target, memory.machine.u8, (from.address[i] as number) + skip, part);
    target += part;
    left -= part;
    skip = 0;
  }
}

/** Copy from a physical address (a page-cache frame) into guest ranges. */
export function copyPhysicalToSpans(
  memory: GuestMemory,
  address: number,
  into: Ranges,
  at: number,
  count: number,
): void {
  copyToSpans(memory, memory.machine.u8, address, into, at, count);
}

/** Copy from guest ranges to a physical address; a frame that holds translated code is invalidated. */
export function copySpansToPhysical(
  memory: GuestMemory,
  from: Ranges,
  at: number,
  address: number,
  count: number,
): void {
  copyFromSpans(memory, from, at, memory.machine.u8, address, count);
  wrote(memory, address, count);
}

/** Copy a byte array to a physical address. */
export function copyToPhysical(
  memory: GuestMemory,
  from: Uint8Array,
  offset: number,
  address: number,
  count: number,
): void {
  copy(memory.machine.u8, address, from, offset, count);
  wrote(memory, address, count);
}

/** Fill physical memory with zeros. */
export function zeroPhysical(memory: GuestMemory, address: number, count: number): void {
  memory.machine.u8.fill(0, address, address + count);
  wrote(memory, address, count);
}

/** Fill `count` bytes of guest ranges with zeros, beginning at byte `at` of them. */
export function zeroSpans(memory: GuestMemory, into: Ranges, at: number, count: number): void {
  let skip = at;
  let left = count;
  for (let i = 0; i < into.count && left > 0; i++) {
    const length = into.length[i] as number;
    if (skip >= length) {
      skip -= length;
      continue;
    }
    const part = Math.min(length - skip, left);
    zeroPhysical(memory, (into.address[i] as number) + skip, part);
    left -= part;
    skip = 0;
  }
}
