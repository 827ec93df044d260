/** Calls that need what a module lacks: an errno where modules stay, and the feature where they come on demand. */
import { describe, expect, it } from 'vitest';
import { byItself, demo, ROOTS } from './demo.ts';

describe.each(ROOTS)('%s', (_name, args) => {
  it('brings in what the calls need', async () => {
    const records = await demo(['features', ...args], true);
    expect(records).toMatchObject([
      { name: 'features:vm', slot: 'vm', from: 'primitive', to: 'cow' },
      { name: 'features:scheduler', slot: 'scheduler', from: 'time-sharing', to: 'deadline' },
    ]);
    expect(records.map(({ before, after }) => [before['answer'], after['answer']])).toEqual([
      ['ENODEV', 'works'],
      ['EINVAL', 'works'],
    ]);
    for (const { pauseNs } of records) expect(pauseNs).toBeGreaterThan(0);
  });

  it('is not as claimed when the modules are replaced by themselves', () => byItself('features', args));
});
