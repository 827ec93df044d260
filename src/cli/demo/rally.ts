/**
 * What scenario `ipc` measures: exchanges of real programs, one kind after the other, again and again.
 *
 * On Debian redis-server and a python3 live over all rounds, so that the replacement happens beneath a server and its client; each
 * kind is measured by what its own program says. Beside them others compute.
 */
import { atMost } from './claims.ts';
import { type Claim, type Figures, median } from './record.ts';
import { endOfRedis, startOfRedis } from './redis-server.ts';
import { FOLDER } from './session.ts';
import { microseconds, milliseconds } from './table.ts';

/** Rounds end with this line. */
export const ROUND: RegExp = /^round$/;
/** Said when a client of a living server is about to begin. */
export const CLIENT: RegExp = /^client$/;

/** So many that the two have used the CPU as much as the others, and get no advance for being new. */
const EXCHANGES = 2000;
const BYTES = 64;
const LARGE_EXCHANGES = 4;
/** Of python3, which does nothing else with a message than to pass it on. */
const PYTHON_EXCHANGES = 300;
const PYTHON_BYTES = 65_536;
const LARGE_BYTES = 262_144;
const REQUESTS = 800;
const PIPELINED = 3200;
const DEPTH = 16;
/** Groups of 20 processes, of which each sender passes so many messages to each receiver. */
const HACKBENCH = '-g 1 -f 10 -l 1000';
/** What is made fast takes at most this part. */
const FASTER = 0.5;
/** Of a large message the programs' own work is a part. */
const LARGE_FASTER = 0.8;
/** And what is not, at most this: turns fall otherwise, which alone moves a figure. */
const NO_MORE = 1.05;

/** Two that compute for longer than all rounds take; begun last, for nothing is measured before. */
const HOGS = `spin busy-1 0 20000000 & BUSY=$!
spin busy-2 0 20000000 & BUSY="$BUSY $!"`;
const END_OF_HOGS = 'kill -9 $BUSY; wait $BUSY; true';

/** The same of hackbench, whose processes begin where a round finds them: it ends a turn sooner or later by that. */
const NO_MORE_TURNS = 1.2;

/** One kind of exchange. */
interface Row {
  /** Of the figure, with its unit. */
  readonly name: string;
  readonly title: string;
  /** Its first group is the figure. */
  readonly line: RegExp;
  readonly part: number;
  readonly show: (figure: number) => string;
  /** The program's unit in that of the figure. */
  readonly scale?: number;
}

/** Programs of one root, and what they say. */
export interface Rally {
  readonly script: string;
  readonly rows: readonly Row[];
  /** Complete rounds that count on each side. */
  readonly rounds: number;
  /** Lines of which the last group must be the same in every round. */
  readonly sums: readonly RegExp[];
  readonly files: Readonly<Record<string, string>>;
}

const PINGPONG = /^pingpong \d+ x 64 bytes: round trip ([\d.]+) us, checksum ([0-9a-f]+)$/;
const PINGPONG_LARGE = /^pingpong \d+ x 262144 bytes: round trip ([\d.]+) us, checksum ([0-9a-f]+)$/;
const PYTHON = /^python3 \d+ x \d+ bytes: round trip ([\d.]+) us, sum (\d+)$/;

const small: Row = {
  name: 'roundTripUs',
  title: `pingpong, round trip of ${BYTES} bytes`,
  line: PINGPONG,
  part: FASTER,
  show: microseconds,
};
const largeRow = (program: string, size: string, line: RegExp, part: number): Row => ({
  name: 'largeRoundTripUs',
  title: `${program}, round trip of ${size}`,
  line,
  part,
  show: microseconds,
});
/** It has the CPU for itself: beside others its figures are a matter of luck. */
const hackbench = (name: string, over: string): readonly Row[] => [
  {
    name: `hackbench${name}Ms`,
    title: `hackbench over ${over}, alone`,
    line: new RegExp(`^hackbench-${over} ([\\d.]+) s`),
    part: NO_MORE_TURNS,
    show: milliseconds,
    scale: 1000,
  },
  {
    name: `hackbench${name}Switches`,
    title: 'context switches of it',
    line: new RegExp(`^hackbench-${over} .* (\\d+) switches$`),
    part: NO_MORE_TURNS,
    show: (count) => count.toLocaleString('en'),
  },
];

export const embeddedRally: Rally = {
  script: `cd ${FOLDER}
${HOGS}
while [ ! -e stop ]; do
  pingpong ${EXCHANGES} ${BYTES} && pingpong ${LARGE_EXCHANGES} ${LARGE_BYTES} && echo round
done
${END_OF_HOGS}
`,
  rows: [small, largeRow('pingpong', '256 KiB', PINGPONG_LARGE, NO_MORE)],
  rounds: 2,
  sums: [PINGPONG, PINGPONG_LARGE],
  files: {},
};

