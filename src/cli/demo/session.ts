/**
 * A kernel for one scenario: booted on the chosen root, its programs' output kept as lines.
 *
 * On a root of the user's the demo's own programs are put below /tmp/strake; the rest of that root stays as it is.
 */
import { Kernel } from '../../api/kernel.ts';
import type { ExitStatus } from '../../api/options.ts';
import type { KernelHost } from '../../api/host.ts';
import { DEFAULT_PATH } from '../../api/kernel.ts';
import { nodeHost } from '../../host/node/index.ts';
import type { Usage } from './record.ts';
import { shellOf } from './shell.ts';

const PROGRAMS = [
  'forkbench',
  'latency',
  'mapfile',
  'pingpong',
  'signals',
  'spin',
  'threads',
  'ticker',
  'toolbox',
];
const FOLDER = '/tmp/strake';
const MS = 1_000_000;

export interface SessionOptions {
  readonly root?: string;
  readonly memory: number;
  readonly modules?: Readonly<Record<string, string>>;
  /** The scenario's present step, for people who wait. */
  readonly progress: (text: string) => void;
}

export class Session {
  readonly kernel: Kernel;
  readonly progress: (text: string) => void;
  /** The root's shell; empty if it has none. */
  readonly shell: readonly string[];
  readonly #host: KernelHost;
  readonly #output: readonly Uint8Array[][];
  readonly #path: string;
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
  }

  /** Boot. Rejects as Kernel.boot does. */
  static async boot(options: SessionOptions): Promise<Session> {
    const { root, memory, modules, progress } = options;
    progress('boot');
    const output: readonly Uint8Array[][] = [[], [], []];
    const host = nodeHost({ stdin: null, onOutput: (stream, bytes) => void output[stream]?.push(bytes) });
    const kernel = await Kernel.boot({
      host,
      memory,
      ...(root === undefined ? {} : { root }),
      ...(modules === undefined ? {} : { modules }),
    });
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

  /** Start a program. @returns its pid, and how it ended in time */
  async start(
    ...argv: readonly string[]
  ): Promise<{ readonly pid: number; readonly exited: Promise<ExitStatus> }> {
    const program = await this.kernel.spawn(argv, { env: { PATH: this.#path, HOME: '/root' } });
    return { pid: program.pid, exited: program.exited };
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

  /** Host CPU time in ns that this process has had, all its threads together. */
  hostCpu(): number {
    const { user, system } = process.cpuUsage();
    return (user + system) * 1000;
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
    return { wallNs, kernelEntries, instructions, peakBytes: this.#peak };
  }

  #sample(): void {
    const { totalBytes, freeBytes } = this.kernel.stats().memory;
    this.#peak = Math.max(this.#peak, totalBytes - freeBytes);
  }
}

export const succeeded = ({ code, signal }: ExitStatus): boolean => code === 0 && signal === 0;

async function installPrograms(kernel: Kernel, host: KernelHost): Promise<void> {
  for (const name of PROGRAMS) {
    await kernel.install(`${FOLDER}/${name}`, await host.asset(`userland/bin/${name}`), 0o755);
  }
}
