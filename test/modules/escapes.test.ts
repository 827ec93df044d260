/**
 * A guest's module file reaches nothing of the host: dozens of attempts, each loaded by insmod, each seen to fail.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ESCAPES } from './escapes.ts';
import { command, FAIR, strake } from './harness.ts';

/** A module that makes one attempt when it is given the kernel, and reports by throwing. */
const hostile = (attempt: string): string =>
  `${FAIR.replace('export { fair as default };', '')}
const attempt = function (kernel) { ${attempt} };
export default {
  ...fair,
  create(state, kernel) {
    let got;
    try { got = attempt(kernel); } catch (error) { throw new Error('NOTHING but ' + error.message); }
    throw new Error(got === undefined ? 'NOTHING' : 'GOT ' + typeof got);
  },
  selfTest: undefined,
};`;

const names = Object.keys(ESCAPES);
const reports: string[] = [];
let folder = '';
let leaked = '';
let after = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'strake-escapes-'));
  mkdirSync(join(folder, 'granted'));
  writeFileSync(join(folder, 'granted/own'), 'mine');
  writeFileSync(join(folder, 'secret'), 'not yours');
  symlinkSync('../secret', join(folder, 'granted/link'));
  const files = Object.fromEntries(names.map((name, i) => [`${i}.mjs`, hostile(ESCAPES[name] as string)]));
  const script = `i=0; while [ $i -lt ${names.length} ]; do echo "#$i" >&2; insmod /m/$i.mjs; i=$((i + 1)); done
    grep -o '^time_sharing' /proc/modules; cat /g/own; echo; insmod /m/good.mjs && grep -o '^fair_share' /proc/modules`;
  const run = await strake(['--mount', `${join(folder, 'granted')}:/g:ro`], ['sh', '-c', script], {
    ...files,
    'good.mjs': FAIR,
  });
  reports.push(...run.stderr.split(/^#\d+\n/m).slice(1));
  leaked = run.other;
  after = run.stdout;
});

afterAll(() => rmSync(folder, { recursive: true }));

test.each(names.map((name, i) => [name, i] as const))('%s', (_name, i) => {
  expect(reports[i]).toMatch(/refused at transfer: NOTHING/);
  expect(reports[i]).not.toMatch(/GOT/);
});

test('nothing came out, nothing was changed, and the kernel goes on', () => {
  expect(leaked).toBe('');
  expect(readdirSync(folder).sort()).toEqual(['granted', 'secret']);
  expect(readdirSync(join(folder, 'granted')).sort()).toEqual(['link', 'own']);
  expect(readFileSync(join(folder, 'secret'), 'utf8')).toBe('not yours');
  expect(after).toBe('time_sharing\nmine\nfair_share\n');
});

test('a file that the host names is the host’s own code, and may', async () => {
  const file = join(folder, 'own.mjs');
  writeFileSync(file, hostile(ESCAPES['the Function constructor through the kernel record'] as string));
  const { stderr } = await strake(['--module', `scheduler=${file}`], ['true']);
  expect(stderr).toMatch(/GOT object/);
});

test('a module that fails at work, past probation, ends the run with its words, and no more', async () => {
  const failing = FAIR.replace('pick: first,', 'pick() { throw { toString: () => "a\\nb" }; },').replace(
    /selfTest:.*\n/,
    '',
  );
  const { stderr, status } = await strake(['--probation', '0'], ['sh', '-c', 'insmod /m/failing.mjs'], {
    'failing.mjs': failing,
  });
  expect(stderr).toBe('strake: a?b\n');
  expect(status).toBe(125);
});

test('behaviour that a module shares with another kernel is frozen before it runs', async () => {
  const run = await command(['--import', 'tsx', join(import.meta.dirname, 'fixtures/reach.ts')]);
  expect(run.stderr).toBe('');
  const { said, shared, open } = JSON.parse(run.stdout) as { said: string; shared: number; open: string[] };
  expect(shared).toBeGreaterThan(100);
  expect(open).toEqual([]);
  expect(said).toBe('hi\n3\n');
});
