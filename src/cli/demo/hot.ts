/**
 * The second half of the scenario `io`: a program that comes back to its pages, beside one that reads the whole disk.
 *
 * It reads some pages twice, one time soon after the other, and pauses; meanwhile the scan brings in more than the buffer cache
 * holds. What is measured is the first reading after a pause. The sum of what it reads must always be the same.
 */
import { type Claim, type DemoRecord, recordOf, type Usage } from './record.ts';
import type { ScenarioOptions } from './scenario.ts';
import { Session, succeeded } from './session.ts';
import { milliseconds } from './table.ts';

const MEGABYTES = 8;
const LINES = 1_100_000;
/** Small, so that the buffer cache is smaller than the disk: 3 MB. */
const MEMORY = 96 * 2 ** 20;
const PAGES = 20;
/** Pauses that count on each side; after an exchange the new policy sees each page twice before it counts. */
const PASSES = 5;
const LEARNS = 2;
/** A page in the middle takes at most this part of the time before: it is there, or a disk is asked. */
const FACTOR = 0.1;

const BACK = /^back seekers .* read mean ([\d.]+) median ([\d.]+) max [\d.]+ ms, sum (\S+)$/;
const SOON = /^soon seekers .*, sum (\S+)$/;

const SCRIPT = `
seq 1 ${LINES} >/dev/vda
( while [ ! -e /tmp/strake/stop ]; do cat /dev/vda >/dev/null; done ) &
while [ ! -e /tmp/strake/stop ]; do
  echo "back $(seekers /dev/vda 1 ${PAGES} 7)"
  echo "soon $(seekers /dev/vda 1 ${PAGES} 7)"
  sleep 1
done
wait
`;

export interface Hot {
  readonly record: DemoRecord;
  readonly claims: readonly Claim[];
  readonly said: readonly string[];
  readonly load: string;
  readonly usage: Usage;
}

interface Passes {
  readonly meanMs: number;
  readonly medianMs: number;
  readonly line: string;
}

/** The middle of the next passes. */
async function observe(session: Session, script: Awaited<ReturnType<Session['script']>>): Promise<Passes> {
  const seen = session.lines().filter((line) => BACK.test(line)).length + LEARNS;
  const lines = (await session.until(script, BACK, seen + PASSES)).slice(seen, seen + PASSES);
  const column = (group: number): number[] =>
    lines.map((line) => Number((BACK.exec(line) as RegExpExecArray)[group])).sort((a, b) => a - b);
  const mean = column(1).reduce((sum, value) => sum + value, 0) / PASSES;
  return { meanMs: mean, medianMs: column(2)[PASSES >> 1] as number, line: lines.at(-1) as string };
}

/** Exchange the policy of the buffer cache, or put it in its own place. */
export async function measureHot({ progress, itself = false }: ScenarioOptions): Promise<Hot> {
  const from = 'lru';
  const to = itself ? from : 'two-queue';
  const session = await Session.boot({
    memory: MEMORY,
    progress,
    deterministic: true,
    modules: { buffercache: from },
    disks: [{ name: 'vda', ram: MEGABYTES * 2 ** 20, timed: true }],
  });
  progress('filling a disk');
  const script = await session.script('hot.sh', SCRIPT);
  progress(`before: coming back under ${from}`);
  const before = await observe(session, script);
  const [entry] = await session.kernel.replace({ buffercache: to });
  progress(`after: coming back under ${to}`);
  const after = await observe(session, script);
  await session.file('stop', '');
  const ended = succeeded(await script.exited);
  const sums = session.lines().flatMap((line) => BACK.exec(line)?.[3] ?? SOON.exec(line)?.[1] ?? []);
  const usage = await session.finish();

  const claims: readonly Claim[] = [
    {
      title: 'a page again after a pause, mean',
      before: milliseconds(before.meanMs),
      after: milliseconds(after.meanMs),
      claim: '',
      holds: true,
    },
    {
      title: 'a page again after a pause, median',
      before: milliseconds(before.medianMs),
      after: milliseconds(after.medianMs),
      claim: `at most ${FACTOR * 100} %`,
      holds: after.medianMs <= before.medianMs * FACTOR,
    },
  ];
  const figures = ({ meanMs, medianMs }: Passes): Readonly<Record<string, number>> => ({
    againMeanMs: Number(meanMs.toFixed(2)),
    againMedianMs: Number(medianMs.toFixed(2)),
  });
  const outputIntact = ended && sums.length > 4 * PASSES && new Set(sums).size === 1;
  const facts = { name: 'io', slot: 'buffercache', from, to, claims, outputIntact };
  return {
    record: recordOf({ ...facts, before: figures(before), after: figures(after) }, entry ?? null),
    claims,
    said: [before.line, after.line],
    load: `; then ${PAGES} pages read twice after each pause (seekers), beside a scan of ${MEGABYTES} MB (cat)`,
    usage,
  };
}
