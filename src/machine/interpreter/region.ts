/**
 * The interpreter's scratch in the engine region: header, TLBs, block directory and predecoded blocks.
 *
 *     header    what the Wasm functions need to know of the machine, and what they hand to each other
 *     TLB       per hart: tags and data of three kinds, direct mapped, 8 bytes an entry
 *     buckets   frame number (low bits) to the first block of a chain
 *     blocks    per block its frame and the next of its chain, then the records: one per halfword of the frame
 *
 * A tag is the page's virtual address; all ones is empty, since no page address is odd. Holds offsets only.
 */
import { type MemoryLayout, PAGE_SIZE } from '../layout.ts';

/** Bytes at the end of the region that are another engine's: the same for all, so that one takes over what another had. */
export const RESERVED_BYTES: number = 34 << 20;
/** What layout.engine must hold at least: 5000 blocks (20 MiB of guest code) and the TLBs of a few harts. */
export const ENGINE_BYTES: number = (162 << 20) + RESERVED_BYTES;

/**
 * Says that the region was laid out by this version. Changes with any offset or record field here, and with the
 * instruction tables, whose numbers the records hold.
 */
export const FORMAT = 0x49_4e_54_35;

export const HEADER_SIZE = 256;
export const H_FORMAT = 0;
/** Instructions left of the budget, i32; may go below zero. */
export const H_LEFT = 4;
/** Record at which `interpret` left. */
export const H_RECORD = 8;
export const H_CODE_MARKS = 12;
export const H_END_FRAME = 16;
export const H_BUCKETS = 20;
export const H_BLOCKS = 24;
export const H_RECORDS = 28;
/** TLB of hart 0, and one past the last. */
export const H_TLB = 32;
export const H_TLB_END = 36;
/** Physical page that a fetch found and that has no block, or the second page of a crossing instruction. */
export const H_PAGE = 40;
/** Blocks handed out so far; those beyond are untouched. */
export const H_USED = 44;
/** First free block plus one, chained by BLOCK_NEXT. */
export const H_FREE = 48;
/** Block to evict next when all are in use. */
export const H_VICTIM = 52;

/** Two flat tables by the low 20 bits of a page number, for reading and writing; 0 = there are none. */
export const H_FLAT_READ = 56;
export const H_FLAT_WRITE = 60;
/** List of the page numbers that have entries in them, and its length. */
export const H_TOUCHED = 64;
export const H_TOUCHED_COUNT = 68;
/** Counts frames whose code was forgotten, and blocks that were made for frames. */
export const H_DROPS = 72;
export const H_MADE = 76;
/** One past the last block that was ever handed out: those beyond are all zero. */
export const H_DIRTY = 84;
/** Which other engine laid out the last RESERVED_BYTES; 0 = none since the machine was made, so they are all zero. */
export const H_RESERVED = 80;
export const RESERVED_UNKNOWN = 0xffff_ffff;
/** How many entries each has. */
export const FLAT_PAGES: number = 2 ** 20;
/** An entry: the address of the page u64, what the physical address is more u32. */
export const FLAT_ENTRY_SHIFT = 4;
export const FLAT_TAG = 0;
export const FLAT_DELTA = 8;
/** The tag of an entry that is no page's. Zero is that too, but in the first entry. */
export const FLAT_NONE = 1;
/** Low word of the PTE that the last walk found. */
export const H_PTE = 92;
/** The last frames whose code was forgotten: a ring of DROP_RING words. */
export const H_DROP_RING = 128;
export const DROP_RING = 32;

/** Entries that the list of touched pages has room for. When it is full, no more are made. */
export const TOUCHED_MOST = 65536;

export const TLB_ENTRIES = 512;
export const TLB_TAGS: number = TLB_ENTRIES * 8;
export const TLB_READ_TAG = 0;
export const TLB_WRITE_TAG: number = TLB_TAGS;
export const TLB_EXEC_TAG: number = TLB_TAGS * 2;
/** Physical minus virtual address, i32. */
export const TLB_READ_DELTA: number = TLB_TAGS * 3;
export const TLB_WRITE_DELTA: number = TLB_TAGS * 3 + 4;
/** Address of the block's first record, and the physical page. */
export const TLB_EXEC_BLOCK: number = TLB_TAGS * 4;
export const TLB_EXEC_PAGE: number = TLB_TAGS * 4 + 4;
export const TLB_SIZE: number = TLB_TAGS * 5;

export const BUCKETS = 4096;

/** Per block: frame number (all ones when free), next of the chain plus one. */
export const BLOCK_ENTRY = 8;
export const BLOCK_FRAME = 0;
export const BLOCK_NEXT = 4;

/**
 * One predecoded instruction. Register operands are byte offsets into the context.
 *
 *     0  op u16     2  rd u16     4  rs1 u16     6  rs2 u16     8  imm i32    12  aux u32
 *
 * `imm` of a transfer inside the page is the distance to its target's record in bytes. `aux`: bits 0-4 rs3,
 * 5-7 rounding mode, 8-23 row, 30 set if control never falls through, 31 if 16 bits long.
 */
export const RECORD = 16;
export const R_OP = 0;
export const R_RD = 2;
export const R_RS1 = 4;
export const R_RS2 = 6;
export const R_IMM = 8;
export const R_AUX = 12;
/** Record bytes per instruction byte. */
export const RECORD_SCALE = 8;
/** Slots past the page: two ends (fall through, and behind a crossing instruction), then the crossing's side slot. */
export const SLOTS: number = PAGE_SIZE / 2 + 4;
export const SIDE_SLOT: number = PAGE_SIZE / 2 + 2;
export const BLOCK_BYTES: number = SLOTS * RECORD;

/** Where writes to x0 go: the last 8 bytes of a context, which nobody reads. */
export const CTX_SINK = 1016;

/** Codes between the Wasm functions and the module; beyond the contract's EXIT_ codes. */
export const LEAVE_SLOW = 256;
export const LEAVE_FETCH = 257;
export const LEAVE_DECODE = 258;
export const LEAVE_CROSS = 259;
export const LEAVE_NEED_BLOCK = 260;
/** At a record where a translation begins. */
export const LEAVE_ENTER = 261;

/** Addresses of the parts for one machine. */
export interface RegionPlan {
  readonly header: number;
  readonly tlb: number;
  readonly tlbEnd: number;
  readonly buckets: number;
  readonly blocks: number;
  readonly records: number;
  /** How many blocks fit. */
  readonly capacity: number;
}

/** Divide the engine region. Throws RangeError if it can not hold a few blocks. */
export function planRegion(layout: MemoryLayout): RegionPlan {
  const header = layout.engine.start;
  const end = layout.engine.end - RESERVED_BYTES;
  const tlb = header + HEADER_SIZE;
  const tlbEnd = tlb + layout.harts * TLB_SIZE;
  const buckets = tlbEnd;
  const blocks = buckets + BUCKETS * 4;
  const capacity = Math.floor((end - blocks - RECORD) / (BLOCK_BYTES + BLOCK_ENTRY));
  if (capacity < 8) throw new RangeError(`engine region of ${end - header} bytes is too small`);
  const records = Math.ceil((blocks + capacity * BLOCK_ENTRY) / RECORD) * RECORD;
  return { header, tlb, tlbEnd, buckets, blocks, records, capacity };
}
