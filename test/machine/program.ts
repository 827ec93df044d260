/**
 * Programs for the oracle: instruction words to a static ELF that both QEMU and the engine run.
 *
 * One segment that is readable, writable and executable: code, then data, then zeroed space. Holds no test.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assemble } from '../../src/machine/isa/assemble.ts';
import type { Operands } from '../../src/machine/isa/format.ts';
import type { Engine } from '../../src/contracts/engine.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { carryOut } from '../../src/api/beside.ts';
import type { Answer, Beside } from '../../src/contracts/beside.ts';
import type { Kept } from '../../src/contracts/kept.ts';
import { createInterpreter } from '../../src/modules/engine/interpreter/module.ts';
import { turnOnWasmFeatures } from '../../src/host/node/features.ts';
import { UNBOUNDED } from '../../src/modules/engine/jit/cache.ts';
import { createJit } from '../../src/modules/engine/jit/module.ts';
import { EAGER, type Tiering } from '../../src/modules/engine/jit/tiering.ts';
import { Harness } from './harness.ts';

turnOnWasmFeatures();

/** Every engine, and the translating one with all that it runs translated. */
export type Create = (machine: Machine) => Engine;
export const ENGINES: readonly (readonly [name: string, create: Create])[] = [
  ['interpreter', createInterpreter],
  ['jit', (machine) => createJit(machine, EAGER)],
  [
    'jit with small regions taken for large, of what was run alone',
    (machine) => createJit(machine, { ...EAGER, large: 4, unseen: false }),
  ],
];

/** Work that is done when it is asked for, and comes back after some looks for it. */
class Late implements Beside {
  readonly #answers: Answer[] = [];
  #looks = 0;
  #id = 0;

  ask(name: string, request: unknown): number {
    const id = ++this.#id;
    this.#answers.push({ id, value: structuredClone(carryOut(name, structuredClone(request))) });
    return id;
  }

  answer(): Answer | null {
    return ++this.#looks % 4 === 0 ? (this.#answers.shift() ?? null) : null;
  }
}
/** What is translated comes a while after it was wanted. */
export const LATE: readonly [name: string, create: Create] = [
  'jit that translates beside',
  (machine) => createJit(machine, EAGER, UNBOUNDED, { beside: new Late(), kept: null }),
];

/** Much is left to the interpreter, and goes on there from where translations end. */
export const BETWEEN: Tiering = {
  ...EAGER,
  everywhere: false,
  slice: 64,
  hot: 2,
  stillHot: 8,
  missed: 40,
  unseen: false,
};
export const MIXED: readonly [name: string, create: Create] = [
  'jit with what is hot translated',
  (machine) => createJit(machine, BETWEEN),
];

/** Keeps what an engine leaves for the one that comes after it, as a file would; not what the host makes of modules. */
export class Shelf implements Kept {
  #value: unknown = null;

  keep(engine: Engine): void {
    this.#value = structuredClone(engine.toKeep?.() ?? null);
  }

  found(): unknown {
    return this.#value;
  }

  optimised(): number {
    return 0;
  }

  codeOf(): null {
    return null;
  }

  moduleOf(): null {
    return null;
  }
}
/** An engine that translates all, and takes up what is on a shelf. */
export const keeping =
  (shelf: Shelf, tiering: Tiering = EAGER): Create =>
  (machine) =>
    createJit(machine, tiering, UNBOUNDED, { beside: null, kept: shelf });

export const BASE = 0x100000;
/** Code starts here, data at DATA; so that data addresses are known before the code is complete. */
export const DATA = 0x300000;
const HEADER_BYTES = 0x1000;

/** Seeded random numbers (xorshift64*, upper bits). */
export class Random {
  #state: bigint;
  readonly seed: number;
  constructor(seed: number) {
    this.seed = seed;
    this.#state = BigInt(seed) * 0x9e3779b97f4a7c15n + 0x1234567n;
  }
  u64(): bigint {
    let x = BigInt.asUintN(64, this.#state);
    x ^= x >> 12n;
    x = BigInt.asUintN(64, x ^ (x << 25n));
    x ^= x >> 27n;
    this.#state = x;
    return BigInt.asUintN(64, x * 0x2545f4914f6cdd1dn);
  }
  below(n: number): number {
    return Number((this.u64() >> 11n) % BigInt(n));
  }
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}

export class Program {
  readonly #code: number[] = [];
  #length = 0;
  readonly #data = new Map<number, Uint8Array>();
  #dataEnd = DATA;
  readonly #output: (readonly [at: number, length: number])[] = [];

