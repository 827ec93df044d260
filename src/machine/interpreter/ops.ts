/**
 * The numbers of the handlers: for each instruction, variant and length one, which predecoding writes into a record.
 *
 * Names them alone: what carries an instruction out is in handlers.ts, which is not needed where its machine code is at
 * hand.
 */
import { compressedRows } from '../isa/compressed.ts';
import { rows } from '../isa/decode.ts';
import type { Row } from '../isa/row.ts';

export const OP_UNDECODED = 0;
export const OP_PAGE_END = 1;
export const OP_CROSS = 2;
/** A translation begins here; what the instruction is, its row says. */
export const OP_ENTER = 3;
/** The first that has a key; those before are part of the dispatch function. */
const OP_FIRST_KEYED = 4;

/** Variants of an instruction by kind of semantics; '' for one that has but one. */
const VARIANTS: Readonly<Record<Row['semantics']['kind'], readonly string[]>> = {
  integer: ['rd'],
  load: [''],
  store: [''],
  branch: ['near', 'far'],
  jal: ['near', 'far', 'near-call', 'far-call'],
  jalr: [''],
  amo: [''],
  lr: [''],
  sc: [''],
  ecall: [''],
  ebreak: [''],
  float: ['fast'],
  fence: [],
  'fence.i': [],
  csr: [],
};

const NONE: readonly string[] = [];

const variantsOf = ({ semantics }: Row): readonly string[] =>
  semantics.kind === 'float' && semantics.fast === null ? NONE : VARIANTS[semantics.kind];

/** Base instructions that a compressed one expands to: these have handlers of both lengths. */
const hasShortForm: ReadonlySet<string> = new Set(compressedRows.map((c) => c.expands));

/** Lengths in bytes that an instruction comes in. */
export const lengthsOf = ({ mnemonic }: Row): readonly number[] =>
  hasShortForm.has(mnemonic) ? [4, 2] : [4];

/** `mnemonic[:variant]/length` */
export const keyOf = ({ mnemonic }: Row, variant: string, length: number): string =>
  variant === '' ? `${mnemonic}/${length}` : `${mnemonic}:${variant}/${length}`;

/** Keys of all handlers, in the order of their numbers. */
export const opKeys: readonly string[] = [
  'illegal',
  'slow',
  'nop/4',
  'nop/2',
  ...rows.flatMap((row) =>
    variantsOf(row).flatMap((variant) => lengthsOf(row).map((length) => keyOf(row, variant, length))),
  ),
];

const ops: ReadonlyMap<string, number> = new Map(opKeys.map((key, i) => [key, i + OP_FIRST_KEYED]));

/** @returns the op of a handler by key; undefined where there is none */
export const opOf = (key: string): number | undefined => ops.get(key);
