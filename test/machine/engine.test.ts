/**
 * The engine's contract at its edges: precise traps, the soft MMU, code that changes, budgets and counts.
 */
import { describe, expect, test } from 'vitest';
import {
  type Engine,
  EXIT_BREAKPOINT,
  EXIT_BUDGET,
  EXIT_ECALL,
  EXIT_FETCH_FAULT,
  EXIT_ILLEGAL,
  EXIT_LOAD_FAULT,
  EXIT_LOAD_MISALIGNED,
  EXIT_STORE_FAULT,
  EXIT_STORE_MISALIGNED,
} from '../../src/contracts/engine.ts';
import { assemble as a } from '../../src/machine/isa/assemble.ts';
import {
  CTX_PC,
  CTX_RETIRED,
  CTX_X,
  HART_CONTEXT,
  HART_RESERVATION,
  HART_ROOT,
  PAGE_SIZE,
} from '../../src/machine/layout.ts';
import { contextAddress, hartAddress } from '../../src/machine/machine.ts';
import { createInterpreter, interpreterEngine } from '../../src/modules/engine/interpreter/module.ts';
import { jitEngine } from '../../src/modules/engine/jit/module.ts';
import { selfTest } from '../../src/machine/interpreter/self-test.ts';
import { ENGINES } from './program.ts';
import { Harness, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X, RWX } from './harness.ts';

const CODE = 0x10000;
const OTHER = 0x40000;
const NOP = a('addi');
const EBREAK = a('ebreak');
const PTE_A = 64;
const PTE_D = 128;

