/** memfd_create and file seals. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runGuest } from '../support/guest.ts';
import { haveCompiler } from '../userland/harness.ts';
import { calls } from './calls.ts';

calls(
  'memfd-calls',
  ['vfs=dentry', 'vm=cow', 'vm=paging', 'abi=linux', 'filesystem=ram', 'pagecache=demand'],
  'host',
);

describe.runIf(haveCompiler)('memory as a file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'memfd-'));
  let program: Uint8Array = new Uint8Array(0);
  beforeAll(() => {
    const out = path.join(folder, 'memfd-calls');
    const source = path.join(import.meta.dirname, 'memfd-calls.c');
    execFileSync('riscv64-linux-gnu-gcc', ['-O1', '-static', '-w', '-o', out, source]);
    program = readFileSync(out);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const run = (argument: string, options: Parameters<typeof runGuest>[1]): ReturnType<typeof runGuest> =>
    runGuest(['/tmp/program', argument], { ...options, files: { '/tmp/program': program } });

  it('is executed, its writer gone, by its descriptor and by the path of that', async () => {
    const { stdout } = await run('again', {});
    expect(stdout.split('\n').slice(1)).toEqual([
      'fexecve of an ELF file: 7',
      'execve of an ELF file: 7',
      '',
    ]);
  });

  it('is not mapped shared by a module without mapped files, which another takes the place of on demand', async () => {
    const refused = await run('share', { modules: { vm: 'primitive' } });
    expect(refused.stdout).toBe('ENODEV\n');
    const brought = await run('share', { modules: { vm: 'primitive' }, onDemand: true });
    expect(brought.stdout).toBe('0\n');
    expect(brought.stats.replacements.map(({ slot }) => slot)).toEqual(['vm']);
  });
});
