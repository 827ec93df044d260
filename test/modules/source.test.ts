/**
 * Module files to scripts: every spelling of exports, and what is refused.
 */
import { runInThisContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { scriptsOf, SourceError } from '../../src/host/instrument/source.ts';
import { createMachine } from '../../src/machine/machine.ts';
import { Journal, type Make } from '../../src/nucleus/journal.ts';

const SCRIPTS = ['counted', 'logged'] as const;
const RUNTIME = new Journal(
  createMachine({ memoryBytes: 4096, harts: 1, contexts: 1, engineBytes: 64 }, false),
);

const evaluate = (source: string, which: (typeof SCRIPTS)[number] = 'logged'): unknown =>
  (runInThisContext(scriptsOf(source)[which]) as Make)(RUNTIME);

describe.each(SCRIPTS)('a default export, %s', (which) => {
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
  ])('%s', (source) => {
    expect(evaluate(source, which)).toEqual({ a: 1 });
  });

  test('of a named function is that function, and has its name in the module', () => {
    const f = evaluate('f.a = 1;\nexport default function f() { return f.a; }', which) as () => number;
    expect(f()).toBe(1);
  });

  test('of a function or class without a name', () => {
    expect((evaluate('export default function () { return 1; }', which) as () => number)()).toBe(1);
    expect(new (evaluate('export default class { a = 1; }', which) as new () => unknown)()).toEqual({ a: 1 });
  });

  test('lines keep their numbers', () => {
    const source = 'const a = { b: [] };\nexport {\n  a as default,\n};\na\n  .b\n  .push(\n  1);\nmark();\n';
    const script = scriptsOf(source)[which];
    expect(script.split('\n').findIndex((line) => line.includes('mark();'))).toBe(8);
  });
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
    ['export default { a: strake$ };', /line 1: names that begin with strake\$/],
    ['export default { a: strake\\u0024.left };', /line 1: names that begin with strake\$/],
  ])('%s', (source, reason) => {
    expect(() => scriptsOf(source)).toThrow(reason);
    expect(() => scriptsOf(source)).toThrow(SourceError);
  });
});
