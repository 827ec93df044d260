/** The order of a disk and a file system replaced, under readers, a writer and transactions. */
import { describe, expect, it } from 'vitest';
import { byItself, demo, ROOTS } from './demo.ts';

describe.each(ROOTS)('%s', { timeout: 300_000 }, (name, args) => {
  it('reads sooner once transfers are ordered by place, and loses nothing', async () => {
    const [record, cache] = await demo(['io', ...args], true);
    expect(record).toMatchObject({ slot: 'block', from: 'fifo', to: 'deadline', replacements: 1 });
    expect(record?.pauseNs).toBeGreaterThan(0);
    const median = (side: 'before' | 'after'): number => Number(record?.[side]['readMedianMs']);
    expect(median('after')).toBeLessThanOrEqual(median('before') * 0.75);
    expect(cache).toMatchObject({ slot: 'buffercache', from: 'lru', to: 'two-queue', replacements: 1 });
    expect(Number(cache?.after['againMedianMs'])).toBeLessThanOrEqual(
      Number(cache?.before['againMedianMs']) * 0.1,
    );
    if (!name.startsWith('Debian')) return;
    // That each is there, sqlite and e2fsck have said; else outputs would not be intact.
    expect(record?.after['transactions']).toBeGreaterThan(10);
    expect(record?.after['ext2PauseNs']).toBeGreaterThan(0);
  });

  it('is not as claimed when the order of the disk is replaced by itself', () => byItself('io', args));
});
