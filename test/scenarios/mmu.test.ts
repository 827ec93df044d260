/** A defect of the MMU code, and the program that brings the newer version along. */
import { describe, expect, it } from 'vitest';
import { byItself, demo, ROOTS } from './demo.ts';

describe.each(ROOTS)('%s', (_name, args) => {
  it('computes wrongly on the old version, rightly where it requires the new one', async () => {
    const [record] = await demo(['mmu', ...args], true);
    expect(record).toMatchObject({ slot: 'pmap', from: 'sv39', to: 'sv39', replacements: 1 });
    expect(record?.before['wrong']).toBeGreaterThan(0);
    expect(record?.after['wrong']).toBe(0);
  });

  it('is not as claimed when the old version is replaced by itself', () => byItself('mmu', args));
});
