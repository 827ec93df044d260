/**
 * Every computing instruction against QEMU: boundary and random operands, registers and flags compared.
 *
 * Each instruction word runs in a loop over a table of operands; the program writes all results to stdout.
 */
import { describe, expect, test } from 'vitest';
import { assemble } from '../../src/machine/isa/assemble.ts';
import { rows } from '../../src/machine/isa/decode.ts';
import { disassemble } from '../../src/machine/isa/disassemble.ts';
import type { Row } from '../../src/machine/isa/row.ts';
import { ENGINES, hasOracle, ORACLE_DOUBTS, Program, Random, runEngine, runOracle } from './program.ts';

const SEED = Number(process.env.SEED ?? 20260101);
const BOX = 0xffffffff00000000n;

const INTEGERS = [
  0n,
  1n,
  2n,
  31n,
  32n,
  63n,
  64n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  0x7fffffffffffffffn,
  0x8000000000000000n,
  0xffffffffffffffffn,
  0xffffffff80000000n,
  0xffffffff7fffffffn,
  0xfffffffffffffffen,
  0x0001000080007f00n,
  0x8000ff00010000ffn,
];
const DOUBLES = [
  0n,
  1n,
  2n,
  0x000fffffffffffffn,
  0x0010000000000000n,
  0x0010000000000001n,
  0x3ca0000000000000n,
  0x3cb0000000000000n,
  0x3fdfffffffffffffn,
  0x3fe0000000000000n,
  0x3fe0000000000001n,
  0x3fefffffffffffffn,
  0x3ff0000000000000n,
  0x3ff0000000000001n,
  0x3ff8000000000000n,
  0x4000000000000000n,
  0x4004000000000000n,
  0x41dfffffffc00000n,
  0x41dfffffffe00000n,
  0x41e0000000000000n,
  0x41e0000000100000n,
  0x41efffffffe00000n,
  0x41effffffff00000n,
  0x41f0000000000000n,
  0x43dfffffffffffffn,
  0x43e0000000000000n,
  0x43efffffffffffffn,
  0x43f0000000000000n,
  0x36a0000000000000n,
  0x3690000000000000n,
  0x3810000000000000n,
  0x380fffffe0000000n,
  0x380ffffff0000000n,
  0x47efffffe0000000n,
  0x47effffff0000000n,
  0x7fdfffffffffffffn,
  0x7fefffffffffffffn,
  0x7ff0000000000000n,
  0x7ff0000000000001n,
  0x7ff8000000000000n,
  0x7fffffffffffffffn,
];
const SINGLES = [
  0n,
  1n,
  2n,
  0x007fffffn,
  0x00800000n,
  0x00800001n,
  0x33800000n,
  0x34000000n,
  0x3effffffn,
  0x3f000000n,
  0x3f000001n,
  0x3f7fffffn,
  0x3f800000n,
  0x3f800001n,
  0x3fc00000n,
  0x40000000n,
  0x40200000n,
  0x4effffffn,
  0x4f000000n,
  0x4f7fffffn,
  0x4f800000n,
  0x5effffffn,
  0x5f000000n,
  0x5f7fffffn,
  0x5f800000n,
  0x7effffffn,
  0x7f7fffffn,
  0x7f800000n,
  0x7f800001n,
  0x7fc00000n,
  0x7fffffffn,
];

const randomInteger = (r: Random): bigint =>
  r.below(3) === 0
    ? r.pick(INTEGERS) + BigInt(r.below(3) - 1)
    : BigInt.asIntN(64, r.u64()) >> BigInt(r.below(64));

