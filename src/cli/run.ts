/**
 * `strake run`: run a program of the guest, or one of the host's, and exit as it did.
 */
import fs from 'node:fs';
import path from 'node:path';
import { Command, Option } from 'commander';
import { BootError } from '../api/boot.ts';
import { DEFAULT_PROBATION, Kernel } from '../api/kernel.ts';
import { DEFAULT_PATH, SpawnError } from '../api/process.ts';
import type { BootOptions, DiskOption, ExitStatus, MountOption } from '../api/options.ts';
import { describeWaits } from '../api/waits.ts';
import { nodeHost } from '../host/node/index.ts';
import { startQuietly } from '../host/node/quiet-start.ts';
import { complain, EXIT_FAILURE, EXIT_NOT_EXECUTABLE, EXIT_NOT_FOUND, EXIT_SIGNAL } from './exit.ts';
import {
  parseCache,
  parseCount,
  parseDisk,
  parseEnvironment,
  parseModule,
  parseMount,
  parseReplacement,
  parseSeed,
  parseSize,
  parseSwap,
  parseUser,
} from './parse.ts';
import { printCalls } from './report.ts';

export interface RunOptions {
  readonly root?: string;
  readonly mount?: readonly MountOption[];
  readonly disk?: readonly DiskOption[];
  readonly swap?: DiskOption;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly memory: number;
  readonly jitCache?: number;
  readonly keep: boolean;
  readonly module?: Readonly<Record<string, string>>;
  readonly replace?: readonly string[];
  readonly transfer: 'move' | 'copy';
  readonly probation: number;
  readonly onDemand?: boolean;
  readonly deterministic?: boolean;
  readonly seed: number;
  readonly digest?: true | 'full' | 'output';
  readonly syscalls?: boolean;
  readonly strace?: boolean;
  readonly stats?: string;
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly hostProgram?: boolean;
}

/** What was asked for beside the run could not be done. */
class ReportError extends Error {}

const DEFAULT_ROWS = 24;
const DEFAULT_COLUMNS = 80;
const SIGPIPE = 13;

