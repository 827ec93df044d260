/**
 * What a scenario of the demo found out: figures before and after, and whether they differ as claimed.
 */
import type { LedgerEntry } from '../../api/index.ts';

/** Figures by name, each with its unit in the name (`latencyMedianUs`), or a text where it is none. */
export type Figures = Readonly<Record<string, number | string>>;

/** One figure before and after, and what was claimed about it. */
export interface Claim {
  /** For people. */
  readonly title: string;
  readonly before: string;
  readonly after: string;
  /** What was claimed, for people; empty where the figure is there to be seen only. */
  readonly claim: string;
  /** True where nothing is claimed. */
  readonly holds: boolean;
}

/** One replacement, measured; what `--json` prints. */
export interface DemoRecord {
  /** Scenario, or the cell that was replaced by a fresh instance of its own module. */
  readonly name: string;
  /** Every claim holds and the programs' outputs are intact. */
  readonly ok: boolean;
  readonly before: Figures;
  readonly after: Figures;
  readonly slot: string;
  readonly from: string;
  readonly to: string;
  /** Host time in ns for which no program could run; the median where there were several replacements. */
  readonly pauseNs: number;
  readonly pauseMaxNs: number;
  /** How the state went over, and its bytes in serialised form (0 by reference). */
  readonly transfer: LedgerEntry['transfer'] | 'move and copy';
  readonly stateMoved: number;
  readonly replacements: number;
  /** How often the figures were taken; more than once where the host was too busy at first. */
  readonly attempts: number;
  /** The programs put out what they put out without replacement. */
  readonly outputIntact: boolean;
}

/** What a scenario ran at, for the lines below its table. */
export interface Usage {
  readonly wallNs: number;
  readonly kernelEntries: number;
  readonly instructions: number;
  /** The most guest memory in use that was seen. */
  readonly peakBytes: number;
  /** Part of a host CPU that the kernel had; well below 1 the machine was busy with other things, or the guest idle. */
  readonly hostShare: number;
}

export interface Report {
  readonly records: readonly DemoRecord[];
  /** Heading. */
  readonly title: string;
  /** Whose programs ran, and why not others. */
  readonly programs: string;
  readonly load: string;
  /** Some of what the programs put out, as they did. */
  readonly said: readonly string[];
  readonly claims: readonly Claim[];
  /** Beside claims or in place of them: its first row is the head, its first two columns are text. */
  readonly table: readonly (readonly string[])[];
  /** How it was seen whether the programs' output is intact. */
  readonly intact: string;
  readonly notes: readonly string[];
  readonly usage: Usage;
}

/** One replacement, and what was found out about it. */
export interface Facts {
  readonly name: string;
  readonly slot: string;
  readonly from: string;
  readonly to: string;
  readonly before: Figures;
  readonly after: Figures;
  readonly claims: readonly Claim[];
  readonly outputIntact: boolean;
  readonly attempts?: number;
}

/** @param entry what the ledger has; null if nothing was replaced */
export function recordOf(facts: Facts, entry: LedgerEntry | null): DemoRecord {
  const { claims, attempts = 1, ...rest } = facts;
  return {
    ...rest,
    ok: rest.outputIntact && entry !== null && claims.every(({ holds }) => holds),
    pauseNs: entry?.pauseNs ?? 0,
    pauseMaxNs: entry?.pauseNs ?? 0,
    transfer: entry?.transfer ?? 'move',
    stateMoved: entry?.bytesMoved ?? 0,
    replacements: entry === null ? 0 : 1,
    attempts,
  };
}

/** The value that a part of all are below; NaN of none. */
function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
}

/** Middle value of some; NaN of none. */
export const median = (values: readonly number[]): number => quantile(values, 1 / 2);

/** What three quarters of some are below; NaN of none. */
export const upperQuartile = (values: readonly number[]): number => quantile(values, 3 / 4);

/** A report in words: what its head and its table do not say. */
type Words = Pick<Report, 'programs' | 'load' | 'said' | 'intact' | 'notes' | 'usage'>;

/** The report of one replacement. @param entry undefined if nothing was replaced */
export const reportOf = (facts: Facts, entry: LedgerEntry | undefined, words: Words): Report => ({
  records: [recordOf(facts, entry ?? null)],
  title: `${facts.name}: ${facts.from} -> ${facts.to}`,
  claims: facts.claims,
  table: [],
  ...words,
});
