import { describe, expect, test } from 'vitest';
import { EIO, ENOMEM } from '../../../abi/linux/errno.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import { fakeVmKernel } from '../../../testing/fake-vm-kernel.ts';
import { cowVm } from '../../vm/cow/module.ts';

const PAGE = 4096;

describe('pagecache/demand', () => {
  test('reads a page once, waits where its file system waits, and keeps nothing meanwhile', () => {
    const { kernel, machine, addFile, states } = fakeVmKernel(8, cowVm);
    const { inode } = addFile([5, 6], true);
    expect(kernel.pagecache.get(inode, 1, false)).toBe(WAIT);
    expect(states.frames.used).toBe(0);
    const frame = kernel.pagecache.get(inode, 1, false);
    expect(machine.u8[frame * PAGE]).toBe(6);
    expect(kernel.pagecache.get(inode, 1, false)).toBe(frame);
    expect(kernel.pagecache.find(inode, 1)).toBe(frame);
  });

  test('makes a page of a hole only if it is to', () => {
    const { kernel, machine, addFile } = fakeVmKernel(8, cowVm);
    const { inode } = addFile([0, 7]);
    machine.u8.fill(0xee, machine.layout.firstFrame * PAGE, (machine.layout.firstFrame + 1) * PAGE);
    expect(kernel.pagecache.get(inode, 0, false)).toBe(0);
    expect(kernel.pagecache.count(inode)).toBe(0);
    const frame = kernel.pagecache.get(inode, 0, true);
    expect(machine.u8.subarray(frame * PAGE, (frame + 1) * PAGE).every((byte) => byte === 0)).toBe(true);
  });

  test('keeps the pages of shared memory, which no file system has', () => {
    const { kernel } = fakeVmKernel(8, cowVm);
    expect(kernel.pagecache.get(3, 0, false)).toBe(0);
    const frame = kernel.pagecache.get(3, 0, true);
    expect(kernel.pagecache.get(3, 0, false)).toBe(frame);
  });

  test('drops pages by index and gives their frames back', () => {
    const { kernel, addFile, states } = fakeVmKernel(16, cowVm);
    const { inode } = addFile([1, 2, 3, 4]);
    for (const index of [3, 0, 2]) kernel.pagecache.get(inode, index, false);
    expect(kernel.pagecache.indices(inode)).toEqual([0, 2, 3]);
    const kept = kernel.pagecache.find(inode, 3);
    kernel.frames.ref(kept);
    kernel.pagecache.truncate(inode, 1);
    expect(kernel.pagecache.indices(inode)).toEqual([0]);
    expect([kernel.pagecache.count(-1), states.frames.used, kernel.frames.count(kept)]).toEqual([1, 2, 1]);
  });

  test('gives back what can be read again and nobody else holds, the first that came first', () => {
    const { kernel, addFile, states } = fakeVmKernel(16, cowVm);
    const { inode } = addFile([1, 2, 3, 4, 5]);
    for (const index of [4, 0, 1, 2]) kernel.pagecache.get(inode, index, false);
    kernel.pagecache.get(3, 0, true);
    kernel.frames.ref(kernel.pagecache.find(inode, 0));
    let lost = -1;
    Object.assign(kernel.filesystem['fake'] as object, {
      refills: (_inode: number, index: number) => index !== lost,
    });
    expect(kernel.pagecache.reclaim(1)).toBe(1);
    expect(kernel.pagecache.indices(inode)).toEqual([0, 1, 2]);
    lost = 1;
    expect(kernel.pagecache.reclaim(9)).toBe(1);
    expect(kernel.pagecache.indices(inode)).toEqual([0, 1]);
    expect([kernel.pagecache.count(-1), states.frames.used]).toEqual([3, 3]);
    lost = 0;
    expect(kernel.pagecache.reclaim(9)).toBe(0);
  });

  test('takes a reference of what is put in, and releases what it replaces', () => {
    const { kernel, states } = fakeVmKernel(16, cowVm);
    const first = kernel.frames.alloc(true, 0);
    const second = kernel.frames.alloc(true, 0);
    kernel.pagecache.insert(9, 4, first);
    kernel.pagecache.insert(9, 4, second);
    expect([kernel.frames.count(first), kernel.frames.count(second)]).toEqual([1, 2]);
    expect([kernel.pagecache.find(9, 4), states.pagecache.pages]).toEqual([second, 1]);
  });

  test('passes on what it can not do', () => {
    const { kernel, addFile } = fakeVmKernel(1, cowVm);
    const { inode } = addFile([1]);
    const cell = kernel.filesystem['fake'];
    if (cell === undefined) throw new Error('no file system');
    const { fill } = cell;
    cell.fill = () => -EIO;
    expect(kernel.pagecache.get(inode, 0, false)).toBe(-EIO);
    cell.fill = fill;
    kernel.frames.alloc(true, 0);
    expect(kernel.pagecache.get(inode, 0, false)).toBe(-ENOMEM);
  });
});
