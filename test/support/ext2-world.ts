/**
 * An ext2 image mounted in a kernel made of fakes, with real disks and buffers under it.
 */
import { expect } from 'vitest';
import type { FileSystem } from '../../src/contracts/filesystem.ts';
import { decode, encode, type Schema } from '../../src/contracts/schema.ts';
import { deadlineBlock } from '../../src/modules/block/deadline/module.ts';
import { fifoBlock } from '../../src/modules/block/fifo/module.ts';
import { lruBuffercache } from '../../src/modules/buffercache/lru/module.ts';
import { twoQueueBuffercache } from '../../src/modules/buffercache/two-queue/module.ts';
import { ext2Filesystem } from '../../src/modules/filesystem/ext2/module.ts';
import { type Ext2State, ext2Layout } from '../../src/modules/filesystem/ext2/state.ts';
import { type FakeDisks, fakeDisks } from '../../src/testing/fake-disk-kernel.ts';
import { settle, type Subject } from '../../src/testing/fs-commands.ts';

/** The superblock's number. */
export const SB = 3;

export interface World extends Subject {
  readonly disks: FakeDisks;
  /** The root's inode, or why it could not be mounted. */
  readonly root: number;
  /** Run an operation until it waits no more. */
  settled<T>(operation: (cell: FileSystem) => T | number): T | number;
  /** Sync for the last time and unmount. @returns the image */
  finish(): Uint8Array;
}

/** @param options of the mount */
export function mountImage(image: Uint8Array, options = ''): World {
  const first = { block: deadlineBlock, buffercache: twoQueueBuffercache };
  const second = { block: fifoBlock, buffercache: lruBuffercache };
  const disks = fakeDisks(first, 2048);
  disks.addDisk('vda', 'host', image);
  const { fake, kernel } = disks;
  let state: Ext2State = ext2Layout.create();
  const schema = ext2Layout.versions[0]?.schema as Schema<Ext2State>;
  let cell: FileSystem = ext2Filesystem.create(state, kernel);
  fake.cells['ext2'] = cell;
  fake.types.set(SB, 'ext2');
  let turn = 0;
  const root = settle(
    () => cell.mount(SB, '/dev/vda', options),
    () => disks.settle(),
  );
  return {
    disks,
    fake,
    root,
    cell: () => cell,
    transfer() {
      disks.transfer(turn++ % 2 === 0 ? second : first);
      schema.check(state, 'ext2');
      expect(ext2Layout.verify?.(state)).toBe(null);
      state = decode(schema, encode(schema, state).slice());
      cell = ext2Filesystem.create(state, kernel);
      fake.cells['ext2'] = cell;
    },
    idle: () => disks.settle(),
    settled: (operation) =>
      settle(
        () => operation(cell),
        () => disks.settle(),
      ),
    finish() {
      expect(
        settle(
          () => cell.sync?.(SB, true) ?? 0,
          () => disks.settle(),
        ),
      ).toBe(0);
      cell.unmount(SB);
      return disks.file(1);
    },
  };
}
