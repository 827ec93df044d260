/**
 * What it costs that every slot can be replaced: a kernel as it is, one whose slots are bound for good, and one whose slots
 * were all replaced a thousand times.
 *
 * Run: npm run bench:linkage [-- TURNS [REPLACEMENTS]]. Needs riscv64-linux-gnu-gcc. Kernels run in processes of their own, by turns;
 * figures are CPU time, and ratios are of two kernels of one turn. The kernel as it is runs twice: what its two runs differ by is noise.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from '../build.ts';
import { median } from '../measure.ts';
import { START } from '../rows.ts';
import { buildKernel } from './bind.ts';

const [turns = '7', replacements = '1000'] = process.argv.slice(2);
const ROUNDS = 5;
const FOLDER = path.join(import.meta.dirname, '../../dist/bench/linkage');
const asItIs = path.join(FOLDER, 'as-it-is.mjs');
const bound = path.join(FOLDER, 'bound.mjs');
const KERNELS: readonly (readonly [name: string, file: string, replacements: string])[] = [
  ['as it is', asItIs, '0'],
  ['bound', bound, '0'],
  ['replaced', asItIs, replacements],
  ['as it is, again', asItIs, '0'],
];

/** Operation to kernel to figures, one a turn. */
const results = new Map<string, Map<string, number[]>>();
const scratch = mkdtempSync(path.join(tmpdir(), 'strake-bench-'));
try {
  mkdirSync(FOLDER, { recursive: true });
  await buildKernel(false, asItIs);
  await buildKernel(true, bound);
  const { guest } = build(START, 1, scratch);
  for (let turn = 0; turn < Number(turns); turn++) {
    for (const [name, file, count] of KERNELS) {
      const output = execFileSync(process.execPath, [file, guest, count, String(ROUNDS)], {
        encoding: 'utf8',
      });
      for (const [operation, figures] of Object.entries(JSON.parse(output) as Record<string, number[]>)) {
        const row = results.get(operation) ?? new Map<string, number[]>();
        row.set(name, [...(row.get(name) ?? []), median(figures)]);
        results.set(operation, row);
      }
    }
  }
} finally {
  rmSync(scratch, { recursive: true });
  rmSync(FOLDER, { recursive: true });
}

const names = KERNELS.map(([name]) => name);
const others = names.slice(1);
console.log(
  `| ns for one | ${names.join(' | ')} | ${others.map((name) => `${name} / as it is`).join(' | ')} |`,
);
console.log(`|---|${'---:|'.repeat(names.length + others.length)}`);
for (const [operation, row] of results) {
  const of = (name: string): readonly number[] => row.get(name) ?? [];
  const own = of('as it is');
  const cells = names.map((name) => median([...of(name)]).toFixed(0));
  const ratios = others.map((name) => median(of(name).map((ns, turn) => ns / (own[turn] ?? Number.NaN))));
  console.log(`| ${operation} | ${[...cells, ...ratios.map((ratio) => ratio.toFixed(3))].join(' | ')} |`);
}
