/**
 * The host port: requests out, completions in, and output that leaves when an entry ends.
 *
 * Completions of files are delivered in the order of their requests, whatever the host's own order; input of a terminal
 * or stream, which may never come, is a queue of its own. Holds what is under way; knows no host.
 */
import { ENOEXEC } from '../abi/linux/errno.ts';
import type { Host, HostRequest, HostResult } from '../contracts/host.ts';
import type { Digest } from '../lib/digest.ts';
import { KernelFault } from '../lib/kernel-fault.ts';
import { reasonOf } from '../lib/reason.ts';
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
  /**
   * Evaluate a module file that a guest brought, with no power of the host's. Rejects with why it can not be.
   * @returns its default export, in a record because it may be anything, a thenable too
   */
  loadConfined(image: Uint8Array): Promise<{ readonly exported: unknown }>;
  /** Run `task` after what the host has to do. */
  defer(task: () => void): void;
  /** Run `task` after some ns, unless `cancel` is called. @returns cancel */
  after(ns: number, task: () => void): () => void;
}

/** Owner of the completions of module files. */
export const MODULES = 'modules';

/** A host's answer; `module` is there for a module file that could be evaluated, `reason` for one that could not. */
export interface PortResult extends HostResult {
  readonly module?: unknown;
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

export class HostPort implements Host {
  readonly #adapter: HostAdapter;
  readonly #files: Pending[] = [];
  readonly #inputs: Pending[] = [];
  #nextId = 1;
  /** xorshift128 state in deterministic mode, else null. */
  readonly #random: Int32Array | null;
  readonly #digests: readonly Digest[];
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
    const pending: Pending = { id: this.#nextId++, owner, result: null };
    const plain = plainRequest(request);
    (plain.kind === 'input' ? this.#inputs : this.#files).push(pending);
    this.#adapter.perform(plain, (result) => {
      pending.result = ownBytes(result);
      this.onCompletion();
    });
    return pending.id;
  }

  /** Evaluate a guest's module file; its completion goes to MODULES. @returns the request's id */
  loadModule(image: Uint8Array): number {
    const pending: Pending = { id: this.#nextId++, owner: MODULES, result: null };
    this.#files.push(pending);
    const settle = (result: PortResult): void => {
      pending.result = result;
      this.onCompletion();
    };
    this.#adapter.loadConfined(plainBytes(image)).then(
      ({ exported }) => settle({ errno: 0, module: exported }),
      (error: unknown) => settle({ errno: -ENOEXEC, reason: reasonOf(error) }),
    );
    return pending.id;
  }

  output(stream: number, bytes: Uint8Array): void {
    if (stream !== 1 && stream !== 2) throw new KernelFault('output to a stream that is none of the kernel');
    const plain = plainBytes(bytes);
    this.#digests[stream]?.stream(plain);
    this.#adapter.write(stream, plain);
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
