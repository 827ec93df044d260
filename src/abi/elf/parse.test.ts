import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  E_ENTRY,
  E_MACHINE,
  E_PHENTSIZE,
  E_PHNUM,
  E_PHOFF,
  E_TYPE,
  EHDR_SIZE,
  EM_RISCV,
  ET_DYN,
  ET_EXEC,
  P_FILESZ,
  P_FLAGS,
  P_MEMSZ,
  P_OFFSET,
  P_TYPE,
  P_VADDR,
  PF_R,
  PF_W,
  PF_X,
  PHDR_SIZE,
  PT_INTERP,
  PT_LOAD,
} from './layout.ts';
import { ElfError, type ElfProgram, parseHeader, parseProgram } from './parse.ts';

const LIMIT = 0x40_0000_0000;
const FILE_SIZE = 0x3000;

interface Phdr {
  type: number;
  flags: number;
  offset: number;
  address: number;
  fileSize: number;
  memorySize: number;
}

/** An ELF file with these program headers, zeros elsewhere. */
function build(type: number, phdrs: readonly Phdr[]): Uint8Array {
  const bytes = new Uint8Array(EHDR_SIZE + PHDR_SIZE * phdrs.length);
  const data = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  data.setUint16(E_TYPE, type, true);
  data.setUint16(E_MACHINE, EM_RISCV, true);
  data.setBigUint64(E_ENTRY, 0x10100n, true);
  data.setBigUint64(E_PHOFF, BigInt(EHDR_SIZE), true);
  data.setUint16(E_PHENTSIZE, PHDR_SIZE, true);
  data.setUint16(E_PHNUM, phdrs.length, true);
  phdrs.forEach((phdr, i) => {
    const at = EHDR_SIZE + i * PHDR_SIZE;
    data.setUint32(at + P_TYPE, phdr.type, true);
    data.setUint32(at + P_FLAGS, phdr.flags, true);
    data.setBigUint64(at + P_OFFSET, BigInt(phdr.offset), true);
    data.setBigUint64(at + P_VADDR, BigInt(phdr.address), true);
    data.setBigUint64(at + P_FILESZ, BigInt(phdr.fileSize), true);
    data.setBigUint64(at + P_MEMSZ, BigInt(phdr.memorySize), true);
  });
  return bytes;
}

const TEXT: Phdr = {
  type: PT_LOAD,
  flags: PF_R | PF_X,
  offset: 0,
  address: 0x10000,
  fileSize: 0x1100,
  memorySize: 0x1100,
};
const DATA: Phdr = {
  type: PT_LOAD,
  flags: PF_R | PF_W,
  offset: 0x2100,
  address: 0x13100,
  fileSize: 0x100,
  memorySize: 0x5000,
};

const parse = (bytes: Uint8Array): ElfProgram => {
  const header = parseHeader(bytes);
  return parseProgram(header, bytes.subarray(header.tableOffset), FILE_SIZE, LIMIT);
};

describe('parseProgram', () => {
  it('reads a sound executable', () => {
    const program = parse(build(ET_EXEC, [TEXT, DATA]));
    expect(program).toMatchObject({
      start: 0x10000,
      end: 0x19000,
      headers: 0x10000 + EHDR_SIZE,
      interpreter: null,
    });
    expect(parseHeader(build(ET_DYN, [TEXT])).relocatable).toBe(true);
  });

  const bad: [string, Partial<Phdr>][] = [
    ['a segment beyond the end of the file', { offset: 0x2f00, address: 0x13f00, fileSize: 0x200 }],
    ['more bytes in the file than in memory', { memorySize: 0x10 }],
    ['an overlap', { address: 0x10100 }],
    ['an address beyond user memory', { address: LIMIT - 0x1000 + 0x100 }],
    ['an offset that is not congruent', { offset: 0x2180 }],
    ['a size whose sum wraps', { memorySize: Number.MAX_SAFE_INTEGER }],
  ];
  it.each(bad)('refuses %s', (_, change) => {
    expect(() => parse(build(ET_EXEC, [TEXT, { ...DATA, ...change }]))).toThrow(ElfError);
  });

  it('refuses bad interpreters and files with nothing to load', () => {
    const interp = { ...TEXT, type: PT_INTERP, offset: 0x200, fileSize: 30 };
    expect(parse(build(ET_EXEC, [interp, TEXT])).interpreter).toEqual({ offset: 0x200, size: 30 });
    expect(() => parse(build(ET_EXEC, [{ ...interp, fileSize: 5000 }, TEXT]))).toThrow(ElfError);
    expect(() => parse(build(ET_EXEC, [{ ...interp, offset: FILE_SIZE }, TEXT]))).toThrow(ElfError);
    expect(() => parse(build(ET_EXEC, [interp]))).toThrow(ElfError);
    expect(() => parse(build(4, [TEXT]))).toThrow(ElfError);
  });

  it('throws nothing but ElfError, and what it accepts can be mapped', () => {
    const good = build(ET_EXEC, [TEXT, DATA]);
    const edit = fc.record({ at: fc.nat(good.length - 1), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 12 }), fc.nat(good.length), (edits, cut) => {
        const bytes = good.slice();
        for (const { at, value } of edits) bytes[at] = value;
        const shown = cut % 3 === 0 ? bytes.subarray(0, cut) : bytes;
        try {
          const { segments, start, end } = parse(shown);
          let before = start;
          for (const { address, offset, fileSize, memorySize } of segments) {
            expect(address).toBeGreaterThanOrEqual(before);
            expect(fileSize === 0 || offset + fileSize <= FILE_SIZE).toBe(true);
            before = address + memorySize;
          }
          expect(end).toBeGreaterThanOrEqual(before);
          expect(end).toBeLessThanOrEqual(LIMIT);
        } catch (reason) {
          if (!(reason instanceof ElfError)) throw reason;
        }
      }),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(() => parse(bytes)).toThrow(ElfError);
      }),
    );
  });
});
