/**
 * The machine: linear memory with fixed views over it.
 *
 * Holds physical memory and where things lie in it. Knows no Linux and no policy. The memory is allocated once at
 * its limit and never grown, so the views stay valid for the life of the machine.
 */
import { CONTEXT_SIZE, HART_SIZE, type LayoutRequest, type MemoryLayout, planMemory } from './layout.ts';
import { createMemory, type WasmMemory } from './wasm/host.ts';

/** Physical memory and its views. All views cover the whole memory from offset 0. */
export interface Machine {
  readonly layout: MemoryLayout;
  readonly memory: WasmMemory;
  /** True if `memory` is a shared memory; every emitted import must say the same. */
  readonly shared: boolean;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
}

/** Allocate a machine. Throws RangeError when the layout does not fit or the host refuses the memory. */
export function createMachine(request: LayoutRequest, shared: boolean): Machine {
  const layout = planMemory(request);
  const memory = createMemory(layout.bytes, shared);
  const buffer = memory.buffer;
  return {
    layout,
    memory,
    shared,
    u8: new Uint8Array(buffer),
    u16: new Uint16Array(buffer),
    i32: new Int32Array(buffer),
    u32: new Uint32Array(buffer),
  };
}

/** Physical address of a hart's exchange block. */
export const hartAddress = (layout: MemoryLayout, hart: number): number => layout.hartBase + hart * HART_SIZE;

/** Physical address of a thread's register context. */
export const contextAddress = (layout: MemoryLayout, context: number): number =>
  layout.contextBase + context * CONTEXT_SIZE;
