/**
 * The browser host: output, input, time and fetched files by Web APIs alone (`strake/browser`).
 *
 * Works in a page and in a dedicated worker. Folders of the host are not available here: `grant` says so. Disks that
 * outlive the page are `openDisk`'s.
 */
import { EIO } from '../../abi/linux/errno.ts';
import type { KernelHost, Make } from '../../api/host.ts';
import { loadConfined } from '../confined/load.ts';
import { LOGGED_MODULES } from '../instrument/logged-modules.ts';
import { loadTrusted } from '../instrument/trusted.ts';
import { type BrowserFile, BrowserFiles } from './files.ts';
import { type BrowserInput, InputQueue } from './input.ts';

export { openDisk, removeDisk, type StoredDisk, type StoredDiskOptions } from './stored-disk.ts';
export type { BrowserFile, BrowserInput };

export interface BrowserHostOptions {
  /**
   * Where the package's own files are, such as `userland/manifest.json`: a URL that they lie below, or a function that
   * gets one by its path.
   */
  readonly assets: string | URL | ((name: string) => Promise<Uint8Array>);
  /** Called with each piece of output; it is dropped unless told. */
  readonly onOutput?: (stream: 1 | 2, bytes: Uint8Array) => void;
  /** Standard input; at its end at once unless told. */
  readonly input?: BrowserInput | null;
  /**
   * What `file` of a disk, `root` and `archive` of a mount may name: disks of `openDisk`, which stay the page's to close, and
   * bytes, which are only read.
   */
  readonly files?: Readonly<Record<string, BrowserFile>>;
  /**
   * What becomes of a module file that a guest loads. `confine`, unless told: the first one locks this realm down with
   * SES, for good, so the page's own scripts see frozen built-in objects. `refuse`: no such file is evaluated.
   */
  readonly guestModules?: 'confine' | 'refuse';
}

/** Everything that the kernel asks of a browser. */
export function browserHost(options: BrowserHostOptions): KernelHost {
  const input = new InputQueue(options.input ?? null);
  const files = new BrowserFiles(options.files ?? {});
  const { assets } = options;
  const asset = (name: string): Promise<Uint8Array> =>
    typeof assets === 'function' ? assets(name) : fetchBytes(below(assets, name));
  return {
    grant(folder) {
      throw new Error(`${folder} can not be opened: folders of the host are not available in a browser`);
    },
    grantFile: (name, readOnly) => files.grantFile(name, readOnly),
    grantArchive: (name) => files.grantArchive(name),
    grantMemory: (bytes) => files.grantMemory(bytes),
    readFile: (path) => fetchBytes(new URL(path, location.href)),
    asset,
    perform(request, done) {
      if (request.kind === 'input') input.read(request.length, (bytes) => done({ errno: 0, bytes }));
      else files.perform(request).then(done, () => done({ errno: -EIO }));
    },
    write: (stream, bytes) => options.onOutput?.(stream as 1 | 2, bytes.slice()),
    beside: null,
    kept: null,
    now: () => Math.round(performance.now() * 1e6),
    wallSeconds: () => Math.floor(Date.now() / 1000),
    wallNanoseconds: () => (Date.now() % 1000) * 1_000_000,
    random: fillRandom,
    loadConfined: options.guestModules === 'refuse' ? refuseModules : loadConfined,
    loadModule: async (image) => loadTrusted(image, evaluate),
    async loggedModules() {
      const bytes = await asset(LOGGED_MODULES);
      return (await evaluate(new TextDecoder().decode(bytes))) as Make;
    },
    defer,
    after: sleep,
    fillInput: (on) => input.fill(on),
    close() {
      input.close();
      files.close();
    },
  };
}

const refuseModules = (): Promise<never> =>
  Promise.reject(new Error('this host takes no module files from guests'));

/** A URL below another, which need not end in a slash. */
function below(base: string | URL, name: string): URL {
  const folder = new URL(base, location.href);
  if (!folder.pathname.endsWith('/')) folder.pathname += '/';
  return new URL(name, folder);
}

async function fetchBytes(url: URL): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok)
    throw new Error(`${url.href} can not be fetched: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** crypto.getRandomValues gives no more than this at once, and to no shared memory. */
const RANDOM_MAX = 65_536;

function fillRandom(into: Uint8Array): void {
  for (let at = 0; at < into.length; at += RANDOM_MAX) {
    into.set(crypto.getRandomValues(new Uint8Array(Math.min(RANDOM_MAX, into.length - at))), at);
  }
}

/** Evaluate an ES module with all that the page's own code may do. @returns its default export */
async function evaluate(source: string): Promise<unknown> {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  try {
    return ((await import(url)) as { readonly default?: unknown }).default;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** A task after those of the browser. Timers would be held up to 4 ms each. */
function defer(task: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = (): void => {
    port1.close();
    task();
  };
  port2.postMessage(null);
}

/** Timers of a browser come late by some ms; the last stretch is waited out turn by turn. */
const TIMER_GRAIN_MS = 5;

function sleep(ns: number, task: () => void): () => void {
  const due = performance.now() + ns / 1e6;
  let cancelled = false;
  let timer = 0;
  const turn = (): void => {
    if (cancelled) return;
    const left = due - performance.now();
    if (left <= 0) task();
    else if (left < TIMER_GRAIN_MS) defer(turn);
    else timer = setTimeout(turn, Math.min(left - TIMER_GRAIN_MS / 2, 0x7fff_ffff));
  };
  turn();
  return () => {
    cancelled = true;
    clearTimeout(timer);
  };
}
