/** Schedulers under a running load: each for each other, at any kernel entry. */
import { beforeAll, describe, expect, it } from 'vitest';
import { builtinModules } from '../../src/api/builtin.ts';
import { type GuestOptions, type GuestRun, runGuest } from '../support/guest.ts';

const SCHEDULERS = builtinModules()
  .filter(({ manifest }) => manifest.slot === 'scheduler')
  .map(({ manifest }) => manifest.name);
const PAIRS = SCHEDULERS.flatMap((from) => SCHEDULERS.map((to) => [from, to] as const)).filter(
  ([from, to]) => from !== to,
);

/** Threads that compute, wait for pipes, for each other, for time, and are stopped. */
const LOAD = [
  'spin a 0 6 & nice -n 5 spin b 0 3 & nice -n -5 spin c 0 3 &',
  'sleep 5 & kill -STOP $!; S=$!',
  'threads 3 50; for i in $(seq 30); do seq $i | sort -r | head -1 | cat; done | tail -1; sleep 0.03',
  'kill -CONT $S; kill $S; wait; echo end',
].join('\n');

const run = (options: GuestOptions): Promise<GuestRun> =>
  runGuest(['sh', '-c', LOAD], { deterministic: true, ...options });
/** The busy programs end in an order of the scheduler's. */
const lines = ({ stdout }: GuestRun): string[] => stdout.split('\n').sort();
const refusals = ({ stats }: GuestRun): unknown[] =>
  stats.replacements.filter(({ failed }) => failed !== undefined);

describe('schedulers in exchange', { timeout: 120_000 }, () => {
  let expected: string[] = [];
  beforeAll(async () => {
    const plain = await run({});
    expect(plain.status).toEqual({ code: 0, signal: 0 });
    expected = lines(plain);
    expect(expected.filter((line) => /^[abc] \d+ units/.test(line)).length).toBe(3);
  });

  it.each(SCHEDULERS)(
    '%s for itself at every entry: the same digest, by reference and as bytes',
    async (name) => {
      const modules = { scheduler: name };
      const plain = await run({ modules, digest: 'full' });
      expect(lines(plain)).toEqual(expected);
      const replace = [`scheduler=${name}@every:1entries`];
      for (const transfer of ['move', 'copy'] as const) {
        const replaced = await run({ modules, replace, transfer, digest: 'full' });
        expect(refusals(replaced)).toEqual([]);
        expect(replaced.stats.replacements.length + replaced.stats.replacementsDropped).toBeGreaterThan(1000);
        expect(replaced.digest).toBe(plain.digest);
      }
    },
  );

  it.each(PAIRS)('%s and %s in turn at every entry: the same output', async (from, to) => {
    const replaced = await run({
      modules: { scheduler: from },
      replace: [`scheduler=${to}@every:1entries`],
    });
    expect(refusals(replaced)).toEqual([]);
    expect(replaced.stats.replacements.length + replaced.stats.replacementsDropped).toBeGreaterThan(1000);
    expect(lines(replaced)).toEqual(expected);
  });
});
