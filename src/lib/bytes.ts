/**
 * Growing byte writer and its reader: the encoding under `contracts/schema`.
 *
 * Integers take one byte from -64 to 63, else a tag and 4 or 8 bytes. Strings are written as bytes where every char
 * fits one, else as UTF-16 units. Holds no state beyond the buffer.
 */

const TAG_I32 = 0x80;
const TAG_F64 = 0x81;

export class ByteWriter {
  #bytes: Uint8Array = new Uint8Array(1024);
  #view: DataView = new DataView(this.#bytes.buffer);
  #length = 0;

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  /** @param value a safe integer */
  int(value: number): void {
    this.#reserve(9);
    if (value >= -64 && value < 64) {
      this.#bytes[this.#length++] = value & 0x7f;
    } else if (value === (value | 0)) {
      this.#bytes[this.#length] = TAG_I32;
      this.#view.setInt32(this.#length + 1, value, true);
      this.#length += 5;
    } else {
      this.#bytes[this.#length] = TAG_F64;
      this.#view.setFloat64(this.#length + 1, value, true);
      this.#length += 9;
    }
  }

  real(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  text(value: string): void {
    let wide = 0;
    for (let i = 0; i < value.length; i++) wide |= value.charCodeAt(i) & 0xff00;
    this.int(wide === 0 ? value.length : -value.length);
    this.#reserve(value.length * 2);
    if (wide === 0) {
      for (let i = 0; i < value.length; i++) this.#bytes[this.#length++] = value.charCodeAt(i);
    } else {
      for (let i = 0; i < value.length; i++, this.#length += 2) {
        this.#view.setUint16(this.#length, value.charCodeAt(i), true);
      }
    }
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** @returns the bytes written, a view that the next write may overwrite */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** Reads what ByteWriter wrote. Throws RangeError past the end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  int(): number {
    const first = this.#view.getUint8(this.#at++);
    if (first < 0x80) return (first << 25) >> 25;
    if (first === TAG_I32) {
      const value = this.#view.getInt32(this.#at, true);
      this.#at += 4;
      return value;
    }
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  real(): number {
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  text(): string {
    const length = this.int();
    let value = '';
    if (length >= 0) {
      for (let i = 0; i < length; i++) value += String.fromCharCode(this.#view.getUint8(this.#at++));
    } else {
      for (let i = 0; i < -length; i++, this.#at += 2) {
        value += String.fromCharCode(this.#view.getUint16(this.#at, true));
      }
    }
    return value;
  }

  /** @returns a copy of the next `count` bytes in a buffer of its own */
  raw(count: number): ArrayBuffer {
    if (this.#at + count > this.#bytes.length) throw new RangeError('read past the end of the state');
    const copy = new Uint8Array(count);
    copy.set(this.#bytes.subarray(this.#at, this.#at + count));
    this.#at += count;
    return copy.buffer;
  }

  atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }
}
