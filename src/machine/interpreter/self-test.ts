/**
 * Self-test of the engine on a machine of its own: a loop over arithmetic, memory and floating point, then a fault.
 */
import { EXIT_BUDGET, EXIT_ECALL, EXIT_STORE_FAULT } from '../exits.ts';
import { assemble } from '../isa/assemble.ts';
import { CTX_F, CTX_PC, CTX_RETIRED, CTX_X, HART_CONTEXT, HART_ROOT, PAGE_SIZE } from '../layout.ts';
import { RESERVED_BYTES } from './region.ts';
import { contextAddress, createMachine, hartAddress, type Machine } from '../machine.ts';

const CODE = 0x10000;
const READ_ONLY = 0x11000;
const TURNS = 100;
const PTE_RWXUV = 0x1f;
const PTE_RUV = 0x13;

const PROGRAM: readonly number[] = [
  assemble('addi', { rd: 5, rs1: 0, imm: TURNS }),
  assemble('lui', { rd: 8, imm: CODE }),
  assemble('mul', { rd: 6, rs1: 5, rs2: 5 }),
  assemble('sd', { rs1: 8, rs2: 6, imm: 1024 }),
  assemble('lw', { rd: 7, rs1: 8, imm: 1024 }),
  assemble('add', { rd: 9, rs1: 9, rs2: 7 }),
  assemble('fcvt.d.l', { rd: 1, rs1: 9, rm: 7 }),
  assemble('addi', { rd: 5, rs1: 5, imm: -1 }),
  assemble('bne', { rs1: 5, rs2: 0, imm: -24 }),
  assemble('ecall'),
  assemble('lui', { rd: 8, imm: READ_ONLY }),
  assemble('sd', { rs1: 8, rs2: 9, imm: 8 }),
];
const PER_TURN = 7;
/** Sum of the squares of 1 to TURNS. */
const EXPECTED = (TURNS * (TURNS + 1) * (2 * TURNS + 1)) / 6;

/** What an engine does, as far as it is tested. */
interface Runs {
  /** @returns an EXIT_ code */
  run(hart: number, budget: number): number;
}

/** @returns what is wrong, or null */
export function selfTest(create: (machine: Machine) => Runs): string | null {
  const m = createMachine(
    { memoryBytes: 16 * PAGE_SIZE, harts: 1, contexts: 1, engineBytes: RESERVED_BYTES + (1 << 20) },
    false,
  );
  const engine = create(m);
  const hart = hartAddress(m.layout, 0) >>> 2;
  const context = contextAddress(m.layout, 0) >>> 2;
  const first = m.layout.firstFrame;
  const [root, middle, leaf, code, other] = [first, first + 1, first + 2, first + 3, first + 4];
  const entry = (table: number, index: number, frame: number, flags: number): void => {
    m.u32[(table * PAGE_SIZE) / 4 + index * 2] = (frame << 10) | flags;
  };
  entry(root, 0, middle, 1);
  entry(middle, 0, leaf, 1);
  entry(leaf, CODE / PAGE_SIZE, code, PTE_RWXUV);
  entry(leaf, READ_ONLY / PAGE_SIZE, other, PTE_RUV);
  PROGRAM.forEach((word, i) => {
    m.u32[(code * PAGE_SIZE) / 4 + i] = word;
  });
  m.u32[hart + HART_CONTEXT / 4] = context * 4;
  m.u32[hart + HART_ROOT / 4] = root;
  m.u32[context + CTX_PC / 4] = CODE;

  const field = (offset: number): number => m.u32[context + offset / 4] as number;
  if (engine.run(0, 1) !== EXIT_BUDGET) return 'a budget of one does not stop the loop';
  if (field(CTX_RETIRED) !== 2 + PER_TURN) return 'the budget stops at the wrong instruction';
  if (engine.run(0, 1_000_000) !== EXIT_ECALL) return 'the loop does not end in its ecall';
  if (field(CTX_X + 9 * 8) !== EXPECTED) return 'the sum is wrong';
  const sum = new Float64Array(m.memory.buffer, context * 4 + CTX_F + 8, 1)[0];
  if (sum !== EXPECTED) return 'the floating-point sum is wrong';
  if (field(CTX_RETIRED) !== 2 + PER_TURN * TURNS) return 'the count of retired instructions is wrong';
  m.u32[context + CTX_PC / 4] = field(CTX_PC) + 4;
  if (engine.run(0, 1_000_000) !== EXIT_STORE_FAULT) return 'a store to a read-only page does not fault';
  if (field(CTX_PC) !== CODE + (PROGRAM.length - 1) * 4) return 'the fault is not precise';
  return null;
}
