/**
 * Figures of measured rows: ratios, geometric means, the table of all, and the same as JSON.
 */
import { GROUPS } from './rows.ts';
import type { Measured, Result } from './measure.ts';

/** Seconds of one system by those of another: how many times as fast the second is. */
export const RATIOS: readonly (readonly [slow: string, fast: string])[] = [
  ['qemu', 'first'],
  ['qemu', 'jit'],
  ['jit', 'native'],
];

/** @returns how many times as fast `fast` was, or null where one of both is missing */
export function ratio({ seconds }: Result, slow: string, fast: string): number | null {
  const [above, below] = [seconds[slow], seconds[fast]];
  return above === undefined || below === undefined ? null : above / below;
}

/** @returns the speed relative to QEMU: above 1 is faster */
export const speed = (result: Result): number | null => ratio(result, 'qemu', 'jit');

/** @returns null for no numbers */
export function geometricMean(list: readonly number[]): number | null {
  if (list.length === 0) return null;
  return Math.exp(list.reduce((sum, x) => sum + Math.log(x), 0) / list.length);
}

export interface Mean {
  readonly name: string;
  readonly rows: number;
  /** one for each of RATIOS */
  readonly ratios: readonly (number | null)[];
}

/** Of all rows, of those without floating point, of each group; none twice. */
export function means(results: readonly Result[]): readonly Mean[] {
  const dry = results.filter(({ floating }) => !floating);
  const groups = GROUPS.map((group) => [group, results.filter((result) => result.group === group)] as const);
  const present = groups.filter(([, list]) => list.length > 0);
  const sets: readonly (readonly [string, readonly Result[]])[] = [
    ['all rows', results],
    ...(dry.length < results.length ? [['without floating point', dry] as const] : []),
    ...(present.length > 1 ? present : []),
  ];
  return sets.map(([name, list]) => ({
    name,
    rows: list.length,
    ratios: RATIOS.map(([slow, fast]) =>
      geometricMean(list.map((result) => ratio(result, slow, fast)).filter((x) => x !== null)),
    ),
  }));
}

/** @returns a table in Markdown, with a line for each row, in its group, and one for each mean */
export function markdownTable(results: readonly Result[], systems: readonly string[]): string {
  const ratios = RATIOS.filter((pair) => pair.every((system) => systems.includes(system)));
  const number = (x: number | null | undefined): string => (x == null ? '' : x.toFixed(2));
  const blanks = systems.map(() => '');
  const lines: string[][] = [['', ...systems, ...ratios.map(([slow, fast]) => `${slow} / ${fast}`)]];
  for (const group of GROUPS) {
    const members = results.filter((result) => result.group === group);
    if (members.length === 0) continue;
    lines.push([`**${group}**`, ...blanks, ...ratios.map(() => '')]);
    for (const result of members)
      lines.push([
        result.name,
        ...systems.map((system) => number(result.seconds[system])),
        ...ratios.map(([slow, fast]) => number(ratio(result, slow, fast))),
      ]);
  }
  if (ratios.length > 0) lines.push(['**geometric means**', ...blanks, ...ratios.map(() => '')]);
  for (const mean of ratios.length > 0 ? means(results) : [])
    lines.push([
      `${mean.name} (${mean.rows})`,
      ...blanks,
      ...ratios.map((pair) => number(mean.ratios[RATIOS.indexOf(pair)])),
    ]);
  return aligned(lines);
}

/** Columns as wide as their widest cell, numbers to the right, so that the source can be read in a terminal. */
function aligned(lines: readonly (readonly string[])[]): string {
  const [head = []] = lines;
  const widths = head.map((_, at) => Math.max(3, ...lines.map((line) => (line[at] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, at) => (at === 0 ? (cells[at] ?? '').padEnd(width) : (cells[at] ?? '').padStart(width))).join(' | ')} |`;
  const rule = `|${widths.map((width, at) => (at === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(head), rule, ...lines.slice(1).map(line)].join('\n');
}

/** @returns lines that name what has no figures, and why */
export const missingList = ({ missing }: Measured): readonly string[] =>
  missing.map(({ name, reason, failed }) => `${name}: ${failed ? 'FAILED: ' : ''}${reason}`);

/** @param circumstances of the measurement: how many rounds, on what machine */
export function jsonOf(measured: Measured, circumstances: Readonly<Record<string, unknown>>): string {
  const rows = measured.results.map((result) => ({ ...result, speed: speed(result) }));
  const summary = means(measured.results).map(({ name, rows: count, ratios }) => ({
    name,
    rows: count,
    ...Object.fromEntries(RATIOS.map(([slow, fast], at) => [`${slow}/${fast}`, ratios[at] ?? null])),
  }));
  return JSON.stringify({ ...circumstances, rows, means: summary, missing: measured.missing }, null, 2);
}
