/**
 * Debian's busybox does on Strake what it does on Linux: scripts over all the applets that one program can check.
 *
 * What they ought to print comes from the oracle while the test runs, or else from the texts in `expected`.
 */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PATH, runGuest } from '../support/guest.ts';
import { debianRoot } from '../support/roots.ts';
import { type Oracle, openOracle, wrapped } from './oracle.ts';

const CASES = path.join(import.meta.dirname, 'busybox');
const EXPECTED = path.join(import.meta.dirname, 'expected');
const ONE_SCRIPT_MS = 60_000;

const root = debianRoot('--busybox-links', 'busybox-static');
const names = fs
  .readdirSync(CASES)
  .map((file) => path.basename(file, '.sh'))
  .sort();

describe.skipIf(root === null)("Debian's busybox", () => {
  const folder = root as string;
  let oracle: Oracle | null = null;
  beforeAll(() => {
    oracle = openOracle(folder, CASES);
  });
  afterAll(() => oracle?.close());

  it.each(names)(
    '%s: as on Linux',
    async (name) => {
      const stored = path.join(EXPECTED, `${name}.txt`);
      const expected = oracle?.run(name) ?? fs.readFileSync(stored, 'latin1');
      if (oracle !== null && process.env['STRAKE_WRITE_EXPECTED'] === '1') {
        fs.writeFileSync(stored, expected, 'latin1');
      }
      const script = fs.readFileSync(path.join(CASES, `${name}.sh`));
      const run = await runGuest(wrapped(name), {
        root: folder,
        files: { [`/cases/${name}.sh`]: script },
        spawn: { env: { PATH, HOME: '/root', TERM: 'dumb' } },
      });
      expect(Buffer.from(run.stdout).toString('latin1').split('\n')).toEqual(expected.split('\n'));
    },
    ONE_SCRIPT_MS,
  );
});
