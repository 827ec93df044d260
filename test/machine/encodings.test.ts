/**
 * Which encodings exist: the whole neighbourhood of the bit instructions against QEMU, and hints, which do nothing.
 *
 * Source for the hints: Unprivileged ISA, chapters 2 ("HINT instructions"), 4 and 25, and those of Zihintpause, Zihintntl, Zicbop.
 */
import { describe, expect, test } from 'vitest';
import { EXIT_BREAKPOINT, EXIT_ILLEGAL } from '../../src/contracts/engine.ts';
import { assemble } from '../../src/machine/isa/assemble.ts';
import { decode, rows } from '../../src/machine/isa/decode.ts';
import { CTX_FCSR, CTX_X } from '../../src/machine/layout.ts';
import { Harness } from './harness.ts';
import { ENGINES, hasOracle, Program, Random, runOracle } from './program.ts';

const CODE = 0x10000;

/** Register-register and register-immediate, 64 and 32 bits wide. */
const COMPUTING = [0x33, 0x3b, 0x13, 0x1b];
/** x5 = x6 op whatever lies in the upper 12 bits, in every way. */
const neighbourhood = (): number[] =>
  COMPUTING.flatMap((opcode) =>
    Array.from({ length: 8 * 4096 }, (_, i) => {
      const funct3 = i >>> 12;
      const upper = i & 4095;
      return (opcode | (5 << 7) | (funct3 << 12) | (6 << 15) | (upper << 20)) >>> 0;
    }),
  );

const SIGILL = 4;
const SYS_RT_SIGACTION = 134;
/** Offset of the pc in riscv64's struct ucontext. */
const UCONTEXT_PC = 176;

/** @returns for each word 1 if QEMU finds it illegal: a handler notes it and goes on behind it */
function illegalInOracle(words: readonly number[]): Uint8Array {
  const p = new Program();
  const action = new DataView(new ArrayBuffer(24));
  action.setBigUint64(0, BigInt(p.pc + 4), true);
  const actionAt = p.data(new Uint8Array(action.buffer));
  const found = p.space(words.length);
  // x18: the first word, x19: what was found. The words write x5 alone.
  const handler = [
    assemble('ld', { rd: 28, rs1: 12, imm: UCONTEXT_PC }),
    assemble('sub', { rd: 29, rs1: 28, rs2: 18 }),
    assemble('srli', { rd: 29, rs1: 29, imm: 2 }),
    assemble('add', { rd: 29, rs1: 29, rs2: 19 }),
    assemble('addi', { rd: 30, rs1: 0, imm: 1 }),
    assemble('sb', { rs1: 29, rs2: 30 }),
    assemble('addi', { rd: 28, rs1: 28, imm: 4 }),
    assemble('sd', { rs1: 12, rs2: 28, imm: UCONTEXT_PC }),
    assemble('jalr', { rd: 0, rs1: 1 }),
  ];
  p.emit('jal', { rd: 0, imm: (handler.length + 1) * 4 });
  for (const word of handler) p.word(word);
  p.li(10, SIGILL);
  p.li(11, actionAt);
  p.li(12, 0);
  p.li(13, 8);
  p.li(17, SYS_RT_SIGACTION);
  p.emit('ecall');
  p.li(19, found);
  p.li(18, p.pc + 8);
  for (const word of words) p.word(word);
  p.output(found, words.length);
  return runOracle(p.elf());
}

test.skipIf(!hasOracle)('what is reserved among computing instructions is so for QEMU too', () => {
  const words = neighbourhood();
  const theirs = illegalInOracle(words);
  const differ = words.filter((word, i) => (decode(word) === null) !== (theirs[i] === 1));
  expect(differ.map((word) => word.toString(16))).toEqual([]);
  expect(theirs.filter((illegal) => illegal === 1).length).toBeGreaterThan(words.length / 4);
});

/** Neighbours that other extensions give a meaning, with rd = x5, rs1 = x6. */
const RESERVED: readonly (readonly [name: string, word: number])[] = [
  ['clmul', 0x0a7312b3],
  ['clmulr', 0x0a7322b3],
  ['clmulh', 0x0a7332b3],
  ['pack', 0x087342b3],
  ['packh', 0x087372b3],
  ['packw', 0x087342bb],
  ['zext.h of RV32', 0x080342b3],
  ['rev8 of RV32', 0x69835293],
  ['brev8', 0x68735293],
  ['zip of RV32', 0x08f31293],
  ['unzip of RV32', 0x08f35293],
  ['xperm4', 0x287322b3],
  ['xperm8', 0x287342b3],
  ['czero.eqz', 0x0e7352b3],
  ['czero.nez', 0x0e7372b3],
  ['sha256sum0', 0x10031293],
  ['aes64ks2', 0x7e7302b3],
  ['the fourth count', 0x60331293],
  ['the fourth count of words', 0x6033129b],
  ['roli', 0x60731293],
  ['roriw by 32', 0x6203529b],
  ['another orc', 0x28635293],
  ['another rev', 0x6b735293],
  ['sh0add', 0x207302b3],
  ['sub.uw', 0x487302bb],
  ['mop.r.0', 0x81c342f3],
];

