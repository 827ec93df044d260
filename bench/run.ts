/**
 * Whole programs, side by side: native, QEMU's user mode, Strake on each engine. Output must agree; times are medians.
 *
 * Exit status 1 if a row that could run did not, or put out something else somewhere.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SingleBar } from 'cli-progress';
import { facts } from './facts.ts';
import { type Measured, type Plan, measure } from './measure.ts';
import { type Options, parseOptions } from './options.ts';
import { page, parseRemarks } from './page.ts';
import { plot } from './plot.ts';
import { ROWS, START } from './rows.ts';
import { jsonOf, markdownTable, missingList } from './table.ts';

const DOCS = path.join(import.meta.dirname, '../docs');
const PLOT = 'benchmarks.svg';

const { rows, systems, rounds, percent, timing, ...options } = optionsOrExit();
const names = systems.map(({ name }) => name);
// Before the minutes of measuring: a remark about no row is an error.
const remarks = parseRemarks(readFileSync(path.join(import.meta.dirname, 'remarks.md'), 'utf8'), ROWS);
const scratch = mkdtempSync(path.join(tmpdir(), 'strake-bench-'));
try {
  await main();
} finally {
  rmSync(scratch, { recursive: true });
}

function optionsOrExit(): Options {
  try {
    const parsed = parseOptions(process.argv.slice(2));
    if (typeof parsed !== 'string') return parsed;
    console.log(parsed);
    process.exit(0);
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
}

async function main(): Promise<void> {
  const bar = new SingleBar({ format: '{bar} {value}/{total} {row} on {system}, {duration_formatted}' });
  const runs = systems.reduce((sum, { practice }) => sum + practice + rounds, 0);
  bar.start(rows.length * runs, 0, { row: '', system: '' });
  let begun = 0;
  const plan: Plan = {
    rows,
    systems,
    rounds,
    percent,
    timing,
    scratch,
    progress: (row, system) => bar.update(begun++, { row, system }),
  };
  const measured = measure(plan);
  const start = options.check ? {} : startOf(plan);
  bar.stop();

  const said = { rounds, percent, timing };
  if (options.check) {
    console.log(`${measured.results.length} rows put out the same on ${names.join(', ')}`);
  } else if (options.json) {
    console.log(jsonOf(measured, { ...said, start, facts: Object.fromEntries(facts()) }));
  } else {
    const clock = timing === 'cpu' ? 'of CPU time' : 'by the clock';
    console.log(`Seconds ${clock}, medians of ${rounds}; qemu / jit above 1: faster than QEMU\n`);
    console.log(markdownTable(measured.results, names));
  }
  const missing = missingList(measured);
  if (!options.json && missing.length > 0)
    console.log(`\nLeft out:\n${missing.map((line) => `  ${line}`).join('\n')}`);
  if (options.write) await write(measured, start);
  if (measured.missing.some(({ failed }) => failed)) process.exitCode = 1;
}

/** What each system takes to start a program that does nothing. */
function startOf(plan: Plan): Readonly<Record<string, number>> {
  const { results } = measure({ ...plan, rows: [START], percent: 100, progress: () => {} });
  return results[0]?.seconds ?? {};
}

async function write(measured: Measured, start: Readonly<Record<string, number>>): Promise<void> {
  const text = page({
    measured,
    rows,
    systems: names,
    facts: facts(),
    start,
    remarks,
    rounds,
    percent,
    cpuTime: timing === 'cpu',
    date: new Date().toISOString(),
    plot: PLOT,
  });
  writeFileSync(path.join(DOCS, 'benchmarks.md'), text);
  writeFileSync(path.join(DOCS, PLOT), await plot(measured.results));
}
