/** The accounts of the code cache: what counts as live, and which modules go first. */
import { describe, expect, test } from 'vitest';
import { createCodeCache } from './cache.ts';

describe('code cache', () => {
  const MOST = 1000;
  const CODE = {};
  const full = (): ReturnType<typeof createCodeCache<string>> =>
    createCodeCache<string>({ most: MOST, now: () => 0 });

  test('counts a module until its last member is gone', () => {
    const cache = full();
    const emitted = cache.emit(CODE, new Uint8Array(300));
    for (const member of ['a', 'b']) cache.add(emitted, member, false);
    cache.remove(emitted, 'a');
    expect(cache.counts()).toMatchObject({ live: 1, liveBytes: 300, dropped: 1, modules: 1 });
    cache.remove(emitted, 'b');
    cache.remove(emitted, 'b');
    expect(cache.counts()).toMatchObject({ live: 0, liveBytes: 0, dropped: 2, emittedBytes: 300, made: 2 });
    expect(cache.all()).toEqual([]);
  });

  test('evicts nothing while there is room, then what was linked longest ago, whole modules at a time', () => {
    const cache = full();
    const [first, second, third] = ['a', 'b', 'c'].map((name) => {
      const emitted = cache.emit(CODE, new Uint8Array(300));
      for (const number of [1, 2]) cache.add(emitted, `${name}${number}`, false);
      return emitted;
    });
    if (first === undefined || second === undefined || third === undefined) throw new RangeError();
    expect(cache.victims(100)).toEqual([]);
    cache.touch(first);
    expect(cache.victims(101)).toEqual(['b1', 'b2']);
    expect(cache.victims(300)).toEqual(['b1', 'b2', 'c1', 'c2']);
    expect(cache.victims(1000)).toEqual(['b1', 'b2', 'c1', 'c2', 'a1', 'a2']);
  });

  test('what was evicted is not counted as dropped', () => {
    const cache = full();
    const emitted = cache.emit(CODE, new Uint8Array(900));
    cache.add(emitted, 'a', false);
    for (const victim of cache.victims(200)) cache.remove(emitted, victim);
    cache.noteEvicted(1);
    expect(cache.counts()).toMatchObject({ evicted: 1, dropped: 0, live: 0 });
  });
});