/** Random numbers of all magnitudes, near each other, and with few significant bits, so that ties happen. */
function randomDouble(r: Random): bigint {
  switch (r.below(5)) {
    case 0:
      return r.pick(DOUBLES) | (BigInt(r.below(2)) << 63n);
    case 1:
      return r.u64();
    case 2:
      return (
        (BigInt(1023 - 60 + r.below(120)) << 52n) | (r.u64() & 0xfffffffffffffn) | (BigInt(r.below(2)) << 63n)
      );
    case 3:
      return (
        (BigInt(1020 + r.below(8)) << 52n) |
        ((r.u64() & 0xfffffn) << BigInt(r.below(33))) |
        (BigInt(r.below(2)) << 63n)
      );
    default:
      return (BigInt(r.below(60)) << 52n) | (r.u64() & 0xfffffffffffffn) | (BigInt(r.below(2)) << 63n);
  }
}
function randomSingle(r: Random): bigint {
  const sign = BigInt(r.below(2)) << 31n;
  const low = ((): bigint => {
    switch (r.below(5)) {
      case 0:
        return r.pick(SINGLES) | sign;
      case 1:
        return r.u64() & 0xffffffffn;
      case 2:
        return (BigInt(127 - 30 + r.below(60)) << 23n) | (r.u64() & 0x7fffffn) | sign;
      case 3:
        return (BigInt(124 + r.below(8)) << 23n) | ((r.u64() & 0x3ffn) << BigInt(r.below(14))) | sign;
      default:
        return (BigInt(r.below(30)) << 23n) | (r.u64() & 0x7fffffn) | sign;
    }
  })();
  return r.below(40) === 0 ? low | (r.u64() & BOX) : low | BOX;
}

type Kind = 'integer' | 'single' | 'double';

/** An addend near the product or its negation, for cancellation in fused operations. */
function cancelling(kind: Kind, a: bigint, b: bigint, r: Random): bigint {
  const view = new DataView(new ArrayBuffer(8));
  const near = BigInt(r.below(5) - 2);
  const sign = BigInt(r.below(2));
  if (kind === 'single') {
    const value = (bits: bigint): number => {
      view.setUint32(0, Number(bits & 0xffffffffn));
      return view.getFloat32(0);
    };
    view.setFloat32(0, value(a) * value(b));
    return BigInt.asUintN(32, (BigInt(view.getUint32(0)) ^ (sign << 31n)) + near) | BOX;
  }
  const value = (bits: bigint): number => {
    view.setBigUint64(0, BigInt.asUintN(64, bits));
    return view.getFloat64(0);
  };
  view.setFloat64(0, value(a) * value(b));
  return BigInt.asUintN(64, (view.getBigUint64(0) ^ (sign << 63n)) + near);
}

/** Two operands whose product, quotient or root is exact, or would be with a bit more or less. */
function nearlyExact(kind: 'single' | 'double', r: Random): readonly [bigint, bigint] {
  const width = kind === 'single' ? 24 : 53;
  const view = new DataView(new ArrayBuffer(8));
  const bits = (value: number): bigint => {
    if (kind === 'double') view.setFloat64(0, value);
    else view.setFloat32(0, value);
    return kind === 'double' ? view.getBigUint64(0) : BigInt(view.getUint32(0)) | BOX;
  };
  const odd = (size: number): number =>
    Number(((r.u64() & 0x7fffffffffffffffn) >> BigInt(63 - Math.min(Math.max(size, 1), width))) | 1n);
  const first = 1 + r.below(width);
  const a = odd(first);
  const b = odd(width - first + r.below(4) - 1);
  // Now and then tiny, or their product is.
  const lowest = kind === 'single' ? -126 : -1022;
  const by = r.pick([0, 0, -20, lowest - width + r.below(10), lowest - 2 * width + r.below(20)]);
  const scale = 2 ** (by / 2 - ((by / 2) % 1));
  const [x, y] = [a * scale * (r.below(2) === 0 ? 1 : -1), (b * 2 ** by) / scale];
  return r.pick([
    [bits(x), bits(y)],
    [bits(x * y), bits(y)],
    [bits(b * b * scale * scale), bits(x)],
  ]);
}

