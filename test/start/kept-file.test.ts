/** Translations that are kept between runs of the command: used where the file is whole and the user's own, and never relied on. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Built, built } from './command.ts';

const COUNT = 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo $i';

let command: Built;
/** A cache folder with what one run kept, and the digest of that. */
let filled: string;
let digest: string;

interface Outcome {
  readonly stdout: string;
  readonly digest: string;
  /** Translations made, and how many of them were kept by an earlier run. */
  readonly made: number;
  readonly old: number;
}

function run(cache: string, options: readonly string[] = [], script = COUNT): Outcome {
  const stats = path.join(command.fresh(), 'stats.json');
  const { status, stdout, stderr } = command.run(
    ['run', '--deterministic', '--digest', '--stats', stats, ...options, 'sh', '-c', script],
    cache,
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/^digest [0-9a-f]+\n$/) });
  const { translation } = JSON.parse(readFileSync(stats, 'utf8')) as { translation: Outcome };
  return { stdout, digest: stderr, made: translation.made, old: translation.old };
}

const folderOf = (cache: string): string => path.join(cache, 'strake/translations');
function fileOf(cache: string): string {
  const names = readdirSync(folderOf(cache));
  expect(names).toHaveLength(1);
  return path.join(folderOf(cache), names[0] as string);
}

/** A cache folder of its own with the same file, changed. */
function changed(change: (bytes: Buffer) => Buffer): string {
  const cache = command.fresh();
  mkdirSync(folderOf(cache), { recursive: true, mode: 0o700 });
  const from = fileOf(filled);
  writeFileSync(path.join(folderOf(cache), path.basename(from)), change(readFileSync(from)), { mode: 0o600 });
  return cache;
}

beforeAll(async () => {
  command = await built();
  filled = command.fresh();
  const first = run(filled);
  expect(first).toMatchObject({ stdout: '20000\n', old: 0 });
  expect(first.made).toBeGreaterThan(0);
  digest = first.digest;
}, 60_000);
afterAll(() => command.remove());

test('a later run takes up what an earlier one kept, for this user alone, and comes out the same', () => {
  expect(statSync(fileOf(filled)).mode & 0o777).toBe(0o600);
  const cache = changed((bytes) => bytes);
  const later = run(cache);
  expect(later).toMatchObject({ stdout: '20000\n', digest });
  expect(later.old).toBeGreaterThan(0);
  // The same shell with another script has the same code.
  const other = run(cache, [], 'i=0; while [ $i -lt 9000 ]; do i=$((i+2)); done; echo $i');
  expect(other.stdout).toBe('9000\n');
  expect(other.old).toBeGreaterThan(0);
});

test('an engine that comes in later takes it up too', () => {
  const options = ['--module', 'engine=interpreter', '--replace', 'engine=jit@2ms'];
  const kept = changed((bytes) => bytes);
  const { stdout, digest: same, old } = run(kept, options);
  expect([stdout, same]).toEqual(['20000\n', digest]);
  expect(old).toBeGreaterThan(0);
});

test.each([
  ['in the data', (length: number) => length - 9],
  ['in the middle', (length: number) => length >> 1],
  ['in the checksum', () => 1],
])('a flipped bit %s makes it useless', (_, at) => {
  const cache = changed((bytes) => {
    const i = at(bytes.length);
    bytes[i] = (bytes[i] as number) ^ 4;
    return bytes;
  });
  expect(run(cache)).toMatchObject({ stdout: '20000\n', digest, old: 0 });
  // It was written anew.
  expect(run(cache).old).toBeGreaterThan(0);
});

test('what others can write to, is cut short or empty is not taken', () => {
  const open = changed((bytes) => bytes);
  chmodSync(fileOf(open), 0o666);
  expect(run(open)).toMatchObject({ digest, old: 0 });
  expect(run(changed((bytes) => bytes.subarray(0, bytes.length / 2)))).toMatchObject({ digest, old: 0 });
  expect(run(changed(() => Buffer.alloc(0)))).toMatchObject({ digest, old: 0 });
});

test('--no-keep neither takes nor keeps', () => {
  const cache = changed((bytes) => bytes);
  const before = statSync(fileOf(cache)).mtimeMs;
  expect(run(cache, ['--no-keep'])).toMatchObject({ digest, old: 0 });
  expect(statSync(fileOf(cache)).mtimeMs).toBe(before);
  const fresh = command.fresh();
  run(fresh, ['--no-keep']);
  expect(existsSync(folderOf(fresh))).toBe(false);
});

test('another size of memory, and another program, keep their own', () => {
  const cache = changed((bytes) => bytes);
  expect(run(cache, ['--memory', '128M'])).toMatchObject({ stdout: '20000\n', old: 0 });
  expect(readdirSync(folderOf(cache))).toHaveLength(2);
});
