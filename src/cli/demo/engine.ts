/**
 * Scenario `engine`: programs that compute go from one way of executing instructions to another, and back, in mid-run.
 *
 * Three kernels run the same programs in virtual time. One is undisturbed on the second engine, which is the faster one. In one the engine is replaced every so many kernel
 * entries, its state as bytes. In one it is replaced twice under each program, and speed is measured: guest instructions
 * retired per second of the host, the upper quartile of windows of some 20 ms: hosts have slow moments of half a second or
 * more, and no fast ones. For the same reason what the second engine is compared with is the better of the first one's
 * two figures, before and after it. Digests, outputs and counts of instructions of all three are to be the same.
 */
import type { LedgerEntry } from '../../api/index.ts';
import { atLeast, shown, theSame } from './claims.ts';
import { type Computing, DEBIAN, DEBIAN_FILES, DEBIAN_NEEDS, EMBEDDED, type Length } from './computing.ts';
import { type Claim, type DemoRecord, type Figures, median, type Report, upperQuartile } from './record.ts';
import {
  type Choice,
  choosePrograms,
  onHostTime,
  type Scenario,
  type ScenarioOptions,
  sidesOf,
} from './scenario.ts';
import { Session, type Started, succeeded } from './session.ts';

/** Instructions over which speed is measured before, while the new engine is new, with it, and after. */
const BEFORE = 40e6;
const NEW = 300e6;
const WITH = 80e6;
const AFTER = 30e6;
/** Long enough for the kernel to have its turn. */
const POLL_MS = 1;
/** A window is as long as a turn of the kernel. */
const WINDOW_NS = 15e6;
/** Kernel entries between two replacements of the third kernel. */
const EVERY = 7;
/** The least that the new engine is worth, of the speed before, all programs together: one alone may not gain. */
const FASTER = 2;
const DIGITS = 12;

/** MIPS of the windows of one phase, and of it as a whole. */
interface Phase {
  readonly windows: readonly number[];
  readonly mean: number;
}

/** One program while it is replaced under. */
interface Measured {
  readonly before: Phase;
  readonly new: Phase;
  readonly with: Phase;
  readonly after: Phase;
  readonly entries: readonly LedgerEntry[];
  /** It was still there at the end of the last phase. */
  readonly lasted: boolean;
}

/** What a kernel's programs computed. */
interface Outcome {
  /** After the short programs, and after all. */
  readonly digests: readonly [short: string, all: string];
  readonly instructions: readonly number[];
  readonly lines: readonly string[];
  readonly good: boolean;
  readonly replacements: number;
  readonly usage: Report['usage'];
}

type Sides = ReturnType<typeof sidesOf>;
type Under = (session: Session, program: Started) => Promise<void>;

async function measureAll(
  options: ScenarioOptions,
  sides: Sides,
  choice: Choice,
  attempts: number,
): Promise<Report> {
  const programs = choice.debian ? DEBIAN : EMBEDDED;
  const run = (what: string, boot: Boot, lengths: readonly Length[], under?: Under): Promise<Outcome> =>
    runAll(
      options,
      { from: sides.from, programs, files: choice.debian ? DEBIAN_FILES : {}, what },
      boot,
      lengths,
      under,
    );
  const undisturbed = await run('undisturbed', { modules: { engine: sides.to } }, ['short', 'measured']);
  const replace = [`engine=${sides.to}@every:${EVERY}entries`];
  const often = await run('replaced often', { replace, transfer: 'copy' }, ['short']);
  const measured: Measured[] = [];
  const replaced = await run('measured', {}, ['short', 'measured'], async (session, program) => {
    measured.push(await measure(session, program, sides));
  });

  const all = [undisturbed, often, replaced];
  const sameLines = all.every(({ lines }) => lines.every((line, i) => line === undisturbed.lines[i]));
  const whole = replaced.lines.length === undisturbed.lines.length;
  const outputIntact =
    all.every(({ good }) => good) && sameLines && whole && measured.every(({ lasted }) => lasted);
  const claims = claimsOf(programs, measured, { undisturbed, often, replaced });
  const usage = usageOf(
    all.map((outcome) => outcome.usage),
    replaced.usage,
  );
  const facts = { claims, outputIntact, attempts, programs, measured };
  return {
    records: [
      record({ ...facts, name: 'engine:there', ...sides, at: 0, before: 'before', after: 'with' }),
      record({
        ...facts,
        name: 'engine:back',
        from: sides.to,
        to: sides.from,
        at: 1,
        before: 'with',
        after: 'after',
      }),
    ],
    title: `engine: ${sides.from} -> ${sides.to} -> ${sides.from}`,
    programs: choice.programs,
    load: `${programs.map(({ name }) => name).join(', ')}, one after the other, each replaced under twice`,
    said: undisturbed.lines.slice(-programs.length),
    claims,
    table: tableOf(programs, measured, sides, replaced),
    intact:
      'what the programs printed is what they print undisturbed, and each was replaced under while it ran',
    notes: [
      'speed is in guest instructions per host second: upper quartiles of windows of 20 ms, but the mean where the engine is new and translates',
      `${sides.from} is as fast as before or after ${sides.to}, whichever was the faster`,
      `the short forms of the programs ran with ${often.replacements} more replacements, one every ${EVERY} kernel entries, state as bytes`,
      `undisturbed, they ran on ${sides.to} from the beginning`,
      'engines served no probation, which costs time',
    ],
    usage,
  };
}

