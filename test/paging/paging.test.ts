/** Programs that use three times the memory there is: they end with the sums that they have with memory to spare. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GuestOptions, type GuestRun, runGuest } from '../support/guest.ts';
import { haveCompiler } from '../userland/harness.ts';

const MEGABYTE = 2 ** 20;
const WAYS = ['sequential', 'random', 'fork', 'signals', 'threads', 'calls', 'moves'];
/** Small enough for a replacement at every one of some thousand entries. */
const SMALL: GuestOptions = { memory: 4 * MEGABYTE, deterministic: true, digest: 'full', probation: 0 };

describe.runIf(haveCompiler)('a program larger than memory', () => {
  let program: Uint8Array = new Uint8Array(0);
  const folder = mkdtempSync(path.join(tmpdir(), 'paging-'));
  beforeAll(() => {
    const out = path.join(folder, 'larger');
    const source = path.join(import.meta.dirname, 'programs', 'larger.c');
    execFileSync('riscv64-linux-gnu-gcc', [
      '-D_GNU_SOURCE',
      '-O1',
      '-static',
      '-w',
      '-pthread',
      '-o',
      out,
      source,
    ]);
    program = readFileSync(out);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (how: string, megabytes: number, options: GuestOptions): Promise<GuestRun> =>
    runGuest(['/tmp/larger', how, String(megabytes)], {
      disks: [{ name: 'swap', outside: 256 * MEGABYTE }],
      modules: { vm: 'paging' },
      ...options,
      files: { '/tmp/larger': program },
    });

  it.each(WAYS)('%s', async (how) => {
    const roomy = await run(how, 48, { modules: { vm: 'cow' } });
    const tight = await run(how, 48, { memory: 16 * MEGABYTE });
    expect(roomy.status.code).toBe(0);
    expect([tight.stdout, tight.stderr, tight.status]).toEqual([roomy.stdout, '', roomy.status]);
  });

  it('is killed without a swap disk, and without a module that uses it', async () => {
    const killed = { code: 0, signal: 9 };
    expect((await run('random', 16, { memory: 16 * MEGABYTE, disks: [] })).status).toEqual(killed);
    expect((await run('random', 16, { memory: 16 * MEGABYTE, modules: {} })).status).toEqual(killed);
  });

  it('ends as well over a file of the host', async () => {
    const file = path.join(folder, 'swap');
    writeFileSync(file, new Uint8Array(64 * MEGABYTE));
    const tight = await run('random', 24, { memory: 8 * MEGABYTE, disks: [{ name: 'swap', file }] });
    expect(tight.stdout).toBe((await run('random', 24, {})).stdout);
    expect(readFileSync(file).some((byte) => byte !== 0)).toBe(true);
  });

  it.each(['fork', 'signals', 'threads'])('sees nothing of replacements at every entry: %s', async (how) => {
    const plain = await run(how, 5, SMALL);
    const replaced = await run(how, 5, {
      ...SMALL,
      replace: [
        'vm=paging@every:1entries',
        'pmap=sv39@every:3entries',
        'buffercache=two-queue@every:5entries',
      ],
      transfer: 'copy',
    });
    expect(plain.status.code).toBe(0);
    expect([replaced.stdout, replaced.digest]).toEqual([plain.stdout, plain.digest]);
    expect(replaced.stats.replacements.length).toBeGreaterThan(100);
  });

  it.each(['fork', 'moves'])('is read back by modules that put nothing out: %s', async (how) => {
    const exchanged = await run(how, 5, {
      ...SMALL,
      replace: ['vm=cow@every:7entries', 'vm=paging@every:5entries', 'vm=primitive@every:31entries'],
      transfer: 'copy',
    });
    expect(exchanged.stdout).toBe((await run(how, 5, {})).stdout);
  });

  it('shows in /proc what is out', async () => {
    const script =
      'sleep 100 & /tmp/larger sequential 12 >/dev/null; grep VmSwap /proc/$!/status; grep Swap: /proc/$!/smaps | head -1; grep ^Swap[TF] /proc/meminfo; cat /proc/$!/cmdline; kill $!';
    const { stdout } = await runGuest(['/bin/sh', '-c', script], {
      memory: 8 * MEGABYTE,
      disks: [{ name: 'swap', outside: 64 * MEGABYTE }],
      modules: { vm: 'paging' },
      files: { '/tmp/larger': program },
    });
    expect(stdout).toMatch(
      /^VmSwap:\s+[1-9]\d* kB\nSwap:\s+\d+ kB\nSwapTotal:\s+65536 kB\nSwapFree:\s+6\d{4} kB\nsleep\0/,
    );
  });
});
