/** User memory over page tables that scatter the pages of a buffer: what crosses a page goes to two places. */
import { beforeEach, describe, expect, test } from 'vitest';
import { EFAULT, ENAMETOOLONG } from '../abi/linux/errno.ts';
import { type Kernel, WAIT } from '../contracts/kernel.ts';
import { PROT_WRITE } from '../contracts/pmap.ts';
import type { Journal } from './journal.ts';
import { GuestMemory } from './user-memory.ts';

const PAGE = 4096;
const TID = 2;
/** Frame by page; the last is read-only, and what is not here is not mapped. */
const FRAMES: readonly number[] = [3, 1, 2];
const READ_ONLY = 2;
/** A page that is still being read in. */
const AWAITED = 5;
const END = FRAMES.length * PAGE;

let user: GuestMemory;
let memory: Uint8Array;
let invalidated: number[];

/** Where a user address lies. */
const at = (va: number): number => (FRAMES[Math.floor(va / PAGE)] as number) * PAGE + (va % PAGE);

beforeEach(() => {
  memory = new Uint8Array(8 * PAGE);
  invalidated = [];
  const kernel = {
    machine: {
      u8: memory,
      i32: new Int32Array(memory.buffer),
      layout: { codeMarkBase: 6 * PAGE },
    },
    engine: { invalidateFrame: (frame: number) => invalidated.push(frame) },
    counters: { pageFaults: 0 },
    process: { group: () => ({ space: 1, limits: [0, 0, 0, 0, 0, 0, 0] }) },
    pmap: {
      translate(_space: number, va: number, access: number): number {
        const page = Math.floor(va / PAGE);
        if (FRAMES[page] === undefined || (page === READ_ONLY && access === PROT_WRITE)) return 0;
        return at(va);
      },
    },
    vm: { fault: (_space: number, va: number) => (Math.floor(va / PAGE) === AWAITED ? WAIT : -EFAULT) },
  };
  const journal = { memory: () => {} };
  user = new GuestMemory(kernel as unknown as Kernel, journal as unknown as Journal);
  user.begin();
});

/** Byte i of the record is i + 1. */
function fillRecord(size: number): void {
  for (let i = 0; i < size; i++) user.record.setUint8(i, i + 1);
}

const recordBytes = (size: number): number[] => Array.from(new Uint8Array(user.record.buffer, 0, size));
const counted = (size: number): number[] => Array.from({ length: size }, (_, i) => (i + 1) & 0xff);

describe('the record', () => {
  const places = [
    { what: 'within a page', va: 64 },
    { what: 'over the end of a page', va: PAGE - 8 },
    { what: 'at an odd address', va: 33 },
    { what: 'at an odd address over the end of a page', va: PAGE - 7 },
  ];
  for (const size of [1, 4, 30, 96, 100, 1000]) {
    for (const { what, va } of places) {
      test(`of ${size} bytes ${what} arrives and comes back`, () => {
        fillRecord(size);
        expect(user.writeRecord(TID, va, size)).toBe(0);
        const there = Array.from({ length: size }, (_, i) => memory[at(va + i)]);
        expect(there).toEqual(counted(size));
        expect([memory[at(va - 1)], memory[at(va + size)]]).toEqual([0, 0]);
        expect(user.written.total).toBe(size);
        user.blankRecord(size);
        expect(recordBytes(size)).toEqual(Array(size).fill(0));
        expect(user.readRecord(TID, va, size)).toBe(0);
        expect(recordBytes(size)).toEqual(counted(size));
      });
    }
  }

  test('writes nothing and notes nothing where its second page is bad', () => {
    fillRecord(16);
    expect(user.writeRecord(TID, READ_ONLY * PAGE - 8, 16)).toBe(-EFAULT);
    expect([user.written.count, user.written.total]).toEqual([0, 0]);
    expect(memory.every((byte) => byte === 0)).toBe(true);
    expect(user.writeRecord(TID, AWAITED * PAGE, 16)).toBe(WAIT);
    expect(user.readRecord(TID, END - 8, 16)).toBe(-EFAULT);
  });

  test('tells the engine of code that it is written over', () => {
    memory[6 * PAGE + (FRAMES[1] as number)] = 1;
    fillRecord(16);
    expect(user.writeRecord(TID, PAGE - 8, 16)).toBe(0);
    expect(invalidated).toEqual([FRAMES[1]]);
  });
});

describe('words', () => {
  test('are exact to 2^53, and more than that above', () => {
    for (const va of [8, PAGE - 4, PAGE - 3]) {
      for (const value of [0, 7, 2 ** 32 - 1, 2 ** 40 + 3, Number.MAX_SAFE_INTEGER]) {
        expect(user.writeU64(TID, va, value)).toBe(0);
        expect([user.readU64(TID, va), user.value]).toEqual([0, value]);
        expect([user.readU32(TID, va), user.value]).toEqual([0, value % 2 ** 32]);
      }
    }
    expect(user.writePair(TID, 8, -1, -2)).toBe(0);
    expect(Array.from(memory.subarray(at(8), at(24)))).toEqual([
      ...Array(8).fill(255),
      254,
      ...Array(7).fill(255),
    ]);
    expect([user.readU64(TID, 8), user.value]).toEqual([0, Number.MAX_SAFE_INTEGER + 1]);
    expect(user.writeU32(TID, 8, -2)).toBe(0);
    expect([user.readU32(TID, 8), user.value]).toEqual([0, 0xffff_fffe]);
  });
});

describe('strings', () => {
  const put = (va: number, text: string): void => {
    for (let i = 0; i < text.length; i++) memory[at(va + i)] = text.charCodeAt(i);
  };

  test('go over the ends of pages and keep every byte', () => {
    const text = Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1)).join('');
    for (let length = 0; length <= 255; length += 17) {
      memory.fill(0);
      put(PAGE - 100, text.slice(0, length));
      expect(user.string(TID, PAGE - 100, 300)).toBe(text.slice(0, length));
    }
  });

  test('are as long as their limit at most', () => {
    put(PAGE - 5, 'ten bytes!');
    expect(user.string(TID, PAGE - 5, 10)).toBe('ten bytes!');
    expect(user.string(TID, PAGE - 5, 9)).toBe(-ENAMETOOLONG);
    put(END - 4, 'last');
    expect(user.string(TID, END - 4, 4)).toBe(-EFAULT);
    expect(user.string(TID, END - 4, 3)).toBe(-ENAMETOOLONG);
  });
});
