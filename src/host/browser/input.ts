/**
 * Standard input in a browser: a stream that is pulled on demand, or pieces that the page pushes.
 */

/** Bytes of a stream, or a function that gets `push`: called with each piece of input, and with null at its end. */
export type BrowserInput = ReadableStream<Uint8Array> | ((push: (bytes: Uint8Array | null) => void) => void);

interface Waiting {
  readonly length: number;
  readonly done: (bytes: Uint8Array) => void;
}

export class InputQueue {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | null;
  #pulling = false;
  #ended: boolean;
  #fill = false;
  #chunks: Uint8Array[] = [];
  #held = 0;
  #waiting: Waiting | null = null;

  constructor(input: BrowserInput | null) {
    this.#ended = input === null;
    this.#reader = input instanceof ReadableStream ? input.getReader() : null;
    if (typeof input === 'function') input((bytes) => this.#take(bytes));
  }

  /** Whether each read is to be filled up unless the input ends, so that its pieces do not depend on timing. */
  fill(on: boolean): void {
    this.#fill = on;
  }

  /** Up to `length` bytes; none at the end of input. One read at a time. */
  read(length: number, done: (bytes: Uint8Array) => void): void {
    this.#waiting = { length, done };
    this.#offer();
  }

  /** Forget who waits, and let go of the stream. */
  close(): void {
    this.#waiting = null;
    this.#ended = true;
    this.#reader?.cancel().catch(() => {});
  }

  #take(bytes: Uint8Array | null): void {
    if (bytes === null) {
      this.#ended = true;
    } else if (!this.#ended && bytes.length > 0) {
      this.#chunks.push(bytes.slice());
      this.#held += bytes.length;
    }
    this.#offer();
  }

  #offer(): void {
    const waiting = this.#waiting;
    if (waiting === null) return;
    if (!this.#ended && this.#held < (this.#fill ? waiting.length : 1)) {
      this.#pull();
      return;
    }
    this.#waiting = null;
    waiting.done(this.#shift(waiting.length));
  }

  #pull(): void {
    if (this.#reader === null || this.#pulling) return;
    this.#pulling = true;
    const settle = (bytes: Uint8Array | null): void => {
      this.#pulling = false;
      this.#take(bytes);
    };
    this.#reader.read().then(
      ({ value }) => settle(value ?? null),
      () => settle(null),
    );
  }

  #shift(length: number): Uint8Array {
    const result = new Uint8Array(Math.min(length, this.#held));
    for (let at = 0; at < result.length; ) {
      const chunk = this.#chunks[0] as Uint8Array;
      const part = chunk.subarray(0, result.length - at);
      result.set(part, at);
      at += part.length;
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
    }
    this.#held -= result.length;
    return result;
  }
}
