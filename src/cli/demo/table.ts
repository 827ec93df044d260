/**
 * The demo's tables: figures with their units, one line a figure, colours where there is a terminal.
 */
import { styleText } from 'node:util';
import type { Claim, DemoRecord, Report, Usage } from './record.ts';

const TITLE = 34;
const VALUE = 12;

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

export const nanoseconds = (ns: number): string => microseconds(ns / 1000);

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  return count < 2 ** 20 ? `${(count / 1024).toFixed(1)} KB` : `${(count / 2 ** 20).toFixed(1)} MB`;
}

const mark = (good: boolean): string => (good ? style('green', 'yes') : style('red', 'NO'));

/** A figure before and after. */
export const valueLine = (title: string, before: string, after: string): string =>
  `  ${title.padEnd(TITLE)}${before.padStart(VALUE)}${after.padStart(VALUE)}`;

/** Two columns of figures, and whether each claim holds. */
export function claimLines(claims: readonly Claim[]): readonly string[] {
  const head = style(
    'dim',
    `  ${''.padEnd(TITLE)}${'before'.padStart(VALUE)}${'after'.padStart(VALUE)}   claimed`,
  );
  return [
    head,
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

export const replacementLine = ({ pauseNs, stateMoved, transfer }: DemoRecord): string =>
  `${valueLine('pause of the replacement', '', nanoseconds(pauseNs))}   ${HOW[transfer]}${stateMoved > 0 ? `, ${bytes(stateMoved)}` : ''}`;

export const outputLine = (intact: boolean, how: string): string =>
  `  ${"programs' output intact".padEnd(TITLE)}${mark(intact)}   ${style('dim', how)}`;

/** Columns of text; the first `left` of them are aligned to the left. */
export function columns(rows: readonly (readonly string[])[], left: number): readonly string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  return rows.map((row, at) => {
    const line = row
      .map((cell, i) => (i < left ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)))
      .join('  ');
    return at === 0 ? style('dim', `  ${line}`) : `  ${line}`;
  });
}

export function reportText({ title, load, said, lines, usage }: Report): string {
  const quoted = said.map((line) => style('dim', `  | ${line}`));
  return [style('bold', title), `  under load: ${load}`, ...quoted, '', ...lines, usageLine(usage), ''].join(
    '\n',
  );
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