type Boot = Pick<Parameters<typeof Session.boot>[0], 'modules' | 'replace' | 'transfer'>;

interface Plan {
  readonly from: string;
  readonly programs: readonly Computing[];
  readonly files: Readonly<Record<string, string>>;
  readonly what: string;
}

/** Boot a kernel and run the programs. @param under what happens while a measured one runs */
async function runAll(
  { root, memory, progress }: ScenarioOptions,
  { from, programs, files, what }: Plan,
  boot: Boot,
  lengths: readonly Length[],
  under: Under = () => Promise.resolve(),
): Promise<Outcome> {
  const session = await Session.boot({
    memory,
    progress,
    modules: { engine: from },
    deterministic: true,
    digest: 'full',
    probation: 0,
    ...boot,
    ...(root === undefined ? {} : { root }),
  });
  for (const [name, text] of Object.entries(files)) await session.file(name, text);
  const instructions: number[] = [];
  const digests: string[] = [];
  let good = true;
  for (const length of lengths) {
    for (const { name, argv } of programs) {
      progress(`${what}: ${name}${length === 'short' ? ', short' : ''}`);
      const before = session.kernel.stats().instructions;
      const program = await session.start(...argv(session, length));
      if (length === 'measured') await under(session, program);
      good = succeeded(await program.exited) && good;
      instructions.push(session.kernel.stats().instructions - before);
    }
    digests.push(session.kernel.digest());
  }
  const lines = session.lines();
  const { replacements: listed, replacementsDropped } = session.kernel.stats();
  const usage = await session.finish();
  const [short = '', all = ''] = digests;
  const replacements = listed.length + replacementsDropped;
  return { digests: [short, all], instructions, lines, good, replacements, usage };
}

/** Measure a program on the first engine, on the second, and on the first again. */
async function measure(session: Session, program: Started, { from, to }: Sides): Promise<Measured> {
  let ended = false;
  program.exited.then(
    () => (ended = true),
    () => (ended = true),
  );
  const phase = async (instructions: number): Promise<Phase> => {
    const windows: number[] = [];
    const began = { ns: session.now(), count: session.kernel.stats().instructions };
    let last = began;
    while (!ended && last.count - began.count < instructions) {
      await session.pause(POLL_MS);
      const next = { ns: session.now(), count: session.kernel.stats().instructions };
      if (next.ns - last.ns < WINDOW_NS) continue;
      windows.push(mips(last, next));
      last = next;
    }
    return { windows, mean: mips(began, last) };
  };
  const before = await phase(BEFORE);
  const there = await session.kernel.replace({ engine: to });
  const fresh = await phase(NEW);
  const settled = await phase(WITH);
  const back = await session.kernel.replace({ engine: from });
  const after = await phase(AFTER);
  return { before, new: fresh, with: settled, after, entries: [...there, ...back], lasted: !ended };
}

interface Moment {
  readonly ns: number;
  readonly count: number;
}

const mips = (from: Moment, to: Moment): number => ((to.count - from.count) / (to.ns - from.ns)) * 1e3;
const steady = ({ windows }: Phase): number => upperQuartile(windows);
const speed = (figure: number): string => (Number.isFinite(figure) ? `${figure.toFixed(0)} MIPS` : '?');

/** On the first engine, and on the second. */
const speeds = (one: Measured | undefined): readonly [number, number] =>
  one === undefined
    ? [Number.NaN, Number.NaN]
    : [Math.max(steady(one.before), steady(one.after)), steady(one.with)];

