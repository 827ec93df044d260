/**
 * Assembler: a mnemonic and operands to instruction bits, by walking the tables.
 *
 * Holds no text parser: programs in tests are arrays of calls.
 */
import { compressedRows } from './compressed.ts';
import { rowByName } from './decode.ts';
import type { Format, Operands } from './format.ts';
import type { CompressedRow } from './row.ts';

/** An operand that the format can not hold, or an unknown mnemonic. */
export class AssemblyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AssemblyError';
  }
}

const compressedByName: ReadonlyMap<string, CompressedRow> = new Map(
  compressedRows.map((c) => [c.mnemonic, c]),
);

/** @returns the bits of `operands` in `format`, or null if one does not fit */
export function writeOperands(format: Format, operands: Partial<Operands>): number | null {
  let word = 0;
  for (const field of format.fields) {
    const value = (operands[field.operand] ?? 0) - field.add;
    let held = 0;
    for (const [at, width, to] of field.segments) {
      const mask = width === 32 ? -1 : (1 << width) - 1;
      word |= ((value >>> to) & mask) << at;
      held |= mask << to;
    }
    const back =
      field.signed > 0 && field.signed < 32
        ? ((value & held) << (32 - field.signed)) >> (32 - field.signed)
        : value & held;
    if (back !== (value | 0)) return null;
  }
  for (const name of ['rd', 'rs1'] as const) {
    if (format.fixed[name] === undefined) continue;
    if (operands[name] !== undefined && operands[name] !== format.fixed[name]) return null;
  }
  return word >>> 0;
}

/**
 * Encode one instruction; a mnemonic that starts with `c.` gives 16 bits. Missing operands are 0.
 * Throws AssemblyError where the operands do not fit.
 */
export function assemble(mnemonic: string, operands: Partial<Operands> = {}): number {
  const short = compressedByName.get(mnemonic);
  const row = short ?? rowByName.get(mnemonic);
  if (row === undefined) throw new AssemblyError(`no instruction ${mnemonic}`);
  const bits = writeOperands(row.format, operands);
  if (
    bits === null ||
    short?.nonzero.some(
      (name) =>
        (operands[name] ?? (name === 'rd' || name === 'rs1' ? short.format.fixed[name] : undefined) ?? 0) ===
        0,
    )
  ) {
    throw new AssemblyError(`${mnemonic} can not hold ${JSON.stringify(operands)}`);
  }
  return (row.match | bits) >>> 0;
}
