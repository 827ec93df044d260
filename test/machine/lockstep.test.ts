/**
 * Engines in lockstep: random programs of loops, branches, calls, memory and floating point, cut into random budgets.
 *
 * At every exit all engines must agree on every register, the pc and the count of retired instructions. Pages that are missing
 * or read-only at first are mapped when they fault, as a kernel does. SEED in the environment picks other programs.
 */
import { describe, expect, test } from 'vitest';
import {
  EXIT_BREAKPOINT,
  EXIT_BUDGET,
  EXIT_LOAD_FAULT,
  EXIT_STORE_FAULT,
} from '../../src/contracts/engine.ts';
import { CTX_FCSR, CTX_RETIRED, PAGE_SIZE } from '../../src/machine/layout.ts';
import { type Harness, PTE_R, PTE_U, PTE_V, RWX } from './harness.ts';
import { type Create, ENGINES, keeping, LATE, MIXED, Random, Shelf } from './program.ts';
import { boot, DATA, DATA_PAGES } from './random-program.ts';

const SEED = Number(process.env.SEED ?? 3);

const contextOf = (h: Harness): string =>
  Buffer.from(h.machine.u8.subarray(h.context, h.context + CTX_RETIRED + 8)).toString('hex');

/** What a kernel would do about a fault: read-only first, writable at the first store. What can not be mapped is not done. */
function resolve(h: Harness, cause: number): void {
  if (h.tval >= 2 ** 38) {
    h.pc += 4;
    return;
  }
  const page = h.tval - (h.tval % PAGE_SIZE);
  if (cause === EXIT_STORE_FAULT) {
    const mapped = (h.view.getUint32(h.pte(page), true) & PTE_V) !== 0;
    if (mapped) h.map(page, RWX, h.physical(page) / PAGE_SIZE);
    else h.map(page);
  } else {
    h.map(page, PTE_R | PTE_U | PTE_V);
  }
  h.engine.flushPage(page);
}

/** An engine that was used for the whole of a program before. */
function practised(seed: number): Create {
  const shelf = new Shelf();
  const h = boot(keeping(shelf), seed);
  for (let cause = 0; cause !== EXIT_BREAKPOINT; ) {
    cause = h.run(100_000);
    if (cause === EXIT_LOAD_FAULT || cause === EXIT_STORE_FAULT) resolve(h, cause);
  }
  shelf.keep(h.engine);
  return keeping(shelf);
}

describe('lockstep', () => {
  test.each(Array.from({ length: 60 }, (_, i) => SEED * 1000 + i))('program %i', (seed) => {
    const last = practised(seed);
    const machines = [...[...ENGINES, LATE, MIXED].map(([, create]) => create), last].map((create) =>
      boot(create, seed),
    );
    const budgets = new Random(seed + 7);
    for (let stops = 0; ; stops++) {
      const budget = stops > 150 ? 100_000 : budgets.below(budgets.pick([4, 40, 400, 4000])) + 1;
      const outcomes = machines.map((h) => [
        h.run(budget),
        h.pc,
        h.retired,
        h.view.getUint32(h.context + CTX_FCSR, true),
      ]);
      const [first] = outcomes;
      for (const outcome of outcomes) expect(outcome, `stop ${stops}, budget ${budget}`).toEqual(first);
      const contexts = machines.map(contextOf);
      for (const context of contexts)
        expect(context === contexts[0], `registers at stop ${stops}`).toBe(true);
      const cause = first?.[0] as number;
      if (cause === EXIT_BREAKPOINT) break;
      if (cause === EXIT_LOAD_FAULT || cause === EXIT_STORE_FAULT)
        for (const h of machines) resolve(h, cause);
      else expect(cause).toBe(EXIT_BUDGET);
    }
    const counts = machines.at(-1)?.engine.translation?.();
    expect(counts?.old).toBeGreaterThan(0);
    const memory = machines.map((h) => {
      const pages: string[] = [];
      for (let i = 0; i < DATA_PAGES; i++) {
        const va = DATA + i * PAGE_SIZE;
        if ((h.view.getUint32(h.pte(va), true) & PTE_V) !== 0)
          pages.push(Buffer.from(h.read(va, PAGE_SIZE)).toString('hex'));
      }
      return pages.join();
    });
    for (const content of memory) expect(content === memory[0]).toBe(true);
  });
});
