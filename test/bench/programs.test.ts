/**
 * The rows of the benchmark, with the least work: the same output natively, in QEMU and on every engine. Measures nothing.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { PACKAGES, ROWS, type Row } from '../../bench/rows.ts';
import { npmFile } from '../support/npm.ts';
import { debianRoot } from '../support/roots.ts';

const TOOLS = ['riscv64-linux-gnu-gcc', 'gcc', 'qemu-riscv64-static'];
const able = TOOLS.every((tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0);

const canBeHad = ({ kind }: Row): boolean => {
  if (kind.from === 'c') return true;
  if (kind.from === 'debian') return debianRoot(...PACKAGES) !== null;
  return npmFile(kind.package, kind.version, kind.program) !== null;
};

describe.runIf(able)('benchmark', { timeout: 300_000 }, () => {
  it('computes the same everywhere', () => {
    const script = path.resolve(import.meta.dirname, '../../bench/run.ts');
    const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', script, '--check'], {
      encoding: 'utf8',
    });
    const count = ROWS.filter(canBeHad).length;
    expect(stdout.split('\n')[0]).toBe(
      `${count} rows put out the same on native, qemu, interpreter, first, jit`,
    );
    expect(status).toBe(0);
  });
});
