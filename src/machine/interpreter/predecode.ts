/**
 * Predecoding: instruction bits of a frame to records, by the ISA tables.
 *
 * Decodes ahead from the slot asked for to the next branch or jump, so that what has a record was run or follows what was. Operates on linear memory only; what it
 * keeps is in the engine region.
 */
import { decode, isLong, rowIndex } from '../isa/decode.ts';
import type { Row } from '../isa/row.ts';
import { CTX_F, CTX_X, PAGE_SIZE } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { OP_CROSS, OP_UNDECODED, opOf } from './ops.ts';
import {
  CTX_SINK,
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
} from './region.ts';
import { blockOf, instructionAddress } from './blocks.ts';

const LAST_SLOT = PAGE_SIZE / 2 - 1;
/** How many instructions to decode ahead at most. */
const RUN = 64;

/** In aux: decoding ahead ends there; only predecoding looks at it. */
const ENDS = 0x40000000;

const DYNAMIC = 7;
const RNE = 0;
const RTZ = 1;
const RM_LAST = 4;
/** NX, and frm besides where the instruction's rounding mode is dynamic. */
const FCSR_NX = 0x01;
const FCSR_NX_FRM = 0xe1;

const need = (key: string): number => {
  const op = opOf(key);
  if (op === undefined) throw new RangeError(`no handler ${key}`);
  return op;
};
const ILLEGAL = need('illegal');
const SLOW = need('slow');

/** How the immediate and the handler follow from the operands. */
type Choice = 'plain' | 'integer' | 'transfer' | 'always' | 'rne' | 'rtz';

/** What predecoding needs to know of a row at one length; made once, since a program has many instructions. */
interface Plan {
  readonly choice: Choice;
  readonly row: number;
  /** The handler; in the page for a transfer, of the fast path for floating point. */
  readonly op: number;
  /** The handler for rd = x0, a transfer out of the page, or the slow path. */
  readonly other: number;
  /** The same two for a call. */
  readonly call: number;
  readonly otherCall: number;
  readonly rdFile: number;
  readonly rs1File: number;
  readonly rs2File: number;
  /** True if decoding ahead ends there. */
  readonly ends: boolean;
}

function choiceOf(row: Row, length: number): Pick<Plan, 'choice' | 'op' | 'other' | 'call' | 'otherCall'> {
  const { kind } = row.semantics;
  const plain = (op: number): ReturnType<typeof choiceOf> => ({
    choice: 'plain',
    op,
    other: op,
    call: op,
    otherCall: op,
  });
  const nop = need(`nop/${length}`);
  const name = row.mnemonic;
  switch (kind) {
    case 'integer':
      return { ...plain(need(`${name}:rd/${length}`)), choice: 'integer', other: nop };
    case 'fence':
    case 'fence.i':
      // Predecoded code never goes stale (a store to a marked frame drops it), so fence.i has nothing to do.
      return plain(nop);
    case 'csr':
      return plain(SLOW);
    case 'branch':
    case 'jal': {
      const op = need(`${name}:near/${length}`);
      const other = need(`${name}:far/${length}`);
      return kind === 'branch'
        ? { choice: 'transfer', op, other, call: op, otherCall: other }
        : {
            choice: 'transfer',
            op,
            other,
            call: need(`${name}:near-call/${length}`),
            otherCall: need(`${name}:far-call/${length}`),
          };
    }
    case 'float': {
      const fast = row.semantics.fast;
      const op = opOf(`${name}:fast/${length}`);
      if (op === undefined || fast === null) return plain(SLOW);
      return { ...plain(op), choice: fast.when, other: SLOW };
    }
    default:
      return plain(need(`${name}/${length}`));
  }
}

const fileOf = (row: Row, operand: 'rd' | 'rs1' | 'rs2'): number =>
  row.format.fields.find((f) => f.operand === operand)?.file === 'f' ? CTX_F : CTX_X;

function planOf(row: Row, length: number): Plan {
  const { kind } = row.semantics;
  return {
    ...choiceOf(row, length),
    row: rowIndex(row),
    rdFile: fileOf(row, 'rd'),
    rs1File: fileOf(row, 'rs1'),
    rs2File: fileOf(row, 'rs2'),
    ends: kind === 'jal' || kind === 'jalr' || kind === 'branch' || kind === 'ebreak',
  };
}

/** Made as instructions are met: a small program has few different ones. */
const PLANS_4 = new Map<Row, Plan>();
const PLANS_2 = new Map<Row, Plan>();

function planFor(row: Row, length: number): Plan {
  const plans = length === 2 ? PLANS_2 : PLANS_4;
  let plan = plans.get(row);
  if (plan === undefined) {
    plan = planOf(row, length);
    plans.set(row, plan);
  }
  return plan;
}

/** Write the record at `at`, its op excepted, for an instruction `pageOffset` bytes into its page. @returns its op */
function writeRecord(m: Machine, at: number, word: number, pageOffset: number): number {
  const decoded = decode(word);
  if (decoded === null) return ILLEGAL;
  const { operands: o, length } = decoded;
  const plan = planFor(decoded.row, length);
  let { op } = plan;
  let { imm } = o;
  switch (plan.choice) {
    case 'plain':
      break;
    case 'integer':
      if (o.rd === 0) op = plan.other;
      break;
    case 'transfer': {
      const target = pageOffset + imm;
      const near = target >= 0 && target < PAGE_SIZE;
      if (o.rd === 0) op = near ? plan.op : plan.other;
      else op = near ? plan.call : plan.otherCall;
      if (near) imm *= RECORD_SCALE;
      break;
    }
    case 'always':
      if (o.rm > RM_LAST) op = plan.other;
      break;
    case 'rtz':
      if (o.rm !== RTZ) op = plan.other;
      break;
    case 'rne':
      if (o.rm !== RNE && o.rm !== DYNAMIC) op = plan.other;
      imm = o.rm === RNE ? FCSR_NX : FCSR_NX_FRM;
      break;
  }
  m.u16[(at + R_RD) >>> 1] = o.rd === 0 && plan.rdFile === CTX_X ? CTX_SINK : plan.rdFile + o.rd * 8;
  m.u16[(at + R_RS1) >>> 1] = plan.rs1File + o.rs1 * 8;
  m.u16[(at + R_RS2) >>> 1] = plan.rs2File + o.rs2 * 8;
  m.i32[(at + R_IMM) >>> 2] = imm;
  m.u32[(at + R_AUX) >>> 2] =
    (o.rs3 | (o.rm << 5) | (plan.row << 8) | (length === 2 ? 0x80000000 : 0) | (plan.ends ? ENDS : 0)) >>> 0;
  return op;
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
    const op = writeRecord(m, at, word, slot * 2);
    m.u16[(at + R_OP) >>> 1] = op;
    if (op === ILLEGAL || ((m.u32[(at + R_AUX) >>> 2] as number) & ENDS) !== 0) return;
    slot += long ? 2 : 1;
  }
}

/** Fill the record of an instruction that goes over into the page at `secondPage`. */
export function predecodeCrossing(m: Machine, plan: RegionPlan, record: number, secondPage: number): void {
  const address = instructionAddress(m, plan, record);
  const second = m.u16[secondPage >>> 1] as number;
  const op = writeRecord(m, record, (m.u16[address >>> 1] as number) | (second << 16), LAST_SLOT * 2);
  const side = blockOf(plan, record) + SIDE_SLOT * RECORD;
  m.u16[(side + R_OP) >>> 1] = op;
  m.i32[(side + R_IMM) >>> 2] = second;
}
