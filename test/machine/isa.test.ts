/**
 * Round trips through the ISA tables: assemble, decode, disassemble; and the Wasm emitter's integers.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assemble, AssemblyError } from '../../src/machine/isa/assemble.ts';
import { compressedRows } from '../../src/machine/isa/compressed.ts';
import { decode, readOperands, rows } from '../../src/machine/isa/decode.ts';
import { disassemble } from '../../src/machine/isa/disassemble.ts';
import type { Format, Operands } from '../../src/machine/isa/format.ts';
import { WasmBytes } from '../../src/machine/wasm/bytes.ts';

/** Random values for every field of a format. */
function operandsOf(format: Format): fc.Arbitrary<Partial<Operands>> {
  const fields: Record<string, fc.Arbitrary<number>> = {};
  for (const field of format.fields) {
    const held = field.segments.reduce(
      (sum, [, width, to]) => sum | ((width === 32 ? -1 : (1 << width) - 1) << to),
      0,
    );
    fields[field.operand] = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map((value) => {
      const kept = value & held;
      const shift = field.signed > 0 ? 32 - field.signed : 0;
      return ((kept << shift) >> shift) + field.add;
    });
  }
  return fc.record(fields);
}

/** Fields that share bits (rd and rs1 of compressed formats) take one value. */
function unified(format: Format, operands: Partial<Operands>): Partial<Operands> {
  const result = { ...operands };
  const at = (name: string): number | undefined =>
    format.fields.find((f) => f.operand === name && f.file !== 'number')?.segments[0]?.[0];
  if (at('rd') !== undefined && at('rd') === at('rs1')) result.rs1 = result.rd ?? 0;
  return result;
}

describe('instruction tables', () => {
  test('no two base rows overlap', () => {
    for (const a of rows) {
      expect((a.match & ~a.mask) >>> 0, a.mnemonic).toBe(0);
      for (const b of rows) {
        if (a !== b) expect((a.match ^ b.match) & a.mask & b.mask, `${a.mnemonic} ${b.mnemonic}`).not.toBe(0);
      }
    }
  });

  test('what is assembled decodes to the same row and operands', () => {
    for (const row of rows) {
      fc.assert(
        fc.property(operandsOf(row.format), (operands) => {
          const decoded = decode(assemble(row.mnemonic, operands));
          expect(decoded?.row.mnemonic).toBe(row.mnemonic);
          expect(decoded?.operands).toMatchObject(operands);
          expect(decoded?.length).toBe(4);
        }),
        { numRuns: 50 },
      );
    }
  });

  test('compressed instructions decode to what they expand to', () => {
    for (const row of compressedRows) {
      fc.assert(
        fc.property(operandsOf(row.format), (random) => {
          const operands = unified(row.format, random);
          let word: number;
          try {
            word = assemble(row.mnemonic, operands);
          } catch (error) {
            if (error instanceof AssemblyError) return;
            throw error;
          }
          const decoded = decode(word);
          expect(decoded?.length).toBe(2);
          // A hint or special case may be another row's: c.lui x2 is c.addi16sp.
          if (decoded?.compressed !== row) {
            expect([row.mnemonic, decoded?.compressed?.mnemonic]).toEqual(['c.lui', 'c.addi16sp']);
            return;
          }
          expect(decoded.row.mnemonic).toBe(row.expands);
          expect(decoded.operands).toMatchObject({ ...operands, ...row.format.fixed });
          // The base instruction with the same operands means the same.
          const base = assemble(row.expands, decoded.operands);
          expect(decode(base)?.operands).toEqual(decoded.operands);
        }),
        { numRuns: 50 },
      );
    }
  });

  test('every decodable halfword assembles back to itself', () => {
    let known = 0;
    for (let half = 0; half < 0x10000; half++) {
      if ((half & 3) === 3) continue;
      const decoded = decode(half);
      if (decoded?.compressed == null) continue;
      known++;
      const { format, mnemonic } = decoded.compressed;
      expect(assemble(mnemonic, readOperands(format, half))).toBe(half);
    }
    expect(known).toBeGreaterThan(45_000);
  });

  test('every word that decodes assembles back to itself', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (random) => {
        const word = (random | 3) >>> 0;
        const decoded = decode(word);
        if (decoded === null) return;
        expect(assemble(decoded.row.mnemonic, decoded.operands)).toBe(word);
        expect(disassemble(word)).toContain(decoded.row.mnemonic);
      }),
      { numRuns: 20_000 },
    );
  });

  test('known encodings, from the GNU assembler', () => {
    const known: readonly (readonly [number, string])[] = [
      [0x00a58533, 'add a0, a1, a0'],
      [0xfe010113, 'addi sp, sp, -32'],
      [0x00113423, 'sd ra, 8(sp)'],
      [0x0000100f, 'fence.i 0'],
      [0x02b57553, 'fadd.d fa0, fa0, fa1, dyn'],
      [0x100627af, 'lr.w a5, (a2)'],
      [0x7139, 'c.addi16sp sp, -64'],
      [0x8082, 'c.jr ra'],
      [0x60e2, 'c.ldsp ra, 24(sp)'],
      [0xbfd5, 'c.j -12'],
      [0x0000, '.word 0x0'],
      [0xc0001073, 'csrrw zero, 3072, zero'],
    ];
    for (const [word, text] of known) expect(disassemble(word)).toBe(text);
  });
});

describe('wasm bytes', () => {
  test('64-bit LEB128 reads back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const out = new WasmBytes();
        out.s64(Number(BigInt.asIntN(32, value)), Number(value >> 32n));
        let back = 0n;
        let shift = 0n;
        for (const byte of out.finish()) {
          back |= BigInt(byte & 0x7f) << shift;
          shift += 7n;
        }
        const last = out.finish().at(-1) ?? 0;
        if ((last & 0x40) !== 0) back -= 1n << shift;
        expect(BigInt.asIntN(64, back)).toBe(value);
        expect(out.length).toBeLessThanOrEqual(10);
      }),
    );
  });
});
