/**
 * One row of the instruction tables.
 *
 * A base row has semantics; a compressed row names the base row that it expands to.
 */
import type { Format, OperandName } from './format.ts';
import type { Semantics } from './semantics.ts';

export interface Row {
  readonly mnemonic: string;
  /** `(word & mask) === match`, unsigned. */
  readonly match: number;
  readonly mask: number;
  readonly format: Format;
  readonly semantics: Semantics;
  /** The odd case, with its section of the specification. */
  readonly note?: string;
}

export interface CompressedRow {
  readonly mnemonic: string;
  readonly match: number;
  readonly mask: number;
  readonly format: Format;
  /** Mnemonic of the base instruction with the same operands. */
  readonly expands: string;
  /** The operand, if any, that must not be zero: with zero the encoding is another row's, or reserved. */
  readonly nonzero: readonly [] | readonly [OperandName];
  readonly note?: string;
}

export const row = (
  mnemonic: string,
  match: number,
  mask: number,
  format: Format,
  semantics: Semantics,
  note?: string,
): Row =>
  note === undefined
    ? { mnemonic, match, mask, format, semantics }
    : { mnemonic, match, mask, format, semantics, note };
