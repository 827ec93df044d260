/** Modules of the slot `ipc` under a load of exchanges: each for itself and for each other, at any kernel entry. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GuestOptions, type GuestRun, runGuest } from '../support/guest.ts';
import { haveCompiler } from '../userland/harness.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'talk-'));
let program: Uint8Array = new Uint8Array(0);
const run = (options: GuestOptions): Promise<GuestRun> =>
  runGuest(['/bin/talk', '30'], {
    deterministic: true,
    digest: 'full',
    ...options,
    files: { '/bin/talk': program },
  });
const refusals = ({ stats }: GuestRun): unknown[] =>
  stats.replacements.filter(({ failed }) => failed !== undefined);
const count = ({ stats }: GuestRun): number => stats.replacements.length + stats.replacementsDropped;

const EXPECTED = [
  '0: e66823fe',
  '1: e66823fe',
  '2: e66823fe',
  '3: f805a9c0',
  '4: 0a05a990',
  '5: 77124411',
  '6: f04c92fb',
  '7: a39c2ca6',
  '',
].join('\n');

describe.runIf(haveCompiler)('ipc modules in exchange', { timeout: 120_000 }, () => {
  beforeAll(() => {
    const out = path.join(folder, 'talk');
    const source = path.join(import.meta.dirname, 'programs/talk.c');
    execFileSync('riscv64-linux-gnu-gcc', ['-O1', '-static', '-w', '-o', out, source]);
    program = readFileSync(out);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(['time-sharing', 'fair', 'deadline', 'round-robin', 'lottery'])(
    'direct for itself at every entry under %s: the same digest, by reference and as bytes',
    async (scheduler) => {
      const modules = { ipc: 'direct', scheduler };
      const plain = await run({ modules });
      expect(plain.stdout).toBe(EXPECTED);
      for (const transfer of ['move', 'copy'] as const) {
        for (const slot of [`ipc=direct`, `scheduler=${scheduler}`]) {
          const replaced = await run({ modules, replace: [`${slot}@every:1entries`], transfer });
          expect(refusals(replaced)).toEqual([]);
          expect(count(replaced)).toBeGreaterThan(500);
          expect(replaced.digest, slot).toBe(plain.digest);
        }
      }
    },
  );

  it.each([
    ['basic', 'direct'],
    ['direct', 'basic'],
  ])('%s with %s in turn at every entry: the same output', async (from, to) => {
    for (const transfer of ['move', 'copy'] as const) {
      const replace = [`ipc=${to}@every:2entries`, `ipc=${from}@every:3entries`];
      const replaced = await run({ modules: { ipc: from }, replace, transfer });
      expect(refusals(replaced)).toEqual([]);
      expect(count(replaced)).toBeGreaterThan(500);
      expect(replaced.stdout).toBe(EXPECTED);
    }
  });

  it('robust mutexes go to who waits when their owner is killed, at any entry', async () => {
    const out = path.join(folder, 'robust');
    const source = path.join(import.meta.dirname, 'programs/robust.c');
    execFileSync('riscv64-linux-gnu-gcc', ['-O1', '-static', '-w', '-pthread', '-o', out, source]);
    const files = { '/bin/robust': readFileSync(out) };
    const one = 'second: EOWNERDEAD\nconsistent 0\nunlock 0\nthird: 0\nunlock 0\n';
    const fixed = { deterministic: true, digest: 'full', files } as const;
    const plain = await runGuest(['/bin/robust'], fixed);
    expect(plain.stdout).toBe(one + one);
    for (const cell of ['ipc=direct', 'ipc=basic', 'process=posix']) {
      const modules = cell.startsWith('ipc') ? { ipc: cell.slice(4) } : {};
      const replace = [`${cell}@every:1entries`];
      const unchanged = await runGuest(['/bin/robust'], { ...fixed, modules });
      const replaced = await runGuest(['/bin/robust'], { ...fixed, modules, replace, transfer: 'copy' });
      expect(replaced.stdout).toBe(one + one);
      expect(replaced.digest).toBe(unchanged.digest);
    }
  });

  it.each([
    ['time-sharing', 'over pipes', '0'],
    ['fair', 'over pipes', '0'],
    ['fair', 'found by an epoll', '6'],
    ['fair', 'larger than a socket holds', '7'],
  ])('under %s, exchanges %s beside busy programs take half the time', async (scheduler, _how, kind) => {
    const time = async (ipc: string): Promise<number> => {
      const deterministic = { modules: { ipc, scheduler }, deterministic: true };
      const { stdout } = await runGuest(['/bin/talk', '300', kind], {
        ...deterministic,
        files: { '/bin/talk': program },
      });
      return Number(stdout);
    };
    const direct = await time('direct');
    expect(direct).toBeGreaterThan(0);
    expect(2 * direct).toBeLessThan(await time('basic'));
  });
});
