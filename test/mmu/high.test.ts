/**
 * Addresses that only four levels of page tables reach: mapped, used in every way, and kept while the format is exchanged.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type GuestOptions, type GuestRun, runGuest } from '../support/guest.ts';

const COMPILER = 'riscv64-linux-gnu-gcc';
const able = spawnSync(COMPILER, ['--version'], { stdio: 'ignore' }).status === 0;
let program: Uint8Array = new Uint8Array(0);

beforeAll(() => {
  if (!able) return;
  const folder = mkdtempSync(path.join(tmpdir(), 'strake-high-'));
  const file = path.join(folder, 'high');
  execFileSync(COMPILER, ['-O1', '-static', '-o', file, path.join(import.meta.dirname, 'programs/high.c')]);
  program = readFileSync(file);
  rmSync(folder, { recursive: true });
});

const run = (options: GuestOptions): Promise<GuestRun> =>
  runGuest(['/tmp/high'], {
    deterministic: true,
    digest: 'full',
    ...options,
    files: { '/tmp/high': program },
  });
const lines = ({ stdout }: GuestRun, pattern: RegExp): number => (stdout.match(pattern) ?? []).length;
const SV48 = { pmap: 'sv48' };

describe.runIf(able)('a program that maps memory above 2^38', () => {
  it('can, on Sv48, wherever it wants', async () => {
    const result = await run({ modules: SV48 });
    expect([result.status.code, lines(result, /wrong/g), lines(result, /: mapped/g)]).toEqual([0, 0, 6]);
    expect(lines(result, /: right/g)).toBe(32);
  });

  it('can not on Sv39, and is told so', async () => {
    const result = await run({});
    expect([lines(result, /: mapped/g), lines(result, /: Cannot allocate memory/g)]).toEqual([1, 5]);
    expect([lines(result, /: right/g), lines(result, /wrong/g)]).toEqual([6, 0]);
  });

  it('brings Sv48 in where the policy is on demand', async () => {
    const result = await run({ onDemand: true });
    expect([lines(result, /: mapped/g), lines(result, /wrong/g)]).toEqual([6, 0]);
    expect(result.stats.replacements.map(({ from, to }) => `${from} ${to}`)).toEqual(['sv39 sv48']);
  });

  it('notices nothing when vm and the format are exchanged at every kernel entry', async () => {
    const plain = await run({ modules: SV48 });
    for (const transfer of ['move', 'copy'] as const) {
      const replace = [
        'pmap=sv48@every:1entries',
        'vm=cow@every:1entries',
        'engine=interpreter@every:3entries',
      ];
      const result = await run({ modules: SV48, replace, transfer, probation: 0 });
      expect([transfer, result.digest]).toEqual([transfer, plain.digest]);
    }
    // Mapped on Sv48; from then on Sv39 has to carry what it finds, until the next mapping.
    const turns = await run({ onDemand: true, replace: ['pmap=sv39@every:2entries'], probation: 0 });
    expect([lines(turns, /: right/g), lines(turns, /wrong/g)]).toEqual([32, 0]);
    expect(turns.stats.replacements.filter(({ to }) => to === 'sv48').length).toBeGreaterThan(1);
  });

  it('finds its pages again that went to the swap disk', async () => {
    const result = await run({ modules: { ...SV48, vm: 'paging' } });
    expect([lines(result, /: right/g), lines(result, /wrong/g)]).toEqual([32, 0]);
  });
});
