/**
 * How long reads all over a disk take: what the io scenarios measure, by the embedded program `seekers`.
 */
import { atMost, shown } from './claims.ts';
import type { Claim, Figures } from './record.ts';
import type { Session, Started } from './session.ts';
import { milliseconds } from './table.ts';

export const READERS = 24;
/** Of each reader, in a round. */
export const READS = 8;
/** Rounds that count on each side; the one that is under way when a side begins does not. */
export const ROUNDS = 3;
/** A read in the middle after takes at most this part of one before; a mean would count what a cache had. */
const FACTOR = 0.75;

export const SEEKERS: RegExp = /^seekers .* read mean ([\d.]+) median ([\d.]+) max ([\d.]+) ms, sum (\S+)$/;

/** What both kinds of this scenario measure. */
export interface Reads {
  readonly meanMs: number;
  readonly medianMs: number;
  readonly maxMs: number;
  readonly said: readonly string[];
}

/** The next rounds, the present one left out. */
export async function observeReads(session: Session, script: Started): Promise<Reads> {
  const seen = session.lines().filter((line) => SEEKERS.test(line)).length;
  const lines = (await session.until(script, SEEKERS, seen + 1 + ROUNDS)).slice(seen + 1, seen + 1 + ROUNDS);
  const matches = lines.map((line) => SEEKERS.exec(line) as RegExpExecArray);
  const numbers = (group: number): number[] => matches.map((match) => Number(match[group]));
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    meanMs: mean(numbers(1)),
    medianMs: mean(numbers(2)),
    maxMs: Math.max(...numbers(3)),
    said: lines.slice(-1),
  };
}

export const readClaims = (before: Reads, after: Reads): readonly Claim[] => [
  shown('a read, mean', milliseconds(before.meanMs), milliseconds(after.meanMs)),
  atMost('a read, median', FACTOR, before.medianMs, after.medianMs, milliseconds),
  shown('a read, worst', milliseconds(before.maxMs), milliseconds(after.maxMs)),
];

export const readFigures = ({ meanMs, medianMs, maxMs }: Reads): Figures => ({
  readMeanMs: Number(meanMs.toFixed(2)),
  readMedianMs: Number(medianMs.toFixed(2)),
  readMaxMs: maxMs,
});
