/** Requests and replies beside busy programs: waiting for turns, then handed over. */
import { describe, expect, it } from 'vitest';
import { byItself, demo, ROOTS } from './demo.ts';

describe.each(ROOTS)('%s', { timeout: 300_000 }, (name, args) => {
  it('is at least twice as fast once the CPU goes along with the message, and slows nothing else', async () => {
    const [record] = await demo(['ipc', ...args], true);
    expect(record).toMatchObject({ slot: 'ipc', from: 'basic', to: 'direct', replacements: 1 });
    const part = (figure: string): number => Number(record?.after[figure]) / Number(record?.before[figure]);
    expect(part('roundTripUs')).toBeLessThanOrEqual(0.5);
    expect(part('largeRoundTripUs')).toBeLessThanOrEqual(1.05);
    if (!name.startsWith('Debian')) return;
    expect(part('redisMeanMs')).toBeLessThanOrEqual(0.5);
    expect(part('redisPipelinedMeanMs')).toBeLessThanOrEqual(1.05);
    for (const over of ['Pipes', 'Sockets']) {
      expect(part(`hackbench${over}Ms`), over).toBeLessThanOrEqual(1.2);
      expect(part(`hackbench${over}Switches`), over).toBeLessThanOrEqual(1.2);
    }
  });
});

it('is not as claimed the other way round', async () => {
  const [record] = await demo(['ipc', '--from', 'direct', '--to', 'basic'], false);
  expect(record).toMatchObject({ from: 'direct', to: 'basic' });
});

it('is not as claimed when the module is replaced by itself', () => byItself('ipc', []));
