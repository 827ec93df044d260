/**
 * Instruction formats: where each operand lies in the instruction bits, for reading and writing alike.
 *
 * A format is data; decoder, assembler and disassembler are three walks over it. Compressed formats give the operands
 * of the base instruction that they expand to. Source: Unprivileged ISA, chapters 2 ("RV32I"), 25 ("C").
 */

/** Operands of a decoded instruction. Registers are numbers; what a format lacks is 0. */
export interface Operands {
  rd: number;
  rs1: number;
  rs2: number;
  rs3: number;
  /** Immediate, sign extended to 32 bits; also the CSR number, the aq and rl bits, the fence sets. */
  imm: number;
  /** Rounding mode field. */
  rm: number;
}
export type OperandName = keyof Operands;

/** `width` bits at instruction bit `at` are bits from `to` of the operand. */
export type Segment = readonly [at: number, width: number, to: number];

export interface Field {
  readonly operand: OperandName;
  readonly segments: readonly Segment[];
  /** Register file, or a plain number. */
  readonly file: 'x' | 'f' | 'number';
  /** Added to the bits: 8 for the 3-bit registers of compressed formats. */
  readonly add: number;
  /** Sign bit's position in the operand plus one, or 0 if unsigned. */
  readonly signed: number;
}

export interface Format {
  readonly name: string;
  readonly fields: readonly Field[];
  /** Registers that the format implies. */
  readonly fixed: Readonly<Partial<Pick<Operands, 'rd' | 'rs1'>>>;
  /** Assembly operands, with operand names in place. */
  readonly syntax: string;
}

const register = (operand: OperandName, at: number, file: 'x' | 'f' = 'x'): Field => ({
  operand,
  segments: [[at, 5, 0]],
  file,
  add: 0,
  signed: 0,
});
const short = (operand: OperandName, at: number, file: 'x' | 'f' = 'x'): Field => ({
  operand,
  segments: [[at, 3, 0]],
  file,
  add: 8,
  signed: 0,
});
const bits = (operand: OperandName, segments: readonly Segment[], signed = 0): Field => ({
  operand,
  segments,
  file: 'number',
  add: 0,
  signed,
});
const format = (
  name: string,
  syntax: string,
  fields: readonly Field[],
  fixed: Format['fixed'] = {},
): Format => ({ name, fields, fixed, syntax });

const rd = register('rd', 7);
const rs1 = register('rs1', 15);
const rs2 = register('rs2', 20);
const fd = register('rd', 7, 'f');
const fs1 = register('rs1', 15, 'f');
const fs2 = register('rs2', 20, 'f');
const fs3 = register('rs3', 27, 'f');
const rm = bits('rm', [[12, 3, 0]]);
const immI = bits('imm', [[20, 12, 0]], 12);
const immS = bits(
  'imm',
  [
    [7, 5, 0],
    [25, 7, 5],
  ],
  12,
);
const ordering = bits('imm', [[25, 2, 0]]);

