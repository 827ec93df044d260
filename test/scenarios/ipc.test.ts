/** A request and its reply beside busy programs: waiting for turns, then handed over. */
import { describe, expect, it } from 'vitest';
import { byItself, demo, ROOTS } from './demo.ts';

describe.each(ROOTS)('%s', (_name, args) => {
  it('is at least twice as fast once the CPU goes along with the message', async () => {
    const [record] = await demo(['ipc', ...args], true);
    expect(record).toMatchObject({ slot: 'ipc', from: 'basic', to: 'direct', replacements: 1 });
    const [before, after] = [record?.before['roundTripUs'], record?.after['roundTripUs']] as [number, number];
    expect(before).toBeGreaterThanOrEqual(2 * after);
  });

  it('is not as claimed the other way round', async () => {
    const [record] = await demo(['ipc', '--from', 'direct', '--to', 'basic', ...args], false);
    expect(record).toMatchObject({ from: 'direct', to: 'basic' });
  });

  it('is not as claimed when the module is replaced by itself', () => byItself('ipc', args));
});
