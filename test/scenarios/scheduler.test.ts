/** A time-sharing scheduler replaced by one with deadlines, under a program that has some. */
import { describe, expect, it } from 'vitest';
import { byItself, demo, ROOTS } from './demo.ts';

describe.each(ROOTS)('%s', (name, args) => {
  it('misses no job once the scheduler knows deadlines, and those that compute go on', async () => {
    const [record] = await demo(['scheduler', ...args], true);
    expect(record).toMatchObject({
      slot: 'scheduler',
      from: 'time-sharing',
      to: 'deadline',
      replacements: 1,
    });
    expect(record?.pauseNs).toBeGreaterThan(0);
    expect(record?.stateMoved).toBeGreaterThan(0);
    expect(record?.before['missed']).toBeGreaterThan(10);
    expect(record?.before['policy']).toBe('other (EINVAL)');
    expect(record?.after).toMatchObject({ missed: 0, policy: 'deadline' });
    expect(record?.after['busyShare']).toBeGreaterThan(0.2);
    // In time: a job of 4 ms is done within its period of 10 ms.
    expect(record?.after['doneMaxMs']).toBeLessThan(10);
    const cyclic = [record?.before['cyclictestMax'], record?.after['cyclictestMax']];
    if (name.startsWith('Debian')) for (const worst of cyclic) expect(worst).toMatch(/^\d+ us$/);
    else expect(cyclic).toEqual([undefined, undefined]);
  });

  it('is not as claimed when the scheduler is replaced by itself', () => byItself('scheduler', args));
});

it('is not as claimed with a scheduler that is fair and knows no deadlines', async () => {
  const [record] = await demo(['scheduler', '--to', 'fair'], false);
  expect(record?.after['missed']).toBeGreaterThan(0);
});
