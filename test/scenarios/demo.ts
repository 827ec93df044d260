/**
 * Runs one scenario of `strake demo` and checks what every scenario promises.
 */
import { expect } from 'vitest';
import type { DemoRecord } from '../../src/cli/demo/record.ts';
import { strake } from '../cli/strake.ts';
import { debianRoot } from '../support/roots.ts';

/** With the programs of all scenarios; null where none can be had. */
export const root: string | null = debianRoot(
  '--busybox-links',
  'redis',
  'python3',
  'sqlite3',
  'rt-tests',
  'util-linux',
  'busybox-static',
  'e2fsprogs',
);
/** For `it.each`: on which root, and the arguments for it. */
export const ROOTS: readonly (readonly [string, readonly string[]])[] = [
  ['embedded programs', []],
  ...(root === null ? [] : [["Debian's programs", ['--root', root]] as const]),
];

/** @returns the records of a run that ended with this verdict, its programs undisturbed */
export async function demo(args: readonly string[], good: boolean): Promise<readonly DemoRecord[]> {
  const { status, stdout, stderr } = await strake(['demo', ...args, '--json']);
  expect(stderr).toBe('');
  const records = JSON.parse(stdout) as DemoRecord[];
  expect(records.length).toBeGreaterThan(0);
  for (const record of records) {
    expect(record, JSON.stringify(record)).toMatchObject({ ok: good, outputIntact: true });
  }
  expect(status).toBe(good ? 0 : 1);
  return records;
}

/** The same scenario with nothing but a fresh instance of the module in place must not be as claimed. */
export async function byItself(name: string, args: readonly string[]): Promise<void> {
  for (const { from, to } of await demo([name, '--itself', ...args], false)) expect(to).toBe(from);
}