/** Each line that it reads is a rally between two processes. */
const PYTHON_PROGRAM = `import _socket, os, sys, time
size, count = ${PYTHON_BYTES}, ${PYTHON_EXCHANGES}
ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
message = bytearray(range(256)) * (size // 256)
def exactly(end):
    view = memoryview(message)
    while view:
        got = end.recv_into(view)
        if got == 0: os._exit(0)
        view = view[got:]
if os.fork() == 0:
    ours.close()
    while True:
        exactly(theirs)
        message[0] = (message[0] + 1) % 256
        theirs.sendall(message)
theirs.close()
done = open('done', 'w')
for line in sys.stdin:
    start, message[0] = time.monotonic(), 0
    for i in range(count):
        ours.sendall(message)
        exactly(ours)
    us = (time.monotonic() - start) / count * 1e6
    print(f'python3 {count} x {size} bytes: round trip {us:.1f} us, sum {sum(message)}', file=done, flush=True)
`;

const DEBIAN_SCRIPT = `${startOfRedis(FOLDER, '')}
cli set key value >set
mkfifo go done
python3 -IS large.py <go &
PYTHON=$!
exec 3>go 4<done
${HOGS}
bench() {
  redis-benchmark -s redis.sock --csv -t get "$@" >benchmark 2>&1 || echo 'client failed'
  grep -iE 'error|refused' benchmark
  sed -n 's/^"GET","[^"]*","\\([^"]*\\)",.*/\\1 ms/p' benchmark
}
switches() { sed -n 's/^ctxt //p' /proc/stat; }
hack() {
  start=$(switches)
  hackbench ${HACKBENCH} "$@" >hack || echo 'client failed'
  echo "$(sed -n 's/^Time: //p' hack) s $(($(switches) - start)) switches"
}
while [ ! -e stop ]; do
  pingpong ${EXCHANGES} ${BYTES}
  echo client
  echo "redis $(bench -c 1 -n ${REQUESTS})"
  echo "redis-pipelined $(bench -c 1 -n ${PIPELINED} -P ${DEPTH})"
  echo >&3
  read line <&4
  echo "$line"
  kill -STOP $BUSY
  echo "hackbench-pipes $(hack -p)"
  echo "hackbench-sockets $(hack)"
  kill -CONT $BUSY
  echo round
done
${END_OF_HOGS}
exec 3>&- 4<&-
wait $PYTHON
echo "value $(cli get key) errors $(cli info stats | sed -n 's/^total_error_replies://p')"
${endOfRedis}
`;

export const debianRally: Rally = {
  script: DEBIAN_SCRIPT,
  rows: [
    small,
    {
      name: 'redisMeanMs',
      title: 'redis, a request alone, mean',
      line: /^redis ([\d.]+) ms$/,
      part: FASTER,
      show: milliseconds,
    },
    {
      name: 'redisPipelinedMeanMs',
      title: `redis, requests by ${DEPTH}, mean`,
      line: /^redis-pipelined ([\d.]+) ms$/,
      part: NO_MORE,
      show: milliseconds,
    },
    largeRow('python3', '64 KiB', PYTHON, LARGE_FASTER),
    ...hackbench('Pipes', 'pipes'),
    ...hackbench('Sockets', 'sockets'),
  ],
  rounds: 1,
  sums: [PINGPONG, PYTHON],
  files: { 'large.py': PYTHON_PROGRAM },
};

/** The figures of some rounds, the median of each kind. */
export function figuresOf({ rows }: Rally, lines: readonly string[]): Readonly<Record<string, number>> {
  const figure = ({ line, scale = 1 }: Row): number =>
    median(lines.flatMap((each) => Number(line.exec(each)?.[1] ?? []) || [])) * scale;
  return Object.fromEntries(rows.map((row) => [row.name, Number(figure(row).toFixed(3))]));
}

export const claimsOf = ({ rows }: Rally, before: Figures, after: Figures): readonly Claim[] =>
  rows.map(({ name, title, part, show }) =>
    atMost(title, part, Number(before[name]), Number(after[name]), show),
  );

/** Nothing failed, and what was added up is the same in every round. */
export const isIntact = ({ sums }: Rally, lines: readonly string[]): boolean =>
  sums.every((line) => new Set(lines.flatMap((each) => line.exec(each)?.[2] ?? [])).size === 1) &&
  !lines.some((line) => line === 'client failed' || /error:|refused/i.test(line));
