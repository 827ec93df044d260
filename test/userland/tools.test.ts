/** The tools that make guests: the userland's build and the Debian roots, as far as that goes without a network. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { haveCompiler, manifest } from './harness.ts';

const ROOT = resolve(import.meta.dirname, '../..');

function start(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): ReturnType<typeof spawnSync> {
  return spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', env });
}

describe('the committed userland', () => {
  it('is small, and all of it riscv64 ELF', () => {
    const paths = manifest.files.map((file) => join(ROOT, 'userland', file.source));
    for (const path of paths) {
      const head = readFileSync(path).subarray(0, 20);
      expect(head.subarray(0, 6).toString('latin1')).toBe('\x7fELF\x02\x01');
      expect(head.readUInt16LE(18)).toBe(243);
    }
    expect(paths.reduce((total, path) => total + statSync(path).size, 0)).toBeLessThan(300 * 1024);
  });

  it.skipIf(!haveCompiler)('is what the sources give', () => {
    const recorded = /gcc ([\d.]+), binutils/.exec(
      readFileSync(join(ROOT, 'userland/manifest.json'), 'utf8'),
    )?.[1];
    const here = spawnSync('riscv64-linux-gnu-gcc', ['-dumpfullversion'], { encoding: 'utf8' }).stdout.trim();
    // Bytes are only promised for the compiler that the manifest names.
    if (here !== recorded) return;
    const run = start(process.execPath, ['--import', 'tsx', 'tools/build-userland.ts', '--check']);
    expect(run).toMatchObject({ status: 0, stderr: expect.stringContaining('is what the sources give') });
  });

  it('says what to install when the compiler is missing', () => {
    const run = start(process.execPath, ['--import', 'tsx', 'tools/build-userland.ts', '--check'], {
      PATH: '/nonexistent',
    });
    expect(run).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('apt-get install gcc-riscv64-linux-gnu'),
    });
  });
});

describe('guest-root', () => {
  const guestRoot = (...args: string[]): ReturnType<typeof spawnSync> => start('tools/guest-root', args);

  it('shows its help', () => {
    const run = guestRoot('--help');
    expect(run).toMatchObject({ status: 0, stdout: expect.stringContaining('usage: guest-root') });
  });

  it.each([
    [[], 'no package named'],
    [['--nonsense'], 'nonsense'],
    [['Bad_Name'], "'Bad_Name' is not a package name"],
    [['dash=1'], "'dash=1' is not a package name"],
    [['--suite', '../x', 'dash'], "'../x' is not a suite name"],
  ])('refuses %j', (args, message) => {
    const run = guestRoot(...args);
    expect(run).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining(message) });
  });

  it('keeps its hands off a folder that it did not make', () => {
    const folder = mkdtempSync(join(tmpdir(), 'guest-root-'));
    writeFileSync(join(folder, 'precious'), '');
    const run = guestRoot('--out', folder, 'dash');
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('was not made by this tool') });
    expect(statSync(join(folder, 'precious')).isFile()).toBe(true);
    rmSync(folder, { recursive: true });
  });
});
