/**
 * Scenario `scheduler`: a periodic program whose jobs are due, beside three that compute.
 *
 * Time is a function of retired instructions here, so that a busy host changes no figure. `periodic` asks for
 * SCHED_DEADLINE again and again and counts its own misses. Each busy program's checksum is compared with that of the
 * same work done again, with no other program and no replacement.
 */
import { shown } from './claims.ts';
import { type Claim, type Figures, type Report, reportOf } from './record.ts';
import { choosePrograms, type Scenario, type ScenarioOptions, sidesOf } from './scenario.ts';
import { Session, type Started, succeeded } from './session.ts';
import { milliseconds, percent } from './table.ts';

const HOGS = 3;
/** What each busy program does in all: more than fits into the windows. */
const UNITS = '80000';
const PERIOD_US = '10000';
const JOB_US = '4000';
const JOBS = 40;
/** Windows that count on each side; the one before them, and the one that is replaced in, do not. */
const WINDOWS = 2;
const MOST_WINDOWS = '1000';
const LINE = /^periodic .*: (\d+) missed, done after median ([\d.]+) max ([\d.]+) ms, policy (.*)$/;
const SIGKILL = 9;
/** The busy programs together get at least this part of the CPU after. */
const LEAST_SHARE = 0.2;

const CYCLIC = ['-q', '-t1', '-i', '10000', '-l', '50', '-p', '80'];

interface Side {
  readonly missed: number;
  readonly medianMs: number;
  readonly maxMs: number;
  readonly policy: string;
  readonly busyShare: number;
  /** Worst wake-up latency of cyclictest, or that it was refused; null where there is none. */
  readonly cyclic: string | null;
  readonly said: readonly string[];
}

async function run(options: ScenarioOptions): Promise<Report> {
  const { from, to } = sidesOf(options, { from: 'time-sharing', to: 'deadline' });
  const { root, memory, progress } = options;
  const { debian, programs } = choosePrograms(root, ['cyclictest']);
  const session = await Session.boot({
    memory,
    progress,
    deterministic: true,
    modules: { scheduler: from },
    ...(root === undefined ? {} : { root }),
  });
  const hogs: Started[] = [];
  for (let i = 1; i <= HOGS; i++) hogs.push(await session.start('spin', `busy-${i}`, '0', UNITS));
  const periodic = await session.start('periodic', PERIOD_US, JOB_US, String(JOBS), MOST_WINDOWS);
  const observer = { session, hogs, periodic, debian };
  progress(`before: measuring under ${from}`);
  const before = await observe(observer);
  progress(`replacing by ${to}`);
  const [entry] = await session.kernel.replace({ scheduler: to });
  progress(`after: measuring under ${to}`);
  const after = await observe(observer);
  session.kernel.kill(periodic.pid, SIGKILL);
  await periodic.exited;
  const outputs = await checksums(session, hogs);
  const usage = await session.finish();

  const claims = claimsOf(before, after);
  const facts = { name: 'scheduler', slot: 'scheduler', from, to, claims, outputIntact: outputs };
  return reportOf({ ...facts, before: figures(before), after: figures(after) }, entry, {
    programs: debian ? `periodic, spin (embedded); ${programs}` : programs,
    load: `a job of 4 ms due every 10 ms (periodic), beside ${HOGS} programs that compute (spin)`,
    said: [...before.said, ...after.said],
    intact: 'what each spin computed is the same when computed again undisturbed',
    notes: ['time is counted in guest instructions, 4 ns each, so that a busy host changes no figure'],
    usage,
  });
}

interface Observer {
  readonly session: Session;
  readonly hogs: readonly Started[];
  readonly periodic: Started;
  readonly debian: boolean;
}

