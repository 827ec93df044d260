import { describe, expect, it } from 'vitest';
import { Digest } from './digest.ts';

const streamed = (...pieces: readonly string[]): string => {
  const digest = new Digest();
  for (const piece of pieces) {
    digest.stream(new TextEncoder().encode(piece));
    digest.hex();
  }
  return digest.hex();
};

describe('the digest of a stream', () => {
  it('is that of its bytes, in whatever pieces they come', () => {
    const whole = streamed('a line\nand another\n');
    expect(streamed('a', ' line\nand', '', ' anoth', 'er\n')).toBe(whole);
    expect(streamed(...'a line\nand another\n')).toBe(whole);
  });

  it('tells streams apart, be it by their last byte or by how many there are', () => {
    const all = ['', '\0', '\0\0', '\0\0\0\0', '\0\0\0\0\0', 'abcd', 'abcde', 'abcdf', 'abc', 'bacd'].map(
      (text) => streamed(text),
    );
    expect(new Set(all).size).toBe(all.length);
  });
});
