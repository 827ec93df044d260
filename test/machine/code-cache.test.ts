/**
 * A small code cache: what is evicted leaves nothing behind, however long it goes on.
 *
 * The soak lasts some seconds, or STRAKE_SOAK_SECONDS.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import { ManyFunctions } from './many-functions.ts';

const SOAK_SECONDS = Number(process.env['STRAKE_SOAK_SECONDS'] ?? 4);
/** Were evicted modules kept, memory would be half as much again by then. */
const LEAST_ROUNDS = 14;
const GROWTH = 1.1;
const LINK_WORDS = 65_536;
const FIRST_PLACES = 512;

/** No types of the host's are known here. */
interface Tables {
  readonly WebAssembly: { readonly Table: { readonly prototype: { grow(delta: number): number } } };
}
const tables = (globalThis as unknown as Tables).WebAssembly.Table.prototype;

test('link words of what was evicted are used again', () => {
  const most = 128 << 10;
  const functions = new ManyFunctions(760, 90, most);
  functions.round();
  const counts = functions.counts();
  // More link words than there are were in use, at other addresses each: else all would have been dropped.
  expect(counts.made * 90).toBeGreaterThan(LINK_WORDS);
  expect(counts).toMatchObject({ dropped: 0, mostBytes: most });
  expect(counts.evicted).toBeGreaterThan(600);
  expect(counts.made).toBe(counts.live + counts.evicted);
  expect(counts.liveBytes).toBeLessThanOrEqual(most);
});

test('places in the function table of what was evicted are used again', () => {
  const grow = vi.spyOn(tables, 'grow');
  const functions = new ManyFunctions(300, 2, 16 << 10);
  while (functions.counts().made <= FIRST_PLACES) functions.round();
  expect(functions.counts().liveBytes).toBeLessThanOrEqual(16 << 10);
  expect(grow).not.toHaveBeenCalled();
  grow.mockRestore();
});

test('a region larger than the cache is left to the interpreter', () => {
  const functions = new ManyFunctions(4, 90, 1024);
  functions.round();
  expect(functions.counts()).toMatchObject({ made: 0, live: 0, liveBytes: 0, modules: 0 });
});

test('memory of the host stays what it is while code is evicted', {
  timeout: (SOAK_SECONDS + 60) * 1000,
}, async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const functions = new ManyFunctions(200, 12, 64 << 10);
  const until = Date.now() + SOAK_SECONDS * 1000;
  /** After each round, in bytes: all of the process, and what JavaScript holds. */
  const seen: { readonly rss: number; readonly heap: number }[] = [];
  while (seen.length < LEAST_ROUNDS || Date.now() < until) {
    functions.round();
    // What the host frees of a module it frees in tasks of its own.
    for (let i = 0; i < 3; i++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    seen.push({ rss, heap: heapUsed + external });
  }
  const { evicted, made, liveBytes, mostBytes } = functions.counts();
  expect(evicted).toBeGreaterThan(made * 0.9);
  expect(liveBytes).toBeLessThanOrEqual(mostBytes);
  // The first rounds say how much there is; the first of all are still warming up.
  for (const key of ['rss', 'heap'] as const) {
    const values = seen.map((one) => one[key]);
    const said = `${key}: ${values.map((value) => (value / 2 ** 20).toFixed(0)).join(' ')} MiB`;
    expect(Math.min(...values.slice(-3)), said).toBeLessThan(Math.max(...values.slice(2, 6)) * GROWTH);
  }
});