export function runCommand(): Command {
  return new Command('run')
    .description('run a riscv64 Linux program and exit with its exit code (128+N for signal N)')
    .argument('<program>', "a program in the guest's PATH, or a path in the guest")
    .argument('[args...]', 'its arguments')
    .passThroughOptions()
    .option(
      '--root <dir|tar>',
      'host folder or tar archive as root, read-only below a RAM overlay (default: the embedded root)',
    )
    .option(
      '--mount <host:guest[:ro]>',
      'mount a host folder, a disk (disk:NAME:GUEST) or a tar archive (tar:FILE:GUEST); may be repeated',
      parseMount,
    )
    .option(
      '--disk <name=file[:ro][:timed]>',
      '/dev/NAME over a host file, or in memory (NAME=ram:64M); timed: as slow as a real one; may be repeated',
      parseDisk,
    )
    .option(
      '--swap <size|file>',
      "where pages go that do not fit into guest memory: the host's memory, or a host file; vm=paging puts them there",
      parseSwap,
    )
    .option('--env <name=value>', 'set an environment variable; may be repeated', parseEnvironment)
    .option('--cwd <dir>', 'working directory', '/')
    .option('--user <uid[:gid]>', 'run as this user (default: root)', parseUser)
    .addOption(new Option('--memory <size>', 'guest memory').argParser(parseSize).default(2 ** 30, '1G'))
    .option(
      '--jit-cache <size>',
      'most WebAssembly that engine jit keeps of what it translates (default: 64M)',
      parseCache,
    )
    .option('--no-keep', 'neither use nor keep what engine jit translates for later runs of the same program')
    .option(
      '--module <slot=name>',
      'fill a slot with this module, by name or path; may be repeated',
      parseModule,
    )
    .option(
      '--replace <slot=name@when>',
      'replace later: @200ms, @1000entries, @every:N(ms|entries)',
      parseReplacement,
    )
    .addOption(
      new Option('--transfer <how>', 'how state goes over at a replacement')
        .choices(['move', 'copy'])
        .default('move'),
    )
    .addOption(
      new Option('--probation <entries>', 'kernel entries that a new module serves on probation; 0 for none')
        .argParser(parseCount)
        .default(DEFAULT_PROBATION),
    )
    .option('--on-demand', 'bring in a module that has what a call needs and the one in place lacks')
    .option('--deterministic', 'virtual time: the same run every time')
    .addOption(
      new Option('--seed <n>', 'seed of random numbers with --deterministic').argParser(parseSeed).default(1),
    )
    .addOption(
      new Option('--digest [what]', 'print a hash of what the guests saw')
        .choices(['full', 'output'])
        .preset('full'),
    )
    .option('--syscalls', 'list the system calls used, and those that are absent')
    .option('--strace', 'print every system call')
    .option('--stats <file>', 'write figures of the run as JSON')
    .option('-i, --interactive', 'with -t: feed standard input to the terminal though it is none')
    .option('-t, --tty', "the program's standard streams are a terminal")
    .option('--host-program', 'PROGRAM is a path on the host; it is put into the guest')
    .addHelpText(
      'after',
      `
Examples:
  $ strake run sh -c 'echo $((6 * 7))'
  $ strake run --host-program ./hello-riscv64 arg
  $ strake run --root ./debian --mount .:/work --cwd /work -it bash
  $ strake run --module vm=primitive --replace vm=cow@100ms -- forkbench 64 10
  $ strake run --disk vda=disk.img --mount disk:vda:/mnt -- ls -l /mnt
  $ strake run --deterministic --digest --replace scheduler=time-sharing@every:1entries -- sh script.sh`,
    )
    .action(async (program: string, args: string[], options: RunOptions) => {
      process.exitCode = await run(program, args, options);
      // Input may still be open; nothing is left to be waited for.
      process.exit();
    });
}

/**
 * `--digest` takes its value only after `=`, so that `--digest PROGRAM` means what it says: commander would take PROGRAM for
 * the value. Looks at the options before the program alone.
 * @param argv the whole command line, node and script included @returns it with a bare `--digest` given its default
 */
export function spellOutDigest(argv: readonly string[], command: Command): string[] {
  const result = [...argv];
  if (result[2] !== command.name()) return result;
  for (let at = 3; at < result.length; at++) {
    const token = result[at] as string;
    if (!token.startsWith('-') || token === '--') break;
    if (token === '--digest') result[at] = '--digest=full';
    const option = command.options.find(({ long, short }) => long === token || short === token);
    if (option?.required === true) at++;
  }
  return result;
}

/** Run one program as `strake run` does. @returns the exit code */
export async function run(program: string, args: readonly string[], options: RunOptions): Promise<number> {
  let kernel: Kernel;
  const booted = startQuietly();
  try {
    kernel = await Kernel.boot(bootOptions(program, options));
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    return EXIT_FAILURE;
  } finally {
    booted();
  }
  const restore = options.tty === true ? attachTerminal(kernel) : (): void => {};
  const report = (): void => reportRun(kernel, options);
  process.once('exit', restore);
  // Node has nothing left to do: no input, no timer, no program that can run.
  process.once('beforeExit', () => {
    complain(`every thread waits and nothing can wake one: ${describeWaits(kernel.waits())}`);
    process.exit(EXIT_FAILURE);
  });
  try {
    const argv = [options.hostProgram === true ? await place(kernel, program) : program, ...args];
    const spawned = await kernel.spawn(argv, {
      env: { PATH: DEFAULT_PATH, HOME: '/root', TERM: process.env['TERM'] ?? 'dumb', ...options.env },
      cwd: options.cwd,
      ...(options.user === undefined ? {} : { user: options.user }),
    });
    const status = await spawned.exited;
    restore();
    report();
    return exitCode(status);
  } catch (error) {
    restore();
    return failure(error);
  } finally {
    await kernel.shutdown();
  }
}

