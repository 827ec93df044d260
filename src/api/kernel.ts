/**
 * Kernel: the library's surface. Boot one, spawn programs in it, replace its parts.
 *
 * Asynchronous with plain arguments, so that the same calls can cross to a worker. Owns the pump that gives the host its
 * turns; everything else is the nucleus's and the modules'.
 */
import type { ModuleEntry } from '../contracts/kernel.ts';
import type { SlotName } from '../contracts/module.ts';
import { type ImageEntry, populate, type Settle } from '../image/populate.ts';
import { reasonOf } from '../lib/reason.ts';
import { toByteString } from '../lib/utf8.ts';
import type { LedgerEntry } from '../nucleus/ledger.ts';
import { Nucleus } from '../nucleus/nucleus.ts';
import type { AnyModule } from '../nucleus/registry.ts';
import { parsePlan } from '../nucleus/schedule.ts';
import type { Trying } from '../nucleus/trial.ts';
import { mountAll, settler } from './boot.ts';
import { chooseDefaults, isPath, loadFile } from './chosen-modules.ts';
import { createProcess, DEFAULT_PATH, SpawnError } from './process.ts';
import { builtinModules, defaultModules, ENGINE_BYTES } from './builtin.ts';
import type { KernelHost, Make } from './host.ts';
import type { BootOptions, ExitStatus, ReplacementMap, SpawnOptions } from './options.ts';
import { type KernelStats, type ProcessStat, processesOf, statsOf } from './stats.ts';
import { describeWaits, type WaitStat, waitsOf } from './waits.ts';

export const RELEASE = '6.12.0-strake';
const VERSION = '#1 Strake';
const DEFAULT_MEMORY = 1 << 30;
/** Bytes of WebAssembly; the host needs some times as much for what it makes of it. */
export const DEFAULT_JIT_CACHE: number = 64 << 20;
/** Kernel entries that a module new to its slot serves on probation. */
export const DEFAULT_PROBATION = 1000;
const X_OK = 1;
/** How long the kernel keeps the host's thread before it lets other tasks run, in ns. */
const TURN_NS = 20_000_000;

/** A process that the host started. */
export interface KernelProcess {
  readonly pid: number;
  /** Resolves when it ends; rejects with SpawnError if it could not be started. */
  readonly exited: Promise<ExitStatus>;
}

interface Awaited {
  readonly program: string;
  readonly resolve: (status: ExitStatus) => void;
  readonly reject: (error: Error) => void;
}

export class Kernel {
  readonly #host: KernelHost;
  readonly #nucleus: Nucleus;
  readonly #awaited = new Map<number, Awaited>();
  readonly #bootedAt: number;
  readonly #terminal: boolean;
  #pumping = false;
  #running = false;
  #cancelTimer: (() => void) | null = null;
  #failure: Error | null = null;
  #onCompletion: (() => void) | null = null;

