/**
 * Random programs against QEMU: memory accesses of any alignment, atomics, and instruction sequences with branches.
 *
 * Compares all registers, fcsr and the memory that the programs wrote. SEED in the environment picks other programs.
 */
import { describe, expect, test } from 'vitest';
import { assemble, AssemblyError } from '../../src/machine/isa/assemble.ts';
import { compressedRows } from '../../src/machine/isa/compressed.ts';
import { rows } from '../../src/machine/isa/decode.ts';
import { disassemble } from '../../src/machine/isa/disassemble.ts';
import type { Field, Operands } from '../../src/machine/isa/format.ts';
import type { CompressedRow, Row } from '../../src/machine/isa/row.ts';
import {
  type Create,
  ENGINES,
  hasOracle,
  ORACLE_DOUBTS,
  Program,
  Random,
  runEngine,
  runOracle,
} from './program.ts';

const SEED = Number(process.env.SEED ?? 7);
const BUFFER = 8192;

/** Registers: x8, x9 point into the buffer (compressed reach), x2 too; x20 the end of all. The rest is random. */
const POINTERS = [2, 8, 9];
const RESERVED = new Set([0, ...POINTERS, 20]);

function registerFor(field: Field, r: Random, memory: boolean): number {
  if (field.operand === 'rs1' && memory) return field.add === 8 ? r.pick([8, 9]) : r.pick(POINTERS);
  const any = (): number => (field.add === 8 ? 8 + r.below(8) : r.below(32));
  if (field.operand !== 'rd' || field.file === 'f') return any();
  for (;;) {
    const x = any();
    if (!RESERVED.has(x)) return x;
  }
}

/** A random instruction of the row, or null if the row can not be used in a straight line. */
function randomWord(row: Row | CompressedRow, base: Row, r: Random): number | null {
  const kind = base.semantics.kind;
  const memory = kind === 'load' || kind === 'store' || kind === 'lr' || kind === 'sc' || kind === 'amo';
  if (kind === 'ecall' || kind === 'ebreak' || kind === 'jalr' || kind === 'sc' || kind === 'fence.i')
    return null;
  if (ORACLE_DOUBTS.has(row.mnemonic)) return null;
  const operands: Partial<Operands> = {};
  for (const field of row.format.fields) {
    if (field.operand === 'imm') {
      const bits = field.signed > 0 ? field.signed : 12;
      const low = Math.min(...field.segments.map(([, , to]) => to));
      const raw = r.below(4) === 0 ? r.pick([0, 1, -1]) : r.below(2 ** 31);
      const value = field.signed > 0 ? (raw << (32 - bits)) >> (32 - bits) : raw & held(field);
      operands.imm = memory
        ? (value % 2048) & ~((1 << low) - 1) & (field.signed > 0 ? -1 : held(field))
        : (value >> low) << low;
    } else if (field.operand === 'rm') {
      operands.rm = r.pick([0, 0, 7, 7, 7, 1, 2, 3, 4]);
    } else {
      operands[field.operand] = registerFor(field, r, memory);
    }
  }
  const shared = row.format.fields.find((f) => f.operand === 'rd')?.segments[0]?.[0];
  const source = row.format.fields.find((f) => f.operand === 'rs1');
  if (shared !== undefined && source?.segments[0]?.[0] === shared && operands.rd !== undefined) {
    operands.rs1 = operands.rd;
  }
  if (row.format.fixed.rd === 2) return null;
  if (kind === 'csr') {
    operands.imm = r.pick([1, 2, 3]);
    // Only modes that exist, else later arithmetic is illegal.
    if (operands.imm !== 1) return assemble('csrrwi', { rd: operands.rd ?? 5, imm: 2, rs1: r.below(5) });
  }
  if (kind === 'lr' || kind === 'amo') operands.imm = 0;
  if (kind === 'branch' || kind === 'jal') {
    operands.imm = row.format.name.startsWith('c') ? 6 : 8;
    if (kind === 'jal' && row.format.name === 'J') operands.rd = r.pick([0, 1, 5]);
  }
  try {
    return assemble(row.mnemonic, operands);
  } catch (error) {
    if (error instanceof AssemblyError) return null;
    throw error;
  }
}

const held = (field: Field): number =>
  field.segments.reduce((sum, [, width, to]) => sum | ((2 ** width - 1) << to), 0);

const byName = new Map(rows.map((row) => [row.mnemonic, row]));
const choices: readonly (readonly [Row | CompressedRow, Row])[] = [
  ...rows.map((row) => [row, row] as const),
  ...compressedRows.map((row) => [row, byName.get(row.expands) as Row] as const),
];

