/**
 * A streaming 128-bit hash of numbers and bytes, for comparing runs; not for security.
 *
 * Four 32-bit lanes, each word mixed by multiply and rotate (after the construction of MurmurHash3, public domain by
 * A. Appleby); the finalisation spreads every bit over the result. Holds the lanes and the count.
 */

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

function finish(lane: number): number {
  let h = lane;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

export class Digest {
  readonly #lanes: Int32Array = Int32Array.of(0x239b_961b, 0xab0e_9789 | 0, 0x38b3_4ae5, 0xa1e3_8b93 | 0);
  #words = 0;
  /** Bytes of `stream` that make no whole word yet, and how many. */
  #rest = 0;
  #held = 0;

  /** @param value 32 bits */
  word(value: number): void {
    const lanes = this.#lanes;
    const at = this.#words++ & 3;
    const lane = rotate(
      (lanes[at] as number) ^ Math.imul(rotate(Math.imul(value, 0x239b_961b), 15), 0xab0e_9789),
      19,
    );
    lanes[at] = (Math.imul(lane, 5) + 0x561c_cd1b + (lanes[(at + 1) & 3] as number)) | 0;
  }

  /** A safe integer, as two words. */
  number(value: number): void {
    this.word(value | 0);
    this.word(Math.floor(value / 0x1_0000_0000) | 0);
  }

  /** Bytes [start, end), and their count. */
  bytes(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    for (; at + 4 <= end; at += 4) {
      this.word(
        (bytes[at] as number) |
          ((bytes[at + 1] as number) << 8) |
          ((bytes[at + 2] as number) << 16) |
          ((bytes[at + 3] as number) << 24),
      );
    }
    let rest = 0;
    for (; at < end; at++) rest = (rest << 8) | (bytes[at] as number);
    this.word(rest);
    this.word(end - start);
  }

  /** More of one stream of bytes; in which pieces it comes makes no difference. Not to be mixed with the others. */
  stream(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at++) {
      this.#rest |= (bytes[at] as number) << (8 * this.#held++);
      if (this.#held < 4) continue;
      this.word(this.#rest);
      this.#rest = this.#held = 0;
    }
  }

  text(value: string): void {
    for (let i = 0; i < value.length; i++) this.word(value.charCodeAt(i));
    this.word(value.length);
  }

  /** @returns what forgets all that is hashed from now on */
  checkpoint(): () => void {
    const lanes = this.#lanes.slice();
    const [words, rest, held] = [this.#words, this.#rest, this.#held];
    return () => {
      this.#lanes.set(lanes);
      this.#words = words;
      this.#rest = rest;
      this.#held = held;
    };
  }

  /** The hash of all so far; may be asked again later. @returns 32 hex digits */
  hex(): string {
    let sum = Math.imul(this.#words * 4 + this.#held, 31) ^ finish(this.#rest);
    for (const lane of this.#lanes) sum = (Math.imul(sum, 31) + finish(lane)) | 0;
    let text = '';
    for (const lane of this.#lanes) {
      sum = Math.imul(sum ^ lane, 0x9e37_79b1) ^ finish(sum ^ lane);
      text += finish(sum).toString(16).padStart(8, '0');
    }
    return text;
  }
}
