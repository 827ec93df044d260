/**
 * Predecoding: instruction bits of a frame to records, by the ISA tables; and the supply of blocks.
 *
 * Decodes ahead from the slot asked for to the end of the straight line. Operates on linear memory only; what it
 * keeps is in the engine region.
 */
import { decode, isLong, rowIndex } from '../../../machine/isa/decode.ts';
import type { Operands } from '../../../machine/isa/format.ts';
import type { Row } from '../../../machine/isa/row.ts';
import { CTX_F, CTX_X, PAGE_SIZE } from '../../../machine/layout.ts';
import type { Machine } from '../../../machine/machine.ts';
import { OP_CROSS, OP_PAGE_END, OP_UNDECODED, opOf } from './handlers.ts';
import {
  BLOCK_BYTES,
  BLOCK_ENTRY,
  BLOCK_FRAME,
  BLOCK_NEXT,
  BUCKETS,
  CTX_SINK,
  H_FREE,
  H_USED,
  H_VICTIM,
  R_AUX,
  R_IMM,
  R_OP,
  R_RD,
  R_RS1,
  R_RS2,
  RECORD,
  RECORD_SCALE,
  type RegionPlan,
  SIDE_SLOT,
  SLOTS,
  TLB_SIZE,
  TLB_TAGS,
  TLB_WRITE_TAG,
} from './region.ts';

const LAST_SLOT = PAGE_SIZE / 2 - 1;
/** How many instructions to decode ahead at most. */
const RUN = 64;

const DYNAMIC = 7;
const RNE = 0;
const RTZ = 1;
const RM_LAST = 4;
/** NX, and frm besides where the instruction's rounding mode is dynamic. */
const FCSR_NX = 0x01;
const FCSR_NX_FRM = 0xe1;

/** Handler of an instruction, and its immediate as the handler wants it. */
interface Choice {
  readonly op: number;
  readonly imm: number;
}

const need = (key: string): number => {
  const op = opOf(key);
  if (op === undefined) throw new RangeError(`no handler ${key}`);
  return op;
};
const ILLEGAL = need('illegal');
const SLOW = need('slow');

/** Choose the handler. `inPage` tells if the target `imm` bytes on lies in the page. */
function choose(row: Row, o: Operands, length: number, inPage: boolean): Choice {
  const meaning = row.semantics;
  const { imm } = o;
  switch (meaning.kind) {
    case 'integer':
      return o.rd === 0
        ? { op: need(`nop/${length}`), imm }
        : { op: need(`${row.mnemonic}:rd/${length}`), imm };
    case 'fence':
    case 'fence.i':
      // Predecoded code never goes stale (a store to a marked frame drops it), so fence.i has nothing to do.
      return { op: need(`nop/${length}`), imm };
    case 'branch':
    case 'jal': {
      const call = meaning.kind === 'jal' && o.rd !== 0 ? '-call' : '';
      const variant = `${inPage ? 'near' : 'far'}${call}`;
      return { op: need(`${row.mnemonic}:${variant}/${length}`), imm: inPage ? imm * RECORD_SCALE : imm };
    }
    case 'csr':
      return { op: SLOW, imm };
    case 'float': {
      const fast = opOf(`${row.mnemonic}:fast/${length}`);
      if (fast === undefined || meaning.fast === null) return { op: SLOW, imm };
      if (meaning.fast.when === 'always') return { op: o.rm <= RM_LAST ? fast : SLOW, imm };
      if (meaning.fast.when === 'rtz') return { op: o.rm === RTZ ? fast : SLOW, imm };
      if (o.rm === RNE) return { op: fast, imm: FCSR_NX };
      return o.rm === DYNAMIC ? { op: fast, imm: FCSR_NX_FRM } : { op: SLOW, imm };
    }
    default:
      return { op: need(`${row.mnemonic}/${length}`), imm };
  }
}

/** Context offset of register `n` of the file that the row's format says for this operand. */
function registerOffset(row: Row, operand: 'rd' | 'rs1' | 'rs2', n: number): number {
  const field = row.format.fields.find((f) => f.operand === operand);
  if (field?.file === 'f') return CTX_F + n * 8;
  return operand === 'rd' && n === 0 ? CTX_SINK : CTX_X + n * 8;
}

/** True if control never falls through. */
const endsLine = (row: Row): boolean =>
  row.semantics.kind === 'jal' || row.semantics.kind === 'jalr' || row.semantics.kind === 'ebreak';

