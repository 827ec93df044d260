/** A primitive virtual memory replaced by one with copy on write and mapped files, under programs that fork and map. */
import { describe, expect, it } from 'vitest';
import { byItself, demo, ROOTS } from './demo.ts';

describe.each(ROOTS)('%s', { timeout: 400_000 }, (name, args) => {
  it('forks in half the time and maps files shared', async () => {
    const [record] = await demo(['vm', ...args], true);
    expect(record).toMatchObject({ slot: 'vm', from: 'primitive', to: 'cow', replacements: 1 });
    expect(record?.pauseNs).toBeGreaterThan(0);
    expect(record?.before['mapShared']).toBe('ENODEV');
    expect(record?.after['mapShared']).toBe('works');
    expect(Number(record?.after['forkUs'])).toBeLessThanOrEqual(Number(record?.before['forkUs']) / 2);
    if (!name.startsWith('Debian')) return;
    // The child that saves has next to no memory of its own, and redis answers no error.
    expect(record?.before['ownBytes']).toBeGreaterThan(12e6);
    expect(record?.after['ownBytes']).toBeLessThan(5e6);
    expect([record?.before['errors'], record?.after['errors']]).toEqual([0, 0]);
  });

  it('is not as claimed when the virtual memory is replaced by itself', () => byItself('vm', args));
});
