/**
 * The mixed load: programs for pipes, threads, fork, timers, signals, files and a shell, all at once.
 *
 * Its output is a function of nothing but the programs: what they say about time is left out before it is compared.
 */
import type { ExitStatus } from '../../api/options.ts';
import { Digest } from '../../lib/digest.ts';
import { type Session, succeeded } from './session.ts';

/** Pipelines over what a root may have, each only if it has it; the embedded root has the first six. */
const SCRIPT = `
have() { for tool; do command -v $tool >/dev/null || return 1; done; }
dir=/tmp/strake-load-$$
have seq sort wc && echo "shell sort $(seq 1 400 | sort -r | wc -c)"
have seq grep wc && echo "shell grep $(seq 1 400 | grep 7 | wc -l)"
have mkdir cat rm && mkdir $dir && echo 'file contents' >$dir/a && cat $dir/a $dir/a >$dir/b && echo "shell files $(cat $dir/b | wc -c)" && rm -r $dir
have ls wc && echo "shell dev $(ls /dev/null /dev/zero | wc -l) sys $(ls -d /sys/module | wc -l)"
have seq sha256sum && echo "shell sha256 $(seq 1 2000 | sha256sum)"
have seq sed awk && echo "shell awk $(seq 1 200 | sed 's/1/x/' | awk '/x/ { n++ } END { print n }')"
read a b c </proc/self/stat && echo "shell proc $b"
i=0 s=0
while [ $i -lt 300 ]; do i=$((i + 1)) s=$(((s * 31 + i) % 65521)); done
(exit 3) || echo "shell sum $s status $?"
`;

const PROGRAMS: readonly (readonly string[])[] = [
  ['pingpong', '150', '64'],
  ['threads', '4', '200'],
  ['forkbench', '2', '6'],
  ['ticker', 'tick', '10', '20'],
  ['signals'],
  ['spin', 'spin', '0', '1500'],
];

export interface LoadRun {
  /** Hash of the output less times. */
  readonly digest: string;
  readonly seconds: number;
  /** Every program exited with 0. */
  readonly good: boolean;
  /** What ran. */
  readonly programs: readonly string[];
}

/** Run the load once. */
export async function runLoad(session: Session): Promise<LoadRun> {
  const seen = [session.lines(1).length, session.lines(2).length] as const;
  const began = session.now();
  const all = [...PROGRAMS, ...(session.shell.length === 0 ? [] : [[...session.shell, '-c', SCRIPT]])];
  const running: Promise<ExitStatus>[] = [];
  for (const argv of all) running.push((await session.start(...argv)).exited);
  const statuses = await Promise.all(running);
  const seconds = Number(((session.now() - began) / 1e9).toFixed(3));
  const lines = [...session.lines(1).slice(seen[0]), ...session.lines(2).slice(seen[1])];
  const good = statuses.every(succeeded);
  return {
    digest: hash(lines),
    seconds,
    good: good && !lines.some((line) => line.endsWith('BAD')),
    programs: all.map(([name]) => name as string),
  };
}

/** Order among programs is the scheduler's business, and times differ from run to run. */
function hash(lines: readonly string[]): string {
  const digest = new Digest();
  for (const line of lines.map((text) => text.replace(/[\d.]+ us\b/g, 'us')).sort()) digest.text(line);
  return digest.hex();
}