export const R: Format = format('R', 'rd, rs1, rs2', [rd, rs1, rs2]);
export const I: Format = format('I', 'rd, rs1, imm', [rd, rs1, immI]);
/** One source: the bits of rs2 are part of the opcode. */
export const UNARY: Format = format('unary', 'rd, rs1', [rd, rs1]);
export const LOAD: Format = format('load', 'rd, imm(rs1)', [rd, rs1, immI]);
export const FLOAD: Format = format('fload', 'rd, imm(rs1)', [fd, rs1, immI]);
export const S: Format = format('S', 'rs2, imm(rs1)', [rs1, rs2, immS]);
export const FS: Format = format('FS', 'rs2, imm(rs1)', [rs1, fs2, immS]);
export const B: Format = format('B', 'rs1, rs2, imm', [
  rs1,
  rs2,
  bits(
    'imm',
    [
      [8, 4, 1],
      [25, 6, 5],
      [7, 1, 11],
      [31, 1, 12],
    ],
    13,
  ),
]);
export const U: Format = format('U', 'rd, imm', [rd, bits('imm', [[12, 20, 12]], 32)]);
export const J: Format = format('J', 'rd, imm', [
  rd,
  bits(
    'imm',
    [
      [21, 10, 1],
      [20, 1, 11],
      [12, 8, 12],
      [31, 1, 20],
    ],
    21,
  ),
]);
export const SHIFT6: Format = format('shift6', 'rd, rs1, imm', [rd, rs1, bits('imm', [[20, 6, 0]])]);
export const SHIFT5: Format = format('shift5', 'rd, rs1, imm', [rd, rs1, bits('imm', [[20, 5, 0]])]);
export const CSR: Format = format('csr', 'rd, imm, rs1', [rd, rs1, bits('imm', [[20, 12, 0]])]);
export const CSRI: Format = format('csri', 'rd, imm, rs1', [
  rd,
  bits('rs1', [[15, 5, 0]]),
  bits('imm', [[20, 12, 0]]),
]);
/** fence keeps its pred, succ and fm sets in imm; rd and rs1 are reserved and ignored. */
export const FENCE: Format = format('fence', 'imm', [rd, rs1, bits('imm', [[20, 12, 0]])]);
export const NONE: Format = format('none', '', []);
export const AMO: Format = format('amo', 'rd, rs2, (rs1)', [rd, rs1, rs2, ordering]);
export const LR: Format = format('lr', 'rd, (rs1)', [rd, rs1, ordering]);

/** Floating point: f and x say the register file of each operand, m that there is a rounding mode. */
export const FFFM: Format = format('fffm', 'rd, rs1, rs2, rm', [fd, fs1, fs2, rm]);
export const FFM: Format = format('ffm', 'rd, rs1, rm', [fd, fs1, rm]);
export const FFFFM: Format = format('ffffm', 'rd, rs1, rs2, rs3, rm', [fd, fs1, fs2, fs3, rm]);
export const FFF: Format = format('fff', 'rd, rs1, rs2', [fd, fs1, fs2]);
export const XFF: Format = format('xff', 'rd, rs1, rs2', [rd, fs1, fs2]);
export const XF: Format = format('xf', 'rd, rs1', [rd, fs1]);
export const FX: Format = format('fx', 'rd, rs1', [fd, rs1]);
export const XFM: Format = format('xfm', 'rd, rs1, rm', [rd, fs1, rm]);
export const FXM: Format = format('fxm', 'rd, rs1, rm', [fd, rs1, rm]);

const both = (at: number): readonly Field[] => [register('rd', at), register('rs1', at)];
const bothShort = (at: number): readonly Field[] => [short('rd', at), short('rs1', at)];
const ci = bits(
  'imm',
  [
    [2, 5, 0],
    [12, 1, 5],
  ],
  6,
);
const shamt = bits('imm', [
  [2, 5, 0],
  [12, 1, 5],
]);
const offsetW = bits('imm', [
  [10, 3, 3],
  [6, 1, 2],
  [5, 1, 6],
]);
const offsetD = bits('imm', [
  [10, 3, 3],
  [5, 2, 6],
]);
const spD = bits('imm', [
  [5, 2, 3],
  [12, 1, 5],
  [2, 3, 6],
]);
const spStoreD = bits('imm', [
  [10, 3, 3],
  [7, 3, 6],
]);

