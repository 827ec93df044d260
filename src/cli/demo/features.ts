/**
 * Scenario `features`: a program asks for what the modules in place lack, and the kernel brings in one that has it.
 *
 * The same programs run twice: where modules stay as they are they get Linux's errno, as on a kernel built without the
 * feature; with on-demand policy the call that failed brings in the module, and is done again.
 */
import type { LedgerEntry } from '../../api/index.ts';
import { type Claim, type DemoRecord, recordOf, type Report } from './record.ts';
import { type Choice, choosePrograms, type Scenario, type ScenarioOptions } from './scenario.ts';
import { Session, succeeded } from './session.ts';

const WORKS = 'works';
const UNITS = '20000';
/** What spin computes in so many units, on any riscv64. */
const CHECKSUM = `spin ${UNITS} units, checksum 0af5a14f017d453e`;

/** One feature, asked for by a program. */
interface Feature {
  readonly slot: 'vm' | 'scheduler';
  /** What is in place at first. */
  readonly from: string;
  readonly title: string;
  /** @returns `works`, or the reason that the program gives */
  readonly ask: (session: Session, debian: boolean) => Promise<string>;
}

const MAP_PYTHON = `import errno, mmap
try:
    with open('/proc/self/exe', 'rb') as file:
        with mmap.mmap(file.fileno(), 4096, mmap.MAP_SHARED, mmap.PROT_READ) as mapped:
            print('MAP_SHARED sum', sum(mapped[:]))
except OSError as error:
    print('MAP_SHARED', errno.errorcode[error.errno])
`;
const CHRT = ['chrt', '-d', '-T', '1000000', '-D', '10000000', '-P', '10000000', '0', 'true'];
/** What chrt prints of an errno, and what the errno is called. */
const CHRT_INVALID = 'Invalid argument';

const FEATURES: readonly Feature[] = [
  {
    slot: 'vm',
    from: 'primitive',
    title: 'mmap(MAP_SHARED) of a file',
    async ask(session, debian) {
      if (debian) await session.run('python3', '-c', MAP_PYTHON);
      else await session.run('mapfile', '/proc/self/exe');
      const said = session.lines().findLast((line) => line.startsWith('MAP_SHARED ')) ?? '';
      return said.startsWith('MAP_SHARED sum') ? WORKS : said.slice('MAP_SHARED '.length);
    },
  },
  {
    slot: 'scheduler',
    from: 'time-sharing',
    title: 'sched_setattr(SCHED_DEADLINE)',
    async ask(session, debian) {
      if (debian) {
        if (await session.run(...CHRT)) return WORKS;
        const said = session.lines(2).at(-1) ?? '?';
        return said.includes(CHRT_INVALID) ? 'EINVAL' : said;
      }
      await session.run('periodic', '10000', '1000', '5', '1');
      const said = session.lines().findLast((line) => line.startsWith('periodic ')) ?? '';
      const policy = /policy (\S+)(?: \((.*)\))?$/.exec(said);
      return policy?.[1] === 'deadline' ? WORKS : (policy?.[2] ?? '?');
    },
  },
];

interface Outcome {
  readonly answers: readonly string[];
  readonly entries: readonly LedgerEntry[];
  readonly intact: boolean;
  readonly usage: Report['usage'];
}

async function run(options: ScenarioOptions): Promise<Report> {
  const choice = choosePrograms(options.root, ['python3', 'chrt']);
  options.progress('before: modules stay as they are');
  const before = await askAll(options, choice, 'never');
  options.progress('after: modules come in on demand');
  const after = await askAll(options, choice, options.itself === true ? 'itself' : 'demand');
  const claims = FEATURES.map(({ title }, i): Claim => {
    const [was = '?', is = '?'] = [before.answers[i], after.answers[i]];
    return { title, before: was, after: is, claim: 'becomes possible', holds: was !== WORKS && is === WORKS };
  });
  const outputIntact = before.intact && after.intact;
  const records = FEATURES.map(({ slot, from }, i): DemoRecord => {
    const entry = after.entries.find(({ cell, failed }) => cell === slot && failed === null) ?? null;
    const claim = claims[i] as Claim;
    const sides = { slot, from, to: entry?.to ?? from, claims: [claim], outputIntact };
    const figures = { before: { answer: claim.before }, after: { answer: claim.after } };
    return recordOf({ name: `features:${slot}`, ...sides, ...figures }, entry);
  });
  return {
    records,
    title: `features: ${records.map(({ slot, from, to }) => `${slot} ${from} -> ${to}`).join(', ')}`,
    programs: choice.programs,
    load: 'programs that ask for what modules lack, once on a kernel whose modules stay and once where they come on demand; and spin',
    said: [],
    claims,
    table: [],
    intact: 'spin, which ran meanwhile, computed what it does on any riscv64',
    notes: [
      options.itself === true
        ? 'the same modules were put in again by hand, and none comes on demand'
        : 'nobody asked for a replacement but the calls that failed, which were then done again',
    ],
    usage: {
      wallNs: before.usage.wallNs + after.usage.wallNs,
      kernelEntries: before.usage.kernelEntries + after.usage.kernelEntries,
      instructions: before.usage.instructions + after.usage.instructions,
      peakBytes: Math.max(before.usage.peakBytes, after.usage.peakBytes),
      hostShare: Math.min(before.usage.hostShare, after.usage.hostShare),
    },
  };
}

/** @param bring whether modules come in: never, by the call that lacks them, or the same ones again by hand */
async function askAll(
  { root, memory, progress }: ScenarioOptions,
  { debian }: Choice,
  bring: 'never' | 'demand' | 'itself',
): Promise<Outcome> {
  const modules = Object.fromEntries(FEATURES.map(({ slot, from }) => [slot, from]));
  const session = await Session.boot({
    memory,
    progress,
    modules,
    onDemand: bring === 'demand',
    ...(root === undefined ? {} : { root }),
  });
  const spin = await session.start('spin', 'spin', '0', UNITS);
  if (bring === 'itself')
    for (const [slot, name] of Object.entries(modules)) await session.kernel.replace({ [slot]: name });
  const answers: string[] = [];
  for (const { ask } of FEATURES) answers.push(await ask(session, debian));
  const computed = succeeded(await spin.exited);
  const checksum = session.lines().find((line) => line.startsWith('spin '));
  const entries = session.kernel.ledger();
  const usage = await session.finish();
  return { answers, entries, intact: computed && checksum === CHECKSUM, usage };
}

export const featuresScenario: Scenario = {
  name: 'features',
  summary: 'a call that needs what a module lacks brings in one that has it',
  paper:
    'The first of the three reasons to replace a module is a feature that it lacks. Shown here as well: a missing feature ' +
    'is a fault, as a missing page is, and the call that ran into it is done again once the module is there.',
  takes: ['itself'],
  run,
};
