/** The calls on memory against what Linux answers to the same program. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BootOptions } from '../../src/api/options.ts';
import { runGuest } from '../support/guest.ts';
import { haveCompiler } from '../userland/harness.ts';

const here = (name: string): string => path.join(import.meta.dirname, name);
const expected = readFileSync(here('memory-calls.expected'), 'latin1').split('\n');

describe.runIf(haveCompiler)('calls on memory', () => {
  let program: Uint8Array = new Uint8Array(0);
  const folder = mkdtempSync(path.join(tmpdir(), 'memory-calls-'));
  beforeAll(() => {
    const out = path.join(folder, 'memory-calls');
    execFileSync('riscv64-linux-gnu-gcc', ['-O1', '-static', '-w', '-o', out, here('memory-calls.c')]);
    program = readFileSync(out);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function lines(options: Partial<Omit<BootOptions, 'host'>>): Promise<string[]> {
    const run = await runGuest(['/bin/sh', '-c', 'cd /tmp; exec /tmp/memory-calls'], {
      ...options,
      files: { '/tmp/memory-calls': program },
    });
    expect(run.stderr).toBe('');
    return run.stdout.split('\n');
  }

  it('answer as Linux does', async () => {
    expect(await lines({})).toEqual(expected);
  });

  it('answer so too when what memory is made of is replaced at every kernel entry, states sent through bytes', async () => {
    const replace = ['vm=cow', 'pmap=sv39', 'frames=first-fit', 'pagecache=demand'].map(
      (module) => `${module}@every:1entries`,
    );
    expect(await lines({ replace, transfer: 'copy' })).toEqual(expected);
  });
});
