/**
 * The supply of blocks: which are handed out, to which frames, and the marks that go with them.
 */
import { PAGE_SIZE } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { OP_PAGE_END } from './ops.ts';
import {
  BLOCK_BYTES,
  BLOCK_ENTRY,
  BLOCK_FRAME,
  BLOCK_NEXT,
  BUCKETS,
  H_DIRTY,
  H_FREE,
  H_MADE,
  H_USED,
  H_VICTIM,
  R_OP,
  RECORD,
  RECORD_SCALE,
  type RegionPlan,
  SLOTS,
  TLB_SIZE,
  TLB_TAGS,
  TLB_WRITE_TAG,
} from './region.ts';

const LAST_SLOT = PAGE_SIZE / 2 - 1;

const blockEntry = (plan: RegionPlan, index: number): number => plan.blocks + index * BLOCK_ENTRY;

/** Address of the first record of the block that `record` lies in. */
export function blockOf(plan: RegionPlan, record: number): number {
  return plan.records + Math.floor((record - plan.records) / BLOCK_BYTES) * BLOCK_BYTES;
}

/** Physical address of the instruction at `record`. */
export function instructionAddress(m: Machine, plan: RegionPlan, record: number): number {
  const records = blockOf(plan, record);
  const index = (records - plan.records) / BLOCK_BYTES;
  const frame = m.u32[(blockEntry(plan, index) + BLOCK_FRAME) >>> 2] as number;
  return frame * PAGE_SIZE + (record - records) / RECORD_SCALE;
}

/** Make an empty block for a frame and mark the frame. `drop` evicts. Write entries of all harts are forgotten. */
export function addBlock(
  m: Machine,
  plan: RegionPlan,
  frame: number,
  drop: (header: number, frame: number) => void,
): void {
  const header = plan.header >>> 2;
  let index = (m.u32[header + H_FREE / 4] as number) - 1;
  if (index < 0) {
    const used = m.u32[header + H_USED / 4] as number;
    if (used < plan.capacity) {
      index = used;
      m.u32[header + H_USED / 4] = used + 1;
    } else {
      const victim = m.u32[header + H_VICTIM / 4] as number;
      m.u32[header + H_VICTIM / 4] = (victim + 1) % plan.capacity;
      drop(plan.header, m.u32[(blockEntry(plan, victim) + BLOCK_FRAME) >>> 2] as number);
      index = victim;
    }
  }
  const entry = blockEntry(plan, index);
  if (m.u32[header + H_FREE / 4] === index + 1) {
    m.u32[header + H_FREE / 4] = m.u32[(entry + BLOCK_NEXT) >>> 2] as number;
  }
  const records = plan.records + index * BLOCK_BYTES;
  // Clearing what is clear would make pages of it, most of which no record of a program is ever in.
  if (index < (m.u32[header + H_DIRTY / 4] as number)) m.u8.fill(0, records, records + SLOTS * RECORD);
  else m.u32[header + H_DIRTY / 4] = index + 1;
  for (const slot of [LAST_SLOT + 1, LAST_SLOT + 2]) {
    m.u16[(records + slot * RECORD + R_OP) >>> 1] = OP_PAGE_END;
  }
  const bucket = (plan.buckets >>> 2) + (frame & (BUCKETS - 1));
  m.u32[(entry + BLOCK_FRAME) >>> 2] = frame;
  m.u32[(entry + BLOCK_NEXT) >>> 2] = m.u32[bucket] as number;
  m.u32[bucket] = index + 1;
  m.u8[m.layout.codeMarkBase + frame] = 1;
  m.u32[header + H_MADE / 4] = (m.u32[header + H_MADE / 4] as number) + 1;
  for (let tlb = plan.tlb; tlb < plan.tlbEnd; tlb += TLB_SIZE) {
    m.u8.fill(0xff, tlb + TLB_WRITE_TAG, tlb + TLB_WRITE_TAG + TLB_TAGS);
  }
}

/** The record of the instruction at a physical address, or 0 if its frame has no block. */
export function recordAt(m: Machine, plan: RegionPlan, address: number): number {
  const frame = address >>> 12;
  let index = m.u32[(plan.buckets >>> 2) + (frame & (BUCKETS - 1))] as number;
  while (index !== 0) {
    const entry = blockEntry(plan, index - 1);
    if (m.u32[(entry + BLOCK_FRAME) >>> 2] === frame)
      return plan.records + (index - 1) * BLOCK_BYTES + (address & (PAGE_SIZE - 2)) * RECORD_SCALE;
    index = m.u32[(entry + BLOCK_NEXT) >>> 2] as number;
  }
  return 0;
}

/** Frame of each block in use, for `visit`. */
export function forEachFrame(
  m: Machine,
  plan: RegionPlan,
  used: number,
  visit: (frame: number) => void,
): void {
  for (let index = 0; index < used; index++) {
    const frame = m.u32[(blockEntry(plan, index) + BLOCK_FRAME) >>> 2] as number;
    if (frame !== 0xffffffff) visit(frame);
  }
}
