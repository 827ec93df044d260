/**
 * A thread beside a kernel, by a Worker of Node's that begins with the first request.
 *
 * It runs a file of the build, so there is none where the sources are run as they are.
 */
import path from 'node:path';
import type * as Threads from 'node:worker_threads';
import type { Answer, Beside } from '../../contracts/beside.ts';
import { packageFile } from './folders.ts';

/** What goes to the thread. */
export interface Asked {
  readonly id: number;
  readonly name: string;
  readonly request: unknown;
}

/** What it begins with. */
export interface WorkerData {
  readonly port: Threads.MessagePort;
}

const SCRIPT = 'dist/cli/bundle/beside.js';
const isBuilt = path.basename(path.resolve(import.meta.dirname, '../..')) === 'dist';
/**
 * V8 compiles and collects garbage in threads of its own: on two logical processors, which may be one, a further thread made
 * programs of 0.2 s take 0.1 s more, and those of three seconds 1 to 5 % more.
 */
const THREADS_LEAST = 4;
const hasThreads = (): boolean => process.getBuiltinModule('node:os').availableParallelism() >= THREADS_LEAST;
/** Loaded with the first request: it takes 2 ms. */
const threads = (): typeof Threads => process.getBuiltinModule('node:worker_threads');

export class BesideThread implements Beside {
  #worker: Threads.Worker | null = null;
  #port: Threads.MessagePort | null = null;
  #receive: typeof Threads.receiveMessageOnPort | null = null;
  readonly #script: string;
  #isOver = false;
  #nextId = 1;
  /** Asked and not answered. */
  readonly #waiting = new Set<number>();

  /** null if there is nothing to run there, or no processor to spare. */
  static open(): BesideThread | null {
    return isBuilt && hasThreads() ? new BesideThread(packageFile(SCRIPT)) : null;
  }

  /** @param script path of what the thread runs */
  constructor(script: string) {
    this.#script = script;
  }

  ask(name: string, request: unknown): number {
    const id = this.#nextId++;
    this.#waiting.add(id);
    if (this.#worker === null && !this.#isOver) this.#begin();
    const asked: Asked = { id, name, request };
    this.#port?.postMessage(asked);
    return id;
  }

  answer(): Answer | null {
    if (this.#isOver) {
      const [id] = this.#waiting;
      if (id === undefined) return null;
      this.#waiting.delete(id);
      return { id, value: null };
    }
    if (this.#port === null) return null;
    const received = this.#receive?.(this.#port) as { readonly message: Answer } | undefined;
    if (received === undefined) return null;
    this.#waiting.delete(received.message.id);
    return received.message;
  }

  /** All that is asked is answered with a failure from now on. */
  close(): void {
    this.#isOver = true;
    this.#port?.close();
    void this.#worker?.terminate();
    this.#worker = null;
  }

  #begin(): void {
    const { MessageChannel, receiveMessageOnPort, Worker } = threads();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#receive = receiveMessageOnPort;
    const workerData: WorkerData = { port: port2 };
    const worker = new Worker(this.#script, { workerData, transferList: [port2], env: {}, argv: [] });
    // Neither keeps the process alive, nor ends it.
    worker.unref();
    worker.once('error', () => this.close());
    worker.once('exit', () => this.close());
    this.#worker = worker;
  }
}
