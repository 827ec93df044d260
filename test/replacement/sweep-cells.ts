/**
 * The body of sweep-N.test.ts: a share of the cells, so that two workers can run it side by side.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { debianRoot } from '../support/roots.ts';
import type { GuestRun } from '../support/guest.ts';
import { CELLS, replaced, runScript } from './sweep.ts';

const root = debianRoot('--busybox-links', 'busybox-static');
/** The issue asks for a script of at least so many kernel entries. */
const LEAST_ENTRIES = 50_000;

/** @param part from 1 to `parts` */
export function sweepCells(part: number, parts: number): void {
  describe.skipIf(root === null)(`sweep, part ${part} of ${parts}`, { timeout: 600_000 }, () => {
    let plain: GuestRun;
    beforeAll(async () => {
      plain = await runScript(root as string);
      expect(plain.status).toEqual({ code: 0, signal: 0 });
      expect(plain.stdout).toMatch(/== end\n$/);
      expect(plain.stats.kernelEntries).toBeGreaterThan(LEAST_ENTRIES);
    });

    const cells = CELLS.filter((_, index) => index % parts === part - 1);
    for (const cell of cells) {
      for (const transfer of ['move', 'copy'] as const) {
        for (const every of [1, 1000]) {
          it(`${cell}@every:${every}entries, ${transfer}: same digest`, async () => {
            const run = await runScript(root as string, {
              replace: [`${cell}@every:${every}entries`],
              transfer,
            });
            const { done, refused } = replaced(run);
            expect(refused).toEqual([]);
            expect(done).toBeGreaterThanOrEqual(Math.floor(plain.stats.kernelEntries / every) - 100);
            expect(run.digest).toBe(plain.digest);
            expect(run.stdout).toBe(plain.stdout);
          });
        }
      }
    }
  });
}
