import { describe, expect, test } from 'vitest';
import { ENOMEM } from '../../../abi/linux/errno.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import { PROT_READ, PROT_WRITE } from '../../../contracts/pmap.ts';
import { decode, encode } from '../../../contracts/schema.ts';
import { type MapRequest, USER_LIMIT, type Vm, vmLayout } from '../../../contracts/vm.ts';
import { fakeVmKernel } from '../../../testing/fake-vm-kernel.ts';
import { vmConformance } from '../../../testing/vm-suite.ts';
import { cowVm } from '../cow/module.ts';
import { primitiveVm } from '../primitive/module.ts';
import { pagingVm } from './module.ts';

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
const out = (vm: Vm, space: number): number => vm.evicted?.(space, 0, USER_LIMIT) ?? 0;

describe('vm/paging', () => {
  for (const { name, run } of vmConformance(pagingVm, [cowVm, primitiveVm])) test(name, run);

  test('holds more than memory does, and reads back what it put out', () => {
    const { kernel, access } = fakeVmKernel(128, pagingVm, 512);
    const space = kernel.vm.create();
    const at = kernel.vm.map(space, request({ length: 300 * PAGE }));
    for (let i = 0; i < 300; i++) expect(access(space, at + i * PAGE, PROT_WRITE, i % 251)).toBe(i % 251);
    expect(out(kernel.vm, space)).toBeGreaterThan(150);
    for (let i = 0; i < 300; i++) expect(access(space, at + i * PAGE, PROT_READ)).toBe(i % 251);
    kernel.vm.release(space);
    expect([out(kernel.vm, -1), kernel.frames.free()]).toEqual([0, kernel.frames.total()]);
  });

  test('spares what is used between two turns of the hand', () => {
    const { kernel, access } = fakeVmKernel(256, pagingVm, 512);
    const space = kernel.vm.create();
    const at = kernel.vm.map(space, request({ length: 100 * PAGE }));
    for (let i = 0; i < 100; i++) access(space, at + i * PAGE, PROT_WRITE, 1);
    // All were used, so the first turn takes some of them all the same, and all others count as unused from then on.
    kernel.vm.relieve?.(1);
    const used = [5, 17, 18, 40, 41, 77, 99];
    for (const i of used) access(space, at + i * PAGE, PROT_READ);
    kernel.vm.relieve?.(92);
    const kept = [];
    for (let i = 0; i < 100; i++) if (kernel.pmap.extract(space, at + i * PAGE) !== 0) kept.push(i);
    expect(kept).toEqual(used);
  });

  test('puts out what parent and child share, and shares it again', () => {
    const { kernel, access, states } = fakeVmKernel(256, pagingVm, 512);
    const parent = kernel.vm.create();
    const at = kernel.vm.map(parent, request({ length: 40 * PAGE }));
    for (let i = 0; i < 40; i++) access(parent, at + i * PAGE, PROT_WRITE, i);
    const child = kernel.vm.fork(parent);
    const before = states.frames.used;
    expect(kernel.vm.relieve?.(40)).toBe(WAIT);
    expect(before - states.frames.used).toBe(40);
    expect([out(kernel.vm, parent), out(kernel.vm, child), out(kernel.vm, -1)]).toEqual([40, 40, 40]);
    access(child, at, PROT_WRITE, 99);
    expect([access(parent, at, PROT_READ), access(child, at, PROT_READ)]).toEqual([0, 99]);
    kernel.vm.release(child);
    for (let i = 0; i < 40; i++) expect(access(parent, at + i * PAGE, PROT_READ)).toBe(i);
    expect(out(kernel.vm, -1)).toBe(0);
  });

  test('gives nothing without a disk, and runs out of memory as others do', () => {
    const { kernel, access } = fakeVmKernel(32, pagingVm);
    const space = kernel.vm.create();
    expect(kernel.vm.map(space, request({ length: 33 * PAGE }))).toBe(-ENOMEM);
    const at = kernel.vm.map(space, request({ length: 32 * PAGE }));
    let touched = 0;
    while (access(space, at + touched * PAGE, PROT_WRITE, 1) === 1) touched++;
    expect(access(space, at + touched * PAGE, PROT_WRITE, 1)).toBe(-ENOMEM);
    expect(kernel.vm.relieve?.(1)).toBe(0);
  });

  test('takes over a state from before there were pages outside memory', () => {
    const [first, second] = vmLayout.versions;
    const { kernel, states } = fakeVmKernel(32, pagingVm);
    kernel.vm.map(kernel.vm.create(), request({}));
    const { swap, ...old } = structuredClone(states.vm);
    const spaces = new Map(
      [...old.spaces].map(([id, space]) => [
        id,
        Object.fromEntries(
          Object.entries(space).filter(([name]) => !['evicted', 'future', 'barriers'].includes(name)),
        ),
      ]),
    );
    const schema = first?.schema as NonNullable<typeof first>['schema'];
    const before = decode(schema, encode(schema, { ...old, spaces }));
    expect(second?.up?.(before)).toEqual(states.vm);
    expect([swap.used, vmLayout.verify?.(states.vm)]).toEqual([0, null]);
  });
});
