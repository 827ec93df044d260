import { describe, expect, it } from 'vitest';
import type { Module } from '../../contracts/module.ts';
import type { Block, BlockState } from '../../contracts/block.ts';
import { blockConformance } from '../../testing/block-suite.ts';
import { type FakeDisks, fakeDisks } from '../../testing/fake-disk-kernel.ts';
import { lruBuffercache } from '../buffercache/lru/module.ts';
import deadline from './deadline/module.ts';
import fifo from './fifo/module.ts';

const MODULES = [fifo, deadline];
const SECTORS = 1 << 20;

describe.each(MODULES.map((module) => [module.manifest.name, module] as const))('block/%s', (_, module) => {
  for (const { name, run } of blockConformance(module, MODULES)) it(name, run);
});

const timed = (block: Module<Block, BlockState>): FakeDisks => {
  const disks = fakeDisks({ block, buffercache: lruBuffercache }, 512, false);
  disks.addDisk('vda', 'ram', new Uint8Array(0));
  disks.kernel.block.addDisk({
    name: 'vdb',
    sectors: SECTORS,
    readOnly: false,
    store: 'ram',
    grant: -1,
    timed: true,
  });
  return disks;
};
const DISK = 1;

/** Ask for sectors in this order, all at once. @returns the order of completion */
function serve(
  block: Module<Block, BlockState>,
  asked: readonly (readonly [write: boolean, sector: number])[],
): {
  order: number[];
  ns: number;
} {
  const disks = timed(block);
  const { kernel, completions } = disks;
  const frame = kernel.frames.alloc(true, 0);
  for (const [tag, [write, sector]] of asked.entries())
    kernel.block.submit(DISK, write, sector, 8, frame, tag);
  disks.settle();
  return { order: completions.map(([tag]) => tag), ns: disks.time.ns };
}

const scattered = Array.from({ length: 64 }, (_, i) => [false, ((i * 37) % 64) * 8192] as const);

describe('block/fifo', () => {
  it('keeps the order', () => {
    expect(serve(fifo, scattered).order).toEqual(scattered.map((_, i) => i));
  });
});

describe('block/deadline', () => {
  it('sweeps over the disk, and is done sooner by more than half', () => {
    const swept = serve(deadline, scattered);
    const sectors = swept.order.slice(1).map((tag) => scattered[tag]?.[1] ?? 0);
    expect(sectors).toEqual([...sectors].sort((a, b) => a - b));
    expect(swept.ns).toBeLessThan(serve(fifo, scattered).ns / 1.5);
  });

  it('lets reads go before writes, and writes in after two runs of them', () => {
    const asked = [
      [false, 0] as const,
      ...Array.from({ length: 4 }, (_, i) => [true, 100_000 + i * 100] as const),
      ...Array.from({ length: 60 }, (_, i) => [false, 200_000 + i * 100] as const),
    ];
    const { order } = serve(deadline, asked);
    const firstWrite = order.findIndex((tag) => asked[tag]?.[0]);
    expect(firstWrite).toBeGreaterThan(16);
    expect(firstWrite).toBeLessThan(asked.length - 4);
  });

  it('does not leave a read behind for ever', () => {
    const disks = timed(deadline);
    const { kernel, completions } = disks;
    const frame = kernel.frames.alloc(true, 0);
    kernel.block.submit(DISK, false, 500_000, 8, frame, 0);
    kernel.block.submit(DISK, false, 10, 8, frame, 1);
    // A stream behind the head that never ends.
    let next = 2;
    while (!completions.some(([tag]) => tag === 1) && next < 5000) {
      kernel.block.submit(DISK, false, 500_000 + next * 100, 8, frame, next);
      next++;
      disks.pass();
    }
    expect(next).toBeLessThan(200);
  });
});
