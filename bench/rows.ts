/**
 * The rows of the benchmark: what each is, and how much of it takes QEMU about a second on a quiet machine.
 *
 * A long table. A C row is one source that is built for both; a real row is a Debian program, or one from npm.
 */
export const GROUPS = ['programs', 'kernel path', 'real programs'] as const;
export type Group = (typeof GROUPS)[number];

export type Kind =
  /** bench/SOURCE, with what its riscv64 and x86-64 builds need, and what comes before the amount of work */
  | {
      readonly from: 'c';
      readonly source: string;
      readonly march?: string;
      readonly native?: readonly string[];
      readonly cpu?: string;
      readonly args?: readonly string[];
      /** it executes itself: where the host's kernel would not, it is told by what */
      readonly launches?: boolean;
    }
  /** a path in a root with these packages; it runs in a folder with the files of bench/inputs */
  | {
      readonly from: 'debian';
      readonly program: string;
      readonly args: (work: number) => readonly string[];
      readonly input?: Input;
    }
  | {
      readonly from: 'npm';
      readonly package: string;
      readonly version: string;
      readonly program: string;
      readonly args: (work: number) => readonly string[];
    };

/** What is made for a row before it is timed. */
export type Input =
  | { readonly file: string; readonly kind: 'text' }
  | { readonly file: string; readonly kind: 'template'; readonly source: string }
  | { readonly file: string; readonly kind: 'preprocessed'; readonly source: string; readonly small: string };

export interface Row {
  readonly name: string;
  readonly group: Group;
  readonly what: string;
  readonly work: number;
  readonly floating: boolean;
  readonly kind: Kind;
}

/** All that the Debian rows need: one root. */
export const PACKAGES: readonly string[] = ['python3', 'lua5.4', 'sqlite3', 'gzip', 'xz-utils', 'cpp-14'];

const program = (name: string, work: number, what: string, kind: Partial<Kind> = {}): Row => ({
  name,
  group: 'programs',
  what,
  work,
  floating: name === 'bodies' || name === 'filter',
  kind: { from: 'c', source: `programs/${name}.c`, ...kind } as Kind,
});

const kernel = (name: string, work: number, what: string): Row => ({
  name,
  group: 'kernel path',
  what,
  work,
  floating: false,
  kind: { from: 'c', source: 'kernel/kernel.c', args: [name], launches: name === 'exec' },
});

const real = (name: string, work: number, what: string, kind: Kind): Row => ({
  name,
  group: 'real programs',
  what,
  work,
  floating: false,
  kind,
});

export const ROWS: readonly Row[] = [
  program('sieve', 450, 'bytes in memory with a stride'),
  program('chase', 2500, 'latency of memory: a walk through a permutation'),
  program('copies', 1000, 'blocks of memory copied, moved, compared, searched'),
  program('hash', 1150, 'SHA-256: additions and rotations of 32 bits'),
  program('bits', 4000, 'sets of bits, built for Zba, Zbb, Zbs', {
    march: 'rv64gc_zba_zbb_zbs',
    native: ['-march=x86-64-v3'],
    cpu: 'rv64,zba=true,zbb=true,zbs=true',
  }),
  program('branches', 10_000, 'branches that depend on data: Collatz, divisors, a search, a maze'),
  program('recursion', 1000, 'calls: Fibonacci numbers and the Ackermann function'),
  program('dispatch', 300, 'calls through pointers, and a switch'),
  program('bytecode', 750, 'an interpreter of a machine with a stack'),
  program('sort', 1000, 'merge sort and a heap'),
  program('compress', 2200, 'a compressor of the LZ77 kind and its inverse'),
  program('strings', 320, 'words counted in a table, numbers printed and read'),
  program(
    'mixture',
    1300,
    'as in small controllers (the kind of CoreMark): lists, matrices, a state machine',
  ),
  program(
    'records',
    2400,
    'as in programs about records (the kind of Dhrystone): assignments, procedures, text',
  ),
  program('bodies', 175, 'double precision: planets that attract each other'),
  program('filter', 50, 'single precision: a cascade of filters, vectors that are turned'),

  kernel('syscall', 240, 'a system call that does nothing: getppid'),
  kernel('pipe', 120, 'one byte to another process and back'),
  kernel('stream', 600, '64 KiB at a time to another process'),
  kernel('fork', 80, 'fork, exit, wait'),
  kernel('exec', 6, 'fork, exec of a static program, wait; in QEMU the new program is QEMU again'),
  kernel('files', 100, 'small files made, written, looked at, read, removed'),
  kernel('threads', 70, 'four threads made and joined'),
  kernel('futex', 50, 'two threads that wait for each other by turns'),
  kernel('mmap', 350, 'memory mapped, protected, cut in two, unmapped'),
  kernel('faults', 270, 'first touch of a page of anonymous memory'),

  real('python', 35, 'python3: queens, primes, words, long integers, objects', {
    from: 'debian',
    program: '/usr/bin/python3',
    // Alone (-I, -S), and leaving the root as it is (-B).
    args: (work) => ['-I', '-S', '-B', 'compute.py', String(work)],
  }),
  real('lua', 45, 'lua5.4: permutations, matrices, closures, strings, tables', {
    from: 'debian',
    program: '/usr/bin/lua5.4',
    args: (work) => ['compute.lua', String(work)],
  }),
  real('sqlite', 16, 'sqlite3: a table in memory filled, indexed, joined, changed', {
    from: 'debian',
    program: '/usr/bin/sqlite3',
    args: () => ['-batch', ':memory:', '.read speed-now.sql'],
    input: { file: 'speed-now.sql', kind: 'template', source: 'speed.sql' },
  }),
  real('gzip', 1000, 'gzip of a text', {
    from: 'debian',
    program: '/usr/bin/gzip',
    args: () => ['-c', 'text'],
    input: { file: 'text', kind: 'text' },
  }),
  real('xz', 110, 'xz of a text, in one thread', {
    from: 'debian',
    program: '/usr/bin/xz',
    args: () => ['-T1', '-c', 'text'],
    input: { file: 'text', kind: 'text' },
  }),
  real('gcc', 100, "gcc's cc1 -O2 of a preprocessed program", {
    from: 'debian',
    program: '/usr/libexec/gcc/riscv64-linux-gnu/14/cc1',
    args: () => ['-quiet', '-O2', '-fpreprocessed', 'source.i', '-o', '-'],
    input: {
      file: 'source.i',
      kind: 'preprocessed',
      source: 'programs/mixture.c',
      small: 'programs/recursion.c',
    },
  }),
  real('esbuild', 100, 'esbuild (Go, with threads) bundles vega-lite', {
    from: 'npm',
    package: '@esbuild/linux-riscv64',
    version: '0.28.2',
    program: 'bin/esbuild',
    args: (work) => [
      '--bundle',
      '--format=esm',
      '--log-level=error',
      work < 100 ? 'd3-time/dist/d3-time.mjs' : 'vega-lite/build/index.js',
    ],
  }),
];

/** A program that does nothing: no row of the table, but what every figure includes. */
export const START: Row = kernel('start', 1, 'nothing at all');
