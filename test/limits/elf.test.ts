import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch, TestKernel } from './support.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** The smallest program of the embedded root. */
const HELLO = readFileSync(resolve(ROOT, 'userland/bin/hello'));

const scratch = new Scratch();
let kernel: TestKernel;
beforeAll(async () => {
  kernel = await TestKernel.boot({ memory: 64 << 20, deterministic: true });
  await kernel.install('/tmp/hello', HELLO);
});
afterAll(async () => {
  await kernel.kernel.shutdown();
  scratch.remove();
});

/** A copy of `hello` with some bytes changed. */
function patched(change: (data: DataView, bytes: Uint8Array) => Uint8Array | void): Uint8Array {
  const bytes = Uint8Array.from(HELLO);
  return change(new DataView(bytes.buffer), bytes) ?? bytes;
}

const headers = (data: DataView): number[] =>
  Array.from({ length: data.getUint16(56, true) }, (_, i) => Number(data.getBigUint64(32, true)) + 56 * i);
const loads = (data: DataView): number[] => headers(data).filter((at) => data.getUint32(at, true) === 1);
/** ms that a program may loop for. */
const PATIENCE = 60;

const firstLoad = (data: DataView): number => loads(data)[0] as number;

const P_OFFSET = 8;
const P_VADDR = 16;
const P_FILESZ = 32;
const P_MEMSZ = 40;

/** Files that are no program: what is changed, and how execve(2) answers. */
const BAD: Readonly<Record<string, readonly [Uint8Array, string]>> = {
  empty: [new Uint8Array(0), 'ENOEXEC'],
  'one byte': [new Uint8Array([0x7f]), 'ENOEXEC'],
  'text without a #! line': [Buffer.from('echo hello\n'), 'ENOEXEC'],
  'cut inside the header': [HELLO.subarray(0, 40), 'ENOEXEC'],
  'cut behind the header': [HELLO.subarray(0, 64), 'ENOEXEC'],
  'cut inside the program headers': [HELLO.subarray(0, 100), 'ENOEXEC'],
  'cut in half': [HELLO.subarray(0, HELLO.length >> 1), 'ENOEXEC'],
  'for x86-64': [patched((data) => data.setUint16(18, 62, true)), 'ENOEXEC'],
  'for arm': [patched((data) => data.setUint16(18, 40, true)), 'ENOEXEC'],
  'for aarch64': [patched((data) => data.setUint16(18, 183, true)), 'ENOEXEC'],
  'for riscv32': [patched((data) => data.setUint8(4, 1)), 'ENOEXEC'],
  'big endian': [patched((data) => data.setUint8(5, 2)), 'ENOEXEC'],
  'an object file': [patched((data) => data.setUint16(16, 1, true)), 'ENOEXEC'],
  'a core file': [patched((data) => data.setUint16(16, 4, true)), 'ENOEXEC'],
  'no type': [patched((data) => data.setUint16(16, 0, true)), 'ENOEXEC'],
  'without program headers': [patched((data) => data.setUint16(56, 0, true)), 'ENOEXEC'],
  'with 65535 program headers': [patched((data) => data.setUint16(56, 0xffff, true)), 'ENOEXEC'],
  'program headers of another size': [patched((data) => data.setUint16(54, 32, true)), 'ENOEXEC'],
  'program headers beyond the file': [patched((data) => data.setBigUint64(32, 1n << 40n, true)), 'ENOEXEC'],
  'program headers beyond 2^63': [patched((data) => data.setBigUint64(32, ~0n, true)), 'ENOEXEC'],
  'nothing to load': [
    patched((data) => {
      for (const at of loads(data)) data.setUint32(at, 0, true);
    }),
    'ENOEXEC',
  ],
  'a segment beyond the file': [
    patched((data) => data.setBigUint64(firstLoad(data) + P_OFFSET, 1n << 30n, true)),
    'ENOEXEC',
  ],
  'a segment whose end wraps': [
    patched((data) => data.setBigUint64(firstLoad(data) + P_FILESZ, ~0n - 4095n, true)),
    'ENOEXEC',
  ],
  'a segment larger in the file': [
    patched((data) => data.setBigUint64(firstLoad(data) + P_MEMSZ, 1n, true)),
    'ENOEXEC',
  ],
  'a segment outside user memory': [
    patched((data) => data.setBigUint64(firstLoad(data) + P_MEMSZ, 1n << 39n, true)),
    'ENOEXEC',
  ],
  'a segment in the kernel half': [
    patched((data) => data.setBigUint64(firstLoad(data) + P_VADDR, 0xffff_ffc0_0000_0000n, true)),
    'ENOEXEC',
  ],
  'segments that overlap': [
    patched((data) => {
      const [first, second] = loads(data);
      if (second === undefined) data.setUint16(16, 0, true);
      else data.setBigUint64(second + P_VADDR, data.getBigUint64((first as number) + P_VADDR, true), true);
    }),
    'ENOEXEC',
  ],
  'a #! line without a path': [Buffer.from('#!\n'), 'ENOEXEC'],
  'a #! line of blanks': [Buffer.from('#!   \t  \n'), 'ENOEXEC'],
  'a #! line that never ends': [Buffer.from(`#!${'x'.repeat(5000)}`), 'ENOEXEC'],
  'an interpreter that is not there': [Buffer.from('#!/no/such/file\n'), 'ENOENT'],
  'an interpreter that is a directory': [Buffer.from('#!/tmp\n'), 'EACCES'],
  'an interpreter that is a device': [Buffer.from('#!/dev/null\n'), 'EACCES'],
  'a script that is its own interpreter': [Buffer.from('#!/tmp/bad\n'), 'ELOOP'],
};

