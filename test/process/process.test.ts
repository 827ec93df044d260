import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GuestOptions, type GuestRun, runGuest } from '../support/guest.ts';

const PROGRAMS = resolve(import.meta.dirname, 'programs');
const COMPILER = 'riscv64-linux-gnu-gcc';
const haveCompiler = spawnSync(COMPILER, ['--version'], { stdio: 'ignore' }).error === undefined;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'process-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The program as a static riscv64 executable. */
function compile(name: string): Uint8Array {
  const to = join(folder, name);
  const flags = ['-static', '-O1', '-w', '-pthread', '-o', to, `${name}.c`, '-lm'];
  const { status, stderr } = spawnSync(COMPILER, flags, { cwd: PROGRAMS, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return readFileSync(to);
}

const run = (name: string, image: Uint8Array, options: GuestOptions = {}): Promise<GuestRun> =>
  runGuest([`/tmp/${name}`], {
    deterministic: true,
    digest: 'full',
    ...options,
    files: { [`/tmp/${name}`]: image },
  });

const REPLACED = ['process=posix@every:3entries', 'clock=tick@every:4entries', 'abi=linux@every:5entries'];

describe.skipIf(!haveCompiler)('a program that checks what Linux promises', () => {
  it.each(['signals', 'families', 'timers'])(
    '%s finds nothing wrong, and nothing changes by replacement',
    async (name) => {
      const image = compile(name);
      const plain = await run(name, image);
      expect([plain.stdout, plain.status]).toEqual(['', { code: 0, signal: 0 }]);
      const replaced = await run(name, image, { replace: REPLACED, transfer: 'copy' });
      expect(replaced.digest).toBe(plain.digest);
      const other = await run(name, image, { modules: { scheduler: 'round-robin' } });
      expect([other.stdout, other.status]).toEqual(['', { code: 0, signal: 0 }]);
      const mixed = ['scheduler=round-robin@every:20ms', 'scheduler=time-sharing@every:35ms'];
      const exchanged = await run(name, image, { replace: mixed });
      expect([exchanged.stdout, exchanged.status]).toEqual(['', { code: 0, signal: 0 }]);
    },
  );
});
