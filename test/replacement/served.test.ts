/** Time on probation that was served before a module was replaced counts when it comes back. */
import { expect, test } from 'vitest';
import { Kernel } from '../../src/api/kernel.ts';
import { nodeHost } from '../../src/host/node/index.ts';

const ENTRIES = 100_000;

test('a module that goes and comes again serves what was left', async () => {
  const kernel = await Kernel.boot({ host: nodeHost({ onOutput() {} }), probation: ENTRIES });
  const left = (): number | undefined => kernel.trying()[0]?.entriesLeft;
  const work = async (): Promise<void> => {
    expect((await (await kernel.spawn(['forkbench', '1', '20'])).exited).code).toBe(0);
  };
  await kernel.replace({ scheduler: 'fair' });
  await work();
  const first = left() as number;
  expect(first).toBeLessThan(ENTRIES - 40);

  await kernel.replace({ scheduler: 'time-sharing' });
  expect(kernel.trying()).toEqual([]);
  await work();
  await kernel.replace({ scheduler: 'fair' });
  // The entry of the replacement itself may count.
  expect(first - (left() as number)).toBeLessThan(5);
  await work();
  expect(left()).toBeLessThan(first - 40);
  await kernel.shutdown();
});
