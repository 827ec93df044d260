/**
 * While a module file is evaluated: other programs go on, virtual time stands still, and the run repeats.
 */
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { Make } from '../../src/api/host.ts';
import { Kernel } from '../../src/api/kernel.ts';
import type { BootOptions } from '../../src/api/options.ts';
import { nodeHost } from '../../src/host/node/index.ts';
import { FAIR, strake } from './harness.ts';

interface Run {
  readonly stdout: string;
  readonly digest: string;
}

/** Run a script with the fixture as a module file that is evaluated after `wait`, as trusted code and in this realm. */
async function run(
  script: string,
  wait: (kernel: () => Kernel, stdout: () => string) => Promise<void>,
  options: Partial<BootOptions> = {},
): Promise<Run> {
  let stdout = '';
  let kernel: Kernel | null = null;
  const input = new PassThrough();
  input.end();
  const host = nodeHost({
    stdin: input,
    onOutput: (_stream, bytes) => (stdout += Buffer.from(bytes).toString()),
  });
  kernel = await Kernel.boot({
    ...options,
    host: {
      ...host,
      async loadConfined() {
        await wait(
          () => kernel as Kernel,
          () => stdout,
        );
        const { exported, logged } = await host.loadModule(Buffer.from(FAIR));
        return { counted: () => exported, logged: logged as Make };
      },
    },
  });
  await kernel.install('/fair.mjs', Buffer.from(FAIR), 0o644);
  const { exited } = await kernel.spawn(['sh', '-c', script], { env: { PATH: '/bin' } });
  await exited;
  await kernel.shutdown();
  return { stdout, digest: kernel.digest() };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('others go on while a file is evaluated', async () => {
  const ticks = (text: string): number => text.split('tick\n').length - 1;
  const script =
    'while :; do echo tick; done & insmod /fair.mjs; echo "insmod $?"; kill $!; grep -o ^fair_share /proc/modules';
  const { stdout } = await run(script, async (_kernel, output) => {
    const before = ticks(output());
    while (ticks(output()) < before + 20) await turn();
  });
  expect(stdout.replaceAll('tick\n', '')).toBe('insmod 0\nfair_share\n');
  expect(ticks(stdout.slice(0, stdout.indexOf('insmod')))).toBeGreaterThanOrEqual(20);
});

const DETERMINISTIC = `(i=0; while [ $i -lt 50 ]; do i=$((i + 1)); echo $i; done) & sleep 0.01
cat /proc/uptime; insmod /fair.mjs; cat /proc/uptime; wait; cat /proc/uptime; rmmod fair-share; date`;

test('in deterministic mode time stands still, however long it takes', async () => {
  const options = { deterministic: true, digest: 'full' } as const;
  const at = (kernel: Kernel): number => kernel.stats().instructions;
  const first = await run(DETERMINISTIC, async () => {}, options);
  let begun = 0;
  let ended = 0;
  const second = await run(
    DETERMINISTIC,
    async (kernel) => {
      begun = at(kernel());
      for (let i = 0; i < 500; i++) await turn();
      ended = at(kernel());
    },
    options,
  );
  expect(first.stdout).toContain('50\n');
  expect(second).toEqual(first);
  expect(begun).toBeGreaterThan(0);
  expect(ended).toBe(begun);
});

test('the command repeats a run in which a confined module is loaded', async () => {
  const options = ['--deterministic', '--digest'];
  const argv = ['sh', '-c', DETERMINISTIC.replaceAll('/fair.mjs', '/m/fair.mjs')];
  const first = await strake(options, argv, { 'fair.mjs': FAIR });
  const second = await strake(options, argv, { 'fair.mjs': FAIR });
  expect(first.status).toBe(0);
  expect(first.stderr).toMatch(/^digest [0-9a-f]+\n$/);
  expect(second).toEqual(first);
});
