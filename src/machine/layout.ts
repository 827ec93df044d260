/**
 * Physical memory map: where the machine keeps what in linear memory.
 *
 * Linear memory IS physical memory: a physical address is an offset into it, a frame number is that offset
 * shifted right by 12, so a PTE's PPN names a linear page directly. Holds layouts and sizes only; no behaviour.
 *
 *     0           64 KiB   never mapped, so that a zero physical address is always a bug
 *     harts       4 KiB    each: what the engine and the kernel exchange for one hart
 *     contexts    1 KiB    each: the registers of one thread, whether it runs or not
 *     code marks  1 byte   per frame: non-zero while an engine holds a translation of code in that frame
 *     engine      ...      scratch of the engine in place (TLB, predecoded code); rebuilt at will
 *     frames      ...      all that `frames` hands out, page tables and guest pages alike
 */

/** Bytes in one page and one frame. */
export const PAGE_SIZE = 4096;
export const PAGE_SHIFT = 12;

/** Offsets in a thread's register context (bytes). All integers little endian. */
export const CONTEXT_SIZE = 1024;
/** x0..x31, 8 bytes each. x0 is kept zero. */
export const CTX_X = 0;
/** f0..f31, 8 bytes each, NaN-boxed singles. */
export const CTX_F = 256;
/** Program counter, u64. */
export const CTX_PC = 512;
/** Floating-point control and status: bits 0-4 fflags, 5-7 frm; u32. */
export const CTX_FCSR = 520;
/** Instructions retired by this thread, u64 (an ecall or ebreak that traps is not retired). */
export const CTX_RETIRED = 528;

/** Offsets in a hart's exchange block (bytes). */
export const HART_SIZE = 4096;
/** Physical address of the context that the hart runs, u32. */
export const HART_CONTEXT = 0;
/** PPN of the root page table, u32. */
export const HART_ROOT = 4;
/** Trap value of the last exit (faulting virtual address or instruction bits), u64. */
export const HART_TVAL = 8;
/** LR/SC reservation: virtual address, u64; all ones = none. The engine clears it at every exit. */
export const HART_RESERVATION = 16;
/** Paging format, u32: levels above those of Sv39 (MODE of satp, less 8). */
export const HART_MODE = 24;
export const MODE_SV39 = 0;
export const MODE_SV48 = 1;

/** A half-open range of linear memory, in bytes. */
export interface Region {
  readonly start: number;
  readonly end: number;
}

/** Where everything lies for one boot; constant for the life of the machine. */
export interface MemoryLayout {
  readonly harts: number;
  readonly contexts: number;
  readonly hartBase: number;
  readonly contextBase: number;
  readonly codeMarkBase: number;
  readonly engine: Region;
  /** First frame number of allocatable memory, and one past the last. */
  readonly firstFrame: number;
  readonly endFrame: number;
  /** Size of the whole linear memory in bytes; a multiple of 64 KiB. */
  readonly bytes: number;
}

/** What a machine is built from: guest memory in bytes and fixed maxima. */
export interface LayoutRequest {
  readonly memoryBytes: number;
  readonly harts: number;
  readonly contexts: number;
  readonly engineBytes: number;
}

const WASM_PAGE = 65536;
const alignUp = (value: number, to: number): number => Math.ceil(value / to) * to;

/** Lay out linear memory. Throws RangeError when the whole would pass the 4 GiB of a 32-bit linear memory. */
export function planMemory(request: LayoutRequest): MemoryLayout {
  const frames = Math.ceil(request.memoryBytes / PAGE_SIZE);
  const hartBase = WASM_PAGE;
  const contextBase = hartBase + request.harts * HART_SIZE;
  const codeMarkBase = contextBase + request.contexts * CONTEXT_SIZE;
  // A mark for every frame number from 0, so that the index is the frame number itself.
  const overhead = alignUp(codeMarkBase + frames + request.engineBytes, WASM_PAGE) / PAGE_SIZE;
  const engineStart = alignUp(codeMarkBase + frames + overhead + 64, WASM_PAGE);
  const engineEnd = alignUp(engineStart + request.engineBytes, WASM_PAGE);
  const bytes = alignUp(engineEnd + frames * PAGE_SIZE, WASM_PAGE);
  if (bytes > 65536 * WASM_PAGE) {
    throw new RangeError(
      `guest memory of ${request.memoryBytes} bytes does not fit in a 4 GiB linear memory with ${engineEnd} bytes of kernel area`,
    );
  }
  return {
    harts: request.harts,
    contexts: request.contexts,
    hartBase,
    contextBase,
    codeMarkBase,
    engine: { start: engineStart, end: engineEnd },
    firstFrame: engineEnd / PAGE_SIZE,
    endFrame: engineEnd / PAGE_SIZE + frames,
    bytes,
  };
}
