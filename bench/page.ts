/**
 * docs/benchmarks.md, made of a measurement: the machine, the table, the plot, and why rows lose.
 *
 * The reasons are written by hand in bench/remarks.md, one section a row; what does not lose leaves its section out.
 */
import type { Facts } from './facts.ts';
import type { Measured, Result } from './measure.ts';
import type { Row } from './rows.ts';
import { markdownTable, means, missingList, speed } from './table.ts';

export interface Page {
  readonly measured: Measured;
  readonly rows: readonly Row[];
  readonly systems: readonly string[];
  readonly facts: Facts;
  /** seconds that each system takes to start a program that does nothing */
  readonly start: Readonly<Record<string, number>>;
  readonly remarks: ReadonlyMap<string, string>;
  readonly rounds: number;
  readonly percent: number;
  readonly cpuTime: boolean;
  /** in ISO form */
  readonly date: string;
  /** file of the plot, as seen from the page */
  readonly plot: string;
}

/**
 * @param text of bench/remarks.md: whatever it says first, then sections `## ROW`
 * @throws Error for a section that is of no row, is there twice, or is empty
 */
export function parseRemarks(text: string, rows: readonly Row[]): ReadonlyMap<string, string> {
  const remarks = new Map<string, string>();
  for (const section of text.split(/^## /m).slice(1)) {
    const end = section.indexOf('\n');
    const name = (end < 0 ? section : section.slice(0, end)).trim();
    const body = end < 0 ? '' : section.slice(end).trim();
    if (!rows.some((row) => row.name === name)) throw new Error(`remarks: there is no row '${name}'`);
    if (remarks.has(name)) throw new Error(`remarks: '${name}' is there twice`);
    if (body === '') throw new Error(`remarks: '${name}' says nothing`);
    remarks.set(name, body);
  }
  return remarks;
}

export function page(given: Page): string {
  const { measured, rows, systems, facts, plot } = given;
  const sections: readonly (readonly string[])[] = [
    ['# Benchmarks', introduction(given), `![Speed relative to QEMU, by row](${plot})`, summary(measured)],
    [
      '## Machine and versions',
      ['| | |', '|---|---|', ...facts.map((fact) => `| ${fact.join(' | ')} |`)].join('\n'),
    ],
    ['## Figures', how(given), markdownTable(measured.results, systems)],
    [
      '## Rows',
      rows
        .map(({ name, what, floating }) => `- **${name}**: ${what}${floating ? ' (floating point)' : ''}.`)
        .join('\n'),
    ],
    losing(given),
    measured.missing.length === 0
      ? []
      : [
          '## Left out',
          missingList(measured)
            .map((line) => `- ${line}`)
            .join('\n'),
        ],
  ];
  return `${sections
    .flat()
    .filter((part) => part !== '')
    .join('\n\n')}\n`;
}

const introduction = ({ date }: Page): string =>
  `Whole programs natively, in QEMU's user mode, and on Strake's two engines, the jit with and without what it keeps from run to run. QEMU and Strake run the very same riscv64 programs, native code is of the same
C sources. This page and its plot were printed by \`npm run bench -- --write\` on ${date.slice(0, 10)}. What was measured by hand,
replacement, the interpreter alone, single operations of the kernel, is in [measurements.md](measurements.md).`;

function summary({ results }: Measured): string {
  return means(results)
    .map(({ name, rows, ratios: [first, qemu, native] }) => {
      const parts = [
        ...(qemu == null ? [] : [`${qemu.toFixed(2)} times the speed of QEMU`]),
        ...(first == null ? [] : [`${first.toFixed(2)} times in a first run`]),
        ...(native == null ? [] : [`${native.toFixed(1)} times slower than native`]),
      ];
      return parts.length === 0 ? '' : `- The jit, ${name} (${rows}): ${parts.join(', ')}.`;
    })
    .filter((line) => line !== '')
    .join('\n');
}

function how({ rounds, percent, cpuTime, start, systems }: Page): string {
  const starts = systems.flatMap((system) => {
    const seconds = start[system];
    return seconds === undefined ? [] : [`${system} ${(seconds * 1000).toFixed(0)} ms`];
  });
  return `Seconds, ${cpuTime ? 'CPU time of all processes' : 'by the clock'}: medians of ${rounds} rounds, systems in turn${percent === 100 ? '' : `, at ${percent} % of the usual amount of work`}. All systems put out the same, or the
row would have failed. \`first\` is the jit in the first run of a program, \`jit\` in a later one, which takes up the translations that earlier ones kept.
\`qemu / jit\` above 1: the jit is faster than QEMU. \`jit / native\`: how many times slower than native code.${
    starts.length === 0
      ? ''
      : `\nStarting a program that does nothing takes: ${starts.join(', ')}. All figures include that.`
  }`;
}

function losing({ measured, remarks }: Page): readonly string[] {
  const losers = measured.results.filter((result): boolean => (speed(result) ?? 1) < 1);
  if (losers.length === 0) return [];
  const said = (result: Result): string =>
    `### ${result.name}: ${speed(result)?.toFixed(2)}\n\n${remarks.get(result.name) ?? 'Not looked into yet.'}`;
  return ['## Where Strake loses', ...losers.map(said)];
}
