/**
 * Running guest programs in tests: boot a kernel, run one program, collect what it put out.
 */
import { PassThrough } from 'node:stream';
import { nodeHost } from '../../src/host/node/index.ts';
import { Kernel } from '../../src/api/kernel.ts';
import type { KernelHost } from '../../src/api/host.ts';
import type { BootOptions, ExitStatus, SpawnOptions } from '../../src/api/options.ts';
import type { KernelStats } from '../../src/api/stats.ts';

export interface GuestRun {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: ExitStatus;
  readonly digest: string;
  readonly stats: KernelStats;
  /** What the kernel said to its host: refused modules. */
  readonly log: readonly string[];
}

export interface GuestOptions extends Partial<Omit<BootOptions, 'host'>> {
  readonly stdin?: string;
  readonly spawn?: SpawnOptions;
  /** Files put into the guest before the program starts: path to content. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** The host's side, changed for the test. */
  readonly host?: (host: KernelHost) => KernelHost;
  /** Called when the program has been started. */
  readonly started?: (kernel: Kernel, pid: number) => void;
}

export const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Boot, run `argv` to its end, shut down. Output is text of UTF-8. */
export async function runGuest(argv: readonly string[], options: GuestOptions = {}): Promise<GuestRun> {
  const { stdin, spawn, files, started, host: changed, ...boot } = options;
  const output: Uint8Array[][] = [[], [], []];
  const log: string[] = [];
  const input = new PassThrough();
  input.end(stdin ?? '');
  const node = nodeHost({ stdin: input, onOutput: (stream, bytes) => void output[stream]?.push(bytes) });
  const host = changed?.(node) ?? node;
  const kernel = await Kernel.boot({ log: (line) => void log.push(line), ...boot, host });
  try {
    for (const [path, content] of Object.entries(files ?? {})) {
      await kernel.install(path, typeof content === 'string' ? Buffer.from(content) : content, 0o755);
    }
    const program = await kernel.spawn(argv, { env: { PATH, HOME: '/root' }, ...spawn });
    started?.(kernel, program.pid);
    const status = await program.exited;
    return {
      stdout: Buffer.concat(output[1] ?? []).toString(),
      stderr: Buffer.concat(output[2] ?? []).toString(),
      status,
      digest: boot.digest === undefined ? '' : kernel.digest(),
      stats: kernel.stats(),
      log,
    };
  } finally {
    await kernel.shutdown();
  }
}
