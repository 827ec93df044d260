/**
 * What scenario `engine` runs: programs that compute, of Debian where a root has them, else the embedded ones.
 *
 * Each exists in two lengths: one to be measured, and a short one for replacement at as many kernel entries as can be. What they
 * print is what they computed.
 */
import { FOLDER, type Session } from './session.ts';

export type Length = 'measured' | 'short';

export interface Computing {
  readonly name: string;
  readonly argv: (session: Session, length: Length) => readonly string[];
}

/** What the measured length is divided by to get the short one. */
const SHORTER = 12;

const size = (length: Length, measured: number): number =>
  length === 'measured' ? measured : Math.ceil(measured / SHORTER);

const inShell =
  (text: (length: Length) => string): Computing['argv'] =>
  (session, length) => [...session.shell, '-c', text(length)];

const SCRIPT = 'compute.py';
const PYTHON = `import sys
def compute(turns):
    total = 0
    primes = {}
    for i in range(turns):
        total = (total * 31 + i) % 65521
        primes[total % 1000] = i
    return total, sum(primes.values())
print('python3', *compute(int(sys.argv[1])))
`;
const SQL = (rows: number): string =>
  `with recursive c(x) as (select 1 union all select x + 1 from c where x < ${rows}) ` +
  "select 'sqlite3 ' || sum(x * x % 7) || ' ' || count(distinct x % 97) from c;";

export const DEBIAN_FILES: Readonly<Record<string, string>> = { [SCRIPT]: PYTHON };
export const DEBIAN_NEEDS: readonly string[] = ['python3', 'sqlite3', 'gzip', 'seq', 'sha256sum'];
export const DEBIAN: readonly Computing[] = [
  {
    name: 'python3',
    argv: (_session, length) => ['python3', `${FOLDER}/${SCRIPT}`, String(size(length, 320_000))],
  },
  { name: 'sqlite3', argv: (_session, length) => ['sqlite3', ':memory:', SQL(size(length, 180_000))] },
  {
    name: 'gzip',
    argv: inShell((length) => `seq 1 ${size(length, 125_000)} | gzip -c -9 | sha256sum`),
  },
];

export const EMBEDDED: readonly Computing[] = [
  { name: 'spin', argv: (_session, length) => ['spin', 'spin', '0', String(size(length, 115_000))] },
  {
    name: 'sh',
    argv: inShell(
      (length) =>
        `i=0 s=0; while [ $i -lt ${size(length, 16_000)} ]; do i=$((i + 1)) s=$(((s * 31 + i) % 65521)); done; echo sh $s`,
    ),
  },
  { name: 'sort', argv: inShell((length) => `seq 1 ${size(length, 190_000)} | sort -r | tail -n 3`) },
];
