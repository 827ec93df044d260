/**
 * A machine full of small functions, each with a loop and with calls that are never made: more than a small code cache holds.
 *
 * Holds no test. A call that is not made has a link word all the same.
 */
import { EXIT_BREAKPOINT, type TranslationCounts } from '../../src/contracts/engine.ts';
import { assemble as a } from '../../src/machine/isa/assemble.ts';
import { PAGE_SIZE } from '../../src/machine/layout.ts';
import { createJit } from '../../src/modules/engine/jit/module.ts';
import { EAGER } from '../../src/modules/engine/jit/tiering.ts';
import { Harness } from './harness.ts';

const CODE = 0x100000;
const TURNS = 20;
/** Regions are as long as functions are; all that runs is translated. */
const TIERING = { ...EAGER, part: 1000 };

export class ManyFunctions {
  readonly #h: Harness;
  readonly #count: number;

  /** @param calls of each function, all to other addresses @param most bytes of WebAssembly that the cache may have */
  constructor(count: number, calls: number, most: number) {
    this.#h = new Harness(16 << 20, false, (m) => createJit(m, TIERING, { most, now: () => 0 }));
    this.#count = count;
    for (let i = 0; i < count; i++) {
      const va = CODE + i * PAGE_SIZE;
      this.#h.map(va);
      const words = [
        a('addi', { rd: 5, rs1: 5, imm: (i % 1000) + 1 }),
        a('addi', { rd: 6, rs1: 6, imm: -1 }),
        a('bne', { rs1: 6, rs2: 0, imm: -8 }),
      ];
      for (let call = 0; call < calls; call++) {
        words.push(a('beq', { rs1: 7, rs2: 0, imm: 8 }), a('jal', { rd: 1, imm: 2048 + call * 2 }));
      }
      this.#h.code(va, [...words, a('ebreak')]);
    }
  }

  /** Run every function once. Throws if one computes what it should not. */
  round(): void {
    for (let i = 0; i < this.#count; i++) {
      const h = this.#h;
      h.pc = CODE + i * PAGE_SIZE;
      h.setX(5, 0);
      h.setX(6, TURNS);
      h.setX(7, 0);
      const cause = h.run();
      const expected = BigInt(TURNS * ((i % 1000) + 1));
      if (cause !== EXIT_BREAKPOINT || h.x(5) !== expected)
        throw new Error(`function ${i}: exit ${cause}, ${h.x(5)} in place of ${expected}`);
    }
  }

  counts(): TranslationCounts {
    const counts = this.#h.engine.translation?.();
    if (counts === undefined) throw new TypeError('the engine does not count');
    return counts;
  }
}
