/** What a start loads: nothing that the run does not need, told by names and numbers of files, not by time. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { USUAL_BUDGETS } from '../../src/host/node/quiet-start.ts';
import { type Built, built, REPOSITORY } from './command.ts';

let command: Built;
let cache: string;
beforeAll(async () => {
  command = await built();
  cache = command.fresh();
});
afterAll(() => command.remove());

/** Writes the files that were opened and the parts of Node that were loaded as the last line of standard error. */
const WATCH = `
const fs = require('node:fs');
const opened = new Set();
for (const name of ['openSync', 'readFileSync']) {
  const real = fs[name];
  fs[name] = (file, ...rest) => {
    if (typeof file === 'string') opened.add(file);
    return real.call(fs, file, ...rest);
  };
}
const before = new Set(process.moduleLoadList);
process.on('exit', () => {
  const parts = process.moduleLoadList.filter((part) => !before.has(part));
  fs.writeSync(2, JSON.stringify({ opened: [...opened], parts }) + '\\n');
});
`;

function watched(args: readonly string[]): { opened: readonly string[]; parts: readonly string[] } {
  const preload = path.join(cache, 'watch.cjs');
  writeFileSync(preload, WATCH);
  const { status, stderr } = command.run(args, cache, ['--require', preload]);
  expect(status).toBe(0);
  return JSON.parse(stderr.trimEnd().split('\n').at(-1) as string);
}

const sourcesOf = (bundle: string): readonly string[] =>
  (
    JSON.parse(readFileSync(path.join(command.folder, `dist/cli/bundle/${bundle}.js.map`), 'utf8')) as {
      sources: string[];
    }
  ).sources;

describe('strake run', () => {
  const HELLO = ['run', '--host-program', path.join(REPOSITORY, 'userland/bin/hello')];

  test('opens one file of code, its compiled form, and the programs of the embedded root', () => {
    watched(HELLO);
    const { opened } = watched(HELLO);
    const code = opened.filter((file) => /\.(c|m)?js$|\.map$|\.code$/.test(file));
    expect(code.map((file) => path.basename(file).replace(/^run-.*\.code$/, 'run.code'))).toEqual([
      'main.js',
      'run.js',
      'run.code',
    ]);
    expect(opened.length - code.length).toBeLessThan(30);
  });

  test('loads no part of Node that takes long', () => {
    const { parts } = watched(HELLO);
    const costly = ['child_process', 'crypto', 'net', 'perf_hooks', 'readline', 'tty', 'worker_threads'];
    expect(parts.filter((part) => costly.includes(part.replace('NativeModule ', '')))).toEqual([]);
    expect(parts).not.toContain('NativeModule internal/fs/promises');
    expect(parts).not.toContain('NativeModule internal/modules/esm/loader');
  });

  test('holds neither the demo nor what builds the machine code of the interpreter', () => {
    const sources = sourcesOf('run');
    expect(sources.some((file) => file.endsWith('src/api/kernel.ts'))).toBe(true);
    const left = [
      'cli/demo',
      'cli/modules',
      'interpreter/handlers',
      'interpreter/slow',
      'float/soft',
      '/ses/',
    ];
    expect(sources.filter((file) => left.some((part) => file.includes(part)))).toEqual([]);
    expect(sourcesOf('all').some((file) => file.includes('cli/demo'))).toBe(true);
  });
});

test('an error is told by the lines of the sources', () => {
  const preload = path.join(cache, 'plant.cjs');
  writeFileSync(
    preload,
    `const real = process.hrtime;
     process.hrtime = () => {
       if (/turn/.test(new Error().stack)) throw new Error('planted');
       return real();
     };`,
  );
  const { status, stderr } = command.run(['run', 'echo', 'hello'], cache, ['--require', preload]);
  expect(status).not.toBe(0);
  expect(stderr).toContain('planted');
  expect(stderr).toMatch(/src\/host\/node\/index\.ts:\d+:\d+/);
  const line = Number(/src\/host\/node\/index\.ts:(\d+)/.exec(stderr)?.[1]);
  const source = readFileSync(path.join(REPOSITORY, 'src/host/node/index.ts'), 'utf8').split('\n');
  expect(source[line - 1]).toContain('process.hrtime()');
});

test('module files go on working in the bundle: trusted, with its twin, and a guest’s own', () => {
  const raffle = path.join(REPOSITORY, 'examples/modules');
  const cold = command.fresh();
  for (const folder of [cold, cold]) {
    const trusted = command.run(
      ['run', '--replace', `scheduler=${raffle}/raffle.mjs@1entries`, 'echo', 'hello'],
      folder,
    );
    expect(trusted).toMatchObject({ status: 0, stdout: 'hello\n' });
    expect(trusted.stderr).not.toContain('can not be loaded');
    const guests = command.run(
      ['run', '--mount', `${raffle}:/m:ro`, 'sh', '-c', 'insmod /m/raffle.mjs && lsmod'],
      folder,
    );
    expect(guests.status).toBe(0);
    expect(guests.stdout).toContain('raffle');
  }
});

test('how V8 optimises is put back, and is not touched where the command line of Node says it', () => {
  const preload = path.join(cache, 'flags.cjs');
  writeFileSync(
    preload,
    `const v8 = require('node:v8');
     const set = [];
     const real = v8.setFlagsFromString;
     v8.setFlagsFromString = (flags) => {
       if (/opt$|tiering/.test(flags)) set.push(flags);
       real(flags);
     };
     process.on('exit', () => require('node:fs').writeSync(2, JSON.stringify(set)));`,
  );
  const flagsOf = (...node: readonly string[]): readonly string[] =>
    JSON.parse(
      command.run(['run', 'sh', '-c', 'sleep 1'], cache, ['--require', preload, ...node]).stderr,
    ) as string[];
  const set = flagsOf();
  expect(set).toContain('--no-opt');
  expect(set.filter((flag) => flag.endsWith('opt')).at(-1)).toBe('--opt');
  const budget = USUAL_BUDGETS[process.versions.v8.split('.')[0] as string];
  if (budget !== undefined) {
    const budgets = set.filter((flag) => flag.startsWith('--wasm-tiering-budget='));
    expect(new Set(budgets).size).toBe(2);
    expect(budgets.at(-1)).toBe(`--wasm-tiering-budget=${budget}`);
  }
  expect(flagsOf('--no-opt')).toEqual([]);
});

test('the budgets that are put back are those that this V8 has', () => {
  const budget = USUAL_BUDGETS[process.versions.v8.split('.')[0] as string];
  const { stdout } = spawnSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
  const usual = /--wasm-tiering-budget=(\d+)/.exec(stdout)?.[1];
  if (budget !== undefined) expect(String(budget)).toBe(usual);
});
