import { describe, expect, test } from 'vitest';
import { EIO, ENOMEM } from '../../../abi/linux/errno.ts';
import { PROT_READ, PROT_WRITE } from '../../../contracts/pmap.ts';
import { type MapRequest, VMA_GROWSDOWN, VMA_SHARED, VMA_STACK } from '../../../contracts/vm.ts';
import { fakeVmKernel, STACK_LIMIT } from '../../../testing/fake-vm-kernel.ts';
import { vmConformance } from '../../../testing/vm-suite.ts';
import { cowVm } from './module.ts';

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

describe('vm/cow', () => {
  for (const { name, run } of vmConformance(cowVm)) test(name, run);

  test.each([
    ['in pieces', {}],
    ['page by page', { share: undefined, clear: undefined }],
  ])(
    'uses frames for what is touched, and shares them %s after a fork until one side writes',
    (_how, pmap) => {
      const { kernel, access, states } = fakeVmKernel(256, cowVm);
      Object.assign(kernel.pmap, pmap);
      const atFirst = states.frames.used;
      const parent = kernel.vm.create();
      const at = kernel.vm.map(parent, request({ length: 64 * PAGE }));
      const empty = states.frames.used;
      access(parent, at, PROT_WRITE, 1);
      access(parent, at + PAGE, PROT_WRITE, 2);
      expect(kernel.vm.resident(parent)).toBe(2);
      const before = states.frames.used;
      expect(before - empty).toBeLessThan(6);

      const child = kernel.vm.fork(parent);
      const tables = states.frames.used - before;
      access(child, at, PROT_WRITE, 9);
      expect(states.frames.used).toBe(before + tables + 1);
      expect([access(parent, at, PROT_READ), access(child, at, PROT_READ)]).toEqual([1, 9]);
      expect(access(child, at + PAGE, PROT_READ)).toBe(2);
      expect([kernel.vm.resident(child), kernel.vm.resident(parent)]).toEqual([2, 2]);

      kernel.vm.release(child);
      expect(states.frames.used).toBe(before);
      kernel.vm.release(parent);
      expect(states.frames.used).toBe(atFirst);
    },
  );

  test('maps the neighbours of a file page that are in the cache', () => {
    const { kernel, access, addFile } = fakeVmKernel(64, cowVm);
    const file = addFile([1, 2, 3, 4]);
    for (let i = 0; i < 4; i++) kernel.pagecache.get(file.inode, i, false);
    const space = kernel.vm.create();
    const at = kernel.vm.map(space, request({ length: 4 * PAGE, inode: file.inode, prot: PROT_READ }));
    expect(access(space, at + PAGE, PROT_READ)).toBe(2);
    expect(kernel.vm.resident(space)).toBe(4);
  });

  test('tells the file system of each write after a sync, and turns its refusal into SIGBUS', () => {
    const { kernel, access, addFile } = fakeVmKernel(64, cowVm);
    const file = addFile([1, 2]);
    const space = kernel.vm.create();
    const shared = request({ length: 2 * PAGE, inode: file.inode, flags: VMA_SHARED });
    const at = kernel.vm.map(space, shared);
    access(space, at + PAGE, PROT_READ);
    expect(file.written.size).toBe(0);
    access(space, at + PAGE, PROT_WRITE, 7);
    expect([...file.written]).toEqual([1]);
    file.written.clear();
    expect(kernel.vm.sync(space, at, 2 * PAGE, 4)).toBe(0);
    file.written.clear();
    access(space, at + PAGE, PROT_WRITE, 8);
    expect([...file.written]).toEqual([1]);
    file.full = true;
    expect(access(space, at, PROT_WRITE, 1)).toBe(-EIO);
  });

  test('unmaps the pages of a file that shrank', () => {
    const { kernel, access, addFile } = fakeVmKernel(64, cowVm);
    const file = addFile([1, 2, 3]);
    const space = kernel.vm.create();
    const at = kernel.vm.map(space, request({ length: 3 * PAGE, inode: file.inode }));
    access(space, at + 2 * PAGE, PROT_WRITE, 9);
    file.pages.length = 1;
    kernel.pagecache.truncate(file.inode, 1);
    kernel.vm.truncated(file.inode, 1);
    expect(access(space, at, PROT_READ)).toBe(1);
    expect(access(space, at + 2 * PAGE, PROT_READ)).toBe(-EIO);
  });

  test('grows a stack down to its limit and no nearer than the guard gap', () => {
    const { kernel, access } = fakeVmKernel(64, cowVm);
    const space = kernel.vm.create();
    const top = 0x8000_0000;
    const flags = VMA_GROWSDOWN | VMA_STACK;
    kernel.vm.map(space, request({ address: top - PAGE, fixed: true, flags }));
    expect(access(space, top - STACK_LIMIT, PROT_WRITE, 1)).toBe(1);
    expect(access(space, top - STACK_LIMIT - PAGE, PROT_WRITE, 1)).toBeLessThan(0);
    const other = kernel.vm.create();
    kernel.vm.map(other, request({ address: top - PAGE, fixed: true, flags }));
    kernel.vm.map(other, request({ address: top - 40 * PAGE, fixed: true }));
    expect(access(other, top - 30 * PAGE, PROT_WRITE, 1)).toBeLessThan(0);
  });

  test('runs out of memory without losing any', () => {
    const { kernel, access, states } = fakeVmKernel(24, cowVm);
    const space = kernel.vm.create();
    expect(kernel.vm.map(space, request({ length: 25 * PAGE }))).toBe(-ENOMEM);
    const at = kernel.vm.map(space, request({ length: 24 * PAGE }));
    let touched = 0;
    while (access(space, at + touched * PAGE, PROT_WRITE, 1) === 1) touched++;
    expect(access(space, at + touched * PAGE, PROT_WRITE, 1)).toBe(-ENOMEM);
    expect(kernel.vm.fork(space)).toBe(-ENOMEM);
    kernel.vm.unmap(space, at, 2 * PAGE);
    expect(kernel.vm.fork(space)).toBe(-ENOMEM);
    expect(access(space, at + 2 * PAGE, PROT_READ)).toBe(1);
    kernel.vm.release(space);
    expect(states.frames.used).toBe(0);
  });
});
