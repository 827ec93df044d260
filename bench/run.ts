/**
 * Whole programs, side by side: native, QEMU's user mode, Strake on each engine. Output must agree; times are medians.
 *
 * Run: npm run bench [-- --rounds N] [--only NAME,...] [--json] [--check]. --cpu takes CPU time, for a busy machine. --check asserts outputs at a small scale and measures nothing.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    cpu: { type: 'boolean', default: false },
    scale: { type: 'string', default: '1000' },
    systems: { type: 'string' },
  },
});
const here = import.meta.dirname;
const scratch = mkdtempSync(path.join(tmpdir(), 'strake-bench-'));
const main = path.join(here, '../dist/cli/main.js');

interface System {
  readonly name: string;
  readonly command: (program: string) => readonly string[];
}
const strake = (engine: string): System => ({
  name: engine,
  command: (program) => [
    process.execPath,
    main,
    'run',
    '--module',
    `engine=${engine}`,
    '--host-program',
    `${program}.riscv64`,
  ],
});
const ALL: readonly System[] = [
  { name: 'native', command: (program) => [`${program}.native`] },
  { name: 'qemu', command: (program) => ['qemu-riscv64-static', `${program}.riscv64`] },
  strake('interpreter'),
  strake('jit'),
];

const SYSTEMS = ALL.filter(({ name }) => values.systems?.split(',').includes(name) ?? true);

/** Compile for both. The host gets fused multiply-add, which riscv64 has. */
function build(name: string): string {
  const source = path.join(here, 'programs', `${name}.c`);
  const program = path.join(scratch, name);
  execFileSync('riscv64-linux-gnu-gcc', ['-O2', '-static', '-o', `${program}.riscv64`, source, '-lm']);
  execFileSync('gcc', ['-O2', '-mfma', '-o', `${program}.native`, source, '-lm']);
  return program;
}

function run(
  system: System,
  program: string,
  scale: number,
): { readonly seconds: number; readonly text: string } {
  const command = [...system.command(program), String(scale)];
  const began = performance.now();
  const timed = ['bash', '-c', 'TIMEFORMAT="%U %S"; time "$@"', 'bash', ...command];
  const [file, ...args] = (values.cpu ? timed : command) as [string, ...string[]];
  const done = spawnSync(file, args, { encoding: 'latin1' });
  const wall = (performance.now() - began) / 1000;
  const [user = 0, sys = 0] = done.stderr.trim().split(' ').map(Number);
  const seconds = values.cpu ? user + sys : wall;
  if (done.status !== 0) throw new Error(`${path.basename(program)} on ${system.name}: ${done.stderr}`);
  return { seconds, text: done.stdout };
}

const median = (list: readonly number[]): number =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] as number;
const geometric = (list: readonly number[]): number =>
  Math.exp(list.reduce((sum, x) => sum + Math.log(x), 0) / list.length);

const names = readdirSync(path.join(here, 'programs'))
  .filter((file) => file.endsWith('.c'))
  .map((file) => file.slice(0, -2))
  .filter((name) => values.only === undefined || values.only.split(',').includes(name));
const scale = values.check ? 10 : Number(values.scale);
const rounds = values.check ? 1 : Number(values.rounds);
const table: { name: string; seconds: Record<string, number> }[] = [];
for (const name of names) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${name}`);
  const program = build(name);
  const times: Record<string, number[]> = {};
  let expected: string | null = null;
  for (let round = 0; round < rounds; round++) {
    for (const system of SYSTEMS) {
      const { seconds, text } = run(system, program, scale);
      expected ??= text;
      if (text !== expected) throw new Error(`${name} on ${system.name}: ${text}, expected ${expected}`);
      (times[system.name] ??= []).push(seconds);
    }
  }
  const seconds = Object.fromEntries(Object.entries(times).map(([system, list]) => [system, median(list)]));
  table.push({ name, seconds });
}
if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
rmSync(scratch, { recursive: true });

if (values.check) {
  console.log(`${names.length} programs put out the same on ${SYSTEMS.map(({ name }) => name).join(', ')}`);
} else if (values.json) {
  console.log(JSON.stringify(table, null, 2));
} else {
  const of = (row: (typeof table)[number], system: string): number => row.seconds[system] as number;
  console.log(`seconds, medians of ${rounds}; speed relative to QEMU, above 1 is faster\n`);
  const columns = SYSTEMS.map(({ name }) => name);
  console.log(`| | ${columns.join(' | ')} | jit / qemu | native / jit |`);
  console.log(`|---|${columns.map(() => '---|').join('')}---|---|`);
  for (const row of table) {
    const cells = columns.map((system) => of(row, system).toFixed(2));
    const speed = of(row, 'qemu') / of(row, 'jit');
    console.log(
      `| ${row.name} | ${cells.join(' | ')} | ${speed.toFixed(2)} | ${(of(row, 'jit') / of(row, 'native')).toFixed(1)} |`,
    );
  }
  const speeds = table.map((row) => of(row, 'qemu') / of(row, 'jit'));
  const slowdowns = table.map((row) => of(row, 'jit') / of(row, 'native'));
  console.log(
    `| geometric mean | | | | | ${geometric(speeds).toFixed(2)} | ${geometric(slowdowns).toFixed(1)} |`,
  );
}