/** `hello` with a PT_INTERP whose path is appended to the file. */
function interpreted(path: string): Uint8Array {
  const bytes = new Uint8Array(HELLO.length + path.length);
  bytes.set(HELLO);
  bytes.set(Buffer.from(path, 'latin1'), HELLO.length);
  const data = new DataView(bytes.buffer);
  const spare = headers(data).find((at) => data.getUint32(at, true) !== 1) as number;
  data.setUint32(spare, 3, true);
  data.setBigUint64(spare + P_OFFSET, BigInt(HELLO.length), true);
  data.setBigUint64(spare + P_FILESZ, BigInt(path.length), true);
  return bytes;
}

const INTERPRETED: Readonly<Record<string, readonly [Uint8Array, string]>> = {
  'a loader that is not there': [interpreted('/lib/no-such-loader.so\0'), 'ENOENT'],
  'a loader that is a directory': [interpreted('/tmp\0'), 'EACCES'],
  'a loader that is a script': [interpreted('/tmp/script\0'), 'ELIBBAD'],
  'a loader without a NUL': [interpreted('/tmp/hello'), 'ENOEXEC'],
  'a loader named by nothing': [interpreted('\0'), 'ENOEXEC'],
  'a loader named by too much': [interpreted(`/${'x'.repeat(5000)}\0`), 'ENOEXEC'],
  'a loader under a file': [interpreted('/tmp/hello/x\0'), 'ENOTDIR'],
};

async function stillRuns(): Promise<void> {
  expect(await kernel.run(['/tmp/hello'])).toMatchObject({ status: 0, stderr: '' });
}

describe('a file that is no program', () => {
  test.each(Object.entries({ ...BAD, ...INTERPRETED }))('%s', async (_what, [bytes, errno]) => {
    await kernel.install('/tmp/script', '#!/bin/sh\nexit 0\n');
    await kernel.install('/tmp/bad', bytes);
    expect((await kernel.run(['/tmp/bad'])).status).toBe(errno);
    // A shell runs what execve refuses with ENOEXEC as a script; `exec` in a subshell shows how it fares.
    const inside = await kernel.sh('/tmp/bad </dev/null >/dev/null 2>&1; echo $?');
    expect(inside).toMatchObject({ status: 0 });
    if (errno !== 'ENOEXEC') expect(['126\n', '127\n']).toContain(inside.stdout);
    await stillRuns();
  });

  test.each([
    ['/tmp', 'EACCES'],
    ['/dev/pts', 'EACCES'],
    ['/dev/null', 'EACCES'],
    ['/tmp/plain', 'EACCES'],
    ['/tmp/nothing', 'ENOENT'],
    ['/tmp/plain/x', 'ENOTDIR'],
    ['/tmp/circle', 'ELOOP'],
    [`/${'x'.repeat(300)}`, 'ENAMETOOLONG'],
    [`/${'x/'.repeat(3000)}`, 'ENAMETOOLONG'],
    ['', 'ENOENT'],
  ])('%s', async (path, errno) => {
    await kernel.install('/tmp/plain', HELLO);
    await kernel.sh('chmod 644 /tmp/plain; ln -s circle /tmp/circle 2>/dev/null');
    const user = { uid: 1000, gid: 1000 };
    expect((await kernel.run([path], { user })).status).toBe(errno);
    await stillRuns();
  });

  test('any flipped bit of the headers ends in an errno, a signal or a run', async () => {
    const length = 64 + 56 * new DataView(HELLO.buffer, HELLO.byteOffset).getUint16(56, true);
    let seed = 1;
    const next = (below: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    const endings = new Map<string, number>();
    for (let round = 0; round < 150; round++) {
      const bytes = Uint8Array.from(HELLO);
      const flips = 1 + next(3);
      for (let i = 0; i < flips; i++) {
        const at = next(4) === 0 ? next(bytes.length) : next(length);
        bytes[at] = (bytes[at] as number) ^ (1 << next(8));
      }
      await kernel.install('/tmp/flipped', bytes);
      const { status } = await kernel.run(['/tmp/flipped'], {}, PATIENCE);
      const ending = String(status);
      endings.set(ending, (endings.get(ending) ?? 0) + 1);
    }
    expect(endings.get('ENOEXEC')).toBeGreaterThan(10);
    await stillRuns();
  });
});

describe('strake run', () => {
  const run = (...args: readonly string[]): { status: number | null; stderr: string; stdout: string } =>
    spawnSync(process.execPath, ['--import', 'tsx', resolve(ROOT, 'src/cli/main.ts'), 'run', ...args], {
      encoding: 'utf8',
      input: '',
    });

  test.each([
    ['a truncated program', 126, () => HELLO.subarray(0, 90)],
    ["the host's own program", 126, () => readFileSync(process.execPath).subarray(0, 1 << 16)],
    ['an empty file', 126, () => new Uint8Array(0)],
    ['a script for what is not there', 127, () => Buffer.from('#!/no/such\n')],
  ])('%s: one line, exit code %i', (_what, code, content) => {
    const file = scratch.path('program');
    writeFileSync(file, content());
    const { status, stderr } = run('--host-program', file);
    expect(stderr).toMatch(/^strake: [^\n]+\n$/);
    expect(status).toBe(code);
  });

  test.each([
    ['a folder', 126, () => scratch.path('folder')],
    ['no such file', 127, () => scratch.path('nothing')],
    ['a device without end of content', 126, () => '/dev/null'],
  ])('%s of the host: one line, exit code %i', (_what, code, path) => {
    if (!existsSync(scratch.path('folder'))) mkdirSync(scratch.path('folder'));
    const { status, stderr } = run('--host-program', path());
    expect(stderr).toMatch(/^strake: [^\n]+\n$/);
    expect(status).toBe(code);
  });
});
