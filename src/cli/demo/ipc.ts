/**
 * Scenario `ipc`: programs that send to and fro while others compute, and the IPC facility is exchanged beneath them.
 *
 * With `basic` each message waits until the scheduler comes round to its receiver; `direct` hands the CPU over with it. Who does
 * not wait for an answer must not lose by it. Time is counted in guest instructions, so that a busy host changes no figure.
 */
import {
  claimsOf,
  CLIENT,
  debianRally,
  embeddedRally,
  figuresOf,
  isIntact,
  type Rally,
  ROUND,
} from './rally.ts';
import { type Report, reportOf } from './record.ts';
import { REDIS_ENDED } from './redis-server.ts';
import { choosePrograms, type Scenario, type ScenarioOptions, sidesOf } from './scenario.ts';
import { Session, type Started, succeeded } from './session.ts';

const PROGRAMS: readonly string[] = ['redis-server', 'redis-benchmark', 'hackbench', 'python3'];

async function run(options: ScenarioOptions): Promise<Report> {
  const { root, memory, progress } = options;
  const { from, to } = sidesOf(options, { from: 'basic', to: 'direct' });
  const { debian, programs } = choosePrograms(root, PROGRAMS);
  const rally = debian ? debianRally : embeddedRally;
  const session = await Session.boot({
    memory,
    progress,
    deterministic: true,
    // One under which a hand-over of the CPU is fair to the others, and which knows how.
    modules: { ipc: from, scheduler: 'fair' },
    ...(root === undefined ? {} : { root }),
  });
  for (const [name, text] of Object.entries(rally.files)) await session.file(name, text);
  const loop = await session.script('rally.sh', rally.script);
  progress(`before: measuring under ${from}`);
  const before = figuresOf(rally, await rounds(session, loop, rally, 0));
  progress(`replacing it by ${to}`);
  const crossed = !debian || (await underClient(session, loop));
  const [entry] = await session.kernel.replace({ ipc: to });
  progress(`after: measuring under ${to}`);
  const after = figuresOf(rally, await rounds(session, loop, rally, 1));
  progress('letting the programs end');
  await session.file('stop', '');
  const ended = succeeded(await loop.exited);
  const lines = session.lines();
  const usage = await session.finish();
  const served = !debian || lines.slice(-2).join() === `value value errors 0,${REDIS_ENDED}`;
  const outputIntact = crossed && ended && served && isIntact(rally, lines);
  const claims = claimsOf(rally, before, after);
  return reportOf({ name: 'ipc', slot: 'ipc', from, to, claims, outputIntact, before, after }, entry, {
    programs: debian ? `${programs}; pingpong, spin (embedded)` : programs,
    load: `${debian ? 'redis-server and its client on a unix socket, hackbench, python3 over a socket pair' : 'messages over pipes'}, one after the other beside 2 programs that compute (spin)`,
    said: lines.filter((line) => line.startsWith('pingpong')).slice(-1),
    intact: debian
      ? 'the server and the client beneath which it was replaced went on; no answer was an error; sums of messages agree'
      : 'what the messages added up to is the same each time',
    notes: ['time is counted in guest instructions, 4 ns each, so that a busy host changes no figure'],
    usage,
  });
}

const roundsIn = (session: Session): number => session.lines().filter((line) => ROUND.test(line)).length;

/** What is said in the next rounds. @param left out so many, of which the first is under way */
async function rounds(
  session: Session,
  loop: Started,
  rally: Rally,
  left: number,
): Promise<readonly string[]> {
  const first = roundsIn(session) + left;
  await session.until(loop, ROUND, first + rally.rounds);
  const lines = session.lines();
  const ends = [-1, ...lines.flatMap((line, at) => (ROUND.test(line) ? at : []))];
  return lines.slice((ends[first] as number) + 1, ends[first + rally.rounds]);
}

/** A client has connected by then. */
const STARTED_MS = 20;

/** Wait until a client is busy with a server. @returns whether one is seen to be */
async function underClient(session: Session, loop: Started): Promise<boolean> {
  const seen = session.lines().filter((line) => CLIENT.test(line)).length;
  await session.until(loop, CLIENT, seen + 1);
  const busy = (): boolean => session.kernel.processes().some(({ name }) => name === 'redis-benchmark');
  while (!busy() && session.lines().at(-1) === 'client') await session.pause(1);
  await session.pause(STARTED_MS);
  return busy();
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