/** Two operand registers of a kind in every pair of boundaries, then random triples. 32 bytes a row, fcsr last. */
function operandTable(kind: Kind, r: Random, randomRows: number): Uint8Array {
  const boundary = kind === 'integer' ? INTEGERS : kind === 'single' ? SINGLES : DOUBLES;
  const random = kind === 'integer' ? randomInteger : kind === 'single' ? randomSingle : randomDouble;
  const sign = (v: bigint): bigint =>
    kind === 'integer'
      ? v
      : kind === 'single'
        ? v | (BigInt(r.below(2)) << 31n) | BOX
        : v | (BigInt(r.below(2)) << 63n);
  const table: bigint[] = [];
  const add = (a: bigint, b: bigint, c: bigint, flags = r.pick([0n, 1n, 1n, 31n])): void => {
    const frm = BigInt(r.below(3) === 0 ? r.below(5) : 0);
    table.push(a, b, c, (frm << 5n) | flags);
  };
  for (const a of boundary) for (const b of boundary) add(sign(a), sign(b), sign(r.pick(boundary)));
  for (let i = 0; i < randomRows; i++) {
    const a = random(r);
    const b = random(r);
    add(a, b, kind !== 'integer' && r.below(3) === 0 ? cancelling(kind, a, b, r) : random(r));
  }
  for (let i = 0; kind !== 'integer' && i < randomRows; i++) {
    const [a, b] = nearlyExact(kind, r);
    add(a, b, r.below(2) === 0 ? cancelling(kind, a, b, r) : nearlyExact(kind, r)[0], r.pick([0n, 0n, 16n]));
  }
  const bytes = new Uint8Array(table.length * 8);
  const view = new DataView(bytes.buffer);
  table.forEach((value, i) => view.setBigUint64(i * 8, BigInt.asUintN(64, value), true));
  return bytes;
}

const RESULT = 24;
/** Registers of the loop: operands x8, results x9, end x18; operands x/f 10 to 12, result x/f 13. */
function emitLoop(
  p: Program,
  words: readonly number[],
  table: number,
  tableBytes: number,
  results: number,
): void {
  p.li(8, table);
  p.li(18, table + tableBytes);
  p.li(9, results);
  const start = p.pc;
  p.emit('ld', { rd: 10, rs1: 8, imm: 0 });
  p.emit('ld', { rd: 11, rs1: 8, imm: 8 });
  p.emit('ld', { rd: 5, rs1: 8, imm: 24 });
  p.emit('fld', { rd: 10, rs1: 8, imm: 0 });
  p.emit('fld', { rd: 11, rs1: 8, imm: 8 });
  p.emit('fld', { rd: 12, rs1: 8, imm: 16 });
  p.emit('addi', { rd: 13, rs1: 0, imm: 77 });
  p.emit('fmv.d.x', { rd: 13, rs1: 0 });
  p.emit('csrrw', { rd: 0, rs1: 5, imm: 3 });
  for (const word of words) p.word(word);
  p.emit('csrrs', { rd: 6, rs1: 0, imm: 3 });
  p.emit('sd', { rs2: 13, rs1: 9, imm: 0 });
  p.emit('fsd', { rs2: 13, rs1: 9, imm: 8 });
  p.emit('sd', { rs2: 6, rs1: 9, imm: 16 });
  p.emit('addi', { rd: 8, rs1: 8, imm: 32 });
  p.emit('addi', { rd: 9, rs1: 9, imm: RESULT });
  p.emit('bltu', { rs1: 8, rs2: 18, imm: start - p.pc });
}

function kindOf(row: Row): Kind {
  const source = row.format.fields.find((f) => f.operand === 'rs1');
  if (source?.file !== 'f') return 'integer';
  return /\.s(\.|$)|\.w$|^fcvt\.[wl]u?\.s/.test(row.mnemonic) && !row.mnemonic.startsWith('fcvt.s.d')
    ? 'single'
    : 'double';
}