describe.each(ENGINES)('engine %s', (_name, create) => {
  /** A machine with `words` at CODE, one page of code. */
  function machine(words: readonly number[], shared = false): Harness {
    const h = new Harness(8 << 20, shared, create);
    h.map(CODE);
    h.code(CODE, words);
    h.pc = CODE;
    return h;
  }

  const pteLow = (h: Harness, va: number, level = 0): number => h.view.getUint32(h.pte(va, level), true);

  describe('traps', () => {
    test('ecall and ebreak stop at the instruction and are not retired', () => {
      for (const [mnemonic, cause] of [
        ['ecall', EXIT_ECALL],
        ['ebreak', EXIT_BREAKPOINT],
        ['c.ebreak', EXIT_BREAKPOINT],
      ] as const) {
        const h = machine([NOP, a('c.addi', { rd: 5, rs1: 5, imm: 1 }), a(mnemonic)]);
        expect(h.run()).toBe(cause);
        expect([h.pc, h.retired, h.x(5)]).toEqual([CODE + 6, 2, 1n]);
      }
    });

    test('an unknown word is illegal, with its bits in tval', () => {
      for (const [word, bits] of [
        [0xffffffff, 0xffffffff],
        [0x0000, 0],
        [0x0000707b, 0x0000707b],
      ] as const) {
        const h = machine([NOP, word]);
        expect(h.run()).toBe(EXIT_ILLEGAL);
        expect([h.pc, h.tval, h.retired]).toEqual([CODE + 4, bits, 1]);
      }
    });

    test('CSRs: cycle and instret count exactly, time and writes to cycle are illegal', () => {
      const read = (imm: number): number => a('csrrs', { rd: 10, rs1: 0, imm });
      const h = machine([
        NOP,
        NOP,
        read(0xc02),
        a('addi', { rd: 11, rs1: 10, imm: 0 }),
        read(0xc00),
        read(0xc01),
      ]);
      expect(h.run()).toBe(EXIT_ILLEGAL);
      expect([h.x(11), h.x(10), h.pc, h.tval]).toEqual([2n, 4n, CODE + 20, read(0xc01)]);
      const w = machine([a('csrrw', { rd: 0, rs1: 5, imm: 0xc00 })]);
      expect(w.run()).toBe(EXIT_ILLEGAL);
    });

    test('a reserved rounding mode is illegal, static or dynamic, exact conversions included', () => {
      for (const mnemonic of ['fadd.d', 'fcvt.d.w', 'fcvt.d.s', 'fmadd.s', 'fcvt.w.d']) {
        for (const [rm, frm] of [
          [5, 0],
          [6, 0],
          [7, 5],
          [7, 7],
        ] as const) {
          const h = machine([a(mnemonic, { rd: 1, rs1: 2, rm }), EBREAK]);
          h.fcsr = (frm << 5) | 1;
          expect(h.run(), `${mnemonic} ${rm} ${frm}`).toBe(EXIT_ILLEGAL);
          expect(h.pc).toBe(CODE);
        }
      }
    });

    test('x0 stays zero, whatever is written to it', () => {
      const h = machine([
        a('addi', { rd: 0, rs1: 0, imm: 5 }),
        a('ld', { rd: 0, rs1: 5, imm: 0 }),
        a('auipc', { rd: 6 }),
        a('jalr', { rd: 0, rs1: 6, imm: 8 }),
        a('csrrs', { rd: 0, rs1: 0, imm: 0xc02 }),
        EBREAK,
      ]);
      h.setX(5, CODE);
      expect(h.run()).toBe(EXIT_BREAKPOINT);
      expect(h.x(0)).toBe(0n);
      expect(h.retired).toBe(5);
    });

    test('the reservation is cleared at every exit, so that a later sc fails', () => {
      const h = machine([
        a('lr.d', { rd: 5, rs1: 10 }),
        a('ecall'),
        a('sc.d', { rd: 6, rs1: 10, rs2: 11 }),
        EBREAK,
      ]);
      h.setX(10, CODE + 64);
      expect(h.run()).toBe(EXIT_ECALL);
      expect(h.view.getBigUint64(h.hart + HART_RESERVATION, true)).toBe(0xffffffffffffffffn);
      h.pc += 4;
      expect(h.run()).toBe(EXIT_BREAKPOINT);
      expect(h.x(6)).toBe(1n);
    });

    test('misaligned atomics trap before any effect', () => {
      for (const [word, cause] of [
        [a('lr.w', { rd: 5, rs1: 10 }), EXIT_LOAD_MISALIGNED],
        [a('sc.w', { rd: 5, rs1: 10, rs2: 11 }), EXIT_STORE_MISALIGNED],
        [a('amoadd.d', { rd: 5, rs1: 10, rs2: 11 }), EXIT_STORE_MISALIGNED],
      ] as const) {
        const h = machine([word]);
        h.setX(10, CODE + 66);
        expect(h.run()).toBe(cause);
        expect([h.pc, h.tval, h.retired]).toEqual([CODE, CODE + 66, 0]);
      }
    });
  });

  describe('soft MMU', () => {
    const load = a('ld', { rd: 5, rs1: 10, imm: 0 });
    const store = a('sd', { rs2: 11, rs1: 10, imm: 0 });
    const amo = a('amoadd.d', { rd: 5, rs1: 10, rs2: 11 });
    const outcome = (h: Harness, word: number, va: number | bigint): number => {
      h.engine.flushHart(0);
      h.code(CODE, [word, EBREAK]);
      h.engine.invalidateFrame(h.physical(CODE) / PAGE_SIZE);
      h.setX(10, va);
      h.pc = CODE;
      return h.run();
    };

    test('permissions and reserved encodings', () => {
      const h = machine([]);
      const R = PTE_V | PTE_U | PTE_R;
      const cases: readonly (readonly [flags: number, load: boolean, store: boolean, fetch: boolean])[] = [
        [RWX, true, true, true],
        [R, true, false, false],
        [R | PTE_W, true, true, false],
        [PTE_V | PTE_U | PTE_X, false, false, true],
        [R | PTE_X, true, false, true],
        [PTE_V | PTE_U | PTE_W, false, false, false],
        [PTE_V | PTE_U | PTE_W | PTE_X, false, false, false],
        [RWX & ~PTE_U, false, false, false],
        [RWX & ~PTE_V, false, false, false],
      ];
      for (const [flags, canLoad, canStore, canFetch] of cases) {
        h.map(OTHER, flags);
        expect(outcome(h, load, OTHER), `load ${flags}`).toBe(canLoad ? EXIT_BREAKPOINT : EXIT_LOAD_FAULT);
        expect(outcome(h, store, OTHER), `store ${flags}`).toBe(
          canStore ? EXIT_BREAKPOINT : EXIT_STORE_FAULT,
        );
        expect(outcome(h, amo, OTHER), `amo ${flags}`).toBe(canStore ? EXIT_BREAKPOINT : EXIT_STORE_FAULT);
        if (!canStore) expect([h.pc, h.tval]).toEqual([CODE, OTHER]);
        // The page is zero, so that a successful fetch meets the illegal zero word.
        h.pc = OTHER;
        h.engine.flushHart(0);
        if (canStore) h.write(OTHER, new Uint8Array(16));
        expect(h.run(), `fetch ${flags}`).toBe(canFetch ? EXIT_ILLEGAL : EXIT_FETCH_FAULT);
      }
    });

    test('bits 54 to 63 of a PTE and A, D, U of a pointer are reserved', () => {
      const h = machine([]);
      h.map(OTHER);
      const leaf = h.pte(OTHER);
      const good = h.view.getBigUint64(leaf, true);
      for (let bit = 54n; bit < 64n; bit++) {
        h.view.setBigUint64(leaf, good | (1n << bit), true);
        expect(outcome(h, load, OTHER)).toBe(EXIT_LOAD_FAULT);
      }
      h.view.setBigUint64(leaf, good, true);
      const pointer = h.pte(OTHER, 1);
      for (const bit of [PTE_U, PTE_A, PTE_D]) {
        // CODE is under the same pointer, so fetch faults.
        h.view.setUint32(pointer, h.view.getUint32(pointer, true) | bit, true);
        h.engine.flushHart(0);
        h.pc = CODE;
        expect(h.run()).toBe(EXIT_FETCH_FAULT);
        h.view.setUint32(pointer, h.view.getUint32(pointer, true) & ~bit, true);
      }
      expect(outcome(h, load, OTHER)).toBe(EXIT_BREAKPOINT);
    });

    test('a frame beyond memory and an address that is not canonical fault', () => {
      const h = machine([]);
      h.map(OTHER, RWX, h.machine.layout.endFrame);
      expect(outcome(h, load, OTHER)).toBe(EXIT_LOAD_FAULT);
      h.map(OTHER);
      for (const va of [(1n << 39n) | BigInt(OTHER), (1n << 63n) | BigInt(OTHER), (1n << 40n) - 8n]) {
        expect(outcome(h, load, va), va.toString(16)).toBe(EXIT_LOAD_FAULT);
        expect(h.view.getBigUint64(h.hart + 8, true)).toBe(va);
      }
    });

    test('A is set by access, D by a write only', () => {
      const h = machine([]);
      h.map(OTHER);
      expect(pteLow(h, OTHER) & (PTE_A | PTE_D)).toBe(0);
      outcome(h, load, OTHER);
      expect(pteLow(h, OTHER) & (PTE_A | PTE_D)).toBe(PTE_A);
      outcome(h, store, OTHER);
      expect(pteLow(h, OTHER) & (PTE_A | PTE_D)).toBe(PTE_A | PTE_D);
      expect(pteLow(h, CODE) & (PTE_A | PTE_D)).toBe(PTE_A);
    });

    test('superpages translate, misaligned ones fault', () => {
      const h = new Harness(16 << 20, false, create);
      h.map(CODE);
      const first = Math.ceil(h.machine.layout.firstFrame / 512) * 512;
      const va = 0x40000000;
      h.view.setBigUint64(h.pte(va, 1), (BigInt(first) << 10n) | BigInt(RWX), true);
      h.machine.u32[(first * PAGE_SIZE + 0x12348) >>> 2] = 0x1234;
      expect(outcome(h, load, va + 0x12348)).toBe(EXIT_BREAKPOINT);
      expect(h.x(5)).toBe(0x1234n);
      h.view.setBigUint64(h.pte(va, 1), (BigInt(first + 1) << 10n) | BigInt(RWX), true);
      expect(outcome(h, load, va)).toBe(EXIT_LOAD_FAULT);
    });

    test('flushPage forgets one page, flushHart all', () => {
      const h = machine([load, EBREAK]);
      const one = h.map(OTHER);
      const two = h.frame();
      h.machine.u32[(one * PAGE_SIZE) >>> 2] = 1;
      h.machine.u32[(two * PAGE_SIZE) >>> 2] = 2;
      const value = (): bigint => {
        h.setX(10, OTHER);
        h.pc = CODE;
        h.run();
        return h.x(5);
      };
      expect(value()).toBe(1n);
      h.map(OTHER, RWX, two);
      expect(value()).toBe(1n);
      h.engine.flushPage(OTHER);
      expect(value()).toBe(2n);
      h.map(OTHER, RWX, one);
      h.engine.flushHart(0);
      expect(value()).toBe(1n);
    });

    test('an access over a page boundary is whole or faults at the second page without effect', () => {
      const h = machine([]);
      h.map(OTHER);
      h.setX(11, 0x1122334455667788n);
      expect(outcome(h, store, OTHER + PAGE_SIZE - 3)).toBe(EXIT_STORE_FAULT);
      expect([h.pc, h.tval]).toEqual([CODE, OTHER + PAGE_SIZE]);
      expect([...h.read(OTHER + PAGE_SIZE - 3, 3)]).toEqual([0, 0, 0]);
      h.map(OTHER + PAGE_SIZE, PTE_V | PTE_U | PTE_R);
      expect(outcome(h, store, OTHER + PAGE_SIZE - 3)).toBe(EXIT_STORE_FAULT);
      expect(outcome(h, load, OTHER + PAGE_SIZE - 3)).toBe(EXIT_BREAKPOINT);
      h.map(OTHER + PAGE_SIZE);
      expect(outcome(h, store, OTHER + PAGE_SIZE - 3)).toBe(EXIT_BREAKPOINT);
      expect([...h.read(OTHER + PAGE_SIZE - 3, 8)]).toEqual([0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11]);
      expect(outcome(h, load, OTHER + PAGE_SIZE - 3)).toBe(EXIT_BREAKPOINT);
      expect(h.x(5)).toBe(0x1122334455667788n);
    });
  });

  describe('code', () => {
    test('an instruction over a page boundary runs, and faults at the second page', () => {
      const h = machine([]);
      const at = CODE + PAGE_SIZE - 2;
      const word = a('addi', { rd: 5, rs1: 5, imm: 1 });
      h.write(at, Uint8Array.of(word & 0xff, (word >>> 8) & 0xff));
      h.pc = at;
      expect(h.run()).toBe(EXIT_FETCH_FAULT);
      expect([h.pc, h.tval, h.retired]).toEqual([at, CODE + PAGE_SIZE, 0]);
      const second = h.map(CODE + PAGE_SIZE);
      h.write(CODE + PAGE_SIZE, Uint8Array.of((word >>> 16) & 0xff, word >>> 24));
      h.code(CODE + PAGE_SIZE + 2, [EBREAK]);
      expect(h.run()).toBe(EXIT_BREAKPOINT);
      expect([h.pc, h.x(5), h.retired]).toEqual([CODE + PAGE_SIZE + 2, 1n, 1]);
      // Another second page, with another half: the immediate changes.
      const other = h.frame();
      h.machine.u8.copyWithin(other * PAGE_SIZE, second * PAGE_SIZE, (second + 1) * PAGE_SIZE);
      const changed = a('addi', { rd: 5, rs1: 5, imm: 100 });
      h.machine.u16[(other * PAGE_SIZE) >>> 1] = changed >>> 16;
      h.map(CODE + PAGE_SIZE, RWX, other);
      h.engine.flushPage(CODE + PAGE_SIZE);
      h.pc = at;
      expect(h.run()).toBe(EXIT_BREAKPOINT);
      expect(h.x(5)).toBe(101n);
    });

    test('execution goes on from page to page, and branches between pages', () => {
      const h = machine([]);
      h.map(CODE + PAGE_SIZE);
      h.code(CODE + PAGE_SIZE - 4, [a('addi', { rd: 5, rs1: 5, imm: 1 })]);
      h.code(CODE + PAGE_SIZE, [
        a('addi', { rd: 6, rs1: 6, imm: -1 }),
        a('bne', { rs1: 6, rs2: 0, imm: -8 }),
        EBREAK,
      ]);
      h.setX(6, 1000);
      h.pc = CODE + PAGE_SIZE - 4;
      expect(h.run()).toBe(EXIT_BREAKPOINT);
      expect([h.x(5), h.retired]).toEqual([1000n, 3000]);
    });

    test('a store to code that has run takes effect, with fence.i and without', () => {
      for (const fence of [a('fence.i'), NOP]) {
        const target = CODE + 64;
        const h = machine([
          a('jalr', { rd: 1, rs1: 10, imm: 0 }),
          a('sw', { rs2: 11, rs1: 10, imm: 0 }),
          fence,
          a('jalr', { rd: 1, rs1: 10, imm: 0 }),
          EBREAK,
        ]);
        const ret = a('jalr', { rd: 0, rs1: 1, imm: 0 });
        h.code(target, [a('addi', { rd: 5, rs1: 5, imm: 1 }), ret]);
        h.setX(10, target);
        h.setX(11, a('addi', { rd: 5, rs1: 5, imm: 50 }));
        expect(h.run()).toBe(EXIT_BREAKPOINT);
        expect(h.x(5)).toBe(51n);
      }
    });

    test('a frame is marked while it holds code; the kernel can write after invalidateFrame', () => {
      const h = machine([a('addi', { rd: 5, rs1: 5, imm: 1 }), EBREAK]);
      const frame = h.physical(CODE) / PAGE_SIZE;
      const mark = (): number => h.machine.u8[h.machine.layout.codeMarkBase + frame] as number;
      expect(mark()).toBe(0);
      h.run();
      expect(mark()).toBe(1);
      h.engine.invalidateFrame(frame);
      expect(mark()).toBe(0);
      h.code(CODE, [a('addi', { rd: 5, rs1: 5, imm: 10 }), EBREAK]);
      h.pc = CODE;
      h.run();
      expect(h.x(5)).toBe(11n);
      h.engine.flushCode();
      expect(mark()).toBe(0);
      h.pc = CODE;
      h.run();
      expect(h.x(5)).toBe(21n);
    });

    test('a page written before it holds code is watched from then on', () => {
      const h = machine([
        a('sw', { rs2: 11, rs1: 10, imm: 0 }),
        a('jalr', { rd: 1, rs1: 10, imm: 0 }),
        a('sw', { rs2: 12, rs1: 10, imm: 0 }),
        a('jalr', { rd: 1, rs1: 10, imm: 0 }),
        EBREAK,
      ]);
      h.map(OTHER);
      h.code(OTHER + 4, [a('jalr', { rd: 0, rs1: 1, imm: 0 })]);
      h.setX(10, OTHER);
      h.setX(11, a('addi', { rd: 5, rs1: 5, imm: 1 }));
      h.setX(12, a('addi', { rd: 5, rs1: 5, imm: 20 }));
      expect(h.run()).toBe(EXIT_BREAKPOINT);
      expect(h.x(5)).toBe(21n);
    });

    test('a store beside code in its page does not disturb the code, one before or into it does', () => {
      const h = machine([a('sw', { rs2: 11, rs1: 10, imm: 0 }), EBREAK]);
      const mark = (): number =>
        h.machine.u8[h.machine.layout.codeMarkBase + h.physical(CODE) / PAGE_SIZE] as number;
      for (const [offset, marked] of [
        [12, 1],
        [8, 1],
        [PAGE_SIZE - 4, 1],
        // The store's own block goes, and comes back with the next fetch.
        [6, 1],
        [4, 1],
      ] as const) {
        h.setX(10, CODE + offset);
        h.setX(11, offset === 4 ? a('ecall') : offset === 6 ? EBREAK >>> 16 : 0x01020304);
        h.pc = CODE;
        expect(h.run()).toBe(offset === 4 ? EXIT_ECALL : EXIT_BREAKPOINT);
        expect(mark()).toBe(marked);
      }
      expect([...h.read(CODE + PAGE_SIZE - 4, 4)]).toEqual([4, 3, 2, 1]);
    });

    test('what one hart writes another executes; each has its TLB', () => {
      const h = machine([a('addi', { rd: 5, rs1: 5, imm: 1 }), EBREAK]);
      h.map(OTHER);
      h.code(OTHER, [a('sw', { rs2: 11, rs1: 10, imm: 0 }), EBREAK]);
      const layout = h.machine.layout;
      const second = hartAddress(layout, 1);
      const context = contextAddress(layout, 1);
      h.view.setUint32(second + HART_CONTEXT, context, true);
      h.view.setUint32(second + HART_ROOT, h.view.getUint32(h.hart + HART_ROOT, true), true);
      const write = (word: number): void => {
        h.view.setBigUint64(context + CTX_PC, BigInt(OTHER), true);
        h.view.setBigUint64(context + CTX_X + 80, BigInt(CODE), true);
        h.view.setBigUint64(context + CTX_X + 88, BigInt(word), true);
        expect(h.engine.run(1, 1000)).toBe(EXIT_BREAKPOINT);
      };
      const execute = (): bigint => {
        h.pc = CODE;
        expect(h.run()).toBe(EXIT_BREAKPOINT);
        return h.x(5);
      };
      // The first write leaves hart 1 a writable entry, which must go when hart 0 fetches from the page.
      write(a('addi', { rd: 5, rs1: 5, imm: 10 }));
      expect(execute()).toBe(10n);
      write(a('addi', { rd: 5, rs1: 5, imm: 100 }));
      expect(execute()).toBe(110n);
      write(a('addi', { rd: 5, rs1: 5, imm: 1000 }));
      expect(execute()).toBe(1110n);
      expect(h.view.getBigUint64(context + CTX_RETIRED, true)).toBe(3n);
    });

    test('more code than there are blocks still runs', () => {
      const h = new Harness(16 << 20, false, create);
      const pages = 1300;
      for (let i = 0; i < pages; i++) {
        const va = CODE + i * PAGE_SIZE;
        h.map(va);
        h.code(va, [
          a('addi', { rd: 5, rs1: 5, imm: 1 }),
          i === pages - 1 ? EBREAK : a('jal', { rd: 0, imm: PAGE_SIZE - 4 }),
        ]);
      }
      for (let turn = 1; turn <= 2; turn++) {
        h.pc = CODE;
        expect(h.run(1e6)).toBe(EXIT_BREAKPOINT);
        expect(h.x(5)).toBe(BigInt(pages * turn));
      }
    });

    test('a fresh instance knows nothing of what another knew of the address space', () => {
      const words = [a('ld', { rd: 5, rs1: 10, imm: 0 }), a('addi', { rd: 6, rs1: 6, imm: -1 })];
      const h = machine([...words, a('bne', { rs1: 6, rs2: 0, imm: -8 }), EBREAK]);
      const load = (engine: Engine): bigint => {
        h.setX(10, OTHER);
        h.setX(6, 100);
        h.pc = CODE;
        expect(engine.run(0, 10_000)).toBe(EXIT_BREAKPOINT);
        return h.x(5);
      };
      h.map(OTHER);
      h.write(OTHER, Uint8Array.of(1));
      expect(load(h.engine)).toBe(1n);
      createInterpreter(h.machine);
      h.map(OTHER);
      h.write(OTHER, Uint8Array.of(2));
      expect(load(create(h.machine))).toBe(2n);
    });

    test('a fresh instance takes over in the middle', () => {
      const h = machine([a('addi', { rd: 5, rs1: 5, imm: 1 }), a('jal', { rd: 0, imm: -4 })]);
      let engine = h.engine;
      for (let i = 0; i < 10; i++) {
        expect(engine.run(0, 100)).toBe(EXIT_BUDGET);
        engine = create(h.machine);
        expect(h.machine.u8[h.machine.layout.codeMarkBase + h.physical(CODE) / PAGE_SIZE]).toBe(0);
      }
      expect([h.x(5), h.retired]).toEqual([500n, 1000]);
    });

    test.each([
      ['another register', 28],
      ['the same register', 6],
    ])('a stub that jumps by %s and links as no call does returns to its caller', (_how, by) => {
      const h = machine([
        a('jal', { rd: 1, imm: 16 }),
        a('add', { rd: 7, rs1: 7, rs2: 6 }),
        a('addi', { rd: 8, rs1: 8, imm: -1 }),
        a('bne', { rs1: 8, rs2: 0, imm: 12 }),
        // The stub, which is also where the loop goes back.
        a('beq', { rs1: 8, rs2: 0, imm: 24 }),
        a('jal', { rd: 0, imm: 8 }),
        a('jal', { rd: 0, imm: -24 }),
        a('auipc', { rd: by, imm: 0 }),
        a('jalr', { rd: 6, rs1: by, imm: 16 }),
        NOP,
        EBREAK,
        a('addi', { rd: 9, rs1: 9, imm: 1 }),
        a('jalr', { rd: 0, rs1: 1, imm: 0 }),
      ]);
      h.setX(8, 40);
      let cause = EXIT_BUDGET;
      for (let budget = 1; cause === EXIT_BUDGET; budget = (budget % 50) + 1) cause = h.run(budget);
      expect(cause).toBe(EXIT_BREAKPOINT);
      expect([h.x(9), h.x(7), h.x(6)]).toEqual([40n, BigInt(40 * (CODE + 36)), BigInt(CODE + 36)]);
    });

    test('a loop that is entered in the middle may find in a register what it never puts there', () => {
      const h = machine([
        a('addiw', { rd: 5, rs1: 0, imm: 1 }),
        a('addi', { rd: 7, rs1: 7, imm: -1 }),
        a('beq', { rs1: 7, rs2: 0, imm: 20 }),
        a('add', { rd: 6, rs1: 6, rs2: 5 }),
        a('addiw', { rd: 5, rs1: 5, imm: 1 }),
        a('addi', { rd: 8, rs1: 8, imm: 1 }),
        a('jal', { rd: 0, imm: -20 }),
        EBREAK,
      ]);
      h.setX(7, 4);
      expect(h.run()).toBe(EXIT_BREAKPOINT);
      expect(h.x(6)).toBe(6n);
      h.setX(5, 2n ** 40n + 7n);
      h.setX(7, 3);
      h.pc = CODE + 4;
      expect(h.run()).toBe(EXIT_BREAKPOINT);
      expect([h.x(6), h.x(5)]).toEqual([6n + 2n ** 40n + 7n + 8n, 9n]);
    });

    test('runs over a shared memory', () => {
      const h = machine([a('addi', { rd: 5, rs1: 5, imm: 7 }), EBREAK], true);
      expect(h.run()).toBe(EXIT_BREAKPOINT);
      expect(h.x(5)).toBe(7n);
    });
  });

  describe('budget', () => {
    /** Step the model of the contract: which counts are check points for this loop, then the first at or past n. */
    const counts = (words: readonly number[], budget: number): readonly [number, number, number] => {
      const h = machine(words);
      h.setX(6, 1_000_000);
      h.setX(10, CODE);
      const cause = h.run(budget);
      return [cause, h.retired, h.pc];
    };

    test('a backward branch taken is a check point, forward ones are not', () => {
      const loop = [
        NOP,
        a('beq', { rs1: 0, rs2: 0, imm: 8 }),
        NOP,
        a('addi', { rd: 6, rs1: 6, imm: -1 }),
        a('bne', { rs1: 6, rs2: 0, imm: -16 }),
        EBREAK,
      ];
      // Four instructions a turn; only the last is a check point.
      for (const [budget, retired] of [
        [1, 4],
        [4, 4],
        [5, 8],
        [4000, 4000],
        [4001, 4004],
      ] as const) {
        expect(counts(loop, budget)).toEqual([EXIT_BUDGET, retired, CODE]);
      }
    });

    test('a branch to itself counts as backward', () => {
      expect(counts([a('beq', { rs1: 0, rs2: 0, imm: 0 })], 7)).toEqual([EXIT_BUDGET, 7, CODE]);
      expect(counts([a('c.j', { imm: 0 })], 7)).toEqual([EXIT_BUDGET, 7, CODE]);
    });

    test('calls and indirect jumps are check points in any direction, plain forward jumps are not', () => {
      expect(counts([a('jal', { rd: 1, imm: 8 }), NOP, EBREAK], 1)).toEqual([EXIT_BUDGET, 1, CODE + 8]);
      expect(counts([a('jalr', { rd: 0, rs1: 10, imm: 8 }), NOP, EBREAK], 1)).toEqual([
        EXIT_BUDGET,
        1,
        CODE + 8,
      ]);
      expect(counts([a('c.jr', { rs1: 10 })], 5)).toEqual([EXIT_BUDGET, 5, CODE]);
      expect(counts([a('jal', { rd: 0, imm: 8 }), NOP, EBREAK], 1)).toEqual([EXIT_BREAKPOINT, 1, CODE + 8]);
      expect(counts([a('beq', { imm: 8 }), NOP, EBREAK], 1)).toEqual([EXIT_BREAKPOINT, 1, CODE + 8]);
    });

    test('the same in another page', () => {
      const h = machine([]);
      h.map(CODE + PAGE_SIZE);
      h.code(CODE + PAGE_SIZE, [NOP, a('jal', { rd: 0, imm: -8 })]);
      h.code(CODE + PAGE_SIZE - 4, [NOP]);
      h.pc = CODE + PAGE_SIZE - 4;
      expect(h.run(1)).toBe(EXIT_BUDGET);
      expect([h.retired, h.pc]).toEqual([3, CODE + PAGE_SIZE - 4]);
    });

    test('slow cases count like any instruction', () => {
      // A misaligned load over two pages and inexact arithmetic without NX leave the fast path.
      const h = machine([
        a('ld', { rd: 5, rs1: 10, imm: 0 }),
        a('fdiv.d', { rd: 1, rs1: 2, rs2: 3, rm: 7 }),
        a('jal', { rd: 0, imm: -8 }),
      ]);
      h.map(OTHER);
      h.map(OTHER + PAGE_SIZE);
      h.setX(10, OTHER + PAGE_SIZE - 1);
      h.setF(2, 0x3ff0000000000000n);
      h.setF(3, 0x4008000000000000n);
      let total = 0;
      for (const budget of [1, 2, 3, 4, 100, 101]) {
        const expected = Math.ceil(budget / 3) * 3;
        expect(h.run(budget)).toBe(EXIT_BUDGET);
        total += expected;
        expect([h.retired, h.pc]).toEqual([total, CODE]);
      }
      expect(h.f(1)).toBe(0x3fd5555555555555n);
      expect(h.fcsr).toBe(1);
    });

    test('any way of cutting a run into budgets ends in the same state', () => {
      const words = [
        a('addi', { rd: 5, rs1: 5, imm: 3 }),
        a('mul', { rd: 7, rs1: 5, rs2: 5 }),
        a('xor', { rd: 8, rs1: 8, rs2: 7 }),
        a('addi', { rd: 6, rs1: 6, imm: -1 }),
        a('bne', { rs1: 6, rs2: 0, imm: -16 }),
        EBREAK,
      ];
      const finish = (budget: number): readonly bigint[] => {
        const h = machine(words);
        h.setX(6, 500);
        while (h.run(budget) === EXIT_BUDGET);
        return [h.x(5), h.x(8), BigInt(h.retired), BigInt(h.pc)];
      };
      const whole = finish(1_000_000);
      for (const budget of [1, 2, 3, 7, 64, 999]) expect(finish(budget)).toEqual(whole);
    });
  });
});

test('the self-test passes, and finds an engine that does nothing', () => {
  for (const module of [interpreterEngine, jitEngine]) expect(module.selfTest?.()).toBe(null);
  const idle = {
    run: () => EXIT_ECALL,
    flushHart() {},
    flushPage() {},
    flushCode() {},
    invalidateFrame() {},
  };
  expect(selfTest(() => idle)).not.toBe(null);
});
