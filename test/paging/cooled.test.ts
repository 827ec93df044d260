/** Pages that go out because their program says so, and a disk that does not take them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EIO, ENOSPC } from '../../src/abi/linux/errno.ts';
import type { KernelHost } from '../../src/api/host.ts';
import { type GuestOptions, type GuestRun, runGuest } from '../support/guest.ts';
import { haveCompiler } from '../userland/harness.ts';

const MEGABYTE = 2 ** 20;
const GOES = `touched: 64 64
cold: 0, 64
out: 0, 0, 256 kB
shared: 0, 64
right: 64
back: 64, 0 kB
a child's: 0, 64
with a locked page: -1 EINVAL, 56
without: 0, 0
right: 64
gone: 0 kB
`;
const STAYS = GOES.replace('out: 0, 0, 256 kB', 'out: 0, 64, 0 kB')
  .replace('EINVAL, 56', 'EINVAL, 64')
  .replace('without: 0, 0', 'without: 0, 64');

/** A host whose disks refuse writes from the first so many on, up to a number of refusals. */
const refusing =
  (errno: number, after: number, times: number) =>
  (host: KernelHost): KernelHost => {
    let writes = 0;
    return {
      ...host,
      perform(request, done) {
        if (request.kind !== 'write' || ++writes <= after || writes > after + times)
          host.perform(request, done);
        else done({ errno: -errno });
      },
    };
  };

describe.runIf(haveCompiler)('advised paging', () => {
  const programs = new Map<string, Uint8Array>();
  const folder = mkdtempSync(path.join(tmpdir(), 'cooled-'));
  beforeAll(() => {
    for (const name of ['cooled', 'larger']) {
      const out = path.join(folder, name);
      const source = path.join(import.meta.dirname, 'programs', `${name}.c`);
      const flags = ['-D_GNU_SOURCE', '-O1', '-static', '-w', '-pthread', '-o', out, source];
      execFileSync('riscv64-linux-gnu-gcc', flags);
      programs.set(`/tmp/${name}`, readFileSync(out));
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const run = (argv: readonly string[], options: GuestOptions): Promise<GuestRun> =>
    runGuest(argv, {
      disks: [{ name: 'swap', outside: 64 * MEGABYTE }],
      modules: { vm: 'paging' },
      ...options,
      files: Object.fromEntries(programs),
    });

  it('puts out what only one process has, and brings it back', async () => {
    expect((await run(['/tmp/cooled'], {})).stdout).toBe(GOES);
  });

  it('puts nothing out without a disk, a module that uses it, or a disk that takes it', async () => {
    expect((await run(['/tmp/cooled'], { disks: [] })).stdout).toBe(STAYS);
    expect((await run(['/tmp/cooled'], { modules: {} })).stdout).toBe(STAYS);
  });

  it('sees nothing of replacements at every entry', async () => {
    const fixed: GuestOptions = { deterministic: true, digest: 'full', probation: 0 };
    const plain = await run(['/tmp/cooled'], fixed);
    const replace = ['vm=paging', 'buffercache=two-queue', 'pmap=sv39', 'abi=linux'].map(
      (cell) => `${cell}@every:1entries`,
    );
    const replaced = await run(['/tmp/cooled'], { ...fixed, replace, transfer: 'copy' });
    expect([replaced.stdout, replaced.digest]).toEqual([GOES, plain.digest]);
  });

  it.each([
    ['EIO', EIO, 0],
    ['ENOSPC', ENOSPC, 30],
  ])('loses nothing where writes fail with %s for a while, and go on later', async (_name, errno, after) => {
    const options = { memory: 4 * MEGABYTE, deterministic: true } as const;
    const failing = await run(['/tmp/larger', 'random', '5'], {
      ...options,
      host: refusing(errno, after, 4),
    });
    const roomy = await run(['/tmp/larger', 'random', '5'], {});
    expect([failing.stdout, failing.status]).toEqual([roomy.stdout, { code: 0, signal: 0 }]);
  });

  it('is killed where memory is short and every write fails, and fits where it is not', async () => {
    const never = refusing(EIO, 50, Number.MAX_SAFE_INTEGER);
    const killed = await run(['/tmp/larger', 'random', '8'], { memory: 4 * MEGABYTE, host: never });
    expect(killed.status).toEqual({ code: 0, signal: 9 });
    const kept = await run(['/tmp/cooled'], { host: refusing(EIO, 0, Number.MAX_SAFE_INTEGER) });
    expect(kept.stdout.match(/right: 64/g)).toHaveLength(2);
    expect(kept.status.code).toBe(0);
  });
});
