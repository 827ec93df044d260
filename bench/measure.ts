/**
 * Runs rows on systems in turn, several rounds, and compares what they put out.
 */
import { build, type Job, Unavailable } from './build.ts';
import type { Row } from './rows.ts';
import { run, type System, type Timing } from './systems.ts';

export interface Result {
  readonly name: string;
  readonly group: Row['group'];
  readonly floating: boolean;
  /** medians by system; a system without a program of the row is missing */
  readonly seconds: Readonly<Record<string, number>>;
}

/** A row without figures: it can not be run here, or (`failed`) it should have and did not, or put out something else. */
export interface Missing {
  readonly name: string;
  readonly reason: string;
  readonly failed: boolean;
}

export interface Plan {
  readonly rows: readonly Row[];
  readonly systems: readonly System[];
  readonly rounds: number;
  /** of the full amount of work */
  readonly percent: number;
  readonly timing: Timing;
  readonly scratch: string;
  /** told before each run */
  readonly progress: (row: string, system: string) => void;
}

export interface Measured {
  readonly results: readonly Result[];
  readonly missing: readonly Missing[];
}

/** The parts that touch the host, so that tests need none. */
export interface Bench {
  readonly build: (row: Row, work: number, scratch: string) => Job;
  readonly run: typeof run;
}

export function measure(plan: Plan, bench: Bench = { build, run }): Measured {
  const results: Result[] = [];
  const missing: Missing[] = [];
  for (const row of plan.rows) {
    try {
      results.push({
        name: row.name,
        group: row.group,
        floating: row.floating,
        seconds: measureRow(row, plan, bench),
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      missing.push({ name: row.name, reason, failed: !(error instanceof Unavailable) });
    }
  }
  return { results, missing };
}

function measureRow(row: Row, plan: Plan, bench: Bench): Record<string, number> {
  const job = bench.build(row, Math.max(1, Math.round((row.work * plan.percent) / 100)), plan.scratch);
  const times: Record<string, number[]> = {};
  let expected = null as { readonly text: string; readonly system: string } | null;
  /** @returns its time, null where the system does not run the job */
  const once = (system: System): number | null => {
    plan.progress(row.name, system.name);
    const command = system.command(job);
    if (command === null) return null;
    const { seconds, text } = attempt(system, () => bench.run(command, job.folder, plan.timing));
    expected ??= { text, system: system.name };
    if (text !== expected.text)
      throw new Error(
        `${system.name} put out ${excerpt(text)}, ${expected.system} ${excerpt(expected.text)}`,
      );
    return seconds;
  };
  for (const system of plan.systems) for (let run = 0; run < system.practice; run++) once(system);
  for (let round = 0; round < plan.rounds; round++) {
    for (const system of plan.systems) {
      const seconds = once(system);
      if (seconds !== null) (times[system.name] ??= []).push(seconds);
    }
  }
  if (expected?.text === '') throw new Error('it put out nothing');
  return Object.fromEntries(Object.entries(times).map(([system, list]) => [system, median(list)]));
}

function attempt<T>(system: System, what: () => T): T {
  try {
    return what();
  } catch (error) {
    throw new Error(`${system.name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const excerpt = (text: string): string => {
  const shown = JSON.stringify(text.slice(-60));
  return text.length > 60 ? `${text.length} bytes that end with ${shown}` : shown;
};

export function median(list: readonly number[]): number {
  const sorted = list.toSorted((a, b) => a - b);
  const high = sorted[sorted.length >> 1] ?? Number.NaN;
  const low = sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
  return (low + high) / 2;
}
