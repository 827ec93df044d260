/** A program with more hot code than a small code cache holds, some of it made while it runs. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runGuest, type GuestOptions, type GuestRun } from '../support/guest.ts';
import { haveCompiler } from '../userland/harness.ts';

const BOUND = 64 << 10;

describe.skipIf(!haveCompiler)('code cache', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'code-cache-'));
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  test('computes the same while code is evicted, within its bound', async () => {
    const program = path.join(folder, 'many-functions');
    const source = path.join(import.meta.dirname, 'c/many-functions.c');
    execFileSync('riscv64-linux-gnu-gcc', ['-static', '-O2', '-o', program, source]);
    const bytes = fs.readFileSync(program);
    const run = (options: GuestOptions): Promise<GuestRun> =>
      runGuest(['/tmp/many-functions', '3', '60000'], {
        deterministic: true,
        digest: 'full',
        memory: 64 << 20,
        files: { '/tmp/many-functions': bytes },
        ...options,
      });
    const interpreted = await run({ modules: { engine: 'interpreter' } });
    const translated = await run({});
    const bounded = await run({ modules: { engine: 'jit' }, jitCache: BOUND });
    expect(interpreted.stdout).toMatch(/^[0-9a-f]{16}\n$/);
    for (const { stdout, digest, stats } of [translated, bounded]) {
      expect(stdout).toBe(interpreted.stdout);
      expect(digest).toBe(interpreted.digest);
      expect(stats.instructions).toBe(interpreted.stats.instructions);
    }
    expect(interpreted.stats.translation).toBe(null);
    const all = translated.stats.translation;
    const some = bounded.stats.translation;
    if (all === null || some === null) throw new TypeError('the jit does not count');
    expect(all).toMatchObject({ evicted: 0, mostBytes: 64 << 20 });
    expect(all.liveBytes).toBeGreaterThan(BOUND);
    expect(all.hostNs).toBeGreaterThan(0);
    // The code that the program writes takes the place of what it wrote before.
    expect(all.dropped).toBeGreaterThan(0);
    expect(some.evicted).toBeGreaterThan(0);
    expect(some.mostBytes).toBe(BOUND);
    expect(some.liveBytes).toBeLessThanOrEqual(BOUND);
    expect(some.live).toBe(some.made - some.dropped - some.evicted);
  });
});