const exitCode = ({ code, signal }: ExitStatus): number => (signal === 0 ? code : EXIT_SIGNAL + signal);

function failure(error: unknown): number {
  if (error instanceof SpawnError) {
    complain(error.message);
    return error.errno === 'ENOENT' || error.errno === 'ENOTDIR' ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
  }
  if (error instanceof BootError || error instanceof ReportError) complain(error.message);
  else complain(error instanceof Error ? error.stack || error.message : String(error));
  return EXIT_FAILURE;
}

function bootOptions(program: string, options: RunOptions): BootOptions {
  const { root, mount, replace, digest, tty, strace, swap } = options;
  const disk = swap === undefined ? options.disk : [...(options.disk ?? []), swap];
  const module = swap === undefined ? options.module : { vm: 'paging', ...options.module };
  const noInput = tty === true && options.interactive !== true && !process.stdin.isTTY;
  return {
    host: nodeHost({
      ...(noInput ? { stdin: null } : {}),
      ...(options.keep ? { keepFor: [program, root ?? '', String(options.memory)] } : {}),
      onClosed: () => process.exit(EXIT_SIGNAL + SIGPIPE),
    }),
    memory: options.memory,
    transfer: options.transfer,
    probation: options.probation,
    onDemand: options.onDemand ?? false,
    deterministic: options.deterministic ?? false,
    seed: options.seed,
    log: complain,
    ...(root === undefined ? {} : { root }),
    ...(mount === undefined ? {} : { mounts: mount }),
    ...(disk === undefined ? {} : { disks: disk }),
    ...(replace === undefined ? {} : { replace }),
    ...(options.jitCache === undefined ? {} : { jitCache: options.jitCache }),
    ...(module === undefined ? {} : { modules: module }),
    ...(digest === undefined ? {} : { digest: digest === true ? 'full' : digest }),
    ...(tty === true ? { terminal: terminalSize() } : {}),
    ...(strace === true ? { trace: (line: string): void => void process.stderr.write(`${line}\n`) } : {}),
  };
}

const terminalSize = (): { rows: number; columns: number } => ({
  rows: process.stdout.rows ?? DEFAULT_ROWS,
  columns: process.stdout.columns ?? DEFAULT_COLUMNS,
});

/** Put a program of the host into the guest. @returns its path there */
async function place(kernel: Kernel, program: string): Promise<string> {
  const target = `/tmp/${path.basename(program)}`;
  let bytes: Uint8Array;
  try {
    bytes = fs.readFileSync(program);
  } catch (error) {
    throw new SpawnError(program, (error as { readonly code?: string }).code === 'ENOENT' ? -2 : -13);
  }
  await kernel.install(target, bytes, 0o755);
  return target;
}

/** The host's terminal in raw mode, its size followed. @returns what puts it back */
function attachTerminal(kernel: Kernel): () => void {
  const { stdin, stdout } = process;
  if (!stdin.isTTY) return () => {};
  stdin.setRawMode(true);
  const resize = (): void => {
    const { rows, columns } = terminalSize();
    kernel.resize(rows, columns);
  };
  stdout.on('resize', resize);
  return () => {
    stdout.off('resize', resize);
    stdin.setRawMode(false);
  };
}

function reportRun(kernel: Kernel, options: RunOptions): void {
  if (options.stats !== undefined) {
    try {
      fs.writeFileSync(options.stats, `${JSON.stringify(kernel.stats(), null, 2)}\n`);
    } catch (error) {
      throw new ReportError(
        `--stats ${options.stats}: ${(error as { readonly code?: string }).code ?? error}`,
      );
    }
  }
  if (options.syscalls === true) printCalls(kernel.stats());
  if (options.digest !== undefined) process.stderr.write(`digest ${kernel.digest()}\n`);
}
