import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile, haveCompiler, Scratch, TestKernel } from './support.ts';

const KILLED = 128 + 9;
const FINE = 0;

interface Case {
  readonly what: readonly string[];
  /** Exit codes that are right. */
  readonly status: readonly number[];
  /** What it says: how many there were, and the errno that ended them. */
  readonly says?: RegExp;
}

/** Hold in any size of memory. */
const CASES: readonly Case[] = [
  { what: ['touch'], status: [KILLED] },
  { what: ['touch-shared'], status: [KILLED] },
  { what: ['populate'], status: [KILLED, FINE], says: /^(\d+ ENOMEM)?$/ },
  { what: ['malloc'], status: [KILLED, FINE], says: /^(\d+ ENOMEM)?$/ },
  { what: ['tables'], status: [KILLED] },
  { what: ['recursion'], status: [KILLED] },
  { what: ['reserve', '10000'], status: [FINE], says: /^\d+ (ENOMEM|0)$/ },
  { what: ['file'], status: [FINE], says: /^\d+ / },
  { what: ['sparse'], status: [FINE], says: /^\d+ ENOSPC$/ },
  { what: ['symlinks', '500'], status: [FINE], says: /^500 0$/ },
  { what: ['deep-folders', '1000'], status: [FINE], says: /^1000 0$/ },
  { what: ['descriptors'], status: [FINE], says: /^1021 EMFILE$/ },
  { what: ['pipes', '200'], status: [FINE], says: /^200 EAGAIN$/ },
  { what: ['signals', '20000'], status: [FINE], says: /^4096 EAGAIN$/ },
  { what: ['signals-raw', '20000'], status: [FINE], says: /^20000 0$/ },
  { what: ['timers', '20000'], status: [FINE], says: /^4096 EAGAIN$/ },
  { what: ['areas'], status: [FINE], says: /^327\d\d ENOMEM$/ },
  { what: ['arguments', '200000'], status: [FINE], says: /^200000 E2BIG$/ },
  { what: ['arguments', '30'], status: [FINE], says: /^30 E2BIG$/ },
  { what: ['ptys', '10000'], status: [FINE], says: /^\d+ (ENOSPC|EMFILE|ENFILE)$/ },
];

/** Slow, or leave processes behind where memory ends: a kernel of their own. */
const ALONE: readonly (readonly [number, Case])[] = [
  [64, { what: ['forks', '300'], status: [FINE], says: /^300 0$/ }],
  [64, { what: ['bomb', '8'], status: [FINE], says: /^over$/ }],
  [64, { what: ['zombies', '500'], status: [FINE], says: /^500 0$/ }],
  [64, { what: ['threads'], status: [FINE], says: /^\d+ EAGAIN$/ }],
  [64, { what: ['files', '100000'], status: [FINE], says: /^4\d{4} ENOSPC$/ }],
  [64, { what: ['argument-count', '100000'], status: [42] }],
  [64, { what: ['argument-count', '1500000'], status: [FINE], says: /^1500000 E2BIG$/ }],
  [64, { what: ['locks', '3000'], status: [FINE], says: /^3000 0$/ }],
  [8, { what: ['forks', '2000'], status: [FINE, KILLED], says: /^(\d+ (ENOMEM|EAGAIN))?$/ }],
  [16, { what: ['forks', '2000'], status: [FINE, KILLED], says: /^(\d+ (ENOMEM|EAGAIN))?$/ }],
  [16, { what: ['bomb', '10'], status: [FINE, KILLED], says: /^(over)?$/ }],
  [8, { what: ['threads'], status: [FINE, KILLED], says: /^(\d+ EAGAIN)?$/ }],
];

describe.skipIf(!haveCompiler)('a guest that uses things up', () => {
  const scratch = new Scratch();
  let exhaust: Uint8Array;
  beforeAll(() => {
    exhaust = compile(scratch, 'exhaust');
  });
  afterAll(() => scratch.remove());

  const boot = async (megabytes: number): Promise<TestKernel> => {
    const kernel = await TestKernel.boot({ memory: megabytes << 20, deterministic: true });
    await kernel.install('/tmp/exhaust', exhaust);
    return kernel;
  };
  const check = async (kernel: TestKernel, { what, status, says }: Case): Promise<void> => {
    const outcome = await kernel.run(['/tmp/exhaust', ...what]);
    expect([what, outcome]).toEqual([what, expect.objectContaining({ stderr: '' })]);
    expect(status).toContain(outcome.status);
    if (says !== undefined) expect(outcome.stdout.trim()).toMatch(says);
  };
  const freeBytes = (kernel: TestKernel): number => kernel.kernel.stats().memory.freeBytes;

  describe.each([8, 16, 64])('in %i MiB', (megabytes) => {
    let kernel: TestKernel;
    let free = 0;
    beforeAll(async () => {
      kernel = await boot(megabytes);
      await check(kernel, { what: ['exit'], status: [42] });
      free = freeBytes(kernel);
    });
    afterAll(() => kernel.kernel.shutdown());

    test.each(CASES)('$what', async (what) => {
      await check(kernel, what);
      await check(kernel, { what: ['exit'], status: [42] });
      // All of it comes back; names that were looked up may stay.
      expect(freeBytes(kernel)).toBeGreaterThan(free - (256 << 10));
    });
  });

  test.each(ALONE)('in %i MiB alone: $what', async (megabytes, what) => {
    const kernel = await boot(megabytes);
    await check(kernel, what);
    await kernel.kernel.shutdown();
  });

  test('takes no memory of the host beyond its own and that of bounded buffers', async () => {
    const kernel = await boot(64);
    const before = process.memoryUsage().arrayBuffers;
    const outcome = await kernel.run(['/tmp/exhaust', 'pipes', '2000']);
    expect(outcome.stdout).toMatch(/^2000 EAGAIN/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(160 << 20);
    await kernel.kernel.shutdown();
  });

  test.each([10, 40])(
    'is killed itself where it is the largest, though another asks: %i MiB',
    async (size) => {
      const kernel = await boot(2 * size - 2);
      const outcome = await kernel.run(['/tmp/exhaust', 'victim', String(size)]);
      expect(outcome).toMatchObject({ status: 0, stdout: '9\n' });
      await kernel.kernel.shutdown();
    },
  );
});