export const CIW: Format = format(
  'ciw',
  'rd, rs1, imm',
  [
    short('rd', 2),
    bits('imm', [
      [11, 2, 4],
      [7, 4, 6],
      [6, 1, 2],
      [5, 1, 3],
    ]),
  ],
  { rs1: 2 },
);
export const CLW: Format = format('clw', 'rd, imm(rs1)', [short('rd', 2), short('rs1', 7), offsetW]);
export const CLD: Format = format('cld', 'rd, imm(rs1)', [short('rd', 2), short('rs1', 7), offsetD]);
export const CFLD: Format = format('cfld', 'rd, imm(rs1)', [short('rd', 2, 'f'), short('rs1', 7), offsetD]);
export const CSW: Format = format('csw', 'rs2, imm(rs1)', [short('rs2', 2), short('rs1', 7), offsetW]);
export const CSD: Format = format('csd', 'rs2, imm(rs1)', [short('rs2', 2), short('rs1', 7), offsetD]);
export const CFSD: Format = format('cfsd', 'rs2, imm(rs1)', [short('rs2', 2, 'f'), short('rs1', 7), offsetD]);
export const CI: Format = format('ci', 'rd, imm', [...both(7), ci]);
export const CLI: Format = format('cli', 'rd, imm', [register('rd', 7), ci]);
export const CLUI: Format = format('clui', 'rd, imm', [
  register('rd', 7),
  bits(
    'imm',
    [
      [2, 5, 12],
      [12, 1, 17],
    ],
    18,
  ),
]);
export const CI16SP: Format = format(
  'ci16sp',
  'rd, imm',
  [
    bits(
      'imm',
      [
        [6, 1, 4],
        [5, 1, 6],
        [3, 2, 7],
        [2, 1, 5],
        [12, 1, 9],
      ],
      10,
    ),
  ],
  { rd: 2, rs1: 2 },
);
export const CSLLI: Format = format('cslli', 'rd, imm', [...both(7), shamt]);
export const CSHIFT: Format = format('cshift', 'rd, imm', [...bothShort(7), shamt]);
export const CANDI: Format = format('candi', 'rd, imm', [...bothShort(7), ci]);
export const CA: Format = format('ca', 'rd, rs2', [...bothShort(7), short('rs2', 2)]);
export const CJ: Format = format('cj', 'imm', [
  bits(
    'imm',
    [
      [12, 1, 11],
      [11, 1, 4],
      [9, 2, 8],
      [8, 1, 10],
      [7, 1, 6],
      [6, 1, 7],
      [3, 3, 1],
      [2, 1, 5],
    ],
    12,
  ),
]);
export const CB: Format = format('cb', 'rs1, imm', [
  short('rs1', 7),
  bits(
    'imm',
    [
      [12, 1, 8],
      [10, 2, 3],
      [5, 2, 6],
      [3, 2, 1],
      [2, 1, 5],
    ],
    9,
  ),
]);
export const CLWSP: Format = format(
  'clwsp',
  'rd, imm(rs1)',
  [
    register('rd', 7),
    bits('imm', [
      [4, 3, 2],
      [12, 1, 5],
      [2, 2, 6],
    ]),
  ],
  { rs1: 2 },
);
export const CLDSP: Format = format('cldsp', 'rd, imm(rs1)', [register('rd', 7), spD], { rs1: 2 });
export const CFLDSP: Format = format('cfldsp', 'rd, imm(rs1)', [register('rd', 7, 'f'), spD], { rs1: 2 });
export const CSWSP: Format = format(
  'cswsp',
  'rs2, imm(rs1)',
  [
    register('rs2', 2),
    bits('imm', [
      [9, 4, 2],
      [7, 2, 6],
    ]),
  ],
  { rs1: 2 },
);
export const CSDSP: Format = format('csdsp', 'rs2, imm(rs1)', [register('rs2', 2), spStoreD], { rs1: 2 });
export const CFSDSP: Format = format('cfsdsp', 'rs2, imm(rs1)', [register('rs2', 2, 'f'), spStoreD], {
  rs1: 2,
});
export const CJR: Format = format('cjr', 'rs1', [register('rs1', 7)]);
export const CJALR: Format = format('cjalr', 'rs1', [register('rs1', 7)], { rd: 1 });
export const CMV: Format = format('cmv', 'rd, rs2', [register('rd', 7), register('rs2', 2)]);
export const CADD: Format = format('cadd', 'rd, rs2', [...both(7), register('rs2', 2)]);
