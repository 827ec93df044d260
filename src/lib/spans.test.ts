/** Copies over odd ranges against the plain thing. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  copyFromSpans,
  copyPhysicalToSpans,
  copySpansToPhysical,
  copyToSpans,
  type Ranges,
  zeroSpans,
} from './spans.ts';

const MARKS = 100;
const FIRST = 8192;
const SIZE = 16 * 4096;

function memory(): {
  machine: { u8: Uint8Array; layout: { codeMarkBase: number } };
  engine: never;
  hit: Set<number>;
} {
  const u8 = new Uint8Array(SIZE);
  for (let i = FIRST; i < SIZE; i++) u8[i] = (i * 7 + (i >>> 8)) & 0xff;
  u8.fill(1, MARKS, MARKS + 16);
  const hit = new Set<number>();
  const engine = { invalidateFrame: (frame: number) => hit.add(frame) } as never;
  return { machine: { u8, layout: { codeMarkBase: MARKS } }, engine, hit };
}

/** Disjoint ranges, ascending. */
const ranges = fc.array(fc.tuple(fc.nat(300), fc.nat(300)), { minLength: 1, maxLength: 12 }).map((pieces) => {
  let at = FIRST + 3900;
  const address: number[] = [];
  const length: number[] = [];
  for (const [gap, size] of pieces) {
    address.push(at + gap);
    length.push(size);
    at += gap + size;
  }
  return { count: pieces.length, address, length };
});

/** Every byte's address, in order. */
const flat = (list: Ranges): number[] =>
  list.address.flatMap((start, i) => Array.from({ length: list.length[i] as number }, (_, at) => start + at));

test('each copy moves the bytes that it names, no others, and tells of code', () => {
  fc.assert(
    fc.property(
      ranges,
      fc.nat(1000),
      fc.nat(4000),
      fc.integer({ min: 0, max: 4 }),
      (list, skip, size, kind) => {
        const addresses = flat(list);
        const at = Math.min(skip, addresses.length);
        const count = Math.min(size, addresses.length - at);
        const guest = memory();
        const before = guest.machine.u8.slice();
        const after = before.slice();
        const other = Uint8Array.from({ length: count + 5 }, (_, i) => (i * 13) & 0xff);
        const outside = SIZE - 8192;
        const written = new Set<number>();
        const put = (address: number, byte: number): void => {
          after[address] = byte;
          written.add(address >>> 12);
        };
        const named = addresses.slice(at, at + count);
        if (kind === 0) {
          copyToSpans(guest, other, 5, list, at, count);
          named.forEach((address, i) => put(address, other[5 + i] as number));
        } else if (kind === 1) {
          copyFromSpans(guest, list, at, other, 5, count);
          named.forEach((address, i) => expect(other[5 + i]).toBe(before[address]));
        } else if (kind === 2) {
          copyPhysicalToSpans(guest, outside, list, at, count);
          named.forEach((address, i) => put(address, before[outside + i] as number));
        } else if (kind === 3) {
          copySpansToPhysical(guest, list, at, outside, count);
          named.forEach((address, i) => put(outside + i, before[address] as number));
        } else {
          zeroSpans(guest, list, at, count);
          for (const address of named) put(address, 0);
        }
        expect(Buffer.compare(guest.machine.u8, after)).toBe(0);
        expect([...guest.hit].sort()).toEqual([...written].sort());
      },
    ),
    { numRuns: 300 },
  );
});
