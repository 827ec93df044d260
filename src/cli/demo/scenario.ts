/**
 * What a scenario is, what it is started with, and what several of them need.
 */
import type { SlotName } from '../../contracts/module.ts';
import type { Report } from './record.ts';
import { hasProgram } from './shell.ts';

export interface ScenarioOptions {
  readonly root?: string;
  readonly memory: number;
  /** Modules of the two sides, in place of the scenario's own. */
  readonly from?: string;
  readonly to?: string;
  /** Replace by the same module, so that nothing can get better: the verdict must be no. */
  readonly itself?: boolean;
  /** For `rest`: this slot alone. */
  readonly slot?: SlotName;
  readonly progress: (text: string) => void;
}

export interface Scenario {
  readonly name: string;
  /** For the list of scenarios. */
  readonly summary: string;
  /** What the paper says about it, in our words. */
  readonly paper: string;
  /** Which options it takes beside those that all take. */
  readonly takes: readonly ('from' | 'to' | 'itself' | 'slot')[];
  readonly run: (options: ScenarioOptions) => Promise<Report>;
}

/** The modules before and after. */
export function sidesOf(
  options: ScenarioOptions,
  standard: { readonly from: string; readonly to: string },
): { readonly from: string; readonly to: string } {
  const { from = standard.from, to = standard.to, itself = false } = options;
  return { from, to: itself ? from : to };
}

/** Whose programs run: Debian's where a root has all of them. */
export interface Choice {
  readonly debian: boolean;
  /** For the report. */
  readonly programs: string;
}

export function choosePrograms(root: string | undefined, needed: readonly string[]): Choice {
  if (root === undefined) return { debian: false, programs: 'embedded (no --root)' };
  const missing = needed.filter((program) => !hasProgram(root, program));
  if (missing.length > 0)
    return { debian: false, programs: `embedded (the root has no ${missing.join(', no ')})` };
  return { debian: true, programs: `${needed.join(', ')} of the root` };
}

/** Times on the host's clock say nothing if the kernel had less of a CPU. */
const LEAST_HOST_SHARE = 0.7;
const TRIES = 2;

/** Measure on the host's clock; once more if figures were not as claimed while the host was busy. Each report says how often. */
export async function onHostTime(once: (attempt: number) => Promise<Report>): Promise<Report> {
  for (let attempt = 1; ; attempt++) {
    const report = await once(attempt);
    const good = report.records.every(({ ok }) => ok);
    if (good || report.usage.hostShare >= LEAST_HOST_SHARE || attempt === TRIES) return report;
  }
}
