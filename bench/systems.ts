/**
 * The systems that are compared, and one run of a job on one of them.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Job } from './build.ts';

const MAIN = path.join(import.meta.dirname, '../dist/cli/main.js');
const QEMU = 'qemu-riscv64-static';
/** Where guests of Strake find the working folder: by its name, for esbuild looks for packages in a `node_modules`. */
export const guestFolder = (folder: string): string => `/bench/${path.basename(folder)}`;
const TIMEOUT_MS = 300_000;
const MAX_OUTPUT_BYTES = 1 << 28;

export interface System {
  readonly name: string;
  /** @returns the command, or null: this system does not run that job */
  readonly command: (job: Job) => readonly string[] | null;
  /** Runs before those that count, where a run leaves something for later ones. */
  readonly practice: number;
}

/** A program that executes another by itself has no PATH search. */
function whereIs(tool: string): string {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  return folders.map((folder) => path.join(folder, tool)).find((file) => existsSync(file)) ?? tool;
}

/** A run finds hot code that an earlier one had no time for: after so many there is little left to find. */
const PRACTICE = 3;

const strake = (name: string, practice: number, ...options: readonly string[]): System => ({
  name,
  practice,
  command: ({ guest, root, folder, args }) => [
    process.execPath,
    MAIN,
    'run',
    ...options,
    ...(folder === null
      ? []
      : ['--mount', `${folder}:${guestFolder(folder)}:ro`, '--cwd', guestFolder(folder)]),
    ...(root === null ? ['--host-program', guest] : ['--root', root, guest]),
    ...args,
  ],
});

export const SYSTEMS: readonly System[] = [
  {
    name: 'native',
    practice: 0,
    command: ({ native, args }) => (native === null ? null : [native, ...args]),
  },
  {
    name: 'qemu',
    practice: 0,
    command: ({ guest, root, args, cpu, launches }) => [
      QEMU,
      ...(cpu === null ? [] : ['-cpu', cpu]),
      ...(root === null ? [guest] : ['-L', root, path.join(root, guest)]),
      ...args,
      ...(launches ? [whereIs(QEMU)] : []),
    ],
  },
  strake('interpreter', 0, '--module', 'engine=interpreter'),
  strake('first', 0, '--module', 'engine=jit', '--no-keep'),
  strake('jit', PRACTICE, '--module', 'engine=jit'),
];

export interface Run {
  readonly seconds: number;
  /** of standard output, a character for each byte */
  readonly text: string;
}

/** How long a run took: by the clock, or by the CPU time of all its processes, for a machine that is busy. */
export type Timing = 'clock' | 'cpu';

/** @throws Error if the program can not be started, fails, or does not end */
export function run(command: readonly string[], folder: string | null, timing: Timing): Run {
  // Killing bash would leave its child, so that has its own limit.
  const script = 'TIMEFORMAT="%U %S"; time timeout --foreground --signal=KILL $0 "$@"';
  const timed = ['bash', '-c', script, String(TIMEOUT_MS / 1000), ...command];
  const [file, ...args] = (timing === 'cpu' ? timed : command) as [string, ...string[]];
  const began = performance.now();
  const done = spawnSync(file, args, {
    cwd: folder ?? undefined,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  const wall = (performance.now() - began) / 1000;
  if (done.error !== undefined) throw done.error;
  const text = done.stdout.toString('latin1');
  const complaint = done.stderr.toString().trimEnd().split('\n');
  const times = timing === 'cpu' ? complaint.pop() : undefined;
  if (done.status !== 0)
    throw new Error(`ended with ${done.status ?? done.signal}: ${complaint.slice(-2).join(' ')}`);
  if (times === undefined) return { seconds: wall, text };
  const [user = Number.NaN, sys = Number.NaN] = times.split(' ').map(Number);
  return { seconds: user + sys, text };
}
