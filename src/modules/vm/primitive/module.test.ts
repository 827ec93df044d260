import { describe, expect, test } from 'vitest';
import { ENODEV, ENOMEM } from '../../../abi/linux/errno.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import { PROT_READ, PROT_WRITE } from '../../../contracts/pmap.ts';
import { type MapRequest, VMA_SHARED } from '../../../contracts/vm.ts';
import { fakeVmKernel } from '../../../testing/fake-vm-kernel.ts';
import { vmConformance } from '../../../testing/vm-suite.ts';
import { primitiveVm } from './module.ts';

const PAGE = 4096;
const request = (over: Partial<MapRequest>): MapRequest => ({
  address: 0,
  length: PAGE,
  prot: PROT_READ | PROT_WRITE,
  maxProt: 7,
  flags: 0,
  fixed: false,
  noReplace: false,
  inode: 0,
  offset: 0,
  ...over,
});

describe('vm/primitive', () => {
  for (const { name, run } of vmConformance(primitiveVm)) test(name, run);

  test('has every page present when map returns, and copies them all on fork', () => {
    const { kernel, states } = fakeVmKernel(256, primitiveVm);
    const space = kernel.vm.create();
    kernel.vm.map(space, request({ length: 20 * PAGE }));
    expect(kernel.vm.resident(space)).toBe(20);
    const before = states.frames.used;
    kernel.vm.fork(space);
    expect(states.frames.used - before).toBeGreaterThanOrEqual(20);
  });

  test('gives a reservation its frames when it is opened', () => {
    const { kernel } = fakeVmKernel(64, primitiveVm);
    const space = kernel.vm.create();
    const at = kernel.vm.map(space, request({ length: 1000 * PAGE, prot: 0 }));
    expect(kernel.vm.resident(space)).toBe(0);
    expect(kernel.vm.protect(space, at, 3 * PAGE, PROT_READ | PROT_WRITE)).toBe(0);
    expect(kernel.vm.resident(space)).toBe(3);
  });

  test('reads a file in before the mapping is made, and leaves nothing behind while it waits', () => {
    const { kernel, addFile, finish } = fakeVmKernel(64, primitiveVm);
    const file = addFile([1, 2, 3], true);
    const space = kernel.vm.create();
    const map = (): number => kernel.vm.map(space, request({ length: 3 * PAGE, inode: file.inode }));
    expect(map()).toBe(WAIT);
    expect([kernel.vm.size(space), file.pins]).toEqual([0, 0]);
    expect(finish(map)).toBeGreaterThan(0);
    expect([kernel.vm.resident(space), file.pins]).toEqual([3, 1]);
  });

  test('refuses a shared mapping of a file, and more than there is', () => {
    const { kernel, addFile, states } = fakeVmKernel(64, primitiveVm);
    const file = addFile([1]);
    const space = kernel.vm.create();
    expect(kernel.vm.map(space, request({ inode: file.inode, flags: VMA_SHARED }))).toBe(-ENODEV);
    kernel.vm.map(space, request({ length: 40 * PAGE }));
    const used = states.frames.used;
    expect(kernel.vm.map(space, request({ length: 40 * PAGE }))).toBe(-ENOMEM);
    expect(kernel.vm.fork(space)).toBe(-ENOMEM);
    expect(states.frames.used).toBe(used);
  });
});
