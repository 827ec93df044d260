/**
 * Programs of these tests: compiled from `programs`, run in a guest under a scheduler.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type GuestOptions, type GuestRun, runGuest } from '../support/guest.ts';

/** The program as a static riscv64 executable. */
export function compile(name: string): Uint8Array {
  const folder = mkdtempSync(path.join(tmpdir(), 'scheduler-'));
  try {
    const out = path.join(folder, name);
    const source = path.join(import.meta.dirname, 'programs', `${name}.c`);
    execFileSync('riscv64-linux-gnu-gcc', ['-O1', '-static', '-w', '-pthread', '-o', out, source]);
    return readFileSync(out);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Run it deterministically. */
export const under = (
  scheduler: string,
  image: Uint8Array,
  argv: readonly string[] = [],
  options: GuestOptions = {},
): Promise<GuestRun> =>
  runGuest(['/tmp/program', ...argv], {
    deterministic: true,
    modules: { scheduler },
    ...options,
    files: { '/tmp/program': image, ...options.files },
  });
