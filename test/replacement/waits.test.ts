/**
 * Each cell is replaced while each kind of wait is pending; the run must be the one without replacement to the bit.
 *
 * The scenes are those of fixtures/waits.c. A wait counts as pending only where the nucleus has a record of it, by
 * the call that runs again. Prints how often which cell was replaced in which kind of wait.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type WaitStat, waitsOf } from '../../src/api/waits.ts';
import type { Nucleus } from '../../src/nucleus/nucleus.ts';
import { haveE2fsprogs, makeImage } from '../support/e2fsprogs.ts';
import { type RigOptions, type RigRun, runRig } from '../support/rig.ts';

const COMPILER = 'riscv64-linux-gnu-gcc';
const haveCompiler =
  haveE2fsprogs && spawnSync(COMPILER, ['--version'], { stdio: 'ignore' }).error === undefined;
const MODULE = path.join(import.meta.dirname, '../modules/fixtures/fair.mjs');
const PAGE = 4096;
const PAGES = 400;

let folder = '';
let program: Uint8Array = new Uint8Array();

beforeAll(() => {
  if (!haveCompiler) return;
  folder = mkdtempSync(path.join(tmpdir(), 'waits-'));
  const to = path.join(folder, 'waits');
  const source = path.join(import.meta.dirname, 'fixtures/waits.c');
  const { status, stderr } = spawnSync(COMPILER, ['-static', '-O1', '-w', '-pthread', '-o', to, source], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  program = readFileSync(to);
});
afterAll(() => {
  if (folder !== '') rmSync(folder, { recursive: true, force: true });
});

/** A folder of the host as the scenes expect it; fresh for each run, because they write to it. */
function hostFolder(): string {
  const made = mkdtempSync(path.join(folder, 'host-'));
  const data = Uint8Array.from({ length: PAGES * PAGE }, (_, i) => i * 13 + Math.floor(i / PAGE));
  writeFileSync(path.join(made, 'data'), data);
  writeFileSync(path.join(made, 'program'), program, { mode: 0o755 });
  mkdirSync(path.join(made, 'deep/er'), { recursive: true });
  writeFileSync(path.join(made, 'deep/er/file'), 'x');
  return made;
}

/** An image of its own for each run. */
function withDisks(): Pick<RigOptions, 'disks' | 'mounts'> {
  const file = path.join(mkdtempSync(path.join(folder, 'disk-')), 'image');
  makeImage(file, 1024);
  return {
    mounts: [{ disk: 'vda', guest: '/disk' }],
    disks: [
      { name: 'vda', file },
      { name: 'vdb', ram: 16 << 20, timed: true },
    ],
  };
}

/** What a boundary is asked: does a thread wait in this way now? */
type Pending = (waits: readonly WaitStat[], nucleus: Nucleus) => boolean;

const inCall =
  (...calls: readonly string[]): Pending =>
  (waits) =>
    waits.some(({ call }) => calls.includes(call));
/** A thread waits in the call, and the host has been asked for something that it has not given. */
const forHost =
  (...calls: readonly string[]): Pending =>
  (waits, nucleus) =>
    nucleus.host.pending(false) > 0 && inCall(...calls)(waits, nucleus);

interface Situation {
  readonly kind: string;
  readonly scene: string;
  readonly pending: Pending;
  readonly output: string;
  readonly host?: boolean;
  /** With an ext2 on a disk over a host file at /disk, and a timed disk /dev/vdb. */
  readonly disk?: boolean;
  readonly options?: RigOptions;
  /** Path of the program, where it is not installed in the guest. */
  readonly program?: string;
}

const lines = (...all: readonly string[]): string => all.map((line) => `${line}\n`).join('');

