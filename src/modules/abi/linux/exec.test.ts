import { describe, expect, it } from 'vitest';
import { ENOEXEC } from '../../../abi/linux/errno.ts';
import { parseScript } from './exec-program.ts';
import { argumentSize, buildStack, EXEC_PATH, RANDOM_BYTES } from './exec-stack.ts';

const bytes = (text: string): Uint8Array => new Uint8Array([...text].map((char) => char.charCodeAt(0)));

describe('parseScript', () => {
  it('splits interpreter and one argument', () => {
    expect(parseScript(bytes('#! /bin/sh -e  -u \nrest'))).toEqual({ path: '/bin/sh', argument: '-e  -u' });
    expect(parseScript(bytes('#!/bin/sh\n'))).toEqual({ path: '/bin/sh', argument: null });
    expect(parseScript(bytes('\x7fELF'))).toBeNull();
  });

  it('refuses an empty line and a path that is cut off', () => {
    expect(parseScript(bytes('#!  \n'))).toBe(-ENOEXEC);
    expect(parseScript(bytes(`#!/${'x'.repeat(253)}`))).toBe(-ENOEXEC);
    expect(parseScript(bytes(`#!/bin/sh ${'x'.repeat(246)}`))).toMatchObject({ path: '/bin/sh' });
  });
});

describe('buildStack', () => {
  const top = 0xffff_0000;
  const image = buildStack({
    top,
    argv: ['prog', 'two'],
    envp: ['A=1'],
    path: '/bin/prog',
    random: new Uint8Array(16).fill(7),
    auxiliary: [
      [6, 4096],
      [25, RANDOM_BYTES],
      [31, EXEC_PATH],
    ],
  });
  const data = new DataView(image.bytes.buffer);
  const word = (index: number): number => Number(data.getBigUint64(index * 8, true));
  const text = (address: number): string => {
    let found = '';
    for (let at = address - image.sp; image.bytes[at] !== 0; at++)
      found += String.fromCharCode(image.bytes[at] ?? 0);
    return found;
  };

  it('begins, aligned to 16, with argc, argv, envp and auxv', () => {
    expect(image.sp % 16).toBe(0);
    expect(image.sp + image.bytes.length).toBe(top);
    expect(word(0)).toBe(2);
    expect([text(word(1)), text(word(2)), word(3)]).toEqual(['prog', 'two', 0]);
    expect([text(word(4)), word(5)]).toEqual(['A=1', 0]);
    expect([word(6), word(7), word(8), word(10), text(word(11)), word(12)]).toEqual([
      6,
      4096,
      25,
      31,
      '/bin/prog',
      0,
    ]);
    expect(image.bytes[word(9) - image.sp]).toBe(7);
  });

  it('says where the strings are, as /proc shows them', () => {
    const args = image.bytes.subarray(image.argumentStart - image.sp, image.argumentEnd - image.sp);
    expect(String.fromCharCode(...args)).toBe('prog\0two\0');
    expect(image.environmentEnd - image.environmentStart).toBe(4);
    expect(argumentSize(['ab'], ['c'])).toBe(3 + 2 + 16);
  });
});
