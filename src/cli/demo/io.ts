/**
 * Scenario `io`: many readers and a writer on one disk with a moving head.
 *
 * Time is a function of retired instructions here and the disk answers after a seek and a transfer in that time, so that a
 * busy host changes no figure. With a Debian root the writer is sqlite3 on ext2 (sqlite.ts). Here it writes the same text
 * over and over, so that what a reader finds can be checked: each round of reads is done again at the end. Then the policy of
 * the buffer cache is exchanged, too, under a load of its own (hot.ts).
 */
import { type Hot, measureHot } from './hot.ts';
import { observeReads, READERS, readClaims, readFigures, READS, ROUNDS, SEEKERS } from './reads.ts';
import { recordOf, type Report } from './record.ts';
import { choosePrograms, type Scenario, type ScenarioOptions, sidesOf } from './scenario.ts';
import { Session, succeeded } from './session.ts';
import { measureSqlite, SQLITE_PROGRAMS } from './sqlite.ts';

const MEGABYTES = 16;
/** Fills the disk but for some sectors. */
const LINES = 2_200_000;
/** Small, so that the buffer cache is much smaller than the disk. */
const MEMORY = 96 * 2 ** 20;
const AGAIN = /^again \d+ seekers .* sum (\S+)$/;

const SCRIPT = `
seq 1 ${LINES} >/tmp/strake/text
cat /tmp/strake/text >/dev/vda
( while [ ! -e /tmp/strake/stop ]; do cat /tmp/strake/text >/dev/vda; done ) &
WRITER=$!
n=0
while [ ! -e /tmp/strake/stop ]; do n=$((n + 1)); seekers /dev/vda ${READERS} ${READS} $n || exit 1; done
wait $WRITER
while [ $n -gt 0 ]; do echo "again $n $(seekers /dev/vda ${READERS} ${READS} $n)"; n=$((n - 1)); done
`;

async function run(options: ScenarioOptions): Promise<Report> {
  const first = await measureOrder(options);
  return joined(first, await measureHot(options));
}

/** One report of both halves. */
function joined(report: Report, hot: Hot): Report {
  const { usage } = report;
  return {
    ...report,
    records: [...report.records, hot.record],
    title: `${report.title}, ${hot.record.slot} ${hot.record.from} -> ${hot.record.to}`,
    load: report.load + hot.load,
    said: [...report.said, ...hot.said],
    claims: [...report.claims, ...hot.claims],
    usage: {
      wallNs: usage.wallNs + hot.usage.wallNs,
      kernelEntries: usage.kernelEntries + hot.usage.kernelEntries,
      instructions: usage.instructions + hot.usage.instructions,
      peakBytes: Math.max(usage.peakBytes, hot.usage.peakBytes),
      hostShare: Math.min(usage.hostShare, hot.usage.hostShare),
    },
  };
}

async function measureOrder(options: ScenarioOptions): Promise<Report> {
  const { root, progress } = options;
  const { from, to } = sidesOf(options, { from: 'fifo', to: 'deadline' });
  const { debian, programs } = choosePrograms(root, SQLITE_PROGRAMS);
  if (debian) return measureSqlite(options, { from, to }, programs);
  const session = await Session.boot({
    memory: MEMORY,
    progress,
    deterministic: true,
    modules: { block: from },
    disks: [{ name: 'vda', ram: MEGABYTES * 2 ** 20, timed: true }],
    ...(root === undefined ? {} : { root }),
  });
  progress('filling the disk');
  const script = await session.script('io.sh', SCRIPT);
  await session.until(script, SEEKERS, 1);
  progress(`before: reading under ${from}`);
  const before = await observeReads(session, script);
  progress(`replacing by ${to}`);
  const [entry] = await session.kernel.replace({ block: to });
  progress(`after: reading under ${to}`);
  const after = await observeReads(session, script);
  progress('reading once more');
  await session.file('stop', '');
  const ended = succeeded(await script.exited);
  const lines = session.lines();
  const usage = await session.finish();

  const claims = readClaims(before, after);
  const facts = { name: 'io', slot: 'block', from, to, claims, outputIntact: ended && sameAgain(lines) };
  return {
    records: [recordOf({ ...facts, before: readFigures(before), after: readFigures(after) }, entry ?? null)],
    title: `io: block ${from} -> ${to}`,
    programs,
    load: `${READERS} readers all over a disk of ${MEGABYTES} MB (seekers), one program that writes it (cat)`,
    said: [...before.said, ...after.said],
    claims,
    table: [],
    intact: 'every round of reads found the same bytes when it was done again',
    notes: [
      'time is counted in guest instructions, and the disk takes its time: a seek, half a turn, 150 MB/s',
    ],
    usage,
  };
}

/** The writer writes what is there already, so that a round of reads has one sum. */
function sameAgain(lines: readonly string[]): boolean {
  const first = lines.flatMap((line) => SEEKERS.exec(line)?.[4] ?? []);
  const again = lines.flatMap((line) => AGAIN.exec(line)?.[1] ?? []).reverse();
  return first.length > 2 * ROUNDS && first.join() === again.join() && new Set(first).size === first.length;
}

export const ioScenario: Scenario = {
  name: 'io',
  summary: 'the order of a disk, a file system, and what a buffer cache keeps, under readers and writers',
  paper:
    'The input and output subsystem is one more part to be replaced: file systems, buffer cache, the order of transfers. ' +
    'Shown here as well: with files open and transfers on their way nothing that was written is lost.',
  takes: ['from', 'to', 'itself'],
  run,
};
