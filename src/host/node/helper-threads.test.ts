import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

/** Niceness by thread. */
type Niceness = Readonly<Record<string, number>>;

interface Printed {
  readonly pid: number;
  readonly before: Niceness;
  readonly after: Niceness;
}

const SCRIPT = `
  import { readdirSync } from 'node:fs';
  import os from 'node:os';
  import { findHelperThreads } from ${JSON.stringify(path.join(import.meta.dirname, 'helper-threads.ts'))};
  const all = () => Object.fromEntries(readdirSync('/proc/self/task').map((id) => [id, os.getPriority(Number(id))]));
  const before = all();
  findHelperThreads()();
  console.log(JSON.stringify({ pid: process.pid, before, after: all() }));
`;

it.runIf(existsSync('/proc/self/task'))('has all threads but the first give way to it', () => {
  const printed = execFileSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', SCRIPT],
    { encoding: 'utf8' },
  );
  const { pid, before, after } = JSON.parse(printed) as Printed;
  const others = Object.keys(before).filter((id) => id !== String(pid));
  expect(others.length).toBeGreaterThan(0);
  for (const id of others) expect(after[id]).toBe(Math.max(before[id] as number, 10));
  expect(after[pid]).toBe(before[pid]);
});
