/** The compiled form of the command that is kept between runs: used where it is whole, and never relied on. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Built, built } from './command.ts';

const ECHO = ['run', 'echo', 'hello'];

let command: Built;
/** A cache folder with what one run wrote. */
let filled: string;

beforeAll(async () => {
  command = await built();
  filled = command.fresh();
  expect(command.run(ECHO, filled)).toEqual({ status: 0, stdout: 'hello\n', stderr: '' });
});
afterAll(() => command.remove());

const codeFolder = (cache: string): string => path.join(cache, 'strake/code');

/** The one file that a cache folder has of a bundle. */
function fileOf(cache: string, bundle = 'run'): string {
  const names = readdirSync(codeFolder(cache)).filter((name) => name.startsWith(`${bundle}-`));
  expect(names).toHaveLength(1);
  return path.join(codeFolder(cache), names[0] as string);
}

/** A cache folder of its own with the same file, changed. @returns folder and file */
function changed(change: (bytes: Buffer) => Buffer): { cache: string; file: string } {
  const cache = command.fresh();
  mkdirSync(codeFolder(cache), { recursive: true, mode: 0o700 });
  const from = fileOf(filled);
  const file = path.join(codeFolder(cache), path.basename(from));
  writeFileSync(file, change(readFileSync(from)), { mode: 0o600 });
  return { cache, file };
}

const flipped =
  (at: (length: number) => number) =>
  (bytes: Buffer): Buffer => {
    const i = at(bytes.length);
    bytes[i] = (bytes[i] as number) ^ 0xff;
    return bytes;
  };

const runsWell = (cache: string): void =>
  expect(command.run(ECHO, cache)).toEqual({ status: 0, stdout: 'hello\n', stderr: '' });

test('one run writes it for this user alone, and the next takes it', () => {
  const file = fileOf(filled);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(codeFolder(filled)).mode & 0o777).toBe(0o700);
  const before = statSync(file).ino;
  runsWell(filled);
  // V8 refuses what does not suit it, and then it is written again.
  expect(statSync(file).ino).toBe(before);
});

describe('is made again, and the run goes on, where it is', () => {
  test.each([
    ['damaged in its first bytes', flipped(() => 0)],
    ['damaged in the count before the data', flipped(() => 5)],
    ['damaged in the head of the data', flipped(() => 30)],
    ['damaged in the middle', flipped((length) => length >> 1)],
    ['damaged at the end', flipped((length) => length - 1)],
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1)],
    ['shorter than its head', (bytes: Buffer) => bytes.subarray(0, 6)],
    ['empty', () => Buffer.alloc(0)],
    ['longer than it was', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(8)])],
  ])('%s', (_what, change) => {
    const { cache, file } = changed(change);
    const before = statSync(file).ino;
    runsWell(cache);
    expect(statSync(file).ino).not.toBe(before);
    expect(statSync(file).size).toBeGreaterThan(100_000);
  });

  test('of another script', () => {
    const cache = command.fresh();
    expect(command.run(['modules'], cache).status).toBe(0);
    const file = path.join(codeFolder(cache), path.basename(fileOf(filled)));
    copyFileSync(fileOf(cache, 'all'), file);
    chmodSync(file, 0o600);
    const before = statSync(file).ino;
    runsWell(cache);
    expect(statSync(file).ino).not.toBe(before);
  });

  test('writable by others', () => {
    const { cache, file } = changed((bytes) => bytes);
    chmodSync(file, 0o666);
    const before = statSync(file).ino;
    runsWell(cache);
    expect(statSync(file).ino).not.toBe(before);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('a folder', () => {
    const cache = command.fresh();
    mkdirSync(path.join(codeFolder(cache), path.basename(fileOf(filled))), { recursive: true });
    runsWell(cache);
  });
});

describe('is done without where', () => {
  test('the folder can not be made', () => {
    runsWell('/dev/null');
    const file = path.join(command.fresh(), 'file');
    writeFileSync(file, '');
    runsWell(file);
  });

  test('the folder is writable by others', () => {
    const cache = command.fresh();
    mkdirSync(codeFolder(cache), { recursive: true });
    chmodSync(codeFolder(cache), 0o777);
    runsWell(cache);
    expect(readdirSync(codeFolder(cache))).toEqual([]);
  });

  test('its place is no absolute path', () => {
    // HOME has the same to say then, and is left alone.
    const { stdout, status } = command.run(ECHO, 'relative');
    expect({ stdout, status }).toEqual({ stdout: 'hello\n', status: 0 });
    expect(existsSync('relative')).toBe(false);
  });
});

test('is written again by a run that compiled much that it lacks, if it was not looked at lately', () => {
  const cache = command.fresh();
  // Compiles the options, and nothing of the kernel.
  expect(command.run(['run', '--help'], cache).status).toBe(0);
  const file = fileOf(cache);
  const { ino, size } = statSync(file);
  runsWell(cache);
  expect(statSync(file).ino).toBe(ino);
  const long = new Date(Date.now() - 3_600_000);
  utimesSync(file, long, long);
  runsWell(cache);
  expect(statSync(file).ino).not.toBe(ino);
  expect(statSync(file).size).toBeGreaterThan(size);
  // Once more, and there is nothing new: only that it was looked at is noted.
  const grown = statSync(file).ino;
  utimesSync(file, long, long);
  runsWell(cache);
  expect(statSync(file).ino).toBe(grown);
  expect(statSync(file).mtimeMs).toBeGreaterThan(long.getTime());
});

test('files of many builds do not pile up', () => {
  const { cache } = changed(flipped(() => 0));
  for (let i = 0; i < 20; i++) writeFileSync(path.join(codeFolder(cache), `run-${i}.code`), 'old');
  writeFileSync(path.join(codeFolder(cache), 'somebody-elses'), '');
  runsWell(cache);
  const names = readdirSync(codeFolder(cache));
  expect(names).toContain('somebody-elses');
  expect(names.filter((name) => name.endsWith('.code'))).toHaveLength(9);
});
