/**
 * A kernel taken apart for tests of replacement: the nucleus without the API around it, pumped by hand.
 *
 * Runs one program deterministically and calls back at kernel-entry boundaries where a thread stopped running, while the
 * host is waited for too. Files of host folders and module files complete only when nothing else can run, the last
 * asked for first; input comes in the pieces that the test gives, when all others wait for it.
 */
import { TIOCSCTTY } from '../../src/abi/linux/ioctl.ts';
import { mountAll, settler } from '../../src/api/boot.ts';
import { builtinModules, defaultModules, ENGINE_BYTES } from '../../src/api/builtin.ts';
import type { KernelHost, Make } from '../../src/api/host.ts';
import type { DiskOption, MountOption } from '../../src/api/options.ts';
import type { HostResult } from '../../src/contracts/host.ts';
import { nodeHost } from '../../src/host/node/index.ts';
import { populate } from '../../src/image/populate.ts';
import { Nucleus } from '../../src/nucleus/nucleus.ts';
import type { AnyModule } from '../../src/nucleus/registry.ts';
import { PATH } from './guest.ts';

export interface RigOptions {
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly mounts?: readonly MountOption[];
  readonly disks?: readonly DiskOption[];
  /** Host folder with a root file system; the embedded root where absent. */
  readonly root?: string;
  /** Standard input is a terminal. */
  readonly terminal?: boolean;
  /** Input, piece by piece; end of file behind the last. */
  readonly input?: readonly string[];
  /** Modules that fill their slots at boot. */
  readonly modules?: readonly AnyModule[];
  /** Kernel entries that a new module serves on probation; 0 unless told. */
  readonly probation?: number;
  /** At boundaries between kernel entries. @param host it is called because the host is waited for */
  readonly atBoundary?: (nucleus: Nucleus, host: boolean) => void;
}

export interface RigRun {
  readonly stdout: string;
  readonly stderr: string;
  /** wait(2) status of the program; -errno if it could not be loaded; null if the kernel failed or got stuck. */
  readonly status: number | null;
  /** Why the kernel failed; '' if it did not. */
  readonly failure: string;
  readonly digest: string;
  readonly nucleus: Nucleus;
}

const MEMORY_BYTES = 64 << 20;
/** Boundaries while the host is waited for, before each of its answers. */
const HOST_BOUNDARIES = 2;
/** A run of more turns than this hangs. */
const MAX_TURNS = 2_000_000;

interface HeldHost {
  readonly host: KernelHost;
  readonly output: readonly Uint8Array[][];
  /** From now on answers come by `release` alone. */
  hold(): void;
  /** Give one answer. @returns false if none is asked for */
  release(): boolean;
}

function heldHost(options: RigOptions): HeldHost {
  const output: Uint8Array[][] = [[], [], []];
  const real = nodeHost({ stdin: null, onOutput: (stream, bytes) => void output[stream]?.push(bytes) });
  const files: (() => void)[] = [];
  const inputs: ((result: HostResult) => void)[] = [];
  const pieces = [...(options.input ?? [])];
  let holding = false;
  const host: KernelHost = {
    ...real,
    perform(request, done) {
      if (request.kind === 'input') inputs.push(done);
      else if (holding) files.push(() => real.perform(request, done));
      else real.perform(request, done);
    },
    async loadConfined(image) {
      await new Promise<void>((resolve) => files.push(resolve));
      const { exported, logged } = await real.loadModule(image);
      return { counted: () => exported, logged: logged as Make };
    },
  };
  return {
    host,
    output,
    hold: () => {
      holding = true;
    },
    release() {
      const file = files.pop();
      if (file !== undefined) {
        file();
        return true;
      }
      const input = inputs.shift();
      input?.({ errno: 0, bytes: Uint8Array.from(Buffer.from(pieces.shift() ?? '')) });
      return input !== undefined;
    },
  };
}

