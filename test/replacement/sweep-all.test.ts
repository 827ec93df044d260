/** All cells at once, and policies exchanged for each other: the output stays. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { GuestRun } from '../support/guest.ts';
import { debianRoot } from '../support/roots.ts';
import { ALTERNATIVES, CELLS, replaced, runScript } from './sweep.ts';

const root = debianRoot('--busybox-links', 'busybox-static');

/** A replacement of each cell at each of fifty thousand entries take minutes, not seconds. */
const LONG = { timeout: 900_000 };

describe.skipIf(root === null)('all cells at once', LONG, () => {
  let plain: GuestRun;
  let output: GuestRun;
  beforeAll(async () => {
    plain = await runScript(root as string);
    output = await runScript(root as string, { digest: 'output' });
  });

  it('repeats itself', async () => {
    const again = await runScript(root as string);
    expect(again.digest).toBe(plain.digest);
    expect(again.stats.instructions).toBe(plain.stats.instructions);
  });

  it.each([
    [1, 'move'],
    [1000, 'move'],
    [1000, 'copy'],
    // Each cell by itself goes over as bytes at every entry in sweep-1 and sweep-2.
    [4, 'copy'],
  ] as const)('every %i entries, %s: same digest', async (every, transfer) => {
    const replace = CELLS.map((cell) => `${cell}@every:${every}entries`);
    const run = await runScript(root as string, { replace, transfer });
    expect(replaced(run).refused).toEqual([]);
    expect(run.digest).toBe(plain.digest);
  });

  it.each(ALTERNATIVES)('%s from the start: same output', async (alternative) => {
    const [slot, name] = alternative.split('=') as [string, string];
    const run = await runScript(root as string, { modules: { [slot]: name }, digest: 'output' });
    expect(run.digest).toBe(output.digest);
    expect(run.stdout).toBe(output.stdout);
  });

  it.each(ALTERNATIVES)('%s and back at every 31st entry: same output', async (alternative) => {
    const run = await runScript(root as string, {
      replace: [`${alternative}@every:31entries`],
      digest: 'output',
    });
    const { done, refused } = replaced(run);
    expect(refused).toEqual([]);
    expect(done).toBeGreaterThan(1000);
    expect(run.digest).toBe(output.digest);
  });
});