/** Words to try for a row: each rounding mode, or a few immediates. */
function wordsOf(row: Row, r: Random): readonly (readonly number[])[] {
  const base = { rd: 13, rs1: 10, rs2: 11, rs3: 12 };
  const has = (name: string): boolean => row.format.fields.some((f) => f.operand === name);
  if (has('rm')) return [0, 1, 2, 3, 4, 7].map((rm) => [assemble(row.mnemonic, { ...base, rm })]);
  if (row.semantics.kind === 'branch') {
    return [
      [assemble(row.mnemonic, { rs1: 10, rs2: 11, imm: 8 }), assemble('addi', { rd: 13, rs1: 0, imm: 5 })],
    ];
  }
  // Operands without an upper half; the others are bits.test.ts's.
  if (ORACLE_DOUBTS.has(row.mnemonic)) {
    return [
      [assemble('add.uw', { rd: 10, rs1: 10 }), assemble(row.mnemonic, base)],
      [assemble('andi', { rd: 10, rs1: 10, imm: 0x700 }), assemble(row.mnemonic, base)],
    ];
  }
  const field = row.format.fields.find((f) => f.operand === 'imm');
  if (field === undefined) return [[assemble(row.mnemonic, base)]];
  const bits = field.signed > 0 ? field.signed : field.segments.reduce((sum, [, width]) => sum + width, 0);
  const low = Math.min(...field.segments.map(([, , to]) => to));
  const values = [0, 1, -1, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)), r.below(2 ** 31), r.below(2 ** 31)];
  return values.map((value) => {
    const kept = field.signed > 0 ? (value << (32 - bits)) >> (32 - bits) : value & (2 ** bits - 1);
    return [assemble(row.mnemonic, { ...base, imm: (kept >> low) << low })];
  });
}

const tested = rows.filter((row) => ['integer', 'float', 'branch'].includes(row.semantics.kind));
const groups = ['integer', 'single', 'double'] as const;

describe.skipIf(!hasOracle)('instructions against qemu', () => {
  for (const kind of groups) {
    test(`${kind} operands`, () => {
      const r = new Random(SEED + groups.indexOf(kind));
      const cases = tested.filter((row) => kindOf(row) === kind).flatMap((row) => wordsOf(row, r));
      const p = new Program();
      const bytes = operandTable(kind, r, kind === 'integer' ? 400 : 3000);
      const table = p.data(bytes);
      const count = bytes.length / 32;
      const results = p.space(cases.length * count * RESULT);
      cases.forEach((words, i) => emitLoop(p, words, table, bytes.length, results + i * count * RESULT));
      p.output(results, cases.length * count * RESULT);
      const elf = p.elf();
      const expected = runOracle(elf);
      const view = new DataView(bytes.buffer);
      const theirs = new DataView(expected.buffer, expected.byteOffset);
      for (const [name, create] of ENGINES) {
        const actual = runEngine(elf, create);
        expect(actual.length).toBe(expected.length);
        const mine = new DataView(actual.buffer);
        const wrong: string[] = [];
        for (let at = 0; at < expected.length && wrong.length < 20; at += 8) {
          const a = mine.getBigUint64(at, true);
          const e = theirs.getBigUint64(at, true);
          if (a === e) continue;
          const result = Math.floor(at / RESULT);
          const words = cases[Math.floor(result / count)] as readonly number[];
          const row = (result % count) * 32;
          const operand = (i: number): string => view.getBigUint64(row + i * 8, true).toString(16);
          wrong.push(
            `${words.map(disassemble).join('; ')} (${operand(0)}, ${operand(1)}, ${operand(2)}, fcsr ${operand(3)}): ` +
              `${['x', 'f', 'fcsr'][(at % RESULT) / 8]} ${a.toString(16)}, expected ${e.toString(16)}`,
          );
        }
        expect(wrong, `${name}, seed ${SEED}`).toEqual([]);
      }
    });
  }
});
