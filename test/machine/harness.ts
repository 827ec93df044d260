/**
 * A machine with the interpreter and nothing else: page tables by hand, ELF loading, write and exit.
 *
 * For tests and benches of the machine; the kernel has its own. Holds one address space and one context.
 */
import {
  CTX_F,
  CTX_FCSR,
  CTX_PC,
  CTX_RETIRED,
  CTX_X,
  HART_CONTEXT,
  HART_ROOT,
  HART_TVAL,
  PAGE_SIZE,
} from '../../src/machine/layout.ts';
import { contextAddress, createMachine, hartAddress, type Machine } from '../../src/machine/machine.ts';
import { EXIT_BUDGET, EXIT_ECALL, type Engine } from '../../src/contracts/engine.ts';
import { createInterpreter, ENGINE_BYTES } from '../../src/modules/engine/interpreter/module.ts';

export const PTE_V = 1;
export const PTE_R = 2;
export const PTE_W = 4;
export const PTE_X = 8;
export const PTE_U = 16;
export const RWX: number = PTE_R | PTE_W | PTE_X | PTE_U | PTE_V;

const SYS_WRITE = 64;
const SYS_EXIT = 93;
const SYS_EXIT_GROUP = 94;

export class Harness {
  readonly machine: Machine;
  readonly engine: Engine;
  readonly context: number;
  readonly hart: number;
  readonly view: DataView;
  readonly output: Uint8Array[] = [];
  exitStatus: number | null = null;
  #nextFrame: number;

  constructor(
    memoryBytes: number = 32 << 20,
    shared = false,
    create: (machine: Machine) => Engine = createInterpreter,
  ) {
    this.machine = createMachine({ memoryBytes, harts: 2, contexts: 4, engineBytes: ENGINE_BYTES }, shared);
    this.engine = create(this.machine);
    this.view = new DataView(this.machine.memory.buffer);
    this.#nextFrame = this.machine.layout.firstFrame;
    this.context = contextAddress(this.machine.layout, 0);
    this.hart = hartAddress(this.machine.layout, 0);
    this.view.setUint32(this.hart + HART_CONTEXT, this.context, true);
    this.view.setUint32(this.hart + HART_ROOT, this.frame(), true);
  }

  /** A new zeroed frame. */
  frame(): number {
    const frame = this.#nextFrame++;
    if (frame >= this.machine.layout.endFrame) throw new RangeError('out of frames');
    this.machine.u8.fill(0, frame * PAGE_SIZE, (frame + 1) * PAGE_SIZE);
    return frame;
  }

  /** Physical address of the PTE of `va` at `level` (0 = 4 KiB pages), tables made on the way. */
  pte(va: number, level = 0): number {
    let table = this.view.getUint32(this.hart + HART_ROOT, true);
    for (let at = 2; at > level; at--) {
      const entry = table * PAGE_SIZE + (Math.floor(va / 2 ** (12 + 9 * at)) & 511) * 8;
      if ((this.view.getUint32(entry, true) & PTE_V) === 0) {
        this.view.setBigUint64(entry, (BigInt(this.frame()) << 10n) | BigInt(PTE_V), true);
      }
      table = Number(this.view.getBigUint64(entry, true) >> 10n);
    }
    return table * PAGE_SIZE + (Math.floor(va / 2 ** (12 + 9 * level)) & 511) * 8;
  }

  /** Map the page of `va`. @returns the frame */
  map(va: number, flags: number = RWX, frame: number = this.frame()): number {
    this.view.setBigUint64(this.pte(va), (BigInt(frame) << 10n) | BigInt(flags), true);
    return frame;
  }

  /** Physical address of a mapped va. */
  physical(va: number): number {
    const pte = this.view.getBigUint64(this.pte(va), true);
    if ((pte & 1n) === 0n) throw new RangeError(`0x${va.toString(16)} is not mapped`);
    return Number(pte >> 10n) * PAGE_SIZE + (va % PAGE_SIZE);
  }