/** The next windows, the present one left out. */
async function observe({ session, hogs, periodic, debian }: Observer): Promise<Side> {
  const seen = session.lines().filter((line) => LINE.test(line)).length;
  await session.until(periodic, LINE, seen + 1);
  const pids = hogs.map(({ pid }) => pid);
  const sum = (): number => session.cpuTimes(pids).reduce((all, ns) => all + ns, 0);
  const start = { cpu: sum(), at: session.kernel.stats().guestNs };
  const lines = (await session.until(periodic, LINE, seen + 1 + WINDOWS)).slice(seen + 1);
  const busyShare = (sum() - start.cpu) / (session.kernel.stats().guestNs - start.at);
  if (!Number.isFinite(busyShare)) throw new Error('the busy programs ended before they were measured');
  const windows = lines.map((line) => LINE.exec(line) as RegExpExecArray);
  const numbers = (group: number): number[] => windows.map((match) => Number(match[group]));
  return {
    missed: numbers(1).reduce((all, count) => all + count, 0),
    medianMs: Math.max(...numbers(2)),
    maxMs: Math.max(...numbers(3)),
    policy: windows.at(-1)?.[4] ?? '',
    busyShare,
    cyclic: debian ? await cyclictest(session) : null,
    said: lines.slice(-1),
  };
}

/** @returns its worst latency, or that the policy was refused */
async function cyclictest(session: Session): Promise<string> {
  const seen = session.lines().length;
  if (!(await session.run('cyclictest', ...CYCLIC))) return 'refused';
  const match = /Max: +(\d+)/.exec(session.lines().slice(seen).join('\n'));
  return match === null ? '?' : `${match[1]} us`;
}

/** Every busy program's line, and that of the same work done alone. */
async function checksums(session: Session, hogs: readonly Started[]): Promise<boolean> {
  session.progress('letting the programs end');
  const statuses = await Promise.all(hogs.map(({ exited }) => exited));
  session.progress('computing once more, undisturbed');
  const alone = await session.run('spin', 'busy-alone', '0', UNITS);
  const results = session.lines().flatMap((line) => /^busy-\S+ (.*)$/.exec(line)?.[1] ?? []);
  return alone && statuses.every(succeeded) && results.length === HOGS + 1 && new Set(results).size === 1;
}

function claimsOf(before: Side, after: Side): readonly Claim[] {
  const cyclic: Claim[] =
    before.cyclic === null || after.cyclic === null
      ? []
      : [shown('cyclictest -p 80 (SCHED_FIFO), worst wake-up', before.cyclic, after.cyclic)];
  return [
    {
      title: `jobs missed, of ${WINDOWS * JOBS}`,
      before: String(before.missed),
      after: String(after.missed),
      claim: 'fall to none',
      holds: before.missed > 0 && after.missed === 0,
    },
    shown('job done after, median', milliseconds(before.medianMs), milliseconds(after.medianMs)),
    shown('job done after, worst', milliseconds(before.maxMs), milliseconds(after.maxMs)),
    shown('policy that periodic got', before.policy, after.policy),
    ...cyclic,
    {
      title: 'CPU share of those that compute',
      before: percent(before.busyShare),
      after: percent(after.busyShare),
      claim: `still at least ${LEAST_SHARE * 100} %`,
      holds: after.busyShare >= LEAST_SHARE,
    },
  ];
}

const figures = ({ missed, medianMs, maxMs, policy, busyShare, cyclic }: Side): Figures => ({
  missed,
  doneMedianMs: medianMs,
  doneMaxMs: maxMs,
  policy,
  busyShare: Number(busyShare.toFixed(3)),
  ...(cyclic === null ? {} : { cyclictestMax: cyclic }),
});

export const schedulerScenario: Scenario = {
  name: 'scheduler',
  summary: 'a program with deadlines beside busy ones',
  paper:
    'A time-sharing scheduler suits most programs, and fails the one whose work is due at set times. That application ' +
    'puts a scheduler with deadlines into the running system. Shown here as well: the programs beside it go on.',
  takes: ['from', 'to', 'itself'],
  run,
};
