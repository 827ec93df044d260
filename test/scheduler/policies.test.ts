/** What programs see of scheduling policies, and what they hold while they use one. */
import { beforeAll, describe, expect, it } from 'vitest';
import { runGuest } from '../support/guest.ts';
import { haveCompiler } from '../userland/harness.ts';
import { compile, under } from './guest.ts';

const PASSED = ['', { code: 0, signal: 0 }];

describe.runIf(haveCompiler)('a program that checks what Linux promises', { timeout: 120_000 }, () => {
  it.each([
    ['policies', 'deadline'],
    ['policies', 'fair'],
    ['limits', 'deadline'],
    ['limits', 'fair'],
  ])('%s finds nothing wrong under %s, and nothing changes by replacement', async (name, scheduler) => {
    const image = compile(name);
    const plain = await under(scheduler, image, [], { digest: 'full' });
    expect([plain.stdout, plain.status]).toEqual(PASSED);
    const every = name === 'policies' ? 1 : 50;
    const replace = [
      `scheduler=${scheduler}@every:${every}entries`,
      `process=posix@every:${every * 3}entries`,
    ];
    const replaced = await under(scheduler, image, [], { digest: 'full', replace, transfer: 'copy' });
    expect(replaced.stats.replacements.some(({ failed }) => failed !== undefined)).toBe(false);
    expect(replaced.digest).toBe(plain.digest);
  });
});

/** What the program printed: misses, and the least work that one of the others did. */
function counted(stdout: string): { missed: number; work: number } {
  const [, missed, work] = /^missed (\d+) of .* least work (\d+)/.exec(stdout) ?? [];
  return { missed: Number(missed), work: Number(work) };
}

describe.runIf(haveCompiler)('a job of 5 ms in each 10 ms beside three processes that never stop', () => {
  let image: Uint8Array = new Uint8Array(0);
  beforeAll(() => {
    image = compile('deadlines');
  });
  const jobs = async (scheduler: string, policy: string): Promise<{ missed: number; work: number }> =>
    counted((await under(scheduler, image, [policy, '3', '100'])).stdout);

  it.each(['time-sharing', 'round-robin', 'fair', 'lottery'])('is late under %s', async (scheduler) => {
    expect((await jobs(scheduler, 'other')).missed).toBeGreaterThan(90);
  });

  it.each([
    ['deadline', 'deadline'],
    ['deadline', 'fifo'],
    ['fair', 'fifo'],
    ['time-sharing', 'fifo'],
  ])('is never late under %s as %s, and the others share the rest', async (scheduler, policy) => {
    const { missed, work } = await jobs(scheduler, policy);
    expect(missed).toBe(0);
    // In 1 s half of 250 million instructions, six for a piece of work, among three.
    expect(work).toBeGreaterThan(6_000_000);
  });

  it.each([
    ['time-sharing', 'deadline'],
    ['round-robin', 'fifo'],
    ['fair', 'deadline'],
  ])('is refused under %s as %s, as a policy that Linux does not know', async (scheduler, policy) => {
    const run = await under(scheduler, image, [policy, '3', '10']);
    expect(run.stderr).toBe(`${policy}: Invalid argument\n`);
    expect(run.status.code).toBe(1);
  });

  it('keeps its priority over exchanges of schedulers that both have it', async () => {
    const { stdout, stats } = await under('fair', image, ['fifo', '3', '50'], {
      replace: ['scheduler=deadline@every:1entries'],
    });
    expect(counted(stdout).missed).toBe(0);
    expect(stats.replacements.length + stats.replacementsDropped).toBeGreaterThan(1000);
    expect(stats.replacements.filter(({ failed }) => failed !== undefined)).toEqual([]);
  });

  it('is never late once the guest has loaded a scheduler that can', async () => {
    const run = await runGuest(['sh', '-c', 'modprobe deadline && exec /tmp/program deadline 3 50'], {
      deterministic: true,
      files: { '/tmp/program': image },
    });
    expect(counted(run.stdout).missed).toBe(0);
    expect(run.stats.replacements.map(({ to }) => to)).toEqual(['deadline']);
  });

  it('keeps schedulers without the policy out while it uses it, by name, and lets them in after', async () => {
    const script = '/tmp/program deadline 1 20; echo done; sleep 0.1; seq 200 | sort -n | tail -1';
    const run = await runGuest(['sh', '-c', script], {
      deterministic: true,
      modules: { scheduler: 'deadline' },
      replace: ['scheduler=fair@100ms', 'scheduler=time-sharing@120ms', 'scheduler=fair@250ms'],
      files: { '/tmp/program': image },
    });
    expect(counted(run.stdout).missed).toBe(0);
    expect(run.stdout).toMatch(/done\n200\n$/);
    expect(run.stats.replacements.map(({ to, failed }) => [to, failed ?? ''])).toEqual([
      ['fair', expect.stringContaining('it lacks deadline, which is in use')],
      ['time-sharing', expect.stringContaining('it lacks deadline, which is in use')],
      ['fair', ''],
    ]);
  });
});
