/**
 * The Node.js host: terminal, standard streams, granted folders, time and module files (`strake/node`).
 *
 * What a kernel may touch of the machine is what this adapter was given; it grants nothing by itself.
 */
import fs from 'node:fs';
import type { HostResult } from '../../contracts/host.ts';
import type { KernelHost, Make } from '../../api/host.ts';
import { LOGGED_MODULES } from '../instrument/logged-modules.ts';
import { BesideThread } from './beside.ts';
import { turnOnWasmFeatures } from './features.ts';
import { Folders, packageFile } from './folders.ts';
import { InputSource } from './input.ts';
import { KeptFile } from './kept-file.ts';

export interface NodeHostOptions {
  /** Where standard input comes from; `process.stdin` unless told, null for none (end of file at once). */
  readonly stdin?: NodeJS.ReadableStream | null;
  /** Called with each piece of output in place of writing it to the process's own. */
  readonly onOutput?: (stream: 1 | 2, bytes: Uint8Array) => void;
  /**
   * What is run, and how: what is made of it is kept for other runs of the same, in the user's folder for such things. Nothing is kept unless
   * this is given.
   */
  readonly keepFor?: readonly string[];
  /** Standard output was closed by its reader. */
  readonly onClosed?: () => void;
  /**
   * What becomes of a module file that a guest loads. `confine`, unless told: the first one locks this realm down with
   * SES, for good, so that confined code can not reach out of it; shared built-in objects are frozen from then on and
   * errors lose their stacks. `refuse`: no such file is evaluated, and the realm stays as it is.
   */
  readonly guestModules?: 'confine' | 'refuse';
}

/** Everything that the kernel asks of Node. */
export function nodeHost(options: NodeHostOptions = {}): KernelHost {
  turnOnWasmFeatures();
  const beside = BesideThread.open();
  const folders = new Folders();
  const input = new InputSource(() => (options.stdin === undefined ? process.stdin : options.stdin));
  return {
    grant: (folder, readOnly) => folders.grant(folder, readOnly),
    grantFile: (file, readOnly) => folders.grantFile(file, readOnly),
    grantArchive: async (file) => folders.grantArchive(file),
    grantMemory: (bytes) => folders.grantMemory(bytes),
    readFile: async (file) => fs.readFileSync(file),
    asset: async (name) => fs.readFileSync(packageFile(name)),
    perform(request, done) {
      if (request.kind === 'input') input.read(request.length, (bytes): void => done({ errno: 0, bytes }));
      else done(folders.perform(request) satisfies HostResult);
    },
    write(stream, bytes) {
      if (options.onOutput !== undefined) options.onOutput(stream as 1 | 2, bytes.slice());
      else writeFully(stream, bytes, options.onClosed);
    },
    now,
    wallSeconds: () => Math.floor(Date.now() / 1000),
    wallNanoseconds: () => (Date.now() % 1000) * 1_000_000,
    random: fillRandom,
    beside,
    kept: options.keepFor === undefined ? null : KeptFile.open(options.keepFor),
    // What evaluates module files is loaded with the first one.
    loadConfined:
      options.guestModules === 'refuse'
        ? refuseModules
        : async (image) => (await import('../confined/load.ts')).loadConfined(image),
    loadModule: async (image) => (await import('../instrument/trusted.ts')).loadTrusted(image, evaluate),
    loggedModules: async () => (await evaluate(fs.readFileSync(packageFile(LOGGED_MODULES), 'utf8'))) as Make,
    defer: (task) => {
      setImmediate(task);
    },
    after: sleep,
    fillInput: (on) => input.fill(on),
    close() {
      input.close();
      beside?.close();
      folders.close();
    },
  };
}

/** Evaluate an ES module with all that code of the host may do. @returns its default export */
async function evaluate(source: string): Promise<unknown> {
  const url = `data:text/javascript;base64,${Buffer.from(source).toString('base64')}`;
  return ((await import(url)) as { readonly default?: unknown }).default;
}

/** Nanoseconds. As fast as performance.now, which takes 2 ms to load. */
function now(): number {
  const [seconds, ns] = process.hrtime();
  return seconds * 1e9 + ns;
}

/** The file is as good as node:crypto, which takes 2 ms to load, where there is one. */
function fillRandom(into: Uint8Array): void {
  let fd: number;
  try {
    fd = fs.openSync('/dev/urandom', 'r');
  } catch {
    process.getBuiltinModule('node:crypto').randomFillSync(into);
    return;
  }
  try {
    for (let done = 0; done < into.length; ) done += fs.readSync(fd, into, done, into.length - done, null);
  } finally {
    fs.closeSync(fd);
  }
}

const refuseModules = (): Promise<never> =>
  Promise.reject(new Error('this host takes no module files from guests'));

/** Timers of the host count in milliseconds; the last stretch is waited out turn by turn. */
const TIMER_GRAIN_NS = 2_000_000;

function sleep(ns: number, task: () => void): () => void {
  const due = now() + ns;
  let cancelled = false;
  let timer: NodeJS.Timeout | undefined;
  const turn = (): void => {
    if (cancelled) return;
    const left = due - now();
    if (left <= 0) task();
    else if (left < TIMER_GRAIN_NS) setImmediate(turn);
    else timer = setTimeout(turn, Math.min((left - TIMER_GRAIN_NS / 2) / 1e6, 0x7fff_ffff));
  };
  turn();
  return () => {
    cancelled = true;
    clearTimeout(timer);
  };
}

const pause = new Int32Array(new SharedArrayBuffer(4));

/** Write all of it, waiting where a non-blocking pipe or terminal is full. */
function writeFully(stream: number, bytes: Uint8Array, onClosed: (() => void) | undefined): void {
  for (let done = 0; done < bytes.length; ) {
    try {
      done += fs.writeSync(stream, bytes, done, bytes.length - done);
    } catch (error) {
      const { code } = error as { readonly code?: string };
      if (code === 'EAGAIN') {
        Atomics.wait(pause, 0, 0, 1);
        continue;
      }
      if (code === 'EPIPE') onClosed?.();
      return;
    }
  }
}