/** Write the record at `at` (its op excepted) for an instruction `page offset` bytes into its page. @returns its op */
function writeRecord(m: Machine, at: number, word: number, pageOffset: number): Choice & { row: Row | null } {
  const decoded = decode(word);
  if (decoded === null) return { op: ILLEGAL, imm: 0, row: null };
  const { row, operands: o, length } = decoded;
  const target = pageOffset + o.imm;
  const choice = choose(row, o, length, target >= 0 && target < PAGE_SIZE);
  m.u16[(at + R_RD) >>> 1] = registerOffset(row, 'rd', o.rd);
  m.u16[(at + R_RS1) >>> 1] = registerOffset(row, 'rs1', o.rs1);
  m.u16[(at + R_RS2) >>> 1] = registerOffset(row, 'rs2', o.rs2);
  m.i32[(at + R_IMM) >>> 2] = choice.imm;
  m.u32[(at + R_AUX) >>> 2] =
    (o.rs3 | (o.rm << 5) | (rowIndex(row) << 8) | (length === 2 ? 0x80000000 : 0)) >>> 0;
  return { ...choice, row };
}

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

/** The bits of the instruction at `record`; a crossing one's second half is the one that was decoded. */
export function instructionBits(m: Machine, plan: RegionPlan, record: number): number {
  const address = instructionAddress(m, plan, record);
  const low = m.u16[address >>> 1] as number;
  if (!isLong(low)) return low;
  const crosses = (address & (PAGE_SIZE - 1)) === PAGE_SIZE - 2;
  const high = crosses
    ? (m.i32[(blockOf(plan, record) + SIDE_SLOT * RECORD + R_IMM) >>> 2] as number)
    : (m.u16[(address >>> 1) + 1] as number);
  return (low | (high << 16)) >>> 0;
}

/** Fill records from `record` on. */
export function predecode(m: Machine, plan: RegionPlan, record: number): void {
  const records = blockOf(plan, record);
  const address = instructionAddress(m, plan, record);
  const page = address & -PAGE_SIZE;
  let slot = (record - records) / RECORD;
  for (let count = 0; count < RUN && slot <= LAST_SLOT; count++) {
    const at = records + slot * RECORD;
    if (m.u16[(at + R_OP) >>> 1] !== OP_UNDECODED) return;
    const from = (page >>> 1) + slot;
    const half = m.u16[from] as number;
    const long = isLong(half);
    if (long && slot === LAST_SLOT) {
      // The second half is another page's: leave it to predecodeCrossing, at first with a half that never matches.
      m.i32[(records + SIDE_SLOT * RECORD + R_IMM) >>> 2] = -1;
      m.u16[(at + R_OP) >>> 1] = OP_CROSS;
      return;
    }
    const word = long ? half | ((m.u16[from + 1] as number) << 16) : half;
    const { op, row } = writeRecord(m, at, word, slot * 2);
    m.u16[(at + R_OP) >>> 1] = op;
    if (row === null || endsLine(row)) return;
    slot += long ? 2 : 1;
  }
}

/** Fill the record of an instruction that goes over into the page at `secondPage`. */
export function predecodeCrossing(m: Machine, plan: RegionPlan, record: number, secondPage: number): void {
  const address = instructionAddress(m, plan, record);
  const second = m.u16[secondPage >>> 1] as number;
  const { op } = writeRecord(m, record, (m.u16[address >>> 1] as number) | (second << 16), LAST_SLOT * 2);
  const side = blockOf(plan, record) + SIDE_SLOT * RECORD;
  m.u16[(side + R_OP) >>> 1] = op;
  m.i32[(side + R_IMM) >>> 2] = second;
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
  m.u8.fill(0, records, records + SLOTS * RECORD);
  for (const slot of [LAST_SLOT + 1, LAST_SLOT + 2]) {
    m.u16[(records + slot * RECORD + R_OP) >>> 1] = OP_PAGE_END;
  }
  const bucket = (plan.buckets >>> 2) + (frame & (BUCKETS - 1));
  m.u32[(entry + BLOCK_FRAME) >>> 2] = frame;
  m.u32[(entry + BLOCK_NEXT) >>> 2] = m.u32[bucket] as number;
  m.u32[bucket] = index + 1;
  m.u8[m.layout.codeMarkBase + frame] = 1;
  for (let tlb = plan.tlb; tlb < plan.tlbEnd; tlb += TLB_SIZE) {
    m.u8.fill(0xff, tlb + TLB_WRITE_TAG, tlb + TLB_WRITE_TAG + TLB_TAGS);
  }
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
