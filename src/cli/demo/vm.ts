/**
 * Scenario `vm`: what fork costs a process of some megabytes, and whether files can be mapped shared.
 *
 * The primitive vm copies every page at fork. With a Debian root redis-server and python3 are asked (redis.ts); here the
 * embedded programs are. All figures come from their own output: forkbench checks every page of parent and children, and
 * one forkbench is under way while vm is replaced.
 */
import { atMost, becomesPossible } from './claims.ts';
import { type Claim, type Figures, median, type Report, reportOf } from './record.ts';
import { measureRedis, REDIS_PROGRAMS } from './redis.ts';
import { choosePrograms, onHostTime, type Scenario, type ScenarioOptions, sidesOf } from './scenario.ts';
import { Session, succeeded } from './session.ts';
import { microseconds } from './table.ts';

const MEGABYTES = '16';
const FORKS = '12';
/** The host compiles what it runs often: the first runs of all do not count. */
const WARM_RUNS = 3;
/** Runs that are measured on each side; their median counts. */
const RUNS = 9;
/** The run that is replaced under lasts so much longer than the time until the replacement, by the forks measured before. */
const CROSSING_MS = 150;
const CROSSING_FACTOR = 5;
const TICK_MS = 20;
const TICKS = 60;
/** A fork after takes at most this part of one before. */
const FACTOR = 0.5;

interface Side {
  readonly forkUs: number;
  /** `works`, or the errno's name. */
  readonly mapShared: string;
  /** The last lines that the programs printed. */
  readonly said: readonly string[];
}

function run(options: ScenarioOptions): Promise<Report> {
  const sides = sidesOf(options, { from: 'primitive', to: 'cow' });
  const { debian, programs } = choosePrograms(options.root, REDIS_PROGRAMS);
  return onHostTime((attempt) =>
    debian
      ? measureRedis(options, sides, programs, attempt)
      : measureForkbench(options, sides, programs, attempt),
  );
}

async function measureForkbench(
  { root, memory, progress }: ScenarioOptions,
  { from, to }: { readonly from: string; readonly to: string },
  programs: string,
  attempts: number,
): Promise<Report> {
  const session = await Session.boot({
    memory,
    progress,
    modules: { vm: from },
    ...(root === undefined ? {} : { root }),
  });
  const { kernel } = session;
  const ticker = await session.start('ticker', 'tick', String(TICK_MS), String(TICKS));
  progress('before: warming up');
  for (let i = 0; i < WARM_RUNS; i++) await forkbench(session, FORKS);
  progress(`before: measuring fork under ${from}`);
  const before = await observe(session);

  progress(`replacing by ${to} under forkbench`);
  const forks = Math.ceil((CROSSING_FACTOR * CROSSING_MS * 1000) / before.forkUs);
  const crossing = await session.start('forkbench', MEGABYTES, String(forks));
  await session.pause(CROSSING_MS);
  const under = kernel.processes().some(({ pid }) => pid === crossing.pid);
  const [entry] = await kernel.replace({ vm: to });
  const crossed = succeeded(await crossing.exited) && under;

  progress(`after: measuring fork under ${to}`);
  const after = await observe(session);
  progress('letting the programs end');
  const ticks = succeeded(await ticker.exited);
  const lines = session.lines();
  const usage = await session.finish();

  const good = lines.filter((line) => line.startsWith('forkbench')).every((line) => line.endsWith(', OK'));
  const ticked = lines.filter((line) => line.startsWith('tick ')).join(' ') === expectedTicks();
  const outputIntact = good && crossed && ticks && ticked;
  const claims = claimsOf(before, after);
  const facts = { name: 'vm', slot: 'vm', from, to, claims, outputIntact, attempts };
  return reportOf({ ...facts, before: figures(before), after: figures(after) }, entry, {
    programs,
    load: `a process of ${MEGABYTES} MB that forks (forkbench), a file that is mapped (mapfile), a ticker`,
    said: [
      ...before.said,
      ...lines.filter((line) => line.startsWith(`forkbench ${MEGABYTES} MB x ${forks}:`)),
      ...after.said,
    ],
    intact: 'forkbench found every page of parent and children as it should be',
    notes: [],
    usage,
  });
}

/** @returns the mean in us that it printed */
async function forkbench(session: Session, forks: string): Promise<number> {
  const seen = session.lines().length;
  await session.run('forkbench', MEGABYTES, forks);
  const match = /mean ([\d.]+) us/.exec(session.lines().slice(seen).join('\n'));
  return match === null ? Number.NaN : Number(match[1]);
}

async function observe(session: Session): Promise<Side> {
  const runs: number[] = [];
  for (let i = 0; i < RUNS; i++) runs.push(await forkbench(session, FORKS));
  await session.run('mapfile', '/proc/self/exe');
  const last = (start: string): string => session.lines().findLast((line) => line.startsWith(start)) ?? '';
  const shared = last('MAP_SHARED');
  return {
    forkUs: median(runs),
    mapShared: shared.startsWith('MAP_SHARED sum') ? 'works' : shared.slice('MAP_SHARED '.length),
    said: [last('forkbench'), shared],
  };
}

const figures = ({ forkUs, mapShared }: Side): Figures => ({ forkUs, mapShared });

const expectedTicks = (): string => Array.from({ length: TICKS }, (_, i) => `tick ${i + 1}`).join(' ');

const claimsOf = (before: Side, after: Side): readonly Claim[] => [
  atMost(`fork of ${MEGABYTES} MB, child's end included`, FACTOR, before.forkUs, after.forkUs, microseconds),
  becomesPossible('MAP_SHARED of a file', 'works', before.mapShared, after.mapShared),
];

export const vmScenario: Scenario = {
  name: 'vm',
  summary: 'fork by copying, then by copy on write; files mapped shared',
  paper:
    'A primitive virtual memory lacks mapped files and copy on write. The application that needs them replaces it by one ' +
    'that has them, while the system runs. Shown here as well: the clients of a server notice nothing but its speed.',
  takes: ['from', 'to', 'itself'],
  run,
};
