/**
 * A C program beside, whose output is stored as Linux gives it: the same here, and while cells are replaced.
 *
 * STRAKE_WRITE_EXPECTED=1 stores what qemu-riscv64-static says on this host, or this host's own kernel about calls that QEMU lacks.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BootOptions } from '../../src/api/options.ts';
import { type GuestRun, runGuest } from '../support/guest.ts';
import { haveCompiler } from '../userland/harness.ts';

const here = (name: string): string => path.join(import.meta.dirname, name);

/** Compile for this host and run. */
function runNative(source: string, out: string, cwd: string): Uint8Array {
  execFileSync('gcc', ['-O1', '-static', '-w', '-pthread', '-o', out, source]);
  return execFileSync(out, { cwd });
}

/** @param cells `SLOT=NAME` of those that are replaced at every entry @param native the program has nothing of riscv64 */
export function calls(name: string, cells: readonly string[], native = false): void {
  describe.runIf(haveCompiler)(name, () => {
    let program: Uint8Array = new Uint8Array(0);
    let expected: readonly string[] = [];
    const folder = mkdtempSync(path.join(tmpdir(), `${name}-`));
    beforeAll(() => {
      const out = path.join(folder, name);
      const flags = ['-O1', '-static', '-w', '-pthread', '-o', out, here(`${name}.c`)];
      execFileSync('riscv64-linux-gnu-gcc', flags);
      program = readFileSync(out);
      if (process.env['STRAKE_WRITE_EXPECTED'] === '1') {
        const cwd = mkdtempSync(path.join(folder, 'empty-'));
        const said = native
          ? runNative(here(`${name}.c`), `${out}-native`, cwd)
          : execFileSync('qemu-riscv64-static', [out], { cwd });
        writeFileSync(here(`${name}.expected`), said);
      }
      expected = readFileSync(here(`${name}.expected`), 'latin1').split('\n');
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    async function run(options: Partial<Omit<BootOptions, 'host'>>): Promise<GuestRun> {
      const script = `mkdir /tmp/empty; cd /tmp/empty; exec /tmp/${name}`;
      const done = await runGuest(['/bin/sh', '-c', script], {
        ...options,
        files: { [`/tmp/${name}`]: program },
      });
      expect(done.stderr).toBe('');
      return done;
    }

    it('gets the answers of Linux', async () => {
      expect((await run({})).stdout.split('\n')).toEqual(expected);
    });

    it('gets them, and the same digest, when cells are replaced at every entry through bytes', async () => {
      const fixed = { deterministic: true, digest: 'full', seed: 1 } as const;
      const plain = await run(fixed);
      expect(plain.stdout.split('\n')).toEqual(expected);
      for (const cell of cells) {
        const replaced = await run({ ...fixed, replace: [`${cell}@every:1entries`], transfer: 'copy' });
        expect(replaced.stdout.split('\n')).toEqual(expected);
        expect(replaced.digest, cell).toBe(plain.digest);
      }
    });
  });
}