function claimsOf(
  programs: readonly Computing[],
  measured: readonly Measured[],
  { undisturbed, often, replaced }: Readonly<Record<'undisturbed' | 'often' | 'replaced', Outcome>>,
): readonly Claim[] {
  const brief = (digest: string): string => digest.slice(0, DIGITS);
  const sum = ({ instructions }: Outcome): string => `${instructions.reduce((all, count) => all + count, 0)}`;
  const shortCount = (outcome: Outcome): string =>
    `${outcome.instructions.slice(0, programs.length).reduce((all, count) => all + count, 0)}`;
  const mean = (side: 0 | 1): number =>
    Math.exp(measured.reduce((sum, one) => sum + Math.log(speeds(one)[side]), 0) / programs.length);
  return [
    ...programs.map(({ name }, i) => {
      const [was, is] = speeds(measured[i]);
      return shown(`${name}, speed`, speed(was), speed(is));
    }),
    atLeast('speed, geometric mean', FASTER, mean(0), mean(1), speed),
    theSame('digest, replaced twice in each', brief(undisturbed.digests[1]), brief(replaced.digests[1])),
    theSame('instructions retired', sum(undisturbed), sum(replaced)),
    theSame(
      `digest, replaced every ${EVERY} entries`,
      brief(undisturbed.digests[0]),
      brief(often.digests[0]),
    ),
    theSame('instructions retired', shortCount(undisturbed), shortCount(often)),
    shown(
      'replacements',
      String(undisturbed.replacements),
      String(replaced.replacements + often.replacements),
    ),
  ];
}

const headOf = (sides: Sides): readonly string[] => [
  'program',
  'instructions',
  sides.from,
  `${sides.to}, new`,
  sides.to,
  `${sides.from} again`,
];

function tableOf(
  programs: readonly Computing[],
  measured: readonly Measured[],
  sides: Sides,
  { instructions }: Outcome,
): Report['table'] {
  const row = ({ name }: Computing, i: number): readonly string[] => {
    const one = measured[i];
    const count = `${((instructions[programs.length + i] ?? 0) / 1e6).toFixed(0)} million`;
    if (one === undefined) return [name, count, '', '', '', ''];
    return [
      name,
      count,
      ...[steady(one.before), one.new.mean, steady(one.with), steady(one.after)].map(speed),
    ];
  };
  return [headOf(sides), ...programs.map(row)];
}

interface Direction {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** Which of a program's replacements. */
  readonly at: 0 | 1;
  readonly before: 'before' | 'with';
  readonly after: 'with' | 'after';
  readonly claims: readonly Claim[];
  readonly outputIntact: boolean;
  readonly attempts: number;
  readonly programs: readonly Computing[];
  readonly measured: readonly Measured[];
}

/** All replacements of one direction. The claims are those of both: going back is what shows that it was the engine. */
function record(direction: Direction): DemoRecord {
  const { name, from, to, at, claims, outputIntact, attempts, programs, measured } = direction;
  const entries = measured.flatMap((one) => one.entries[at] ?? []);
  const pauses = entries.map(({ pauseNs }) => pauseNs);
  const side = (key: 'before' | 'with' | 'after'): Figures =>
    Object.fromEntries(programs.map((program, i) => [`${program.name}Mips`, figure(measured[i]?.[key])]));
  return {
    name,
    ok: outputIntact && entries.length === programs.length && claims.every(({ holds }) => holds),
    before: side(direction.before),
    after: side(direction.after),
    slot: 'engine',
    from,
    to,
    pauseNs: median(pauses),
    pauseMaxNs: Math.max(0, ...pauses),
    transfer: entries[0]?.transfer ?? 'move',
    stateMoved: Math.max(0, ...entries.map(({ bytesMoved }) => bytesMoved)),
    replacements: entries.length,
    attempts,
    outputIntact,
  };
}

const figure = (phase: Phase | undefined): number =>
  phase === undefined ? 0 : Number(steady(phase).toFixed(1));

/** Of all kernels together; how busy the host was matters where speed was measured. */
const usageOf = (all: readonly Report['usage'][], measured: Report['usage']): Report['usage'] => ({
  wallNs: all.reduce((sum, { wallNs }) => sum + wallNs, 0),
  kernelEntries: all.reduce((sum, { kernelEntries }) => sum + kernelEntries, 0),
  instructions: all.reduce((sum, { instructions }) => sum + instructions, 0),
  peakBytes: Math.max(...all.map(({ peakBytes }) => peakBytes)),
  hostShare: measured.hostShare,
});

function run(options: ScenarioOptions): Promise<Report> {
  const sides = sidesOf(options, { from: 'interpreter', to: 'jit' });
  const choice = choosePrograms(options.root, DEBIAN_NEEDS);
  return onHostTime((attempt) => measureAll(options, sides, choice, attempt));
}

export const engineScenario: Scenario = {
  name: 'engine',
  summary: 'instructions interpreted, then translated to WebAssembly, then interpreted again',
  paper:
    'Performance: an application that computes puts in code that is made for it. Shown here as well: this works below the ' +
    'instructions of the program itself, between any two of them, and there and back leaves no trace but time.',
  takes: ['from', 'to', 'itself'],
  run,
};