  get pc(): number {
    return BASE + HEADER_BYTES + this.#length;
  }

  word(bits: number): void {
    this.#code.push(bits);
    this.#length += (bits & 3) === 3 ? 4 : 2;
  }

  emit(mnemonic: string, operands: Partial<Operands> = {}): void {
    this.word(assemble(mnemonic, operands));
  }

  /** Load a constant below 2^31. */
  li(rd: number, value: number): void {
    const low = (value << 20) >> 20;
    this.emit('lui', { rd, imm: (value - low) | 0 });
    this.emit('addi', { rd, rs1: rd, imm: low });
  }

  /** Place bytes; @returns the address, 16-byte aligned */
  data(bytes: Uint8Array): number {
    const at = this.space(bytes.length);
    this.#data.set(at, bytes);
    return at;
  }

  space(length: number): number {
    const at = this.#dataEnd;
    this.#dataEnd += (length + 15) & ~15;
    return at;
  }

  /** Write this range to stdout at the end. */
  output(at: number, length: number): void {
    this.#output.push([at, length]);
  }

  elf(): Uint8Array {
    for (const [at, length] of this.#output) {
      this.li(10, 1);
      this.li(11, at);
      this.li(12, length);
      this.li(17, 64);
      this.emit('ecall');
    }
    this.li(10, 0);
    this.li(17, 94);
    this.emit('ecall');
    const fileSize = this.#dataEnd - BASE;
    const image = new Uint8Array(fileSize);
    const view = new DataView(image.buffer);
    image.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
    view.setUint16(16, 2, true);
    view.setUint16(18, 243, true);
    view.setUint32(20, 1, true);
    view.setBigUint64(24, BigInt(BASE + HEADER_BYTES), true);
    view.setBigUint64(32, 64n, true);
    view.setUint32(48, 5, true);
    view.setUint16(52, 64, true);
    view.setUint16(54, 56, true);
    view.setUint16(56, 1, true);
    view.setUint32(64, 1, true);
    view.setUint32(68, 7, true);
    view.setBigUint64(80, BigInt(BASE), true);
    view.setBigUint64(88, BigInt(BASE), true);
    view.setBigUint64(96, BigInt(fileSize), true);
    view.setBigUint64(104, BigInt(fileSize), true);
    view.setBigUint64(112, 4096n, true);
    let at = HEADER_BYTES;
    for (const word of this.#code) {
      view.setUint16(at, word & 0xffff, true);
      at += 2;
      if ((word & 3) === 3) {
        view.setUint16(at, word >>> 16, true);
        at += 2;
      }
    }
    if (BASE + at > DATA) throw new RangeError('code runs into data');
    for (const [from, bytes] of this.#data) image.set(bytes, from - BASE);
    return image;
  }
}

/** What the tables have, and no more. */
const ORACLE_CPU = 'rv64,zba=true,zbb=true,zbs=true,zbc=false';

/** QEMU 7.2 lets it count on in the upper half where the lower is zero. */
export const ORACLE_DOUBTS: ReadonlySet<string> = new Set(['ctzw']);

/** Standard output of the program under QEMU. */
export function runOracle(elf: Uint8Array): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'strake-oracle-'));
  const path = join(folder, 'program');
  writeFileSync(path, elf);
  chmodSync(path, 0o755);
  const result = spawnSync('qemu-riscv64-static', ['-cpu', ORACLE_CPU, path], { maxBuffer: 1 << 28 });
  rmSync(folder, { recursive: true });
  if (result.status !== 0)
    throw new Error(`qemu: status ${result.status}, signal ${result.signal}: ${result.stderr}`);
  return new Uint8Array(result.stdout);
}

/** Standard output of the program under the engine. */
export function runEngine(elf: Uint8Array, create: Create): Uint8Array {
  const h = new Harness(48 << 20, false, create);
  h.loadElf(elf);
  h.runProgram(1_000_003);
  const total = h.output.reduce((sum, part) => sum + part.length, 0);
  const all = new Uint8Array(total);
  let at = 0;
  for (const part of h.output) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export const hasOracle: boolean = spawnSync('qemu-riscv64-static', ['--version']).status === 0;
