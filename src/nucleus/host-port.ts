/**
 * The host port: requests out, completions in, and output that leaves when an entry ends.
 *
 * Completions of files are delivered in the order of their requests, whatever the host's own order; input of a terminal
 * or stream, which may never come, is a queue of its own. Holds what is under way; knows no host.
 */
import { ENOEXEC } from '../abi/linux/errno.ts';
import type { Beside } from '../contracts/beside.ts';
import type { Keeper } from '../contracts/kept.ts';
import type { Host, HostRequest, HostResult } from '../contracts/host.ts';
import type { Digest } from '../lib/digest.ts';
import { KernelFault } from '../lib/kernel-fault.ts';
import { reasonOf } from '../lib/reason.ts';
import type { Make } from './journal.ts';
import type { Undoable } from './trial.ts';
import { isBytes, plainBytes, plainRequest } from './host-request.ts';

/** What a host implements; `src/host/*`. Nothing here may call into the kernel but through `done`. */
export interface HostAdapter {
  /** Carry a request out; `done` may be called at once or later, exactly once. Must not throw. */
  perform(request: HostRequest, done: (result: HostResult) => void): void;
  /** Bytes for stream 1 or 2. */
  write(stream: number, bytes: Uint8Array): void;
  /** Host time in ns from any fixed origin. */
  now(): number;
  /** The present, in seconds and ns since 1970. */
  readonly wallSeconds: () => number;
  readonly wallNanoseconds: () => number;
  random(into: Uint8Array): void;
  /** Another thread, begun when it is first asked; null where there is none. */
  readonly beside: Beside | null;
  /** null where nothing is kept. */
  readonly kept: Keeper | null;
  /**
   * Evaluate a module file that a guest brought, with no power of the host's. Rejects with why it can not be.
   * @returns what makes its default export: with steps counted, and with writes logged as well
   */
  loadConfined(image: Uint8Array): Promise<{ readonly counted: Make; readonly logged: Make }>;
  /** What makes the twins of the built-in modules, whose writes are logged; in their order. Rejects where there are none. */
  loggedModules(): Promise<Make>;
  /** Run `task` after what the host has to do. */
  defer(task: () => void): void;
  /** Run `task` after some ns, unless `cancel` is called. @returns cancel */
  after(ns: number, task: () => void): () => void;
}

/** Owner of the completions of module files. */
export const MODULES = 'modules';

/** A host's answer; `counted` and `logged` come with code that could be evaluated, `reason` with what could not. */
export interface PortResult extends HostResult {
  readonly counted?: Make;
  readonly logged?: Make;
  readonly reason?: string;
}

interface Pending {
  readonly id: number;
  readonly owner: string;
  result: PortResult | null;
}

export interface Completion {
  readonly id: number;
  readonly owner: string;
  readonly result: PortResult;
}

export class HostPort implements Host, Undoable {
  readonly #adapter: HostAdapter;
  readonly #files: Pending[] = [];
  readonly #inputs: Pending[] = [];
  #nextId = 1;
  /** xorshift128 state in deterministic mode, else null. */
  readonly #random: Int32Array | null;
  readonly #digests: readonly Digest[];
  /** What is to leave when the attempt in progress is kept; null while there is none. */
  #held: (() => void)[] | null = null;
  /** Called when a completion arrives while the kernel does not run. */
  onCompletion: () => void = () => {};

  /** @param seed of the random bytes in deterministic mode, else null @param digests one a stream, for `output` */
  constructor(adapter: HostAdapter, seed: number | null, digests: readonly Digest[]) {
    this.#adapter = adapter;
    this.#random =
      seed === null ? null : Int32Array.of(seed | 1, 0x6c07_8965, 0x9908_b0df | 0, seed ^ 0x5bd1_e995);
    this.#digests = digests;
  }

