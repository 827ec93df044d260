/**
 * Two builds of Strake on the same rows, turn by turn in one process: what slows the machine slows both.
 *
 * Exit status 1 if a program failed, or put out something else in one of them.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Kernel } from '../src/api/kernel.ts';
import type { nodeHost } from '../src/host/node/index.ts';
import { build, type Job, Unavailable } from './build.ts';
import { median } from './measure.ts';
import { chosen } from './options.ts';
import { type Row, ROWS } from './rows.ts';
import { guestFolder } from './systems.ts';

const USAGE = `usage: npm run bench:duel -- [options] A B

  A, B            folders of two builds of Strake, each with dist and package.json
  --only LIST     these rows or groups alone
  --runs N        how often each runs a program (default: 8); the first two count as first runs
  --scale N       percent of the usual work (default: 30)
  --json          figures as JSON

example: npm run bench:duel -- ../before . --only sort,compress`;

const FIRST_RUNS = 2;
const PROGRAM = '/tmp/program';

interface Build {
  readonly Kernel: typeof Kernel;
  readonly nodeHost: typeof nodeHost;
}

/** What one build made of a row: its own host time of each run, in ms, and all that was put out. */
interface Side {
  readonly times: readonly number[];
  readonly text: string;
}

interface Figures {
  readonly row: string;
  /** ms: the first run, and the median of the later ones */
  readonly first: readonly number[];
  readonly later: readonly number[];
  /** time of A by that of B, in all later runs: above 1, B is faster */
  readonly ratio: number;
}

const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);

async function load(folder: string): Promise<Build> {
  if (!existsSync(path.join(folder, 'dist/api/index.js')))
    throw new Error(`${folder} has no build of Strake: run 'npm ci' or 'npm run build' there`);
  const from = async (file: string): Promise<Build> =>
    import(pathToFileURL(path.resolve(folder, 'dist', file)).href) as Promise<Build>;
  const [api, node] = [await from('api/index.js'), await from('host/node/index.js')];
  return { Kernel: api.Kernel, nodeHost: node.nodeHost };
}

async function runAll({ Kernel, nodeHost }: Build, job: Job, runs: number): Promise<Side> {
  let own = 0;
  let text = '';
  const timed = (task: () => void) => (): void => {
    const began = performance.now();
    task();
    own += performance.now() - began;
  };
  const node = nodeHost({
    stdin: null,
    onOutput: (_stream, bytes) => {
      text += Buffer.from(bytes).toString('latin1');
    },
  });
  const host = {
    ...node,
    defer: (task: () => void): void => node.defer(timed(task)),
    after: (ns: number, task: () => void): (() => void) => node.after(ns, timed(task)),
  };
  const { folder, root, guest, args } = job;
  const kernel = await Kernel.boot({
    host,
    ...(root === null ? {} : { root }),
    mounts: folder === null ? [] : [{ host: folder, guest: guestFolder(folder), readOnly: true }],
  });
  try {
    if (root === null) await kernel.install(PROGRAM, readFileSync(guest), 0o755);
    const times: number[] = [];
    for (let i = 0; i < runs; i++) {
      const before = own;
      const argv = [root === null ? PROGRAM : guest, ...args];
      const { exited } = await kernel.spawn(argv, folder === null ? {} : { cwd: guestFolder(folder) });
      const { code, signal } = await exited;
      if (code !== 0) throw new Error(`ended with ${signal > 0 ? `signal ${signal}` : code}`);
      times.push(own - before);
    }
    return { times, text };
  } finally {
    await kernel.shutdown();
  }
}

async function duel(
  builds: readonly Build[],
  row: Row,
  percent: number,
  runs: number,
  scratch: string,
): Promise<Figures> {
  const job = build(row, Math.max(1, Math.round((row.work * percent) / 100)), scratch);
  // Both to their ends, also where one fails: nothing may run beside the next row.
  const ended = await Promise.allSettled(builds.map((each) => runAll(each, job, runs)));
  const sides = ended.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
  const [a, b] = sides as [Side, Side];
  if (a.text !== b.text) throw new Error('the two put out different things');
  const later = sides.map(({ times }) => times.slice(FIRST_RUNS));
  return {
    row: row.name,
    first: sides.map(({ times }) => times[0] as number),
    later: later.map(median),
    ratio: sum(later[0] as readonly number[]) / sum(later[1] as readonly number[]),
  };
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      runs: { type: 'string', default: '8' },
      scale: { type: 'string', default: '30' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const runs = Number(values.runs);
  const percent = Number(values.scale);
  if (positionals.length !== 2)
    throw new Error(`two builds are compared, not ${positionals.length}\n${USAGE}`);
  if (!Number.isInteger(runs) || runs <= FIRST_RUNS)
    throw new Error(`--runs ${values.runs}: more than ${FIRST_RUNS}`);
  if (!(percent > 0 && percent <= 1000))
    throw new Error(`--scale ${values.scale} is no percentage up to 1000`);
  const rows = chosen('only', values.only, ROWS, ({ name, group }) => [name, group]);
  const builds = [await load(positionals[0] as string), await load(positionals[1] as string)];
  const scratch = mkdtempSync(path.join(tmpdir(), 'strake-duel-'));
  const all: Figures[] = [];
  try {
    if (!values.json) console.log('row          first A   first B   later A   later B   A / B');
    for (const row of rows) {
      try {
        const figures = await duel(builds, row, percent, runs, scratch);
        all.push(figures);
        const ms = [...figures.first, ...figures.later].map((x) => x.toFixed(0).padStart(10)).join('');
        if (!values.json) console.log(`${row.name.padEnd(10)}${ms}${figures.ratio.toFixed(3).padStart(8)}`);
      } catch (error) {
        console.error(`${row.name}: ${error instanceof Error ? error.message : String(error)}`);
        if (!(error instanceof Unavailable)) process.exitCode = 1;
      }
    }
    if (values.json) console.log(JSON.stringify(all, null, 2));
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

try {
  await main();
} catch (error) {
  console.error(`duel: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