const SITUATIONS: readonly Situation[] = [
  {
    kind: 'pipe read',
    scene: 'pipe-read',
    pending: inCall('read'),
    output: lines('5 first', '6 second', 'EINTR', '5 third, 2 handled', '0 at the end'),
  },
  {
    kind: 'pipe write, in part',
    scene: 'pipe-write',
    pending: (waits, { waits: queues }) =>
      waits.some(({ tid, call }) => call === 'write' && (queues.progress(tid)[0] ?? 0) > 0),
    output: lines(
      'wrote 200000',
      'read 200000 intact',
      'wrote 65536 before the signal',
      'EINTR when it is full',
      'writer without reader: signal 13',
    ),
  },
  {
    kind: 'FIFO open',
    scene: 'fifo-open',
    pending: inCall('openat'),
    output: lines('parent got one', 'child got two', 'EINTR'),
  },
  {
    kind: 'futex',
    scene: 'futex',
    pending: inCall('futex'),
    output: lines('24 turns', 'ETIMEDOUT after 3 ms', 'ETIMEDOUT', 'requeue 3', 'wake 2', '3 woken', 'EINTR'),
  },
  {
    kind: 'futex that is owned',
    scene: 'owned',
    pending: inCall('futex'),
    output: lines('locked 0, 1 handled', 'free 0'),
  },
  {
    kind: 'message queue',
    scene: 'queue',
    pending: inCall('msgrcv', 'msgsnd'),
    output: lines('received 5', 'EINTR', 'sent 0', 'EIDRM'),
  },
  {
    kind: 'named message queue',
    scene: 'named',
    pending: inCall('mq_timedreceive', 'mq_timedsend'),
    output: lines('received 3', 'EINTR', 'ETIMEDOUT', 'sent 0', 'left 5'),
  },
  {
    kind: 'futexes, any and moved',
    scene: 'vector',
    pending: inCall('futex_waitv', 'futex'),
    output: lines('woken by 1', 'moved 1', 'owned 0', 'EINTR'),
  },
  {
    kind: 'semaphore',
    scene: 'semaphore',
    pending: inCall('semtimedop', 'semop'),
    output: lines('took 0', 'zero 0', 'EAGAIN', 'EINTR', 'EIDRM'),
  },
  {
    kind: 'wait4, waitid',
    scene: 'wait4',
    pending: inCall('wait4', 'waitid'),
    output: lines('exit 42', 'stopped by 19', 'continued 1', 'EINTR', 'the same exit 43'),
  },
  {
    kind: 'nanosleep',
    scene: 'nanosleep',
    pending: inCall('clock_nanosleep', 'nanosleep'),
    output: lines('0 after 5 ms', 'EINTR, 3 ms left', '0 at a time of day', '0 after 20 ms with a stop'),
  },
  {
    kind: 'poll on 200',
    scene: 'poll',
    pending: inCall('ppoll', 'pselect6'),
    output: lines(
      '1 at 137',
      '0 after the time-out',
      'select: 0 after the time-out',
      'select: 1 at 138',
      'EINTR by a signal that it lets in',
    ),
  },
  {
    kind: 'epoll of 200, nested',
    scene: 'epoll',
    pending: inCall('epoll_pwait'),
    output: lines('1 at 137', '1 at 2000, count 5', '0 after the time-out', '1 at 1000, 1 within', 'EINTR'),
  },
  {
    kind: 'eventfd, timerfd, signalfd',
    scene: 'notifiers',
    pending: inCall('read'),
    output: lines('eventfd 9', 'signalfd 10', 'timerfd 1', 'timerfd 1', 'timerfd 1', 'timerfd 2'),
  },
  {
    kind: 'accept, connect',
    scene: 'accept',
    pending: inCall('accept', 'connect'),
    output: lines(...Array<string>(4).fill('accepted, read 1'), 'connected 4', 'EINTR'),
  },
  {
    kind: 'recv',
    scene: 'receive',
    pending: inCall('recvfrom'),
    output: lines('5 first', '9 of all abcabcabc', 'EAGAIN after the time-out', 'EINTR', '0 at the end'),
  },
  {
    kind: 'send, in part',
    scene: 'send',
    pending: inCall('sendto'),
    output: lines(...Array<string[]>(2).fill(['sent 400000', 'received 400000 intact']).flat()),
  },
  {
    kind: 'signal suspend',
    scene: 'sigsuspend',
    pending: inCall('rt_sigsuspend'),
    output: lines(
      'EINTR, 1 handled',
      'EAGAIN after the time-out',
      'signal 10 with 77',
      'signal 12 was pending all along',
    ),
  },
  {
    kind: 'sigtimedwait',
    scene: 'sigsuspend',
    pending: inCall('rt_sigtimedwait'),
    output: lines(
      'EINTR, 1 handled',
      'EAGAIN after the time-out',
      'signal 10 with 77',
      'signal 12 was pending all along',
    ),
  },
  {
    kind: 'vfork parent',
    scene: 'vfork',
    pending: inCall('clone'),
    output: lines('the child left 5', 'exit 7', 'echo', 'echo', 'spawn 0'),
  },
  {
    kind: 'stopped process',
    scene: 'stopped',
    pending: (_, { kernel }) => kernel.process.groups().some(({ stopped }) => stopped !== 0),
    output: lines(
      'stopped while it reads: 1',
      'stopped while it runs: 1',
      'child got late and spun 3000000',
      'exit 3',
    ),
  },
  {
    kind: 'file lock',
    scene: 'lock',
    pending: inCall('flock', 'fcntl'),
    output: lines('flock 0', 'record 0'),
  },
  {
    kind: 'stream read',
    scene: 'stream',
    pending: inCall('read'),
    output: lines('3 one', '8 and more', '0 at the end'),
    options: { input: ['one', 'and more'] },
  },
  {
    kind: 'tty read, poll',
    scene: 'tty',
    pending: inCall('read', 'ppoll'),
    output: [
      'edited\b \bd\r\nline of 7\r\nagain\r\npoll 1\r\nline of 6\r\n^CEINTR by the interrupt key\r\n',
      'raw: 3 bytes 120 3 121\r\nraw: 0 after a tenth of a second\r\n0 at the end\r\n',
    ].join(''),
    options: { terminal: true, input: ['edited', '\x7fd\r', 'again\r', '\x03', 'x', '\x03y', '\x04'] },
  },
  {
    kind: 'pty read, write',
    scene: 'pty',
    pending: inCall('read', 'write'),
    output: lines('slave read 5 line', 'slave wrote 30000', 'master read 30000'),
  },
  {
    kind: 'page fault in a copy out',
    scene: 'copy-out',
    pending: forHost('write'),
    output: lines('wrote 12000, read 12000 intact', 'wrote 9000, read 9000 intact'),
    host: true,
  },
  {
    kind: 'page fault in a copy in',
    scene: 'copy-in',
    pending: forHost('read', 'clock_gettime', 'newfstatat'),
    output: lines(
      'read 10 0123456789 between intact and intact',
      'clock 0 before intact',
      'stat 0 before intact',
    ),
    host: true,
  },
  {
    kind: 'page fault',
    scene: 'fault',
    pending: (waits) => waits.some(({ operation }) => operation === 'fault'),
    output: lines('sum 566, intact beside what was written'),
    host: true,
  },
  {
    kind: 'host file',
    scene: 'file',
    pending: forHost('openat', 'newfstatat', 'read', 'pwrite64', 'fsync', 'renameat2', 'unlinkat'),
    output: lines('stat 0, read 65536 intact, create done, write 3, fsync 0, rename 0, unlink 0'),
    host: true,
  },
  {
    kind: 'disk of a host file',
    scene: 'disk',
    pending: forHost(
      'newfstatat',
      'openat',
      'write',
      'fsync',
      'ioctl',
      'pread64',
      'mkdirat',
      'renameat2',
      'truncate',
      'unlinkat',
      'sync',
    ),
    output: lines(
      'stat 0, write 65536, fsync 0, flush 0, read 1024 intact, mkdir 0, rename 0, cut 0, unlink 0, synced',
    ),
    disk: true,
  },
  {
    kind: 'disk that takes its time',
    scene: 'timed',
    pending: (waits, { kernel }) =>
      kernel.block.pending(2) > 0 && waits.some(({ call }) => ['pread64', 'fsync', 'ioctl'].includes(call)),
    output: lines('1 1 1 1 done'),
    disk: true,
  },
  { kind: 'execve', scene: 'exec', pending: forHost('execve'), output: lines('before', 'echo'), host: true },
  {
    kind: 'first program',
    scene: 'echo',
    pending: (waits) => waits.some(({ operation }) => operation === 'exec'),
    output: lines('echo'),
    host: true,
    program: '/mnt/program',
  },
  {
    kind: 'module load',
    scene: 'module',
    pending: inCall('init_module', 'finit_module', 'delete_module'),
    output: lines('init 0, delete 0, again 0'),
  },
];

