/**
 * Decoder: instruction bits to a base row and its operands, by walking the tables.
 *
 * Compressed words come out as the base row that they expand to. Holds two indices built from the tables at load.
 */
import { atomicRows } from './atomic.ts';
import { bitRows } from './bits.ts';
import { compressedRows } from './compressed.ts';
import { floatRows } from './float.ts';
import type { Field, Format, Operands, Segment } from './format.ts';
import { integerRows } from './integer.ts';
import type { CompressedRow, Row } from './row.ts';

/** All base instructions; an index into it names one for good within a build. */
export const rows: readonly Row[] = [...integerRows, ...bitRows, ...atomicRows, ...floatRows];

/** Base rows by mnemonic. */
export const rowByName: ReadonlyMap<string, Row> = new Map(rows.map((r) => [r.mnemonic, r]));

const indexOfRow: ReadonlyMap<Row, number> = new Map(rows.map((r, i) => [r, i]));

/** @returns the index of a base row in `rows` */
export const rowIndex = (row: Row): number => indexOfRow.get(row) ?? -1;

/** An instruction, decoded. */
export interface Decoded {
  readonly row: Row;
  readonly operands: Operands;
  /** Bytes: 2 or 4. */
  readonly length: number;
  readonly compressed: CompressedRow | null;
}

/** Rows by major opcode and funct3, so that few masks are tried. */
const buckets: readonly Row[][] = Array.from({ length: 256 }, () => []);
for (const row of rows) {
  // Every row says its major opcode; some leave funct3 to an operand.
  for (let funct3 = 0; funct3 < 8; funct3++) {
    if ((((funct3 << 12) ^ row.match) & row.mask & 0x7000) !== 0) continue;
    (buckets[((row.match >>> 2) & 31) * 8 + funct3] as Row[]).push(row);
  }
}

interface Short {
  readonly c: CompressedRow;
  readonly base: Row;
}

/** Compressed rows by quadrant and funct3, in table order, with their base rows. */
const shortBuckets: readonly (readonly Short[])[] = Array.from({ length: 32 }, (_, key) =>
  compressedRows
    .filter((c) => (((((key >> 2) << 13) | (key & 3)) ^ c.match) & c.mask & 0xe003) === 0)
    .map((c) => ({ c, base: rowByName.get(c.expands) as Row })),
);

/** Read the operands of `word` by its format. */
export function readOperands(format: Format, word: number): Operands {
  const { fixed, fields } = format;
  const result: Operands = { rd: fixed.rd ?? 0, rs1: fixed.rs1 ?? 0, rs2: 0, rs3: 0, imm: 0, rm: 0 };
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i] as Field;
    const segments = field.segments;
    let value = 0;
    for (let j = 0; j < segments.length; j++) {
      // Taking an array apart by a pattern goes through its iterator: four times as slow before this code is hot.
      const segment = segments[j] as Segment;
      value |= ((word >>> segment[0]) & ((1 << segment[1]) - 1)) << segment[2];
    }
    if (field.signed > 0) value = (value << (32 - field.signed)) >> (32 - field.signed);
    value += field.add;
    switch (field.operand) {
      case 'rd':
        result.rd = value;
        break;
      case 'rs1':
        result.rs1 = value;
        break;
      case 'rs2':
        result.rs2 = value;
        break;
      case 'rs3':
        result.rs3 = value;
        break;
      case 'imm':
        result.imm = value;
        break;
      case 'rm':
        result.rm = value;
        break;
    }
  }
  return result;
}

/** True if the low halfword starts a 32-bit instruction. */
export const isLong = (half: number): boolean => (half & 3) === 3;

/** Decode one instruction. @returns null for a reserved or unknown encoding */
export function decode(word: number): Decoded | null {
  if (isLong(word)) {
    const unsigned = word >>> 0;
    const bucket = buckets[((unsigned >>> 2) & 31) * 8 + ((unsigned >>> 12) & 7)] as readonly Row[];
    for (let i = 0; i < bucket.length; i++) {
      const row = bucket[i] as Row;
      if ((unsigned & row.mask) >>> 0 === row.match) {
        return { row, operands: readOperands(row.format, unsigned), length: 4, compressed: null };
      }
    }
    return null;
  }
  const half = word & 0xffff;
  const bucket = shortBuckets[((half >>> 13) << 2) | (half & 3)] as readonly Short[];
  for (let i = 0; i < bucket.length; i++) {
    const { c, base } = bucket[i] as Short;
    if ((half & c.mask) !== c.match) continue;
    const operands = readOperands(c.format, half);
    const name = c.nonzero[0];
    if (name === undefined || operands[name] !== 0) return { row: base, operands, length: 2, compressed: c };
  }
  return null;
}
