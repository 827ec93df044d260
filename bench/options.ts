/**
 * What the benchmark is asked for on its command line.
 */
import { parseArgs } from 'node:util';
import { GROUPS, type Group, type Row, ROWS } from './rows.ts';
import { SYSTEMS, type System, type Timing } from './systems.ts';

/** Amounts of work that have a name, in percent. */
const SCALES: Readonly<Record<string, number>> = { small: 5, full: 100 };
/** The least that every row takes for 1: one turn. */
const CHECK_PERCENT = 0.01;

export interface Options {
  readonly rows: readonly Row[];
  readonly systems: readonly System[];
  readonly rounds: number;
  readonly percent: number;
  readonly timing: Timing;
  readonly check: boolean;
  readonly json: boolean;
  readonly write: boolean;
}

const namesIn = (group: Group): string => {
  const names = ROWS.filter((row) => row.group === group).map(({ name }) => name);
  return `                  ${group}: ${names.join(' ')}`;
};

const USAGE = `usage: npm run bench -- [options]

  --rounds N      how often each row runs on each system (default: 3)
  --only LIST     these rows or groups alone:
${GROUPS.map(namesIn).join('\n')}
  --systems LIST  these systems alone: ${SYSTEMS.map(({ name }) => name).join(', ')}
  --scale N       percent of the usual work, or small, or full (default: full)
  --cpu           CPU time, for a machine that is busy
  --json          figures as JSON
  --check         the least work, once, and no figures: asserts that all systems put out the same
  --write         write docs/benchmarks.md and its plot, too: needs all rows and systems`;

/**
 * @returns what is asked for, or a text to print
 * @throws Error that says what is wrong
 */
export function parseOptions(argv: readonly string[]): Options | string {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: 'string', default: '3' },
      only: { type: 'string' },
      systems: { type: 'string' },
      scale: { type: 'string', default: 'full' },
      cpu: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return USAGE;
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds} is no count`);
  const percent = SCALES[values.scale] ?? Number(values.scale);
  if (!(percent > 0 && percent <= 1000))
    throw new Error(`--scale ${values.scale} is no percentage up to 1000`);
  if (values.write && (values.only !== undefined || values.systems !== undefined || values.check))
    throw new Error('--write needs all rows and systems, measured');
  if (values.check && values.json) throw new Error('--check has no figures for --json');
  const systems = chosen('systems', values.systems, SYSTEMS, ({ name }) => [name]);
  return {
    rows: chosen('only', values.only, ROWS, ({ name, group }) => [name, group]),
    // With the least work nothing is left for later runs.
    systems: values.check ? systems.map((system) => ({ ...system, practice: 0 })) : systems,
    rounds: values.check ? 1 : rounds,
    percent: values.check ? CHECK_PERCENT : percent,
    timing: values.cpu ? 'cpu' : 'clock',
    check: values.check,
    json: values.json,
    write: values.write,
  };
}

/** @returns of all what a list of names asks for, in the order of all */
export function chosen<T>(
  option: string,
  list: string | undefined,
  all: readonly T[],
  namesOf: (one: T) => readonly string[],
): readonly T[] {
  if (list === undefined) return all;
  const asked = list.split(',');
  for (const name of asked)
    if (!all.some((one) => namesOf(one).includes(name)))
      throw new Error(`--${option}: there is no '${name}'`);
  return all.filter((one) => namesOf(one).some((name) => asked.includes(name)));
}
