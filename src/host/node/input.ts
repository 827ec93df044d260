/**
 * Standard input, pulled on demand: nothing is read before a guest asks.
 */

interface Waiting {
  readonly length: number;
  readonly done: (bytes: Uint8Array) => void;
}

export class InputSource {
  readonly #open: () => NodeJS.ReadableStream | null;
  #stream: NodeJS.ReadableStream | null = null;
  #opened = false;
  #ended = false;
  #fill = false;
  #chunks: Uint8Array[] = [];
  #waiting: Waiting | null = null;

  constructor(open: () => NodeJS.ReadableStream | null) {
    this.#open = open;
  }

  /** Whether each read is to be filled up unless the input ends, so that its pieces do not depend on timing. */
  fill(on: boolean): void {
    this.#fill = on;
  }

  /** Up to `length` bytes; none at the end of input. One read at a time. */
  read(length: number, done: (bytes: Uint8Array) => void): void {
    this.#start();
    this.#waiting = { length, done };
    this.#offer();
    if (this.#waiting !== null) this.#stream?.resume();
  }

  /** Stop listening, so that the process can end. */
  close(): void {
    this.#waiting = null;
    this.#stream?.pause();
    (this.#stream as { unref?: () => void } | null)?.unref?.();
  }

  #start(): void {
    if (this.#opened) return;
    this.#opened = true;
    this.#stream = this.#open();
    if (this.#stream === null) {
      this.#ended = true;
      return;
    }
    this.#stream.on('data', (chunk: Uint8Array | string) => {
      this.#chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
      this.#offer();
    });
    const end = (): void => {
      this.#ended = true;
      this.#offer();
    };
    this.#stream.on('end', end);
    this.#stream.on('error', end);
  }

  #offer(): void {
    const waiting = this.#waiting;
    const held = this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (waiting === null) {
      this.#stream?.pause();
      return;
    }
    if (!this.#ended && held < (this.#fill ? waiting.length : 1)) return;
    const all = Buffer.concat(this.#chunks);
    const bytes = Uint8Array.from(all.subarray(0, waiting.length));
    this.#chunks = all.length > waiting.length ? [all.subarray(waiting.length)] : [];
    this.#waiting = null;
    this.#stream?.pause();
    waiting.done(bytes);
  }
}