  private constructor(options: BootOptions, extra: ReadonlyMap<string, AnyModule>) {
    this.#host = options.host;
    this.#bootedAt = options.host.now();
    this.#terminal = options.terminal !== undefined;
    const log = options.log ?? ((): void => {});
    const builtin = builtinModules();
    const standard = defaultModules();
    const chosen = chooseDefaults(builtin, standard, extra, options.modules ?? {});
    const trace = options.trace;
    this.#nucleus = new Nucleus({
      adapter: options.host,
      settings: {
        release: RELEASE,
        version: VERSION,
        machine: 'riscv64',
        hostname: options.hostname ?? 'strake',
        memoryBytes: options.memory ?? DEFAULT_MEMORY,
        codeCacheBytes: options.jitCache ?? DEFAULT_JIT_CACHE,
        deterministic: options.deterministic ?? false,
        terminal: this.#terminal,
      },
      modules: [...builtin, ...extra.values()],
      defaults: chosen,
      standard,
      engineBytes: ENGINE_BYTES,
      seed: options.seed ?? 1,
      digest: options.digest ?? null,
      transfer: options.transfer ?? 'move',
      probation: options.probation ?? DEFAULT_PROBATION,
      onDemand: options.onDemand ?? false,
      resolve: (slot, name) => extra.get(`${slot}=${name}`) ?? this.#nucleus.find(slot, name),
      ended: (pid, status, error) => this.#ended(pid, status, error),
      log,
      trace: trace === undefined ? null : (_tid, line): void => trace(line),
    });
    this.#nucleus.host.onCompletion = (): void => {
      if (this.#onCompletion !== null) this.#onCompletion();
      else this.#wake();
    };
  }

  /**
   * Boot a kernel: machine, modules, mounts. Rejects with BootError, Refusal, PlanError or RangeError, each with a message
   * that says what to do; nothing is left behind then.
   */
  static async boot(options: BootOptions): Promise<Kernel> {
    const plans = (options.replace ?? []).map(parsePlan);
    const extra = new Map<string, AnyModule>();
    const makes = new Map<AnyModule, Make>();
    const named = [
      ...plans.map(({ slot, name }) => [slot, name] as const),
      ...Object.entries(options.modules ?? {}),
    ];
    for (const [slot, name] of named) {
      if (!isPath(name)) continue;
      const { module, logged } = await loadFile(options.host, slot as SlotName, name);
      extra.set(`${slot}=${name}`, module);
      if (logged !== null) makes.set(module, logged);
    }
    const kernel = new Kernel(options, extra);
    const planned = plans.map(
      ({ slot, name }) => extra.get(`${slot}=${name}`) ?? kernel.#nucleus.find(slot, name),
    );
    await kernel.#nucleus.prepare([...planned, ...makes.keys()], makes);
    options.host.fillInput(options.deterministic ?? false);
    const nucleus = kernel.#nucleus;
    await mountAll(nucleus, options.host, options, kernel.#settler());
    if (options.terminal !== undefined) {
      nucleus.kernel.tty.openConsole(options.terminal.rows, options.terminal.columns);
    }
    const record = nucleus.kernel;
    for (const plan of plans) nucleus.schedule.add(plan, record.counters.kernelEntries, record.time.now());
    return kernel;
  }

  /** Start a program. `argv[0]` is looked up as given; a name without `/` in the PATH of `env`. */
  async spawn(argv: readonly string[], options: SpawnOptions = {}): Promise<KernelProcess> {
    const program = argv[0];
    if (program === undefined) throw new TypeError('spawn needs at least a program name');
    const { kernel } = this.#nucleus;
    const settle = this.#settler();
    const env = options.env ?? {};
    const root = this.#nucleus.attempt(() => kernel.process.place(1).root);
    const path = await this.#lookUp(program, env['PATH'] ?? DEFAULT_PATH, settle);
    const cwd = await settle(() => kernel.vfs.resolve(1, 0, toByteString(options.cwd ?? '/'), true));
    if (cwd < 0) throw new SpawnError(`working directory ${options.cwd ?? '/'}`, cwd);
    const { uid, gid } = options.user ?? { uid: 0, gid: 0 };
    const terminal = (options.terminal ?? true) && this.#terminal;
    const pid = this.#nucleus.attempt(() => createProcess(kernel, root, cwd, uid, gid, terminal));
    if (pid < 0) throw new SpawnError(program, pid);
    const exited = new Promise<ExitStatus>((resolve, reject) => {
      this.#awaited.set(pid, { program, resolve, reject });
    });
    const envp = Object.entries(env).map(([name, value]) => toByteString(`${name}=${value}`));
    const nucleus = this.#nucleus;
    this.#guard(() =>
      nucleus.attempt(() => nucleus.dispatcher.exec(pid, path, argv.map(toByteString), envp)),
    );
    this.#wake();
    return { pid, exited };
  }

  /** Put a file into the guest's tree, its folder included. Rejects with ImageError. */
  async install(path: string, bytes: Uint8Array, mode: number): Promise<void> {
    const settle = this.#settler();
    const target = toByteString(path);
    const folder: ImageEntry = {
      type: 'directory',
      path: target.slice(0, target.lastIndexOf('/')),
      mode: 0o755,
    };
    // A copy in a buffer of its own: a guest's module may be what takes it.
    const file: ImageEntry = { type: 'file', path: target, mode, bytes: new Uint8Array(bytes) };
    await populate(this.#nucleus.kernel, settle, folder.path === '' ? [file] : [folder, file]);
  }

  /** Replace modules, all or none, at the next kernel-entry boundary. Rejects with ReplacementError or Refusal. */
  async replace(
    request: ReplacementMap,
    options: { transfer?: 'move' | 'copy' } = {},
  ): Promise<readonly LedgerEntry[]> {
    // A caller may sit in a callback of an entry: leave its stack first, then no module runs.
    await Promise.resolve();
    const modules: AnyModule[] = [];
    const makes = new Map<AnyModule, Make>();
    for (const [slot, name] of Object.entries(request)) {
      if (isPath(name)) {
        const { module, logged } = await loadFile(this.#host, slot as SlotName, name);
        modules.push(module);
        if (logged !== null) makes.set(module, logged);
      } else modules.push(this.#nucleus.find(slot as SlotName, name));
    }
    await this.#nucleus.prepare(modules, makes);
    return this.#nucleus.replace(modules, 'host', options.transfer);
  }

  /**
   * Rely on an optional interface of a slot (`modules()` says who has which): replacements that would take it away are
   * refused until it is given back. Throws Refusal if the module in place has it not. @returns how to give it back
   */
  lease(slot: SlotName, name: string): () => void {
    return this.#nucleus.cells.lease(slot, name);
  }

  /** Send a signal to a process, as the host. */
  kill(pid: number, signal: number): void {
    const { kernel } = this.#nucleus;
    this.#nucleus.attempt(() => {
      if (kernel.process.findGroup(pid) === null) return;
      const info = { signal, code: 0x80, pid: 0, uid: 0, status: 0, address: 0, value: 0 };
      kernel.process.signalGroup(pid, info);
    });
    this.#wake();
  }

  /** The host's terminal changed its size. */
  resize(rows: number, columns: number): void {
    const { kernel } = this.#nucleus;
    this.#nucleus.attempt(() => kernel.tty.resize(rows, columns));
    this.#wake();
  }

  modules(): readonly ModuleEntry[] {
    return this.#nucleus.modules();
  }

  /** Modules that are on probation. */
  trying(): readonly Trying[] {
    return this.#nucleus.trial.trying();
  }

  ledger(): readonly LedgerEntry[] {
    return this.#nucleus.ledger.entries();
  }

  /** Hex digest of the run so far; of nothing unless boot asked for one. */
  digest(): string {
    return this.#nucleus.digest();
  }

  stats(): KernelStats {
    return statsOf(this.#nucleus, this.#host.now() - this.#bootedAt);
  }

  /** The processes there are, with the CPU time that each has had. */
  processes(): readonly ProcessStat[] {
    return processesOf(this.#nucleus);
  }

  /** What each thread waits for, of those that do. */
  waits(): readonly WaitStat[] {
    return waitsOf(this.#nucleus);
  }

  /** Stop: no process runs again, and those that are awaited reject; disks are written back, input is let go of. */
  async shutdown(): Promise<void> {
    this.#cancelTimer?.();
    const { block, vfs, engine } = this.#nucleus.kernel;
    try {
      // What was written by a kernel that failed may be wrong.
      if (this.#failure === null && block.disks().length > 0) await this.#settler()(() => vfs.sync(0, true));
      if (this.#failure === null && this.#host.kept !== null) {
        const kept = engine.toKeep?.() ?? null;
        if (kept !== null) this.#host.kept.keep(kept);
      }
    } finally {
      if (this.#failure === null) this.#fail(new Error('the kernel was shut down'));
      this.#host.close();
    }
  }

  async #lookUp(
    program: string,
    path: string,
    settle: (operation: () => number) => Promise<number>,
  ): Promise<string> {
    const name = toByteString(program);
    if (name.includes('/') || name === '') return name;
    const { vfs } = this.#nucleus.kernel;
    for (const folder of path.split(':')) {
      const candidate = `${folder === '' ? '.' : toByteString(folder)}/${name}`;
      const found = await settle(() => vfs.access(1, 0, candidate, X_OK, false, true));
      if (found === 0) return candidate;
    }
    return `/${name}`;
  }

  #ended(pid: number, status: number, error: number): void {
    const awaited = this.#awaited.get(pid);
    if (awaited === undefined) return;
    this.#awaited.delete(pid);
    if (error !== 0) awaited.reject(new SpawnError(awaited.program, error));
    else awaited.resolve({ code: (status >> 8) & 0xff, signal: status & 0x7f });
  }

  #settler(): Settle {
    return settler(
      this.#nucleus,
      () => this.#completion(),
      (ns) => new Promise((resolve) => this.#host.after(ns, resolve)),
    );
  }

  /** The next completion of the host, while no guest runs. */
  #completion(): Promise<void> {
    if (this.#nucleus.host.ready()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onCompletion = (): void => {
        this.#onCompletion = null;
        resolve();
      };
    });
  }

  #wake(): void {
    if (this.#pumping || this.#running || this.#failure !== null) return;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#pumping = true;
    this.#host.defer(() => {
      this.#pumping = false;
      this.#turn();
    });
  }

  /** Run guests for one turn, then say when to come back. */
  #turn(): void {
    if (this.#failure !== null || this.#awaited.size === 0) return;
    const until = this.#host.now() + TURN_NS;
    const outcome = this.#guard(() => {
      this.#running = true;
      return this.#nucleus.dispatcher.run(() => this.#awaited.size === 0 || this.#host.now() >= until);
    });
    this.#running = false;
    if (outcome === null) return;
    if (outcome.kind === 'busy' || this.#nucleus.host.ready()) this.#wake();
    else if (outcome.kind === 'idle' && outcome.until >= 0) {
      const ns = outcome.until - this.#nucleus.kernel.time.now();
      this.#cancelTimer = this.#host.after(Math.max(0, ns), () => this.#wake());
    } else if (outcome.kind === 'stuck') {
      this.#fail(new Error(`every thread waits and nothing can wake one: ${describeWaits(this.waits())}`));
    }
  }

  /** A bug of the kernel ends every process of the host's with its message; the embedding program lives on. */
  #guard<T>(act: () => T): T | null {
    try {
      return act();
    } catch (error) {
      this.#running = false;
      // What a guest's module threw is of its making: only its words go on.
      const own = error instanceof Error && !this.#nucleus.holdsGuestCode();
      this.#fail(own ? error : new Error(reasonOf(error)));
      return null;
    }
  }

  #fail(error: Error): void {
    this.#failure = error;
    for (const awaited of this.#awaited.values()) awaited.reject(error);
    this.#awaited.clear();
  }
}
