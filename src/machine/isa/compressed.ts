/**
 * RV64C: 16-bit encodings, each of which expands to one base instruction. A table; order decides among overlaps.
 *
 * Source: Unprivileged ISA, chapter 25 (C), tables 37 to 39 of the instruction listing.
 */
import * as F from './format.ts';
import type { CompressedRow } from './row.ts';
import type { Format } from './format.ts';

const c = (
  mnemonic: string,
  match: number,
  mask: number,
  format: Format,
  expands: string,
  nonzero: CompressedRow['nonzero'] = [],
  note?: string,
): CompressedRow =>
  note === undefined
    ? { mnemonic, match, mask, format, expands, nonzero }
    : { mnemonic, match, mask, format, expands, nonzero, note };

const F3 = 0xe003;

export const compressedRows: readonly CompressedRow[] = [
  c(
    'c.addi4spn',
    0x0000,
    F3,
    F.CIW,
    'addi',
    ['imm'],
    'imm = 0 is reserved; all zeros is the defined illegal word',
  ),
  c('c.fld', 0x2000, F3, F.CFLD, 'fld'),
  c('c.lw', 0x4000, F3, F.CLW, 'lw'),
  c('c.ld', 0x6000, F3, F.CLD, 'ld'),
  c('c.fsd', 0xa000, F3, F.CFSD, 'fsd'),
  c('c.sw', 0xc000, F3, F.CSW, 'sw'),
  c('c.sd', 0xe000, F3, F.CSD, 'sd'),
  c('c.addi', 0x0001, F3, F.CI, 'addi', [], 'rd = x0 is c.nop or a hint'),
  c('c.addiw', 0x2001, F3, F.CI, 'addiw', ['rd'], 'rd = x0 is reserved'),
  c('c.li', 0x4001, F3, F.CLI, 'addi'),
  c('c.addi16sp', 0x6101, 0xef83, F.CI16SP, 'addi', ['imm'], 'imm = 0 is reserved'),
  c('c.lui', 0x6001, F3, F.CLUI, 'lui', ['imm'], 'imm = 0 is reserved; rd = x2 is c.addi16sp'),
  c('c.srli', 0x8001, 0xec03, F.CSHIFT, 'srli'),
  c('c.srai', 0x8401, 0xec03, F.CSHIFT, 'srai'),
  c('c.andi', 0x8801, 0xec03, F.CANDI, 'andi'),
  c('c.sub', 0x8c01, 0xfc63, F.CA, 'sub'),
  c('c.xor', 0x8c21, 0xfc63, F.CA, 'xor'),
  c('c.or', 0x8c41, 0xfc63, F.CA, 'or'),
  c('c.and', 0x8c61, 0xfc63, F.CA, 'and'),
  c('c.subw', 0x9c01, 0xfc63, F.CA, 'subw'),
  c('c.addw', 0x9c21, 0xfc63, F.CA, 'addw'),
  c('c.j', 0xa001, F3, F.CJ, 'jal'),
  c('c.beqz', 0xc001, F3, F.CB, 'beq'),
  c('c.bnez', 0xe001, F3, F.CB, 'bne'),
  c('c.slli', 0x0002, F3, F.CSLLI, 'slli'),
  c('c.fldsp', 0x2002, F3, F.CFLDSP, 'fld'),
  c('c.lwsp', 0x4002, F3, F.CLWSP, 'lw', ['rd'], 'rd = x0 is reserved'),
  c('c.ldsp', 0x6002, F3, F.CLDSP, 'ld', ['rd'], 'rd = x0 is reserved'),
  c('c.jr', 0x8002, 0xf07f, F.CJR, 'jalr', ['rs1'], 'rs1 = x0 is reserved'),
  c('c.mv', 0x8002, 0xf003, F.CMV, 'add', ['rs2']),
  c('c.ebreak', 0x9002, 0xffff, F.NONE, 'ebreak'),
  c('c.jalr', 0x9002, 0xf07f, F.CJALR, 'jalr', ['rs1']),
  c('c.add', 0x9002, 0xf003, F.CADD, 'add', ['rs2']),
  c('c.fsdsp', 0xa002, F3, F.CFSDSP, 'fsd'),
  c('c.swsp', 0xc002, F3, F.CSWSP, 'sw'),
  c('c.sdsp', 0xe002, F3, F.CSDSP, 'sd'),
];
