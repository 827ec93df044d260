/**
 * A gzip file around bytes as they are: one stored block, nothing is made smaller. Source: RFC 1952, RFC 1951 (3.2.4).
 */
/** Of a stored block. */
const MOST = 0xffff;

/** CRC-32 of chars that are bytes (RFC 1952, 8). */
export function crc32(bytes: string): number {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) {
    crc ^= bytes.charCodeAt(i);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}

const little = (value: number, count: number): string => {
  let bytes = '';
  for (let i = 0; i < count; i++) bytes += String.fromCharCode((value >>> (8 * i)) & 0xff);
  return bytes;
};

/** @param bytes as chars, at most 65535 @returns the file, bytes as chars */
export function gzipped(bytes: string): string {
  const held = bytes.slice(0, MOST);
  const { length } = held;
  const header = '\x1f\x8b\x08\0\0\0\0\0\0\xff';
  return `${header}\x01${little(length, 2)}${little(~length, 2)}${held}${little(crc32(held), 4)}${little(length, 4)}`;
}
