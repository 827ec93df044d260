/**
 * Module files to scripts: every spelling of exports, and what is refused.
 */
import { runInThisContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { scriptOf, SourceError } from '../../src/host/confined/source.ts';

const evaluate = async (source: string): Promise<unknown> =>
  runInThisContext(await scriptOf(source)) as unknown;

describe('a default export', () => {
  test.each([
    ['export default { a: 1 };'],
    ['export default { a: 1 }'],
    ['const x = { a: 1 };\nexport default x;'],
    ['const x = { a: 1 };\nexport { x as default };'],
    ['const x = { a: 1 }, y = 2;\nexport {\n  y,\n  x as default, // last\n};'],
    ['const x = { a: 1 };\nexport { x as "default" };'],
    ['export const x = { a: 1 };\nexport default x;'],
    ['export const y = 1, x = { a: y };\nexport { x as default };'],
    ['export function f() { return { a: 1 }; }\nexport default f();'],
    ['export class C { a = 1; }\nexport default { ...new C() };'],
    ['export const { x } = { x: { a: 1 } };\nexport default x;'],
    ['export /* why */ default { a: 1 };'],
    ["const s = 'export default 1';\n// export default 2\nexport default { a: 1 };"],
    ['export default { a: 1 }; // the end'],
  ])('%s', async (source) => {
    expect(await evaluate(source)).toEqual({ a: 1 });
  });

  test('of a named function is that function, and has its name in the module', async () => {
    const f = (await evaluate('f.a = 1;\nexport default function f() { return f.a; }')) as () => number;
    expect(f()).toBe(1);
  });
});

test('lines keep their numbers', async () => {
  const script = await scriptOf('const a = 1;\nexport {\n  a as default,\n};\nmark();\n');
  expect(script.split('\n').indexOf('mark();')).toBe(4);
});

describe('refused', () => {
  test.each([
    ["import fs from 'node:fs';\nexport default 1;", /line 1: it imports 'node:fs'/],
    ["\nexport { default } from './x.mjs';", /line 2: it imports '.\/x.mjs'/],
    ["export * from './x.mjs';", /imports '.\/x.mjs'/],
    ["export default () => import('node:fs');", /line 1: import\(\)/],
    ['export default import.meta.url;', /import.meta/],
    ['const a = 1;', /no default export/],
    ['export const a = 1;', /no default export/],
    ['module.exports = {};', /no default export/],
    ['\n\nexport default { async f() {} };', /line 3: .*async/],
    ['export default `${', /cut off/],
  ])('%s', async (source, reason) => {
    await expect(scriptOf(source)).rejects.toThrow(reason);
    await expect(scriptOf(source)).rejects.toThrow(SourceError);
  });
});
