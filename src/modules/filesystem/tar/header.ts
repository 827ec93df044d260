/**
 * A header of a tar archive: 512 bytes in front of each member, and the texts that extend it.
 *
 * Numbers are octal digits, or binary where they do not fit (GNU). All strings are byte strings. Source: POSIX.1-2017, pax, "ustar
 * Interchange Format" and "pax Header Block"; GNU tar manual, "Basic Tar Format".
 */

/** Bytes of a block: headers are one, contents are padded to whole ones. */
export const BLOCK = 512;

/** What a header says; `size` is NaN where it can not be. */
export interface Header {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  /** One character; a NUL of old archives is '0'. */
  readonly type: string;
  readonly link: string;
  readonly major: number;
  readonly minor: number;
}

const CHECKSUM = 148;
const CHECKSUM_LENGTH = 8;
const SPACE = 32;

/** Up to the first NUL. */
function textAt(block: Uint8Array, at: number, length: number): string {
  const end = block.subarray(at, at + length).indexOf(0);
  return String.fromCharCode(...block.subarray(at, at + (end < 0 ? length : end)));
}

/** @returns NaN if there is none */
function numberAt(block: Uint8Array, at: number, length: number): number {
  const first = block[at] as number;
  if ((first & 0x80) === 0) {
    const digits = textAt(block, at, length).trim();
    return digits === '' ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
  }
  // Two's complement without the highest bit, most significant byte first.
  let value = (first & 0x40) === 0 ? first & 0x3f : (first & 0x3f) - 0x40;
  for (let i = 1; i < length; i++) value = value * 256 + (block[at + i] as number);
  return Number.isSafeInteger(value) ? value : Number.NaN;
}

/** Old programs summed signed bytes. */
function checks(block: Uint8Array): boolean {
  const said = numberAt(block, CHECKSUM, CHECKSUM_LENGTH);
  let sum = SPACE * CHECKSUM_LENGTH;
  let signed = sum;
  for (let i = 0; i < BLOCK; i++) {
    if (i >= CHECKSUM && i < CHECKSUM + CHECKSUM_LENGTH) continue;
    const byte = block[i] as number;
    sum += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  return said === sum || said === signed;
}

export const isBlank = (block: Uint8Array): boolean => block.every((byte) => byte === 0);

/** @returns null if the block is no header */
export function parseHeader(block: Uint8Array): Header | null {
  if (!checks(block)) return null;
  // GNU's own format has other things where ustar has a prefix, and then no NUL behind the magic.
  const posix = textAt(block, 257, 6) === 'ustar' && block[262] === 0;
  const prefix = posix ? textAt(block, 345, 155) : '';
  const name = textAt(block, 0, 100);
  const type = String.fromCharCode(block[156] as number);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: numberAt(block, 100, 8),
    uid: numberAt(block, 108, 8),
    gid: numberAt(block, 116, 8),
    size: numberAt(block, 124, 12),
    mtime: numberAt(block, 136, 12),
    type: type === '\0' ? '0' : type,
    link: textAt(block, 157, 100),
    major: numberAt(block, 329, 8),
    minor: numberAt(block, 337, 8),
  };
}

/**
 * Add the records of a pax header to `into`: each `LENGTH KEY=VALUE\n`, where a value of '' takes a key back.
 * @returns false if it makes no sense
 */
export function parsePax(bytes: Uint8Array, into: Map<string, string>): boolean {
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(SPACE, at);
    const digits = String.fromCharCode(...bytes.subarray(at, Math.min(space, at + 10)));
    const length = /^[1-9]\d*$/.test(digits) ? Number(digits) : 0;
    const equals = bytes.indexOf(61, space);
    const end = at + length - 1;
    if (space < 0 || equals < 0 || equals >= end || bytes[end] !== 10) return false;
    into.set(latin1(bytes.subarray(space + 1, equals)), latin1(bytes.subarray(equals + 1, end)));
    at = end + 1;
  }
  return true;
}

/** A byte string of any length. */
export function latin1(bytes: Uint8Array): string {
  let result = '';
  for (let at = 0; at < bytes.length; at += 4096)
    result += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return result;
}

/** Seconds with a fraction, as pax writes times. @returns null if it is none */
export function parseTime(value: string): { readonly seconds: number; readonly nanoseconds: number } | null {
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(value);
  if (match === null) return null;
  const whole = Number(match[2]);
  const nanoseconds = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (match[1] === '') return { seconds: whole, nanoseconds };
  return nanoseconds === 0
    ? { seconds: -whole, nanoseconds: 0 }
    : { seconds: -whole - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}
