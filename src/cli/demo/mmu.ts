/**
 * Scenario `mmu`: a program runs into a defect of old machine-dependent code, and brings the newer version of it along.
 *
 * The same program runs twice on `pmap/sv39` 1.0: as it is, and with a list of what it requires beside it, which execve meets
 * before its first instruction.
 */
import { type Claim, type Figures, recordOf, type Report } from './record.ts';
import { choosePrograms, type Scenario, type ScenarioOptions } from './scenario.ts';
import { FOLDER, Session, succeeded } from './session.ts';

const OLD = 'sv39@1.0';
const REQUIRES = '# a stale right to write before\npmap >= 1.1\n';
const TURNS = 20;
const UNITS = '20000';
/** What spin computes in so many units, on any riscv64. */
const CHECKSUM = `spin ${UNITS} units, checksum 0af5a14f017d453e`;
const LINE = /(\d+) children saw what their parent wrote/;

const PYTHON = `#!/usr/bin/python3
import mmap, os, time
rwx = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
pages = mmap.mmap(-1, 64 * 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, rwx)
wrong = 0
for turn in range(1, ${TURNS} + 1):
    pages[::4096] = bytes([turn]) * 64
    if os.fork() == 0:
        time.sleep(0.01)
        os._exit(pages[::4096] != bytes([turn]) * 64)
    pages[::4096] = bytes(64)
    wrong += os.wait()[1] != 0
print(wrong, 'children saw what their parent wrote')
`;

async function run(options: ScenarioOptions): Promise<Report> {
  const { root, memory, progress, itself = false } = options;
  const { debian, programs } = choosePrograms(root, ['python3']);
  const session = await Session.boot({
    memory,
    progress,
    deterministic: true,
    // The child is not to run before its parent has written.
    modules: { pmap: OLD, scheduler: 'round-robin' },
    ...(root === undefined ? {} : { root }),
  });
  const spin = await session.start('spin', 'spin', '0', UNITS);
  progress('the program on the old version');
  const before = await wrong(session, debian, '');
  progress('the program with its requirement');
  if (itself) await session.kernel.replace({ pmap: OLD });
  const after = await wrong(session, debian, itself ? '' : REQUIRES);
  const computed = succeeded(await spin.exited);
  const outputIntact = computed && session.lines().some((line) => line === CHECKSUM);
  const entry = session.kernel.ledger().findLast(({ cell, failed }) => cell === 'pmap' && failed === null);
  const versions = { from: 'sv39', to: entry?.to ?? 'sv39' };
  const usage = await session.finish();
  const claims: readonly Claim[] = [
    {
      title: `children, of ${TURNS}, that saw their parent's writing`,
      before: String(before),
      after: String(after),
      claim: 'fall to none',
      holds: before > 0 && after === 0,
    },
  ];
  const figures = (count: number): Figures => ({ wrong: count });
  const facts = { name: 'mmu', slot: 'pmap', ...versions, claims, outputIntact };
  const record = recordOf({ ...facts, before: figures(before), after: figures(after) }, entry ?? null);
  return {
    records: [record],
    title: 'mmu: pmap sv39 1.0 -> sv39 1.1',
    programs,
    load: 'a program that forks with a page that may be written and executed, as it is and with a .requires file; and spin',
    said: session.lines().filter((line) => LINE.test(line)),
    claims,
    table: [],
    intact: 'spin, which ran meanwhile, computed what it does on any riscv64',
    notes: [
      itself
        ? 'the old version was put in again by hand, and the program required nothing'
        : 'nobody asked for a replacement: execve read what the program requires, before its first instruction',
      'time is counted in guest instructions, so that a busy host changes no figure',
    ],
    usage,
  };
}

/** Run the program with a list of what it requires, or none. @returns how many children were wrong */
async function wrong(session: Session, debian: boolean, requires: string): Promise<number> {
  const name = requires === '' ? 'plain' : 'requiring';
  // A script's own file does not count, but its interpreter's: so the program is a copy of that.
  const program = debian ? '/usr/bin/python3' : 'copies';
  const copy = `${FOLDER}/${name}`;
  const shell = session.shell.length === 0 ? ['sh'] : session.shell;
  await session.file(`${name}.requires`, requires);
  await session.file('forks.py', PYTHON);
  const find = `cat "$(command -v ${program})" > ${copy} && chmod 755 ${copy}`;
  if (!(await session.run(...shell, '-c', find))) throw new Error(`${program} can not be copied`);
  await session.run(copy, ...(debian ? [`${FOLDER}/forks.py`] : [String(TURNS)]));
  const said = session.lines().findLast((line) => LINE.test(line)) ?? '';
  return Number(LINE.exec(said)?.[1] ?? Number.NaN);
}

export const mmuScenario: Scenario = {
  name: 'mmu',
  summary: 'a program brings along the version of the MMU code that it needs',
  paper:
    'Version skew: an application is known to run into a bug of an old version of the machine-dependent MMU code, so it ' +
    'loads a newer one. Shown here as well: the requirement travels with the program, and execve meets it.',
  takes: ['itself'],
  run,
};