  request(owner: string, request: HostRequest): number {
    const plain = plainRequest(request);
    return this.#ask(plain.kind === 'input' ? this.#inputs : this.#files, owner, (settle) => {
      this.#adapter.perform(plain, (result) => settle(ownBytes(result)));
    });
  }

  /** Evaluate a guest's module file; its completion goes to MODULES. @returns the request's id */
  loadModule(image: Uint8Array): number {
    const plain = plainBytes(image);
    return this.#ask(this.#files, MODULES, (settle) => {
      this.#adapter.loadConfined(plain).then(
        ({ counted, logged }) => settle({ errno: 0, counted, logged }),
        (error: unknown) => settle({ errno: -ENOEXEC, reason: reasonOf(error) }),
      );
    });
  }

  /** Bring the twins of the built-in modules; its completion goes to MODULES. @returns the request's id */
  loadTwins(): number {
    return this.#ask(this.#files, MODULES, (settle) => {
      this.#adapter.loggedModules().then(
        (logged) => settle({ errno: 0, logged }),
        (error: unknown) => settle({ errno: -ENOEXEC, reason: reasonOf(error) }),
      );
    });
  }

  #ask(queue: Pending[], owner: string, carryOut: (settle: (result: PortResult) => void) => void): number {
    const pending: Pending = { id: this.#nextId++, owner, result: null };
    queue.push(pending);
    this.hold(() =>
      carryOut((result) => {
        pending.result = result;
        this.onCompletion();
      }),
    );
    return pending.id;
  }

  /** Do what can not be undone: at once, or when the attempt in progress is kept. */
  hold(effect: () => void): void {
    if (this.#held === null) effect();
    else this.#held.push(effect);
  }

  checkpoint(): () => void {
    const files = this.#files.slice();
    const inputs = this.#inputs.slice();
    const nextId = this.#nextId;
    const random = this.#random?.slice();
    this.#held = [];
    return () => {
      this.#held = null;
      this.#files.splice(0, this.#files.length, ...files);
      this.#inputs.splice(0, this.#inputs.length, ...inputs);
      this.#nextId = nextId;
      if (random !== undefined) this.#random?.set(random);
    };
  }

  /** The attempt is kept: let out what it held. */
  release(): void {
    const effects = this.#held ?? [];
    this.#held = null;
    for (const effect of effects) effect();
  }

  output(stream: number, bytes: Uint8Array): void {
    if (stream !== 1 && stream !== 2) throw new KernelFault('output to a stream that is none of the kernel');
    const plain = plainBytes(bytes);
    this.hold(() => {
      this.#digests[stream]?.stream(plain);
      this.#adapter.write(stream, plain);
    });
  }

  random(into: Uint8Array): void {
    if (!isBytes(into)) throw new KernelFault('random bytes into what is no Uint8Array');
    const state = this.#random;
    if (state === null) {
      this.#adapter.random(into);
      return;
    }
    for (let i = 0; i < into.length; i++) {
      let t = state[3] as number;
      const s = state[0] as number;
      state.copyWithin(1, 0, 3);
      t ^= t << 11;
      t ^= t >>> 8;
      state[0] = t ^ s ^ (s >>> 19);
      into[i] = state[0] as number;
    }
  }

  /** The next completion in order, or null. */
  take(): Completion | null {
    return takeFirst(this.#files) ?? takeFirst(this.#inputs);
  }

  /** True if `take` would give a completion. */
  ready(): boolean {
    return (this.#files[0]?.result ?? this.#inputs[0]?.result ?? null) !== null;
  }

  /** Requests that the host has not completed. @param input with those for input, which may never end */
  pending(input: boolean): number {
    return this.#files.length + (input ? this.#inputs.length : 0);
  }
}

/** Modules see plain arrays: a host's own kind of bytes may share its buffer with what is not theirs. */
function ownBytes(result: HostResult): HostResult {
  const { bytes } = result;
  if (bytes === undefined) return result;
  const plain = Object.getPrototypeOf(bytes) === Uint8Array.prototype;
  return plain ? result : { ...result, bytes: plainBytes(bytes) };
}

function takeFirst(queue: Pending[]): Completion | null {
  const first = queue[0];
  if (first === undefined || first.result === null) return null;
  queue.shift();
  return { id: first.id, owner: first.owner, result: first.result };
}
