/**
 * What is written for a few small regions, compared with listings in listings/.
 *
 * They change with every change of what is emitted, and a look at the difference is what they are for:
 * `npx vitest run test/machine/listings.test.ts -u` writes them anew.
 */
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { EXIT_BREAKPOINT, EXIT_BUDGET } from '../../src/contracts/engine.ts';
import { assemble as a } from '../../src/machine/isa/assemble.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { createJit } from '../../src/modules/engine/jit/module.ts';
import { EAGER } from '../../src/modules/engine/jit/tiering.ts';
import { disassemble } from './disassemble.ts';
import { Harness } from './harness.ts';

const CODE = 0x10000;
const DATA = 0x40000;
const EBREAK = a('ebreak');
const RET = a('jalr', { rd: 0, rs1: 1, imm: 0 });
/** Functions, as programs have them, and soon. */
const TIERING = { ...EAGER, everywhere: false, slice: 64, hot: 2, stillHot: 1e9, missed: 64 };

interface Modules {
  readonly WebAssembly: { Module: new (bytes: Uint8Array) => object };
}

/** @returns the functions that were compiled while `act` ran, oldest first */
function compiled(act: () => void): readonly string[] {
  const { WebAssembly: wasm } = globalThis as unknown as Modules;
  const { Module } = wasm;
  const seen: Uint8Array[] = [];
  wasm.Module = class extends Module {
    constructor(bytes: Uint8Array) {
      super(bytes);
      seen.push(bytes);
    }
  };
  try {
    act();
  } finally {
    wasm.Module = Module;
  }
  return seen.flatMap(disassemble);
}

function machine(words: readonly number[]): Harness {
  const h = new Harness(8 << 20, false, (m: Machine) => createJit(m, TIERING));
  h.map(CODE);
  h.map(DATA);
  h.code(CODE, words);
  h.pc = CODE;
  return h;
}

/** The last function that was compiled until the program ends, or the last with some instruction in it. */
function listing(h: Harness, having = ''): string {
  const functions = compiled(() => {
    let cause = EXIT_BUDGET;
    // The engine looks at what it has learned between two runs.
    while (cause === EXIT_BUDGET) cause = h.run(1e6);
    expect(cause).toBe(EXIT_BREAKPOINT);
  });
  const found = functions.findLast((text) => text.includes(having));
  expect(found, `${functions.length} functions, none with ${having}`).toBeDefined();
  return `${found}\n`;
}

const file = (name: string): string => path.join(import.meta.dirname, 'listings', `${name}.txt`);

const LOOP = [
  a('ld', { rd: 5, rs1: 10, imm: 0 }),
  a('addi', { rd: 5, rs1: 5, imm: 1 }),
  a('sd', { rs1: 10, rs2: 5, imm: 8 }),
  a('addi', { rd: 6, rs1: 6, imm: -1 }),
  a('bne', { rs1: 6, rs2: 0, imm: -16 }),
  EBREAK,
];
function loop(): Harness {
  const h = machine(LOOP);
  h.setX(6, 10_000);
  h.setX(10, DATA);
  return h;
}

// What every engine compiles once is compiled by then.
beforeAll(() => void loop().run());

describe('listings', () => {
  test('a loop with a load and a store', async () => {
    const h = loop();
    await expect(listing(h)).toMatchFileSnapshot(file('loop'));
    expect([h.x(5), h.retired]).toEqual([1n, 50_000]);
  });

  test('a call in a loop', async () => {
    const h = machine([
      a('jal', { rd: 1, imm: 16 }),
      a('addi', { rd: 6, rs1: 6, imm: -1 }),
      a('bne', { rs1: 6, rs2: 0, imm: -8 }),
      EBREAK,
      // Too long to be put in place of the call.
      ...Array.from({ length: 60 }, () => a('add', { rd: 10, rs1: 10, rs2: 6 })),
      RET,
    ]);
    h.setX(6, 10_000);
    h.setX(10, 0);
    await expect(listing(h, 'call_indirect')).toMatchFileSnapshot(file('call'));
    expect(h.x(10)).toBe(60n * 50_005_000n);
  });

  test('a small function called in a loop', async () => {
    const h = machine([
      a('jal', { rd: 1, imm: 16 }),
      a('addi', { rd: 6, rs1: 6, imm: -1 }),
      a('bne', { rs1: 6, rs2: 0, imm: -8 }),
      EBREAK,
      a('add', { rd: 10, rs1: 10, rs2: 6 }),
      RET,
    ]);
    h.setX(6, 10_000);
    h.setX(10, 0);
    await expect(listing(h, 'loop')).toMatchFileSnapshot(file('inlined'));
    expect(h.x(10)).toBe(50_005_000n);
  });

  test('a switch in a loop', async () => {
    // Two cases of 12 bytes; x7 goes 0, 12, 0, 12.
    const h = machine([
      a('addi', { rd: 2, rs1: 2, imm: -16 }),
      a('auipc', { rd: 28, imm: 0 }),
      a('beq', { rs1: 6, rs2: 0, imm: 40 }),
      a('xori', { rd: 7, rs1: 7, imm: 12 }),
      a('add', { rd: 5, rs1: 28, rs2: 7 }),
      a('jalr', { rd: 0, rs1: 5, imm: 20 }),
      a('addi', { rd: 10, rs1: 10, imm: 1 }),
      a('addi', { rd: 6, rs1: 6, imm: -1 }),
      a('jal', { rd: 0, imm: -24 }),
      a('addi', { rd: 11, rs1: 11, imm: 3 }),
      a('addi', { rd: 6, rs1: 6, imm: -1 }),
      a('jal', { rd: 0, imm: -36 }),
      EBREAK,
    ]);
    for (const register of [7, 10, 11]) h.setX(register, 0);
    h.setX(6, 10_000_000);
    await expect(listing(h, 'br_table')).toMatchFileSnapshot(file('switch'));
    expect(h.x(11)).toBe(h.x(10) * 3n);
  });
});