/** Boundaries of one run at which every cell is replaced in turn; one cell and all together at those behind. */
const THOROUGH = 12;
const LIMIT = 200;

type Counts = Map<string, number>;
const counted = new Map<string, Counts>();

/** Replaces at boundaries where the wait is pending, by reference and as bytes. */
function replacing(pending: Pending, counts: Counts): (nucleus: Nucleus) => void {
  let boundaries = 0;
  return (nucleus) => {
    if (boundaries >= LIMIT || !pending(waitsOf(nucleus), nucleus)) return;
    const cells = nucleus.cells.all();
    const some = boundaries < THOROUGH ? cells : cells.filter((_, i) => i === boundaries % cells.length);
    boundaries++;
    for (const transfer of ['move', 'copy'] as const) {
      for (const { name, module } of some) {
        nucleus.replace([module], 'test', transfer);
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      nucleus.replace(
        cells.map(({ module }) => module),
        'test',
        transfer,
      );
      counts.set('all', (counts.get('all') ?? 0) + 1);
    }
  };
}

function play(
  { scene, options, host, disk, program: own }: Situation,
  atBoundary?: RigOptions['atBoundary'],
): Promise<RigRun> {
  return runRig([own ?? '/tmp/waits', scene], {
    ...options,
    files: { '/tmp/waits': program, '/tmp/module.mjs': readFileSync(MODULE) },
    mounts: host === true ? [{ host: hostFolder(), guest: '/mnt' }] : [],
    ...(disk === true ? withDisks() : {}),
    ...(atBoundary === undefined ? {} : { atBoundary }),
  });
}

describe.skipIf(!haveCompiler)('every cell is replaced while a thread waits', () => {
  it.each(SITUATIONS)('$kind', async (situation) => {
    const plain = await play(situation);
    expect([plain.stdout, plain.stderr, plain.failure, plain.status]).toEqual([situation.output, '', '', 0]);

    const counts: Counts = new Map();
    counted.set(situation.kind, counts);
    const run = await play(situation, replacing(situation.pending, counts));
    expect([run.stdout, run.stderr, run.failure, run.status]).toEqual([situation.output, '', '', 0]);
    expect(run.digest).toBe(plain.digest);

    const { cells, ledger } = run.nucleus;
    for (const { name } of cells.all()) expect(counts.get(name) ?? 0, name).toBeGreaterThanOrEqual(2);
    const total = [...counts].reduce(
      (sum, [name, n]) => sum + (name === 'all' ? n * cells.all().length : n),
      0,
    );
    const done = ledger.entries().filter(({ by, failed }) => by === 'test' && failed === null);
    expect(done.length).toBe(total);
  });

  afterAll(() => {
    const cells = [...new Set([...counted.values()].flatMap((counts) => [...counts.keys()]))];
    const short = cells.map((name) => name.replace('filesystem:', 'fs:').slice(0, 9).padStart(9));
    const rows = [...counted].map(
      ([kind, counts]) =>
        kind.padEnd(24) + cells.map((name) => String(counts.get(name) ?? 0).padStart(9)).join(''),
    );
    process.stdout.write(`\n${['replaced while pending'.padEnd(24) + short.join(''), ...rows].join('\n')}\n`);
  });
});
