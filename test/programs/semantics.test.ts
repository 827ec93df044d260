/**
 * Where processes, memory and files meet, a program of our own sees what Linux shows it.
 *
 * The stored text is QEMU's, but for what QEMU's user mode does otherwise than Linux by its own account: vfork is a fork there,
 * MAP_FIXED_NOREPLACE is ignored, mremap grows into other mappings, and an overflowed stack meets a guard page.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { runGuest } from '../support/guest.ts';

const COMPILER = 'riscv64-linux-gnu-gcc';
const haveCompiler = spawnSync(COMPILER, ['--version'], { stdio: 'ignore' }).error === undefined;
const here = (...parts: string[]): string => path.join(import.meta.dirname, ...parts);

describe.skipIf(!haveCompiler)('a program that asks what Linux promises', () => {
  it.each([['cow'], ['primitive']])('gets the same answers, and also replaced, from vm %s on', async (vm) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'semantics-'));
    const image = path.join(folder, 'semantics');
    const source = here('c', 'semantics.c');
    const flags = ['-static', '-O1', '-w', '-pthread', '-o', image, source, '-lm'];
    const built = spawnSync(COMPILER, flags, { encoding: 'utf8' });
    expect(built.stderr).toBe('');
    const files = { '/tmp/semantics': fs.readFileSync(image) };
    fs.rmSync(folder, { recursive: true });
    const run = await runGuest(['/tmp/semantics'], {
      files,
      modules: { vm },
      replace: vm === 'cow' ? [] : ['vm=cow@1entries'],
      spawn: { cwd: '/tmp' },
    });
    const expected = fs.readFileSync(here('expected', 'semantics.txt'), 'utf8');
    expect(run.stdout.split('\n')).toEqual(expected.split('\n'));
  });
});
