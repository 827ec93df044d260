/**
 * Scenario `io` on Debian: sqlite3 writes transactions on ext2 while others read, and disk order and file system change.
 *
 * The disk is a file of the host, timed. The block scheduler is replaced first and measured; then the ext2 module, by a
 * fresh instance, with transactions going on. What was committed must be there, by sqlite's and e2fsck's own checks.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LedgerEntry } from '../../api/index.ts';
import { observeReads, READERS, readClaims, type Reads, readFigures, READS } from './reads.ts';
import { recordOf, type Report } from './record.ts';
import type { ScenarioOptions } from './scenario.ts';
import { FOLDER, Session, succeeded } from './session.ts';
import { nanoseconds } from './table.ts';

export const SQLITE_PROGRAMS: readonly string[] = ['sqlite3', 'mke2fs', 'e2fsck', 'mount'];

const MEGABYTES = 64;
/** Rows of a transaction. */
const ROWS = 60;
/** Transactions that must be committed after each replacement. */
const MORE = 5;

/** Says `committed N` after each transaction, and at the end what the checks found. */
const SCRIPT = `cd ${FOLDER}
mke2fs -q -b 4096 /dev/vda >made 2>&1 && mkdir mnt && mount -t ext2 /dev/vda mnt || exit 1
sqlite3 mnt/data.db 'create table t(batch integer, text text)'
( n=0
  while [ ! -e stop ]; do
    sqlite3 mnt/data.db "begin; insert into t select $((n + 1)), hex(randomblob(1000)) from generate_series(1, ${ROWS}); commit" || exit 1
    n=$((n + 1)); echo "committed $n"
  done ) &
WRITER=$!
n=0
while [ ! -e stop ]; do n=$((n + 1)); seekers /dev/vda ${READERS} ${READS} $n || exit 1; done
wait $WRITER || exit 1
echo "integrity $(sqlite3 mnt/data.db 'pragma integrity_check; select count(*), count(distinct batch) from t' | tr '\\n' ' ')"
umount mnt
e2fsck -fn /dev/vda >checked 2>&1; echo "e2fsck $?"
`;
const COMMITTED = /^committed (\d+)$/;

export async function measureSqlite(
  options: ScenarioOptions,
  sides: { readonly from: string; readonly to: string },
  programs: string,
): Promise<Report> {
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'strake-demo-'));
  try {
    return await measure(options, sides, programs, path.join(folder, 'disk.img'));
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  { root, memory, progress }: ScenarioOptions,
  { from, to }: { readonly from: string; readonly to: string },
  programs: string,
  image: string,
): Promise<Report> {
  fs.writeFileSync(image, '');
  fs.truncateSync(image, MEGABYTES * 2 ** 20);
  const session = await Session.boot({
    memory,
    progress,
    deterministic: true,
    modules: { block: from },
    disks: [{ name: 'vda', file: image, timed: true }],
    ...(root === undefined ? {} : { root }),
  });
  progress('making a file system');
  const script = await session.script('io.sh', SCRIPT);
  const committed = (): number => session.lines().filter((line) => COMMITTED.test(line)).length;
  await session.until(script, COMMITTED, MORE);
  progress(`before: reading under ${from}`);
  const before = await observeReads(session, script);
  progress(`replacing block by ${to}`);
  const [entry] = await session.kernel.replace({ block: to });
  progress(`after: reading under ${to}`);
  const after = await observeReads(session, script);
  progress('replacing ext2');
  const [ext2] = await session.kernel.replace({ filesystem: 'ext2' });
  await session.until(script, COMMITTED, committed() + MORE);
  progress('checking what was written');
  await session.file('stop', '');
  const ended = succeeded(await script.exited);
  const lines = session.lines();
  const transactions = committed();
  const usage = await session.finish();
  const host = hostCheck(image);

  const integrity = lines.find((line) => line.startsWith('integrity ')) ?? '';
  const outputIntact =
    ended &&
    integrity.trim() === `integrity ok ${transactions * ROWS}|${transactions}` &&
    lines.includes('e2fsck 0') &&
    host !== false;
  const claims = readClaims(before, after);
  const facts = { name: 'io', slot: 'block', from, to, claims, outputIntact };
  const record = recordOf(
    { ...facts, before: readFigures(before), after: afterFigures(after, transactions, ext2) },
    entry ?? null,
  );
  return {
    records: [record],
    title: `io: block ${from} -> ${to}, then ext2 -> ext2`,
    programs: `${programs}; seekers (embedded)`,
    load: `sqlite3 commits on ext2, ${READERS} readers all over the same disk of ${MEGABYTES} MB (seekers)`,
    said: [...before.said, ...after.said, integrity],
    claims,
    table: [],
    intact: `${transactions} transactions are there: PRAGMA integrity_check, e2fsck in the guest${host === null ? '' : ' and on the host'}`,
    notes: [
      `ext2 was replaced by a fresh instance under transactions: pause ${nanoseconds(ext2?.pauseNs ?? Number.NaN)}`,
      'time is counted in guest instructions, and the disk takes its time: a seek, half a turn, 150 MB/s',
    ],
    usage,
  };
}

const afterFigures = (
  reads: Reads,
  transactions: number,
  ext2: LedgerEntry | undefined,
): Readonly<Record<string, number>> => ({
  ...(readFigures(reads) as Readonly<Record<string, number>>),
  transactions,
  ext2PauseNs: ext2?.pauseNs ?? 0,
});

/** @returns what the host's e2fsck says of the image; null where there is none */
function hostCheck(image: string): boolean | null {
  try {
    execFileSync('e2fsck', ['-fn', image], { stdio: 'ignore' });
    return true;
  } catch (error) {
    return (error as { readonly code?: string }).code === 'ENOENT' ? null : false;
  }
}
