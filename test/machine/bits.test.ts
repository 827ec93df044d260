/**
 * What the oracle can not say about the bit-manipulation extensions: known values, and what the GNU assembler makes of them.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXIT_BREAKPOINT } from '../../src/contracts/engine.ts';
import { assemble } from '../../src/machine/isa/assemble.ts';
import { bitRows } from '../../src/machine/isa/bits.ts';
import { disassemble } from '../../src/machine/isa/disassemble.ts';
import { Harness } from './harness.ts';
import { ENGINES, Random } from './program.ts';

const CODE = 0x10000;
const ASSEMBLER = 'riscv64-linux-gnu-as';
const OBJCOPY = 'riscv64-linux-gnu-objcopy';
const haveAssembler = spawnSync(ASSEMBLER, ['--version']).status === 0;

/** Mnemonic, x10, x11 or the immediate, result. */
const KNOWN: readonly (readonly [string, bigint, bigint, bigint])[] = [
  ['ctzw', 0n, 0n, 32n],
  ['ctzw', 0x8000000000000000n, 0n, 32n],
  ['ctzw', 0xffffffff00000000n, 0n, 32n],
  ['ctzw', 0xffffffff80000000n, 0n, 31n],
  ['ctzw', 0x0000000100000001n, 0n, 0n],
  ['clzw', 0xffffffff00000000n, 0n, 32n],
  ['clzw', 0xffffffff00008000n, 0n, 16n],
  ['cpopw', 0xffffffff80000001n, 0n, 2n],
  ['clz', 0n, 0n, 64n],
  ['ctz', 0n, 0n, 64n],
  ['rev8', 0x0123456789abcdefn, 0n, 0xefcdab8967452301n],
  ['orc.b', 0x0100001000800000n, 0n, 0xff0000ff00ff0000n],
  ['add.uw', 0xffffffff80000000n, 1n, 0x80000001n],
  ['sh3add.uw', 0xffffffffffffffffn, 1n, 0x7fffffff9n],
  ['slli.uw', 0xffffffff80000001n, 33n, 0x200000000n],
  ['roriw', 0x00000001n, 1n, 0xffffffff80000000n],
  ['rolw', 0x40000000n, 33n, 0xffffffff80000000n],
  ['rori', 1n, 1n, 0x8000000000000000n],
  ['bset', 0n, 127n, 0x8000000000000000n],
  ['bclri', 0xffffffffffffffffn, 63n, 0x7fffffffffffffffn],
  ['bexti', 0x8000000000000000n, 63n, 1n],
  ['max', 0xffffffffffffffffn, 1n, 1n],
  ['maxu', 0xffffffffffffffffn, 1n, 0xffffffffffffffffn],
];

describe.each(ENGINES)('bit manipulation: %s', (_, create) => {
  test.each(KNOWN)('%s of %s and %s', (mnemonic, a, b, result) => {
    const h = new Harness(8 << 20, false, create);
    h.map(CODE);
    const imm = Number(b);
    const hasImmediate = bitRows
      .find((row) => row.mnemonic === mnemonic)
      ?.format.fields.some((f) => f.operand === 'imm');
    const operands = { rd: 12, rs1: 10, ...(hasImmediate === true ? { imm } : { rs2: 11 }) };
    h.code(CODE, [assemble(mnemonic, operands), assemble('ebreak')]);
    h.setX(10, a);
    h.setX(11, b);
    h.pc = CODE;
    expect(h.run()).toBe(EXIT_BREAKPOINT);
    expect(h.x(12)).toBe(result);
  });

  test('x0 as destination stays zero', () => {
    const h = new Harness(8 << 20, false, create);
    h.map(CODE);
    h.code(CODE, [
      ...bitRows.map((row) => assemble(row.mnemonic, { rs1: 10, rs2: 11, imm: 3 })),
      assemble('addi', { rd: 12, rs1: 0, imm: 1 }),
      assemble('ebreak'),
    ]);
    h.setX(10, -1);
    h.setX(11, 0x1234);
    h.pc = CODE;
    expect(h.run()).toBe(EXIT_BREAKPOINT);
    expect(h.x(12)).toBe(1n);
    expect(h.retired).toBe(bitRows.length + 1);
  });
});

test.skipIf(!haveAssembler)('the GNU assembler makes the same bits of the same text', () => {
  const r = new Random(1);
  const words = bitRows.flatMap((row) =>
    Array.from({ length: 8 }, () =>
      assemble(row.mnemonic, {
        rd: r.below(32),
        rs1: r.below(32),
        rs2: r.below(32),
        imm: r.below(row.format.name === 'shift5' ? 32 : 64),
      }),
    ),
  );
  const folder = mkdtempSync(join(tmpdir(), 'strake-bits-'));
  const [source, object, image] = ['bits.s', 'bits.o', 'bits.bin'].map((name) => join(folder, name));
  writeFileSync(source as string, `${words.map(disassemble).join('\n')}\n`);
  const flags = ['-march=rv64g_zba_zbb_zbs', '-o', object as string, source as string];
  expect(spawnSync(ASSEMBLER, flags, { encoding: 'utf8' }).stderr).toBe('');
  spawnSync(OBJCOPY, ['-O', 'binary', '-j', '.text', object as string, image as string]);
  const bytes = new Uint8Array(readFileSync(image as string));
  rmSync(folder, { recursive: true });
  const theirs = [...new Uint32Array(bytes.buffer)];
  expect(theirs.map(disassemble)).toEqual(words.map(disassemble));
  expect(theirs).toEqual(words);
});
