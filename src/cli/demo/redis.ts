/**
 * Scenario `vm` on Debian: redis-server saves in the background while clients work, and python3 maps a file.
 *
 * BGSAVE forks the server. How long that took, and how much memory the child came to have of its own, is what redis
 * itself says (INFO).
 */
import { atMost, becomesPossible } from './claims.ts';
import { type Claim, type Figures, median, type Report, reportOf } from './record.ts';
import { endOfRedis, REDIS_ENDED, startOfRedis } from './redis-server.ts';
import type { ScenarioOptions } from './scenario.ts';
import { FOLDER, Session, succeeded } from './session.ts';
import { bytes, microseconds } from './table.ts';

export const REDIS_PROGRAMS: readonly string[] = ['redis-server', 'redis-benchmark', 'python3'];

const KEYS = 12_000;
const VALUE = 1000;
/** Saves that count on each side; one before them does not. */
const SAVES = 3;
/** A fork after takes at most this part of one before; so does the child's own memory. */
const FACTOR = 0.5;

/** Saves again and again, until told to stop, and says after each what redis says about it. */
const SCRIPT = `${startOfRedis(FOLDER, '--rdbcompression no --rdbchecksum no --enable-debug-command local')}
cli debug populate ${KEYS} key ${VALUE} >populated
redis-benchmark -s redis.sock -q -n 100 -c 4 -t set,get >benchmark
echo "digest $(cli debug digest)"
( rounds=0
  while [ ! -e stop ]; do
    redis-benchmark -s redis.sock -q -n 1000 -c 8 -t set,get >benchmark 2>&1 && rounds=$((rounds + 1)) || echo 'client failed'
    grep -iE 'error|refused' benchmark
  done
  echo "clients ended after $rounds rounds" ) &
CLIENTS=$!
while [ ! -e stop ]; do
  cli bgsave >saving
  while cli info persistence | grep -q bgsave_in_progress:1; do sleep 0.02; done
  cli info >info
  field() { sed -n "s/^$1://p" info; }
  echo "save $(field rdb_last_bgsave_status) fork $(field latest_fork_usec) own $(field rdb_last_cow_size) errors $(field total_error_replies)"
done
wait $CLIENTS
echo "digest $(cli debug digest)"
redis-check-rdb dump.rdb | grep -c 'RDB looks OK'
${endOfRedis}
`;

/** Maps a file again and again, in one process. */
const PYTHON = `import errno, mmap, os, time
with open('${FOLDER}/mapped', 'wb') as file: file.write(bytes(8192))
file = open('${FOLDER}/mapped', 'r+b')
while not os.path.exists('${FOLDER}/stop'):
    try:
        with mmap.mmap(file.fileno(), 8192, mmap.MAP_SHARED) as mapped:
            mapped[4096:4102] = b'shared'
            seen = os.pread(file.fileno(), 6, 4096)
        print('python', 'works' if seen == b'shared' else 'differs', flush=True)
    except OSError as error:
        print('python', errno.errorcode[error.errno], flush=True)
    time.sleep(0.1)
`;

const SAVE = /^save (\S+) fork (\d+) own (\d+) errors (\d+)$/;

interface Side {
  readonly forkUs: number;
  readonly ownBytes: number;
  readonly errors: number;
  readonly saved: boolean;
  readonly mapShared: string;
  readonly said: readonly string[];
}

export async function measureRedis(
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
  progress(`starting redis-server with ${KEYS} keys`);
  const script = await session.script('redis.sh', SCRIPT);
  await session.until(script, /^digest/, 1);
  await session.file('map.py', PYTHON);
  const python = await session.start('python3', `${FOLDER}/map.py`);
  const observe = async (): Promise<Side> => {
    const seen = session.lines().filter((line) => SAVE.test(line)).length;
    await session.until(
      python,
      /^python/,
      session.lines().filter((line) => line.startsWith('python')).length + 2,
    );
    const saves = (await session.until(script, SAVE, seen + 1 + SAVES)).slice(seen + 1);
    const lines = saves.map((line) => SAVE.exec(line) as RegExpExecArray);
    const numbers = (group: number): number[] => lines.map((match) => Number(match[group]));
    return {
      forkUs: median(numbers(2)),
      ownBytes: median(numbers(3)),
      errors: numbers(4).at(-1) ?? Number.NaN,
      saved: lines.every(([, status]) => status === 'ok'),
      mapShared:
        session
          .lines()
          .findLast((line) => line.startsWith('python'))
          ?.slice('python '.length) ?? '?',
      said: saves.slice(-1),
    };
  };
  progress(`before: saving under ${from}`);
  const before = await observe();
  progress(`replacing by ${to}`);
  const [entry] = await session.kernel.replace({ vm: to });
  progress(`after: saving under ${to}`);
  const after = await observe();
  progress('checking the data');
  await session.file('stop', '');
  const ended = [succeeded(await script.exited), succeeded(await python.exited)];
  const lines = session.lines();
  const usage = await session.finish();

  const digests = lines.filter((line) => line.startsWith('digest '));
  const clients = lines.find((line) => line.startsWith('clients ended after')) ?? '';
  const unexpected = lines.filter((line) => line === 'client failed' || /error:|refused/i.test(line));
  const outputIntact =
    ended.every(Boolean) &&
    unexpected.length === 0 &&
    digests.length === 2 &&
    digests[0] === digests[1] &&
    lines.slice(-2).join() === `1,${REDIS_ENDED}` &&
    before.saved &&
    after.saved;
  const claims = claimsOf(before, after);
  const facts = { name: 'vm', slot: 'vm', from, to, claims, outputIntact, attempts };
  return reportOf({ ...facts, before: figures(before), after: figures(after) }, entry, {
    programs,
    load: `redis-server with ${KEYS} keys of ${VALUE} bytes saves while 8 clients of redis-benchmark set and get; python3 maps a file`,
    said: [...before.said, ...after.said, clients],
    intact:
      'no client failed, redis has the same digest of all data, and redis-check-rdb accepts the last save',
    notes: [],
    usage,
  });
}

const claimsOf = (before: Side, after: Side): readonly Claim[] => [
  atMost('BGSAVE, fork', FACTOR, before.forkUs, after.forkUs, microseconds),
  atMost("BGSAVE, memory of the child's own", FACTOR, before.ownBytes, after.ownBytes, bytes),
  becomesPossible('python3, MAP_SHARED of a file', 'works', before.mapShared, after.mapShared),
  {
    title: 'errors that redis answered',
    before: String(before.errors),
    after: String(after.errors),
    claim: 'none',
    holds: before.errors === 0 && after.errors === 0,
  },
];

const figures = ({ forkUs, ownBytes, errors, mapShared }: Side): Figures => ({
  forkUs,
  ownBytes,
  errors,
  mapShared,
});
