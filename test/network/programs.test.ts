/** Real programs that talk to each other: hackbench, redis, python3, and esbuild, whose threads wait in one epoll. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type GuestOptions, PATH, runGuest } from '../support/guest.ts';
import { npmFile } from '../support/npm.ts';
import { debianRoot } from '../support/roots.ts';

const root = debianRoot(
  '--busybox-links',
  'busybox-static',
  'redis-server',
  'redis-tools',
  'rt-tests',
  'python3',
);
const esbuild = npmFile('@esbuild/linux-riscv64', '0.28.2', 'bin/esbuild');
const here = (name: string): string => readFileSync(path.join(import.meta.dirname, name), 'utf8');
const lines = (...all: readonly string[]): string => all.map((line) => `${line}\n`).join('');

describe.skipIf(root === null)('programs of Debian', { timeout: 600_000 }, () => {
  const options: GuestOptions = { root: root as string, spawn: { env: { PATH, HOME: '/root' } } };

  describe.each([
    ['over sockets', ['-s', '100']],
    ['over pipes', ['-p']],
    ['in threads', ['-T']],
  ])('hackbench %s', (_, how) => {
    const argv = ['hackbench', ...how, '-g', '2', '-f', '3', '-l', '20'];

    it('ends', async () => {
      const { stdout, stderr, status } = await runGuest(argv, options);
      expect([stderr, status]).toEqual(['', { code: 0, signal: 0 }]);
      expect(stdout).toMatch(/^Running in .* with 2 groups using 6 file descriptors each[^]*Time: [\d.]+\n$/);
    });

    it('has one digest, whether ipc is replaced or not', async () => {
      const fixed: GuestOptions = { ...options, deterministic: true, digest: 'full', seed: 1 };
      const plain = await runGuest(argv, fixed);
      const run = await runGuest(argv, { ...fixed, replace: ['ipc=basic@every:3entries'], transfer: 'copy' });
      expect(run.stats.replacements.length + run.stats.replacementsDropped).toBeGreaterThan(300);
      expect([run.stdout, run.digest]).toEqual([plain.stdout, plain.digest]);
    });
  });

  it('redis-server serves redis-cli and redis-benchmark over both', async () => {
    const { stdout } = await runGuest(['sh', '/tmp/redis.sh'], {
      ...options,
      files: { '/tmp/redis.sh': here('redis.sh') },
    });
    const said = stdout.trimEnd().split('\n');
    const isRate = (line: string): boolean => line.includes('requests per second');
    expect(said.filter((line) => !isRate(line))).toEqual([
      'OK',
      'hello over tcp',
      '3',
      'a',
      'b',
      'c',
      'exit 0',
    ]);
    const rates = said.filter(isRate).map((line) => Number(/: ([\d.]+) requests/.exec(line)?.[1]));
    expect(rates).toHaveLength(5);
    for (const rate of rates) expect(rate).toBeGreaterThan(10);
  });

  it('redis is served alike while net, ipc, vfs and abi are replaced', async () => {
    const run = (replace: readonly string[]): ReturnType<typeof runGuest> =>
      runGuest(['sh', '/tmp/redis.sh'], {
        ...options,
        deterministic: true,
        digest: 'full',
        seed: 1,
        replace,
        transfer: 'copy',
        files: { '/tmp/redis.sh': here('redis.sh') },
      });
    const plain = await run([]);
    const other = await run([
      'net=loopback@every:50entries',
      'ipc=basic@every:70entries',
      'vfs=dentry@every:1100entries',
      'abi=linux@every:130entries',
    ]);
    expect(other.stats.replacements.length + other.stats.replacementsDropped).toBeGreaterThan(1000);
    expect([other.stdout, other.digest]).toEqual([plain.stdout, plain.digest]);
  });

  it('python3 talks to itself by asyncio, selectors, sockets and multiprocessing', async () => {
    const { stdout, stderr } = await runGuest(['python3', '/tmp/talk.py'], {
      ...options,
      files: { '/tmp/talk.py': here('talk.py') },
    });
    const expected = lines(
      'clients 45',
      'OVER UNIX',
      'timed out',
      'squares [0, 1, 4]',
      "EpollSelector [True] b'hi'",
      "b'datagram'",
      'a passed descriptor is the same file True',
      '127.0.0.1 Connection refused',
      '192.0.2.1 Network is unreachable',
    );
    expect([stdout, stderr]).toEqual([expected, '']);
  });
});

describe.skipIf(esbuild === null)('esbuild', () => {
  const files = {
    '/tmp/esbuild': readFileSync(esbuild ?? import.meta.filename),
    '/tmp/main.ts':
      "import { greet, type Name } from './greet';\nconst who: Name = { first: 'Ada' };\nconsole.log(greet(who));\n",
    '/tmp/greet.ts':
      'export interface Name { first: string }\nexport const greet = (n: Name): string => `hello ${n.first}`;\n',
  };
  const expected = [
    '(() => {',
    '  // greet.ts',
    '  var greet = (n) => `hello ${n.first}`;',
    '',
    '  // main.ts',
    '  var who = { first: "Ada" };',
    '  console.log(greet(who));',
    '})();',
  ];

  it.each([[[]], [['ipc=basic@every:20entries', 'abi=linux@every:30entries']]])(
    'bundles a file, with %j replaced',
    async (replace) => {
      const { stdout, stderr } = await runGuest(['/tmp/esbuild', 'main.ts', '--bundle'], {
        files,
        replace,
        transfer: 'copy',
        spawn: { cwd: '/tmp' },
      });
      expect([stdout, stderr]).toEqual([lines(...expected), '']);
    },
    120_000,
  );
});