/** Registers as a context holds them, and fcsr. */
const registersOf = (h: Harness): string =>
  Buffer.from(h.machine.u8.subarray(h.context + CTX_X, h.context + CTX_X + 256)).toString('hex') +
  h.view.getUint32(h.context + CTX_FCSR, true);

const r = new Random(5);

/** 32-bit words that compute something for x0, or order memory in whatever way. */
const longHints = (): number[] => {
  const random = (mnemonic: string): number => {
    const imm = mnemonic === 'lui' || mnemonic === 'auipc' ? r.below(1 << 20) << 12 : r.below(32);
    return assemble(mnemonic, { rd: 0, rs1: r.below(32), rs2: r.below(32), imm });
  };
  const computing = rows
    .filter(({ semantics }) => semantics.kind === 'integer')
    .flatMap(({ mnemonic }) => Array.from({ length: 6 }, () => random(mnemonic)));
  const fences = Array.from({ length: 200 }, () =>
    assemble('fence', { rd: r.below(32), rs1: r.below(32), imm: r.below(4096) }),
  );
  return [
    ...computing,
    ...fences,
    assemble('fence', { imm: 0x010 }), // pause
    assemble('fence', { imm: 0x833 }), // fence.tso
    ...[2, 3, 4, 5].map((rs2) => assemble('add', { rs2 })), // ntl.p1, ntl.pall, ntl.s1, ntl.all
    ...[0, 1, 3].map((kind) => assemble('ori', { rs1: 10, imm: kind | 0x7e0 })), // prefetch.i, .r, .w
    assemble('slli', { imm: 0x1f }), // around the ebreak of semihosting
    assemble('srai', { imm: 7 }),
  ];
};

/** Of all 16-bit words, those that the chapter on C lists as hints; c.nop besides. */
function isShortHint(half: number): boolean {
  const quadrant = half & 3;
  const funct3 = half >>> 13;
  const rd = (half >>> 7) & 31;
  const imm = ((half >>> 7) & 32) | ((half >>> 2) & 31);
  const rs2 = (half >>> 2) & 31;
  if (quadrant === 1) {
    if (funct3 === 0) return rd === 0 || imm === 0;
    if (funct3 === 2) return rd === 0;
    if (funct3 === 3) return rd === 0 && imm !== 0;
    // c.srli and c.srai by nothing.
    return funct3 === 4 && ((half >>> 10) & 3) < 2 && imm === 0;
  }
  if (quadrant !== 2) return false;
  if (funct3 === 0) return rd === 0 || imm === 0;
  return funct3 === 4 && rd === 0 && rs2 !== 0;
}
const shortHints = (): number[] => Array.from({ length: 0x10000 }, (_, half) => half).filter(isShortHint);

const HINTS: readonly (readonly [string, () => number[]])[] = [
  ['of 32 bits', longHints],
  ['of 16 bits', shortHints],
];

describe.each(ENGINES)('encodings: %s', (_, create) => {
  test.each(RESERVED)('%s is illegal', (_name, word) => {
    const h = new Harness(8 << 20, false, create);
    h.map(CODE);
    h.code(CODE, [assemble('addi', { rd: 7, rs1: 0, imm: 3 }), word]);
    h.pc = CODE;
    expect(h.run()).toBe(EXIT_ILLEGAL);
    expect([h.pc, h.x(5), h.retired]).toEqual([CODE + 4, 0n, 1]);
  });

  test.each(HINTS)('hints %s do nothing', (_name, make) => {
    const hints = make();
    const h = new Harness(8 << 20, false, create);
    for (let page = 0; page < 4; page++) h.map(CODE + page * 4096);
    h.code(CODE, [...hints, assemble('ebreak')]);
    for (let n = 1; n < 32; n++) h.setX(n, r.u64());
    h.fcsr = 0x41;
    const before = registersOf(h);
    for (let turn = 1; turn <= 3; turn++) {
      h.pc = CODE;
      expect(h.run()).toBe(EXIT_BREAKPOINT);
      expect(h.retired).toBe(hints.length * turn);
      expect(registersOf(h)).toBe(before);
    }
  });
});

test.skipIf(!hasOracle)('hints do nothing under QEMU', () => {
  const p = new Program();
  const dump = p.space(256);
  for (let n = 1; n < 32; n++) p.li(n, n === 20 ? dump : n * 0x1010101);
  for (const word of [...longHints(), ...shortHints()]) p.word(word);
  for (let n = 1; n < 32; n++) p.emit('sd', { rs1: 20, rs2: n, imm: n * 8 });
  p.output(dump, 256);
  const result = runOracle(p.elf());
  const view = new DataView(result.buffer, result.byteOffset);
  for (let n = 1; n < 32; n++) {
    expect(view.getBigUint64(n * 8, true)).toBe(BigInt(n === 20 ? dump : n * 0x1010101));
  }
});
