/**
 * The e2fsprogs of the host, as the second opinion on ext2: images made, filled, listed and checked by other hands.
 *
 * Tests that need them are skipped where they are missing, except in CI.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

/** Images that are made alike are alike. */
const SAME = { E2FSPROGS_FAKE_TIME: '1700000000' };
const UUID = '5b1fcd17-0d2c-4e0b-9d2f-0a1b2c3d4e5f';
const IDENTITY: readonly string[] = ['-U', UUID, '-E', `hash_seed=${UUID}`];

export interface Run {
  readonly status: number | null;
  readonly output: string;
}

export function e2fsprogs(tool: string, ...argv: readonly string[]): Run {
  const { status, stdout, stderr } = spawnSync(tool, argv, {
    encoding: 'utf8',
    env: { ...process.env, PATH, ...SAME },
  });
  return { status, output: `${stdout ?? ''}${stderr ?? ''}` };
}

export const haveE2fsprogs: boolean = ['mke2fs', 'e2fsck', 'debugfs'].every(
  (tool) => e2fsprogs(tool, '-V').status === 0,
);
if (!haveE2fsprogs) {
  if (process.env['CI'] === 'true') throw new Error('e2fsprogs is missing');
  process.stderr.write('e2fsprogs is missing; tests that need it are skipped\n');
}

/** A folder for images that goes when the process does. */
export function imageFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'ext2-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Make an image of so many KiB. @param options of mke2fs, with -O, -b, -I, -d ... */
export function makeImage(file: string, kib: number, options: readonly string[] = []): void {
  const { status, output } = e2fsprogs(
    'mke2fs',
    '-q',
    '-F',
    '-t',
    'ext2',
    ...IDENTITY,
    ...options,
    file,
    `${kib}k`,
  );
  if (status !== 0) throw new Error(`mke2fs: ${output}`);
}

export function imageBytes(folder: string, kib: number, options: readonly string[] = []): Uint8Array {
  const file = path.join(folder, 'made.img');
  rmSync(file, { force: true });
  makeImage(file, kib, options);
  return new Uint8Array(readFileSync(file));
}

/** What e2fsck finds wrong with an image; '' if nothing. */
export function complaints(file: string): string {
  const { status, output } = e2fsprogs('e2fsck', '-fn', file);
  return status === 0 ? '' : output;
}

export function complaintsOf(folder: string, image: Uint8Array): string {
  const file = path.join(folder, 'checked.img');
  writeFileSync(file, image);
  return complaints(file);
}

/** The answer of one debugfs command. */
export const debugfs = (file: string, command: string, write = false): string =>
  e2fsprogs('debugfs', ...(write ? ['-w'] : []), '-R', command, file).output;
