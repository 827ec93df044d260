/**
 * Scenario `ipc`: two programs send to and fro while others compute, and the IPC facility is exchanged beneath them.
 *
 * With `basic` each message waits until the scheduler comes round to its receiver; `direct` hands the CPU over with it.
 * Time is counted in guest instructions, so that a busy host changes no figure.
 */
import { type Claim, type Figures, median, recordOf, type Report } from './record.ts';
import { type Scenario, type ScenarioOptions, sidesOf } from './scenario.ts';
import { Session, type Started } from './session.ts';

const HOGS = 2;
const SIGKILL = 9;
/** So many that the two have used the CPU as much as the others, and get no advance for being new. */
const ROUNDS = 3000;
const BYTES = 64;
/** Runs of pingpong on each side. */
const RUNS = 3;
/** Enough to last for all of them. */
const UNITS = '20000000';
const LINE = /^pingpong \d+ x \d+ bytes: round trip ([\d.]+) us, checksum ([0-9a-f]+)$/;
const FASTER = 2;

async function run(options: ScenarioOptions): Promise<Report> {
  const { root, memory, progress } = options;
  const { from, to } = sidesOf(options, { from: 'basic', to: 'direct' });
  const session = await Session.boot({
    memory,
    progress,
    deterministic: true,
    // One under which a hand-over of the CPU is fair to the others, and which knows how.
    modules: { ipc: from, scheduler: 'fair' },
    ...(root === undefined ? {} : { root }),
  });
  const hogs: Started[] = [];
  for (let i = 0; i < HOGS; i++) hogs.push(await session.start('spin', `busy-${i}`, '0', UNITS));
  const loop = await session.script('rally', `while pingpong ${ROUNDS} ${BYTES}; do :; done\n`);
  progress(`measuring ${from}`);
  const before = await roundTrips(session, loop);
  progress(`replacing it by ${to}`);
  const [entry] = await session.kernel.replace({ ipc: to });
  const after = await roundTrips(session, loop);
  session.kernel.kill(loop.pid, SIGKILL);
  for (const { pid } of hogs) session.kernel.kill(pid, SIGKILL);
  await Promise.all([loop, ...hogs].map(({ exited }) => exited));
  progress('once more, undisturbed');
  const alone = await session.run('pingpong', String(ROUNDS), String(BYTES));
  const sums = new Set(session.lines().flatMap((line) => LINE.exec(line)?.[2] ?? []));
  const said = session.lines().filter((line) => LINE.test(line));
  const usage = await session.finish();
  const claims: readonly Claim[] = [
    {
      title: `round trip of ${BYTES} bytes, median`,
      before: `${before.toFixed(1)} us`,
      after: `${after.toFixed(1)} us`,
      claim: `at least ${FASTER} times as fast`,
      holds: before >= FASTER * after,
    },
  ];
  const figures = (us: number): Figures => ({ roundTripUs: us });
  const facts = { name: 'ipc', slot: 'ipc', from, to, claims, outputIntact: alone && sums.size === 1 };
  return {
    records: [recordOf({ ...facts, before: figures(before), after: figures(after) }, entry ?? null)],
    title: `ipc: ${from} -> ${to}`,
    programs: 'pingpong, spin (embedded)',
    load: `two processes that send ${BYTES} bytes to and fro over pipes, beside ${HOGS} programs that compute (spin)`,
    said: said.slice(-1),
    claims,
    table: [],
    intact: 'what the messages added up to is the same each time, and undisturbed',
    notes: ['time is counted in guest instructions, 4 ns each, so that a busy host changes no figure'],
    usage,
  };
}

/** Of the next runs, the present one left out. @returns the median in us */
async function roundTrips(session: Session, loop: Started): Promise<number> {
  const seen = session.lines().filter((line) => LINE.test(line)).length;
  const lines = await session.until(loop, LINE, seen + 1 + RUNS);
  return median(lines.slice(seen + 1).map((line) => Number(LINE.exec(line)?.[1])));
}

export const ipcScenario: Scenario = {
  name: 'ipc',
  summary: 'a request and its reply, beside busy programs',
  paper:
    'An IPC facility that has many options can make few combinations of them fast. An application that lives by one ' +
    'combination puts a facility into the system that is made for it: here a request that waits for its reply.',
  takes: ['from', 'to', 'itself'],
  run,
};
