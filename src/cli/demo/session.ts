/**
 * A kernel for one scenario: booted on the chosen root, its programs' output kept as lines.
 *
 * On a root of the user's the demo's own programs are put below /tmp/strake; the rest of that root stays as it is.
 */
import { Kernel } from '../../api/kernel.ts';
import type { BootOptions, ExitStatus } from '../../api/options.ts';
import type { KernelHost } from '../../api/host.ts';
import { DEFAULT_PATH } from '../../api/process.ts';
import { nodeHost } from '../../host/node/index.ts';
import { reasonOf } from '../../lib/reason.ts';
import type { Usage } from './record.ts';
import { shellOf } from './shell.ts';

const PROGRAMS = [
  'copies',
  'forkbench',
  'latency',
  'mapfile',
  'periodic',
  'pingpong',
  'seekers',
  'signals',
  'spin',
  'threads',
  'ticker',
  'toolbox',
];
/** Where a scenario's own files are in the guest. */
export const FOLDER = '/tmp/strake';
const MS = 1_000_000;
const POLL_MS = 5;
/** A program that has not said in so much host time what it was waited for will not say it. */
const PATIENCE_NS = 300e9;

export interface SessionOptions
  extends Pick<
    BootOptions,
    | 'root'
    | 'modules'
    | 'deterministic'
    | 'disks'
    | 'onDemand'
    | 'digest'
    | 'replace'
    | 'transfer'
    | 'probation'
  > {
  readonly memory: number;
  /** The scenario's present step, for people who wait. */
  readonly progress: (text: string) => void;
}

export interface Started {
  readonly name: string;
  readonly pid: number;
  /** How it ended, in time. */
  readonly exited: Promise<ExitStatus>;
}

export class Session {
  readonly kernel: Kernel;
  readonly progress: (text: string) => void;
  /** The root's shell; empty if it has none. */
  readonly shell: readonly string[];
  readonly #host: KernelHost;
  readonly #output: readonly Uint8Array[][];
  readonly #path: string;
  readonly #began: { readonly ns: number; readonly cpu: number };
  #peak = 0;

  private constructor(
    kernel: Kernel,
    host: KernelHost,
    output: readonly Uint8Array[][],
    path: string,
    options: SessionOptions,
  ) {
    this.kernel = kernel;
    this.progress = options.progress;
    this.shell = shellOf(options.root);
    this.#host = host;
    this.#output = output;
    this.#path = path;
    this.#began = { ns: host.now(), cpu: hostCpu() };
  }

  /** Boot. Rejects as Kernel.boot does. */
  static async boot(options: SessionOptions): Promise<Session> {
    const { progress, ...boot } = options;
    const { root } = boot;
    progress('boot');
    const output: readonly Uint8Array[][] = [[], [], []];
    const host = nodeHost({ stdin: null, onOutput: (stream, bytes) => void output[stream]?.push(bytes) });
    const kernel = await Kernel.boot({ ...boot, host });
    if (root !== undefined) await installPrograms(kernel, host);
    const path = root === undefined ? DEFAULT_PATH : `${FOLDER}:${DEFAULT_PATH}`;
    return new Session(kernel, host, output, path, options);
  }

  /** Host time in ns. */
  now(): number {
    return this.#host.now();
  }

  pause(ms: number): Promise<void> {
    this.#sample();
    return new Promise((resolve) => {
      this.#host.after(ms * MS, () => {
        this.#sample();
        resolve();
      });
    });
  }

  async start(...argv: readonly string[]): Promise<Started> {
    const { pid, exited } = await this.kernel.spawn(argv, { env: { PATH: this.#path, HOME: '/root' } });
    return { name: argv[0] ?? '', pid, exited };
  }

  /** Start a shell script, from a file of its own. */
  async script(name: string, text: string): Promise<Started> {
    await this.file(name, text);
    return { ...(await this.start(...this.shell, `${FOLDER}/${name}`)), name };
  }

  /** Put a text into the scenario's folder: a script, or a sign that a script waits for. */
  file(name: string, text: string): Promise<void> {
    return this.kernel.install(`${FOLDER}/${name}`, Buffer.from(text), 0o644);
  }

  /**
   * Wait until so many lines match. @returns all that do. Rejects if the program that says them ends before, or says
   * nothing more
   */
  async until(program: Started, pattern: RegExp, count: number): Promise<readonly string[]> {
    let end: string | null = null;
    program.exited.then(
      ({ code, signal }) => (end = signal === 0 ? `exit code ${code}` : `signal ${signal}`),
      (error: unknown) => (end = reasonOf(error)),
    );
    const until = this.now() + PATIENCE_NS;
    for (;;) {
      // Looked at first: what a program says before it ends counts.
      const ended = end;
      const found = this.lines().filter((line) => pattern.test(line));
      if (found.length >= count) return found;
      const last = this.lines(2).at(-1) ?? '';
      if (ended !== null) throw new Error(`${program.name} ended too early (${ended}) ${last}`.trim());
      if (this.now() > until) throw new Error(`${program.name} says nothing more; ${last}`);
      await this.pause(POLL_MS);
    }
  }

  /** Run one to its end. @returns whether it succeeded */
  async run(...argv: readonly string[]): Promise<boolean> {
    const { exited } = await this.start(...argv);
    return succeeded(await exited);
  }

  /** All complete lines of a stream so far. */
  lines(stream: 1 | 2 = 1): readonly string[] {
    const text = Buffer.concat(this.#output[stream] ?? []).toString('utf8');
    return text.split('\n').slice(0, -1);
  }

  /** CPU time in ns that some processes have had; NaN for one that is gone. */
  cpuTimes(pids: readonly number[]): readonly number[] {
    const all = this.kernel.processes();
    return pids.map((pid) => all.find((process) => process.pid === pid)?.cpuNs ?? Number.NaN);
  }

  /** Stop the kernel. @returns what the scenario used */
  async finish(): Promise<Usage> {
    this.#sample();
    const { wallNs, kernelEntries, instructions } = this.kernel.stats();
    await this.kernel.shutdown();
    const { ns, cpu } = this.#began;
    const hostShare = Math.min(1, (hostCpu() - cpu) / (this.now() - ns));
    return { wallNs, kernelEntries, instructions, peakBytes: this.#peak, hostShare };
  }

  #sample(): void {
    const { totalBytes, freeBytes } = this.kernel.stats().memory;
    this.#peak = Math.max(this.#peak, totalBytes - freeBytes);
  }
}

/** Host CPU time in ns that this process has had, all its threads together. */
function hostCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

export const succeeded = ({ code, signal }: ExitStatus): boolean => code === 0 && signal === 0;

async function installPrograms(kernel: Kernel, host: KernelHost): Promise<void> {
  for (const name of PROGRAMS) {
    await kernel.install(`${FOLDER}/${name}`, await host.asset(`userland/bin/${name}`), 0o755);
  }
}
