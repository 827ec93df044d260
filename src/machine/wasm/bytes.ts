/**
 * Growing buffer with WebAssembly's primitive encodings (LEB128, names, vectors).
 *
 * Source: WebAssembly Core Specification, section 5 (binary format). Holds no knowledge of instructions.
 */

const OPEN_BYTES = 5;

/** Put a u32 where `openU32` left room. */
export function fillIn(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < OPEN_BYTES; i++) {
    bytes[at + i] = ((value >>> (7 * i)) & 0x7f) | (i + 1 < OPEN_BYTES ? 0x80 : 0);
  }
}

export class WasmBytes {
  /** Where conditional branches stand that are hardly ever taken. */
  readonly rare: number[] = [];
  /** Where addresses are to be put in that are not known yet: each as the place, the number of the address, and what is added to it. */
  readonly open: number[] = [];
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** What was written before. */
  static of(bytes: Uint8Array, rare: readonly number[]): WasmBytes {
    const made = new WasmBytes(0);
    made.#bytes = bytes;
    made.#length = bytes.length;
    made.rare.push(...rare);
    return made;
  }

  get length(): number {
    return this.#length;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Unsigned LEB128 of a u32. */
  u32(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** Room for a u32 that is put in later, by `fillIn`. */
  openU32(number: number, addend: number): void {
    this.open.push(this.#length, number, addend);
    for (let i = 0; i < OPEN_BYTES; i++) this.byte(0);
  }

  /** Signed LEB128 of an i32. */
  s32(value: number): void {
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.byte(rest & 0x7f);
  }

  /** Signed LEB128 of the 64 bits hi:lo. */
  s64(lo: number, hi: number): void {
    let low = lo | 0;
    let high = hi | 0;
    while (high !== low >> 31 || low < -64 || low > 63) {
      this.byte((low & 0x7f) | 0x80);
      low = (low >>> 7) | (high << 25);
      high >>= 7;
    }
    this.byte(low & 0x7f);
  }

  /** Little-endian 32 bits. */
  fixed32(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.byte((value >>> shift) & 0xff);
  }

  /** A name of ASCII characters. */
  name(text: string): void {
    this.u32(text.length);
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
  }

  /** A section or function body: its length, then its bytes. */
  sized(body: WasmBytes): void {
    this.u32(body.length);
    this.raw(body.finish());
  }

  /** @returns the bytes written, a view that the next write may overwrite */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
