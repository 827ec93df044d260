import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { carryOut } from '../../api/beside.ts';
import type { Answer } from '../../contracts/beside.ts';
import { BesideThread } from './beside.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'strake-beside-'));
const script = path.join(folder, 'beside.cjs');
const threads: BesideThread[] = [];

function open(file: string): BesideThread {
  const thread = new BesideThread(file);
  threads.push(thread);
  return thread;
}

async function answerOf(thread: BesideThread): Promise<Answer> {
  for (let wait = 0; wait < 500; wait++) {
    const answer = thread.answer();
    if (answer !== null) return answer;
    await setTimeout(10);
  }
  throw new Error('no answer');
}

beforeAll(async () => {
  await build({
    entryPoints: [path.resolve(import.meta.dirname, '../../cli/beside.ts')],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
  });
  writeFileSync(path.join(folder, 'broken.cjs'), 'throw new Error("broken");');
});
afterAll(() => {
  for (const thread of threads) thread.close();
  rmSync(folder, { recursive: true });
});

/** `addi x5, x5, 1; ret`. */
const CODE = new Map([
  [0x1000, 0x0285],
  [0x1002, 0x8082],
]);
const REQUEST = {
  conditions: {
    tables: {
      flatRead: 0,
      flatWrite: 0x400000,
      touched: 0x800000,
      jumps: 0x900000,
      links: 0xa00000,
      end: 0xb00000,
    },
    isFused: false,
    large: 100,
    wideTlb: null,
  },
  jobs: [
    {
      root: 0x1000,
      most: null,
      targets: [],
      doors: new Set(),
      code: CODE,
      stops: new Set(),
      isTrusting: true,
    },
  ],
};

test('a request is carried out in the thread as it would be here, in order', async () => {
  const thread = open(script);
  const first = thread.ask('jit regions', REQUEST);
  const second = thread.ask('jit regions', { ...REQUEST, jobs: [] });
  const [text] = carryOut('jit regions', REQUEST) as readonly { readonly body: Uint8Array }[];
  expect(text?.body.length).toBeGreaterThan(20);
  expect(await answerOf(thread)).toEqual({ id: first, value: [text] });
  expect(await answerOf(thread)).toEqual({ id: second, value: [] });
});

test('what can not be done is answered with null, and the next is done', async () => {
  const thread = open(script);
  const unknown = thread.ask('no such thing', {});
  const bad = thread.ask('jit regions', { jobs: null });
  const good = thread.ask('jit regions', { ...REQUEST, jobs: [] });
  for (const expected of [
    { id: unknown, value: null },
    { id: bad, value: null },
    { id: good, value: [] },
  ])
    expect(await answerOf(thread)).toEqual(expected);
});

test('a thread that can not run, or is closed, answers everything with null', async () => {
  const thread = open(path.join(folder, 'broken.cjs'));
  const id = thread.ask('jit regions', REQUEST);
  expect(await answerOf(thread)).toEqual({ id, value: null });
  thread.close();
  const after = thread.ask('jit regions', REQUEST);
  expect(await answerOf(thread)).toEqual({ id: after, value: null });
});
