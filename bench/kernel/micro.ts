/**
 * The kernel path against QEMU's user mode and native Linux, without what a start costs: ns for each operation.
 *
 * Run: npm run bench:kernel. Needs riscv64-linux-gnu-gcc and gcc; one run of each after the other, several rounds, medians.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from '../build.ts';
import { median } from '../measure.ts';
import { START } from '../rows.ts';
import { SYSTEMS } from '../systems.ts';

const ROUNDS = 3;
/** Enough for a tenth of a second of each operation in QEMU, and for the kernel's code to be warm. */
const SCALE = 10;

const scratch = mkdtempSync(path.join(tmpdir(), 'strake-bench-'));
const results = new Map<string, Map<string, number[]>>();
try {
  const job = { ...build(START, 1, scratch), args: ['times', String(SCALE)], launches: true };
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name: system, command } of SYSTEMS) {
      const [file, ...args] = (command(job) ?? []) as [string, ...string[]];
      const output = execFileSync(file, args, { encoding: 'utf8' });
      for (const line of output.trim().split('\n')) {
        const [name, ns] = line.split(' ') as [string, string];
        const row = results.get(name) ?? new Map<string, number[]>();
        row.set(system, [...(row.get(system) ?? []), Number(ns)]);
        results.set(name, row);
      }
    }
  }
} finally {
  rmSync(scratch, { recursive: true });
}
const names = SYSTEMS.map(({ name }) => name);
console.log(`| ns for one | ${names.join(' | ')} | qemu / jit |\n|---|${'---:|'.repeat(names.length + 1)}`);
for (const [name, row] of results) {
  const of = (system: string): number => median(row.get(system) ?? []);
  const cells = names.map((system) => of(system).toFixed(0));
  console.log(`| ${name} | ${cells.join(' | ')} | ${(of('qemu') / of('jit')).toFixed(2)} |`);
}
