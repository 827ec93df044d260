import { describe, expect, it } from 'vitest';
import { WAIT } from '../../contracts/kernel.ts';
import { buffercacheConformance } from '../../testing/buffercache-suite.ts';
import { fakeDisks } from '../../testing/fake-disk-kernel.ts';
import deadline from '../block/deadline/module.ts';
import lru from './lru/module.ts';
import twoQueue from './two-queue/module.ts';

const MODULES = [lru, twoQueue];

describe.each(MODULES.map((module) => [module.manifest.name, module] as const))(
  'buffercache/%s',
  (_, module) => {
    for (const { name, run } of buffercacheConformance(module, deadline, MODULES)) it(name, run);
  },
);

/** Use 50 units again and again, scan the disk once, and use them again. @returns how many of them had to be read again */
function lostToScan(module: (typeof MODULES)[number]): number {
  const disks = fakeDisks({ block: deadline, buffercache: module }, 1024);
  const disk = disks.addDisk('vda', 'host', new Uint8Array(4000 * 4096));
  const { buffercache } = disks.kernel;
  const get = (unit: number): boolean => {
    const there = buffercache.get(disk, unit) !== WAIT;
    if (!there) {
      disks.settle();
      buffercache.get(disk, unit);
    }
    return there;
  };
  // Far enough apart that they left the queue in between, so that the second use counts.
  for (let round = 0; round < 3; round++) {
    for (let unit = 0; unit < 50; unit++) get(unit);
    for (let unit = 0; unit < 250; unit++) get(3000 + round * 300 + unit);
  }
  for (let unit = 0; unit < 50; unit++) get(unit);
  for (let unit = 100; unit < 2100; unit++) get(unit);
  let lost = 0;
  for (let unit = 0; unit < 50; unit++) if (!get(unit)) lost++;
  return lost;
}

describe('a scan of the disk', () => {
  it('pushes what is used often out of an lru cache, and not out of one with two queues', () => {
    expect([lostToScan(lru), lostToScan(twoQueue)]).toEqual([50, 0]);
  });
});