/** A program of `length` instructions of the chosen kinds, repeated twice, with all state written out. */
function buildProgram(
  r: Random,
  length: number,
  usable: (base: Row) => boolean,
): { elf: Uint8Array; listing: string[] } {
  const p = new Program();
  const seedBytes = (n: number): Uint8Array => Uint8Array.from({ length: n }, () => r.below(256));
  const doubles = new DataView(new ArrayBuffer(512));
  for (let i = 0; i < 64; i++) {
    const boxed =
      r.below(2) === 0
        ? 0xffffffff00000000n | BigInt((r.below(254) * 2 ** 23 + r.below(2 ** 23)) >>> 0)
        : null;
    doubles.setBigUint64(i * 8, boxed ?? (BigInt(1023 - 20 + r.below(40)) << 52n) | (r.u64() >> 12n), true);
  }
  const registers = p.data(new Uint8Array(doubles.buffer));
  const buffer = p.data(seedBytes(BUFFER));
  const dump = p.space(560);
  p.li(20, registers);
  for (let n = 0; n < 32; n++) p.emit('fld', { rd: n, rs1: 20, imm: n * 8 });
  for (let n = 1; n < 32; n++) if (!RESERVED.has(n)) p.emit('ld', { rd: n, rs1: 20, imm: 256 + n * 8 });
  POINTERS.forEach((n, i) =>
    p.li(n, buffer + 2048 + 1500 * i + (usable(byName.get('amoadd.d') as Row) ? -((1500 * i) % 8) : 3 * i)),
  );
  const listing: string[] = [];
  const wanted = choices.filter(([, base]) => usable(base));
  for (let count = 0; count < length; ) {
    const [row, base] = r.pick(wanted);
    const word = randomWord(row, base, r);
    if (word === null) continue;
    listing.push(`${p.pc.toString(16)} ${disassemble(word)}`);
    p.word(word);
    count++;
    // What a transfer jumps over: four bytes.
    if (base.semantics.kind === 'branch' || base.semantics.kind === 'jal') {
      p.emit('xori', { rd: 31, rs1: 31, imm: r.below(2048) });
      count++;
    }
  }
  p.li(20, dump);
  for (let n = 1; n < 32; n++) if (n !== 20) p.emit('sd', { rs2: n, rs1: 20, imm: n * 8 });
  for (let n = 0; n < 32; n++) p.emit('fsd', { rs2: n, rs1: 20, imm: 256 + n * 8 });
  p.emit('csrrs', { rd: 5, rs1: 0, imm: 3 });
  p.emit('sd', { rs2: 5, rs1: 20, imm: 512 });
  p.output(dump, 560);
  p.output(buffer, BUFFER);
  return { elf: p.elf(), listing };
}

function compare(create: Create, seed: number, length: number, usable: (base: Row) => boolean): void {
  const { elf, listing } = buildProgram(new Random(seed), length, usable);
  const expected = runOracle(elf);
  const actual = runEngine(elf, create);
  const differences: string[] = [];
  for (let i = 0; i < expected.length; i++) {
    if (expected[i] !== actual[i]) differences.push(`byte ${i}: ${actual[i]}, expected ${expected[i]}`);
  }
  expect(differences.slice(0, 10), `seed ${seed}\n${length <= 60 ? listing.join('\n') : ''}`).toEqual([]);
}

const isMemory = (base: Row): boolean => base.semantics.kind === 'load' || base.semantics.kind === 'store';
const isAtomic = (base: Row): boolean => base.semantics.kind === 'amo' || base.semantics.kind === 'lr';

describe.skipIf(!hasOracle).each(ENGINES)('sequences against qemu: %s', (name, create) => {
  // Each access that is left to the interpreter has what follows it translated anew.
  const programs = name === 'jit' ? 2 : 8;
  test('loads and stores of any alignment', () => {
    for (let i = 0; i < programs; i++) compare(create, SEED * 1000 + i, 3000, isMemory);
  });
  test('short sequences', () => {
    for (let i = 0; i < 60; i++) compare(create, SEED * 2000 + i, 40, (base) => !isAtomic(base));
  });
  test('long sequences', () => {
    for (let i = 0; i < 20; i++) compare(create, SEED * 3000 + i, 20_000, (base) => !isAtomic(base));
  });
  test('atomics', () => {
    const p = new Program();
    const r = new Random(SEED);
    const cells = p.data(Uint8Array.from({ length: 4096 }, () => r.below(256)));
    const results = p.space(4096);
    p.li(8, cells);
    p.li(9, results);
    let at = 0;
    for (const row of rows.filter((x) => x.semantics.kind === 'amo')) {
      for (const operand of [-1, 0, 0x7fffffff, -0x80000000, 12345]) {
        p.li(11, operand);
        if (operand === 12345) p.emit('slli', { rd: 11, rs1: 11, imm: 40 });
        p.emit('addi', { rd: 10, rs1: 8, imm: (at * 8) % 2048 });
        p.emit(row.mnemonic, { rd: 12, rs1: 10, rs2: 11, imm: r.below(4) });
        p.emit('sd', { rs2: 12, rs1: 9, imm: (at * 8) % 2048 });
        at++;
      }
    }
    for (const size of ['w', 'd']) {
      // Success, then failure for want of a reservation, then failure at another address.
      p.emit(`lr.${size}`, { rd: 12, rs1: 8 });
      p.emit('addi', { rd: 12, rs1: 12, imm: 1 });
      p.emit(`sc.${size}`, { rd: 13, rs1: 8, rs2: 12 });
      p.emit(`sc.${size}`, { rd: 14, rs1: 8, rs2: 9 });
      p.emit(`lr.${size}`, { rd: 15, rs1: 8 });
      p.emit('addi', { rd: 16, rs1: 8, imm: 64 });
      p.emit(`sc.${size}`, { rd: 17, rs1: 16, rs2: 12 });
      p.emit(`sc.${size}`, { rd: 18, rs1: 8, rs2: 12 });
      for (const n of [12, 13, 14, 15, 17, 18]) {
        p.emit('sd', { rs2: n, rs1: 9, imm: 1024 + (at++ % 100) * 8 });
      }
    }
    p.output(cells, 4096);
    p.output(results, 4096);
    const elf = p.elf();
    expect(Buffer.from(runEngine(elf, create)).equals(Buffer.from(runOracle(elf)))).toBe(true);
  });
});
