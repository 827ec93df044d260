/**
 * The kernel path against QEMU's user mode and, where the host compiler is there, native Linux: ns for each operation.
 *
 * Run: npm run bench:kernel. Needs riscv64-linux-gnu-gcc; one run of each after the other, several rounds, medians.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROUNDS = 3;
const source = path.join(import.meta.dirname, 'micro.c');
const cli = path.resolve(import.meta.dirname, '../../dist/cli/main.js');
const scratch = mkdtempSync(path.join(tmpdir(), 'strake-bench-'));
const guest = path.join(scratch, 'micro');
const native = path.join(scratch, 'micro-native');
execFileSync('riscv64-linux-gnu-gcc', ['-O2', '-static', '-o', guest, source]);
execFileSync('gcc', ['-O2', '-static', '-o', native, source]);

const SYSTEMS: readonly (readonly [name: string, command: string, args: readonly string[]])[] = [
  ['strake', process.execPath, [cli, 'run', '--host-program', guest]],
  ['qemu', 'qemu-riscv64-static', [guest]],
  ['native', native, []],
];

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const results = new Map<string, Map<string, number[]>>();
for (let round = 0; round < ROUNDS; round++) {
  for (const [system, command, args] of SYSTEMS) {
    const output = execFileSync(command, args, { encoding: 'utf8' });
    for (const line of output.trim().split('\n')) {
      const [name, ns] = line.split(' ') as [string, string];
      const row = results.get(name) ?? new Map<string, number[]>();
      row.set(system, [...(row.get(system) ?? []), Number(ns)]);
      results.set(name, row);
    }
  }
}
console.log('| ns for one | strake | qemu | native | strake / qemu |\n|---|---|---|---|---|');
for (const [name, row] of results) {
  const [strake, qemu, linux] = ['strake', 'qemu', 'native'].map((system) => median(row.get(system) ?? []));
  console.log(
    `| ${name} | ${strake} | ${qemu} | ${linux} | ${((strake as number) / (qemu as number)).toFixed(2)} |`,
  );
}