  write(va: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const to = this.physical(va + at);
      const count = Math.min(bytes.length - at, PAGE_SIZE - (to % PAGE_SIZE));
      this.machine.u8.set(bytes.subarray(at, at + count), to);
      at += count;
    }
  }

  read(va: number, length: number): Uint8Array {
    const result = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const from = this.physical(va + at);
      const count = Math.min(length - at, PAGE_SIZE - (from % PAGE_SIZE));
      result.set(this.machine.u8.subarray(from, from + count), at);
      at += count;
    }
    return result;
  }

  /** Put 32- and 16-bit instruction words at `va`, mapped already; a word below 2^16 with low bits not 11 is short. */
  code(va: number, words: readonly number[]): void {
    let at = va;
    for (const word of words) {
      const length = (word & 3) === 3 ? 4 : 2;
      const bytes = [word, word >>> 8, word >>> 16, word >>> 24].slice(0, length);
      this.write(at, Uint8Array.from(bytes));
      at += length;
    }
  }

  x(n: number): bigint {
    return this.view.getBigUint64(this.context + CTX_X + n * 8, true);
  }
  setX(n: number, value: bigint | number): void {
    this.view.setBigUint64(this.context + CTX_X + n * 8, BigInt.asUintN(64, BigInt(value)), true);
  }
  f(n: number): bigint {
    return this.view.getBigUint64(this.context + CTX_F + n * 8, true);
  }
  setF(n: number, value: bigint): void {
    this.view.setBigUint64(this.context + CTX_F + n * 8, BigInt.asUintN(64, value), true);
  }
  get pc(): number {
    return Number(this.view.getBigUint64(this.context + CTX_PC, true));
  }
  set pc(value: number) {
    this.view.setBigUint64(this.context + CTX_PC, BigInt(value), true);
  }
  get retired(): number {
    return Number(this.view.getBigUint64(this.context + CTX_RETIRED, true));
  }
  get tval(): number {
    return Number(this.view.getBigUint64(this.hart + HART_TVAL, true));
  }
  get fcsr(): number {
    return this.view.getUint32(this.context + CTX_FCSR, true);
  }
  set fcsr(value: number) {
    this.view.setUint32(this.context + CTX_FCSR, value, true);
  }

  run(budget = 1_000_000): number {
    return this.engine.run(0, budget);
  }

  /** Load a static ELF at its addresses, with a stack, and set pc and sp. */
  loadElf(elf: Uint8Array): void {
    const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
    const headers = Number(view.getBigUint64(32, true));
    const count = view.getUint16(56, true);
    const mapped = new Set<number>();
    for (let i = 0; i < count; i++) {
      const at = headers + i * 56;
      if (view.getUint32(at, true) !== 1) continue;
      const offset = Number(view.getBigUint64(at + 8, true));
      const va = Number(view.getBigUint64(at + 16, true));
      const fileSize = Number(view.getBigUint64(at + 32, true));
      const size = Number(view.getBigUint64(at + 40, true));
      for (let page = va & -PAGE_SIZE; page < va + size; page += PAGE_SIZE) {
        if (!mapped.has(page)) this.map(page);
        mapped.add(page);
      }
      this.write(va, elf.subarray(offset, offset + fileSize));
    }
    const stackTop = 0x3fff0000;
    for (let page = stackTop - 64 * PAGE_SIZE; page < stackTop; page += PAGE_SIZE) this.map(page);
    this.setX(2, stackTop - 256);
    this.pc = Number(view.getBigUint64(24, true));
  }

  /** Run until exit; write goes to `output`. Throws on any other trap. */
  runProgram(budget = 10_000_000): number {
    for (;;) {
      const cause = this.run(budget);
      if (cause === EXIT_BUDGET) continue;
      if (cause !== EXIT_ECALL) {
        throw new Error(`exit ${cause} at pc 0x${this.pc.toString(16)}, tval 0x${this.tval.toString(16)}`);
      }
      const number = Number(this.x(17));
      if (number === SYS_EXIT || number === SYS_EXIT_GROUP) {
        this.exitStatus = Number(this.x(10));
        return this.exitStatus;
      }
      if (number !== SYS_WRITE) throw new Error(`syscall ${number} at pc 0x${this.pc.toString(16)}`);
      this.output.push(this.read(Number(this.x(11)), Number(this.x(12))));
      this.setX(10, this.x(12));
      this.pc += 4;
    }
  }

  get outputText(): string {
    return this.output.map((part) => String.fromCharCode(...part)).join('');
  }
}
