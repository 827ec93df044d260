/**
 * What the tests of limits share: compiled programs, and one kernel in which many programs run, one after another.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { Kernel } from '../../src/api/kernel.ts';
import { SpawnError } from '../../src/api/process.ts';
import type { BootOptions, SpawnOptions } from '../../src/api/options.ts';
import { nodeHost } from '../../src/host/node/index.ts';
import { PATH } from '../support/guest.ts';

const PROGRAMS = resolve(import.meta.dirname, 'programs');
export const COMPILER = 'riscv64-linux-gnu-gcc';
export const haveCompiler: boolean =
  spawnSync(COMPILER, ['--version'], { stdio: 'ignore' }).error === undefined;
if (!haveCompiler) process.stderr.write(`no ${COMPILER}: tests that compile programs are skipped\n`);

/** A folder of the host that goes when the tests are done. */
export class Scratch {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'strake-limits-'));
  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** `programs/NAME.c` as a static riscv64 executable. */
export function compile(scratch: Scratch, name: string, ...flags: readonly string[]): Uint8Array {
  const to = scratch.path(`${name}${flags.length}.elf`);
  const args = ['-static', '-O1', '-w', '-pthread', '-o', to, `${name}.c`, ...flags];
  const { status, stderr } = spawnSync(COMPILER, args, { cwd: PROGRAMS, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return readFileSync(to);
}

/** How a program ended: its exit code, 128 + the signal, or the name of the errno by which it could not start. */
export interface Outcome {
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** A kernel that outlives what goes wrong in it. */
export class TestKernel {
  readonly kernel: Kernel;
  readonly #output: string[];
  /** What the kernel said to its host. */
  readonly log: readonly string[];

  private constructor(kernel: Kernel, output: string[], log: readonly string[]) {
    this.kernel = kernel;
    this.#output = output;
    this.log = log;
  }

  static async boot(options: Partial<Omit<BootOptions, 'host'>> = {}): Promise<TestKernel> {
    const output = ['', '', ''];
    const log: string[] = [];
    const stdin = new PassThrough();
    stdin.end();
    const host = nodeHost({
      stdin,
      onOutput: (stream, bytes) => {
        output[stream] += Buffer.from(bytes).toString('latin1');
      },
    });
    const kernel = await Kernel.boot({ log: (line) => void log.push(line), ...options, host });
    return new TestKernel(kernel, output, log);
  }

  /**
   * Run a program to its end. Rejects only for what is no fault of the program's.
   * @param patience ms after which it is killed, for one that may loop
   */
  async run(argv: readonly string[], options: SpawnOptions = {}, patience?: number): Promise<Outcome> {
    this.#output[1] = this.#output[2] = '';
    let status: Outcome['status'];
    let timer: NodeJS.Timeout | undefined;
    try {
      const program = await this.kernel.spawn(argv, { env: { PATH }, ...options });
      if (patience !== undefined) timer = setTimeout(() => this.kernel.kill(program.pid, 9), patience);
      const { code, signal } = await program.exited;
      status = signal === 0 ? code : 128 + signal;
    } catch (error) {
      if (!(error instanceof SpawnError)) throw error;
      status = error.errno;
    } finally {
      clearTimeout(timer);
    }
    return { status, stdout: this.#output[1] as string, stderr: this.#output[2] as string };
  }

  sh(script: string, options: SpawnOptions = {}): Promise<Outcome> {
    return this.run(['/bin/sh', '-c', script], options);
  }

  install(path: string, content: Uint8Array | string): Promise<void> {
    return this.kernel.install(
      path,
      typeof content === 'string' ? Buffer.from(content, 'latin1') : content,
      0o755,
    );
  }
}
