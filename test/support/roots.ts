/**
 * Debian riscv64 roots for tests, built once by tools/guest-root and cached outside the repository.
 *
 * Trixie is what the project names; where the mirror's trixie can not be read just now, the next suite stands in, and says
 * so. On a host without Debian's tools there is no root: tests that need one are skipped with the reason, except in CI.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';

const TOOL = path.resolve(import.meta.dirname, '../../tools/guest-root');
const SUITES = ['trixie', 'forky'];
const built = new Map<string, string | null>();

/** @returns the folder of a root with these packages, or null where none can be had */
export function debianRoot(...packages: readonly string[]): string | null {
  const key = packages.join(' ');
  const known = built.get(key);
  if (known !== undefined) return known;
  let reason = '';
  for (const suite of SUITES) {
    try {
      const root = execFileSync(TOOL, ['--suite', suite, ...packages], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      if (suite !== SUITES[0]) process.stderr.write(`guest root from ${suite}: ${reason}\n`);
      built.set(key, root.trim());
      return root.trim();
    } catch (error) {
      reason =
        String((error as { readonly stderr?: unknown }).stderr ?? error)
          .trim()
          .split('\n')
          .at(-1) ?? '';
    }
  }
  if (process.env['CI'] === 'true') throw new Error(`no guest root with ${key}: ${reason}`);
  process.stderr.write(`no guest root with ${key}: ${reason}; its tests are skipped\n`);
  built.set(key, null);
  return null;
}
