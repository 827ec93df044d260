/**
 * The programs of the benchmark, at a small scale: the same output natively, in QEMU and on every engine. Measures nothing.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const TOOLS = ['riscv64-linux-gnu-gcc', 'gcc', 'qemu-riscv64-static'];
const able = TOOLS.every((tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0);

describe.runIf(able)('benchmark', { timeout: 180_000 }, () => {
  it('computes the same everywhere', () => {
    const script = path.resolve(import.meta.dirname, '../../bench/run.ts');
    const out = execFileSync(process.execPath, ['--import', 'tsx', script, '--check'], { encoding: 'utf8' });
    expect(out).toMatch(/^12 programs put out the same on native, qemu, interpreter, jit$/m);
  });
});
