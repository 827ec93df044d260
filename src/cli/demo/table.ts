/**
 * The demo's tables: figures with their units, one line a figure, colours where there is a terminal.
 */
import { styleText } from 'node:util';
import type { Claim, DemoRecord, Report, Usage } from './record.ts';

const TITLE = 36;
const VALUE = 15;
const WIDTH = 100;

type Style = 'bold' | 'dim' | 'green' | 'red';
/** `styleText` minds NO_COLOR and whether the stream is a terminal. */
const style = (name: Style, text: string): string => styleText(name, text, { stream: process.stdout });

export const percent = (part: number): string => `${(part * 100).toFixed(1)} %`;

/** A time given in us, in the unit that reads best. */
export function microseconds(us: number): string {
  if (!Number.isFinite(us)) return '?';
  if (us < 1000) return `${us.toFixed(1)} us`;
  return us < 1_000_000
    ? `${(us / 1000).toFixed(us < 100_000 ? 2 : 0)} ms`
    : `${(us / 1_000_000).toFixed(2)} s`;
}

export const milliseconds = (ms: number): string => microseconds(ms * 1000);

export const nanoseconds = (ns: number): string => microseconds(ns / 1000);

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  return count < 2 ** 20 ? `${(count / 1024).toFixed(1)} KB` : `${(count / 2 ** 20).toFixed(1)} MB`;
}

const mark = (good: boolean): string => (good ? style('green', 'yes') : style('red', 'NO'));

const valueLine = (title: string, before: string, after: string): string =>
  `  ${title.padEnd(TITLE)}${before.padStart(VALUE)}${after.padStart(VALUE)}`;

/** Two columns of figures, and whether each claim holds. */
function claimLines(claims: readonly Claim[]): readonly string[] {
  if (claims.length === 0) return [];
  return [
    style('dim', `${valueLine('', 'before', 'after')}   claimed`),
    ...claims.map(({ title, before, after, claim, holds }) => {
      const verdict = claim === '' ? '' : `   ${claim}: ${mark(holds)}`;
      return `${valueLine(title, before, after)}${verdict}`;
    }),
  ];
}

const HOW: Readonly<Record<DemoRecord['transfer'], string>> = {
  move: 'state by reference',
  copy: 'state as bytes',
  migrate: 'state migrated',
  rebuild: "state handed over by the contract's operations",
  recover: 'made anew from the other slots',
  'move and copy': '',
};

/** How long it took, how much moved, and how. */
export const replacementText = ({ pauseNs, stateMoved, transfer }: DemoRecord): string =>
  `pause ${nanoseconds(pauseNs)}, ${HOW[transfer]}${stateMoved > 0 ? `, ${bytes(stateMoved)}` : ''}`;

function replacementLine(record: DemoRecord): string {
  const title = `  ${`replaced: ${record.slot} by ${record.to}`.padEnd(TITLE)}`;
  return `${title}   ${record.replacements === 0 ? 'not replaced' : replacementText(record)}`;
}

/** Lines of no more than WIDTH columns; what goes over is set under what it belongs to. */
function wrapped(head: string, text: string): readonly string[] {
  const lines = [head];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) as string;
    if (last.length + word.length < WIDTH)
      lines[lines.length - 1] = last.endsWith(' ') ? last + word : `${last} ${word}`;
    else lines.push(`${' '.repeat(head.length)}${word}`);
  }
  return lines;
}

/** Columns of text; the first two are aligned to the left. */
function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  return rows.map((row, at) => {
    const line = row
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)))
      .join('  ');
    return at === 0 ? style('dim', `  ${line}`) : `  ${line}`;
  });
}

export function reportText(report: Report): string {
  const { title, programs, load, said, claims, table, intact, notes, records, usage } = report;
  const dim = (line: string): string => style('dim', line);
  const undisturbed = mark(records.every(({ outputIntact }) => outputIntact));
  return [
    style('bold', title),
    ...wrapped('  programs: ', programs),
    ...wrapped('  load:     ', load),
    ...said.map((line) => dim(`  | ${line}`)),
    '',
    ...claimLines(claims),
    ...(table.length === 0 || claims.length > 0 ? records.map(replacementLine) : []),
    ...(table.length === 0 ? [] : columns(table)),
    `  ${"programs' output intact".padEnd(TITLE)}   ${undisturbed}`,
    ...wrapped('    ', intact).map(dim),
    ...notes.flatMap((note) => wrapped('  note: ', note)).map(dim),
    ...(records.some(({ attempts }) => attempts > 1)
      ? ['  measured twice, because the host was busy with other things']
      : []),
    usageLine(usage),
    verdict(report),
    '',
  ].join('\n');
}

/** One line: as claimed, or what is not. */
function verdict({ records, claims }: Report): string {
  if (records.every(({ ok }) => ok)) {
    const count = claims.filter(({ claim }) => claim !== '').length;
    const held = count === 0 ? '' : `: ${count} of ${count} claims hold`;
    return `  ${style('green', 'as claimed')}${held}`;
  }
  const wrong = claims.filter(({ holds }) => !holds).map(({ title }) => title);
  if (records.some(({ outputIntact }) => !outputIntact)) wrong.push("programs' output");
  if (records.some(({ replacements }) => replacements === 0)) wrong.push('the replacement');
  return `  ${style('red', 'NOT as claimed')}: ${wrong.join('; ')}`;
}

const usageLine = ({ wallNs, kernelEntries, instructions, peakBytes }: Usage): string =>
  style(
    'dim',
    `  ${(wallNs / 1e9).toFixed(1)} s, ${kernelEntries.toLocaleString('en')} kernel entries, ` +
      `${(instructions / 1e6).toFixed(0)} million instructions, ${bytes(peakBytes)} of guest memory at most`,
  );

/** The last line: how many replacements, and whether all is as claimed. */
export function summary(records: readonly DemoRecord[], wallNs: number): string {
  const count = records.reduce((sum, { replacements }) => sum + replacements, 0);
  const bad = records.filter(({ ok }) => !ok).map(({ name }) => name);
  const verdict =
    bad.length === 0 ? style('green', 'all as claimed') : style('red', `not as claimed: ${bad.join(', ')}`);
  return `${count} replacement${count === 1 ? '' : 's'} under running programs in ${(wallNs / 1e9).toFixed(1)} s: ${verdict}\n`;
}
