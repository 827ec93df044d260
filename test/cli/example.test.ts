/** The example module: loaded in each way there is, with state that survives, and the README's code as it stands. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StateLayout } from '../../src/contracts/contract.ts';
import type { Kernel } from '../../src/contracts/kernel.ts';
import type { Module } from '../../src/contracts/module.ts';
import type { Scheduler } from '../../src/contracts/scheduler.ts';
import { decode, encode } from '../../src/contracts/schema.ts';
import { runGuest } from '../support/guest.ts';
import { REPOSITORY } from './strake.ts';

const FILE = path.join(REPOSITORY, 'examples/modules/raffle.mjs');
const README = path.join(REPOSITORY, 'examples/modules/README.md');
const HOGS =
  'spin a .2 & nice -n 5 spin b .2 & nice spin c .2; wait; threads 3 50; seq 99 | sort -r | tail -1';

interface State {
  seed: number;
}
const load = async (): Promise<Module<Scheduler, State>> =>
  ((await import(pathToFileURL(FILE).href)) as { readonly default: Module<Scheduler, State> }).default;
/** A scheduler asks nothing of the kernel. */
const NO_KERNEL = {} as Kernel;
const units = (stdout: string, name: string): number =>
  Number(new RegExp(`^${name} (\\d+) units`, 'm').exec(stdout)?.[1]);

describe('raffle.mjs in a kernel', () => {
  it('schedules from the start, by the prices of nice', async () => {
    const script = HOGS.replaceAll('.2', '.8');
    const run = await runGuest(['sh', '-c', script], { modules: { scheduler: FILE }, deterministic: true });
    expect(run.status).toEqual({ code: 0, signal: 0 });
    expect(run.stdout).toMatch(/threads 3 x 50: total 150, OK\n1\n$/);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => units(run.stdout, name)) as [number, number, number];
    expect(a).toBeGreaterThan(b);
    expect(b).toBeGreaterThan(c);
  });

  it('gives the same digest when a fresh instance reads its state back at every entry', async () => {
    const options = { modules: { scheduler: FILE }, deterministic: true, digest: 'full' } as const;
    const plain = await runGuest(['sh', '-c', HOGS], options);
    const replace = [`scheduler=${FILE}@every:1entries`];
    const replaced = await runGuest(['sh', '-c', HOGS], { ...options, replace, transfer: 'copy' });
    expect(replaced.stats.replacements.length).toBeGreaterThan(100);
    expect(replaced.stats.replacements.filter(({ failed }) => failed !== undefined)).toEqual([]);
    expect(replaced.digest).toBe(plain.digest);
    expect(replaced.stdout).toBe(plain.stdout);
  });

  it('is loaded and removed by the guest', async () => {
    const script =
      'insmod /raffle.mjs && lsmod | grep -c "^raffle "; spin x .05 | wc -l; rmmod raffle; lsmod | grep -c raffle';
    const run = await runGuest(['sh', '-c', script], { files: { '/raffle.mjs': readFileSync(FILE) } });
    expect(run.log).toEqual([]);
    expect(run.stdout).toBe('1\n1\n0\n');
    expect(run.stats.replacements.map(({ from, to }) => `${from} -> ${to}`)).toEqual([
      'time-sharing -> raffle',
      'raffle -> time-sharing',
    ]);
  });
});

describe('raffle.mjs by itself', () => {
  it('draws in proportion to the tickets, and never a thread that can not run', async () => {
    const module = await load();
    const scheduler = module.create(module.layout.create(), NO_KERNEL);
    scheduler.add({ tid: 1, nice: 0, runnable: true, cpuNs: 0 });
    scheduler.add({ tid: 2, nice: 5, runnable: true, cpuNs: 0 });
    scheduler.add({ tid: 3, nice: -20, runnable: false, cpuNs: 0 });
    const wins = [0, 0, 0, 0];
    for (let i = 0; i < 20_000; i++) {
      const tid = scheduler.pick(0);
      expect(scheduler.pick(0)).toBe(tid);
      wins[tid] = (wins[tid] as number) + 1;
      scheduler.tick(tid, 10_000_000, true);
    }
    expect(wins[3]).toBe(0);
    expect((wins[1] as number) / (wins[2] as number)).toBeCloseTo(1.25 ** 5, 0);
  });

  it('goes on from state that was written and read back as if nothing had happened', async () => {
    const module = await load();
    const schema = module.layout.versions[0]?.schema as Parameters<typeof encode<State>>[0];
    const step = fc.record({
      kind: fc.integer({ min: 0, max: 5 }),
      tid: fc.integer({ min: 1, max: 5 }),
      nice: fc.integer({ min: -20, max: 19 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const whole = module.layout.create();
        let copied = module.layout.create();
        const play = (scheduler: Scheduler, { kind, tid, nice }: (typeof steps)[number]): number => {
          if (kind === 0) {
            // `add` is for a thread that the scheduler has not seen.
            scheduler.remove(tid);
            scheduler.add({ tid, nice, runnable: nice < 0, cpuNs: 0 });
          } else if (kind === 1) scheduler.enqueue(tid);
          else if (kind === 2) scheduler.dequeue(tid);
          else if (kind === 3) scheduler.tick(scheduler.pick(0), 1000, nice < 0);
          else if (kind === 4) scheduler.yield(scheduler.pick(0));
          else scheduler.remove(tid);
          return scheduler.pick(0);
        };
        const steady = module.create(whole, NO_KERNEL);
        for (const each of steps) {
          const picked = play(module.create(copied, NO_KERNEL), each);
          expect(picked).toBe(play(steady, each));
          schema.check(copied, 'state');
          expect(module.layout.verify?.(copied)).toBeNull();
          copied = decode(schema, encode(schema, copied));
        }
        expect(copied).toEqual(whole);
      }),
    );
  });

  it('refuses state that is not its own', async () => {
    const { layout } = await load();
    const schema = layout.versions[0]?.schema;
    expect(() => schema?.check({ ...layout.create(), seed: 0 }, 'state')).toThrow('state.seed');
    expect(() => schema?.check({ ...layout.create(), threads: [] }, 'state')).toThrow('state.threads');
  });
});

describe('README.md', () => {
  it('shows TypeScript that becomes one file which stands alone', async () => {
    const code = /```ts\n([^]*?)```/.exec(readFileSync(README, 'utf8'))?.[1] ?? '';
    const { outputFiles } = await build({
      stdin: { contents: code, loader: 'ts', resolveDir: REPOSITORY },
      alias: { 'strake/contracts': path.join(REPOSITORY, 'src/contracts/index.ts') },
      bundle: true,
      format: 'esm',
      write: false,
    });
    const text = outputFiles[0]?.text ?? '';
    expect(text).not.toMatch(/^import /m);
    const url = `data:text/javascript;base64,${Buffer.from(text).toString('base64')}`;
    const { raffleLayout } = (await import(url)) as { readonly raffleLayout: StateLayout<unknown> };
    const state = raffleLayout.create();
    const schema = raffleLayout.versions[0]?.schema as Parameters<typeof encode<unknown>>[0];
    expect(decode(schema, encode(schema, state))).toEqual(state);
  });

  it('keeps the example to one page of a file, with nothing imported', () => {
    const text = readFileSync(FILE, 'utf8');
    expect(text.split('\n').length).toBeLessThanOrEqual(150);
    expect(text).not.toMatch(/^\s*import\b|\brequire\(/m);
  });
});