/** Boot, run the program to its end or to the kernel's. */
export async function runRig(argv: readonly string[], options: RigOptions = {}): Promise<RigRun> {
  const held = heldHost(options);
  let status: number | null = null;
  let main = -1;
  const terminal = options.terminal ?? false;
  const nucleus = new Nucleus({
    adapter: held.host,
    settings: {
      release: '6.12.0-strake',
      version: '#1 Strake',
      machine: 'riscv64',
      hostname: 'strake',
      memoryBytes: MEMORY_BYTES,
      codeCacheBytes: 2 ** 26,
      deterministic: true,
      terminal,
    },
    modules: builtinModules(),
    defaults: withChosen(options.modules ?? []),
    standard: defaultModules(),
    engineBytes: ENGINE_BYTES,
    seed: 1,
    digest: 'full',
    transfer: 'move',
    probation: options.probation ?? 0,
    onDemand: false,
    resolve: (slot, name) => nucleus.find(slot, name),
    ended: (pid, ended, error) => {
      if (pid === main) status = error === 0 ? ended : error;
    },
    log: () => {},
    trace: null,
  });
  const settle = settler(nucleus, () => Promise.resolve());
  const { host } = held;
  const { mounts = [], disks = [] } = options;
  const root = options.root === undefined ? {} : { root: options.root };
  await mountAll(nucleus, host, { host, mounts, disks, ...root }, settle);
  if (terminal) nucleus.kernel.tty.openConsole(24, 80);
  for (const [path, content] of Object.entries(options.files ?? {})) {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    await populate(nucleus.kernel, settle, [{ type: 'file', path, mode: 0o755, bytes }]);
  }
  held.hold();
  let failure = '';
  try {
    main = spawn(nucleus, argv, terminal);
    await pump(nucleus, held, () => status !== null, options.atBoundary ?? ((): void => {}));
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  const text = (stream: number): string => Buffer.concat(held.output[stream] ?? []).toString();
  return { stdout: text(1), stderr: text(2), status, failure, digest: nucleus.digest(), nucleus };
}

function spawn({ kernel, dispatcher }: Nucleus, argv: readonly string[], terminal: boolean): number {
  const { root } = kernel.process.place(1);
  kernel.vfs.holdDentry(root);
  const pid = kernel.process.spawn(kernel.vm.create(), root, root, 0, 0);
  kernel.scheduler.dequeue(pid);
  for (let fd = 0; fd < 3; fd++) {
    kernel.process.installAt(
      pid,
      kernel.vfs.openStream(terminal ? -1 : fd, terminal ? 2 : Math.min(fd, 1)),
      fd,
      false,
    );
  }
  if (terminal) kernel.tty.ioctl(pid, 0, false, TIOCSCTTY, 1);
  dispatcher.exec(pid, argv[0] as string, argv, [`PATH=${PATH}`, 'HOME=/root']);
  return pid;
}

async function pump(
  nucleus: Nucleus,
  held: HeldHost,
  done: () => boolean,
  atBoundary: (nucleus: Nucleus, host: boolean) => void,
): Promise<void> {
  for (let turns = 0; !done(); ) {
    const outcome = nucleus.dispatcher.run(() => {
      if (turns++ > MAX_TURNS) throw new Error('the run does not end');
      atBoundary(nucleus, false);
      return done();
    });
    if (done()) return;
    if (outcome.kind === 'stuck') throw new Error('every thread waits and nothing can wake one');
    for (let i = 0; i < HOST_BOUNDARIES; i++) atBoundary(nucleus, true);
    held.release();
    // A module file is evaluated by promises.
    while (!nucleus.host.ready() && !held.release()) await new Promise((resolve) => setImmediate(resolve));
  }
}

function withChosen(chosen: readonly AnyModule[]): readonly AnyModule[] {
  return defaultModules().map(
    (standard) =>
      chosen.find(
        ({ manifest }) =>
          manifest.slot === standard.manifest.slot && manifest.type === standard.manifest.type,
      ) ?? standard,
  );
}
