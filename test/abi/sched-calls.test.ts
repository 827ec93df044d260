/** The calls on scheduling against what Linux answers to the same program. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BootOptions } from '../../src/api/options.ts';
import { runGuest } from '../support/guest.ts';
import { haveCompiler } from '../userland/harness.ts';

const here = (name: string): string => path.join(import.meta.dirname, name);
const expected = readFileSync(here('sched-calls.expected'), 'latin1').split('\n');

describe.runIf(haveCompiler)('calls on scheduling', () => {
  let program: Uint8Array = new Uint8Array(0);
  const folder = mkdtempSync(path.join(tmpdir(), 'sched-calls-'));
  beforeAll(() => {
    const out = path.join(folder, 'sched-calls');
    execFileSync('riscv64-linux-gnu-gcc', ['-O1', '-static', '-w', '-o', out, here('sched-calls.c')]);
    program = readFileSync(out);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function lines(options: Partial<Omit<BootOptions, 'host'>>): Promise<string[]> {
    const run = await runGuest(['/tmp/sched-calls'], { ...options, files: { '/tmp/sched-calls': program } });
    expect(run.stderr).toBe('');
    return run.stdout.split('\n');
  }

  it('answer as Linux does', async () => {
    expect(await lines({ modules: { scheduler: 'deadline' } })).toEqual(expected);
  });

  it('leave nothing leased behind', async () => {
    const script = '/tmp/sched-calls > /dev/null; modprobe time-sharing && echo free';
    const run = await runGuest(['sh', '-c', script], {
      modules: { scheduler: 'deadline' },
      files: { '/tmp/sched-calls': program },
    });
    expect([run.stdout, run.log]).toEqual(['free\n', []]);
  });

  it('answer so too when the scheduler, abi and processes are replaced at every entry, states sent through bytes', async () => {
    const replace = ['scheduler=deadline', 'abi=linux', 'process=posix'].map(
      (module) => `${module}@every:1entries`,
    );
    expect(await lines({ modules: { scheduler: 'deadline' }, replace, transfer: 'copy' })).toEqual(expected);
  });
});
