/** The calls on files against what Linux answers to the same program. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BootOptions } from '../../src/api/options.ts';
import { runGuest } from '../support/guest.ts';
import { haveCompiler } from '../userland/harness.ts';

const here = (name: string): string => path.join(import.meta.dirname, name);
const expected = readFileSync(here('file-calls.expected'), 'latin1').split('\n');

describe.runIf(haveCompiler)('calls on files', () => {
  let program: Uint8Array = new Uint8Array(0);
  const folder = mkdtempSync(path.join(tmpdir(), 'file-calls-'));
  beforeAll(() => {
    const out = path.join(folder, 'file-calls');
    execFileSync('riscv64-linux-gnu-gcc', ['-O1', '-static', '-w', '-o', out, here('file-calls.c')]);
    program = readFileSync(out);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function lines(options: Partial<Omit<BootOptions, 'host'>>): Promise<string[]> {
    const script = 'mkdir /tmp/empty; cd /tmp/empty; exec /tmp/file-calls';
    const run = await runGuest(['/bin/sh', '-c', script], {
      ...options,
      files: { '/tmp/file-calls': program },
    });
    expect(run.stderr).toBe('');
    return run.stdout.split('\n');
  }

  it('answer as Linux does', async () => {
    expect(await lines({})).toEqual(expected);
  });

  it('answer so too when the vfs is replaced at every kernel entry, its state sent through bytes', async () => {
    expect(await lines({ replace: ['vfs=dentry@every:1entries'], transfer: 'copy' })).toEqual(expected);
  });
});
