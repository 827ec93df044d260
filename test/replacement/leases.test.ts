/** An interface in use can not be taken away. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Kernel } from '../../src/api/kernel.ts';
import { nodeHost } from '../../src/host/node/index.ts';
import { runRig } from '../support/rig.ts';

const active = (kernel: Kernel, slot: string): string | undefined =>
  kernel.modules().find((module) => module.slot === slot && module.active)?.name;

describe("a lease of a module's", () => {
  it('is of whom it names, once, and no more than its own', async () => {
    const { nucleus } = await runRig(['/bin/true']);
    const { cells, kernel } = nucleus;
    const primitive = nucleus.find('vm', 'primitive');
    expect(kernel.leases.take('vm', 'no-such-thing', 1)).toBe(false);
    const giveBack = cells.lease('vm', 'mapped-files');
    for (const holder of [7, 7, 8]) expect(kernel.leases.take('vm', 'mapped-files', holder)).toBe(true);
    giveBack();
    kernel.leases.give('vm', 'mapped-files', 7);
    expect(() => nucleus.check(primitive)).toThrow(/it lacks mapped-files, which is in use/);
    kernel.leases.give('vm', 'mapped-files', 8);
    nucleus.check(primitive);
    cells.lease('vm', 'mapped-files');
    for (let holder = -10; holder <= 10; holder++) kernel.leases.give('vm', 'mapped-files', holder);
    expect(kernel.leases.take('vm', 'mapped-files', -1)).toBe(false);
    expect(() => nucleus.check(primitive)).toThrow(/mapped-files/);
  });
});

describe('a lease', () => {
  let kernel: Kernel;
  beforeEach(async () => {
    kernel = await Kernel.boot({ host: nodeHost({ stdin: null, onOutput: () => {} }) });
  });
  afterEach(() => kernel.shutdown());

  it('refuses a module that lacks the interface, by name, until it is given back', async () => {
    const giveBack = kernel.lease('vm', 'mapped-files');
    await expect(kernel.replace({ vm: 'primitive' })).rejects.toThrow(
      /refused at check: it lacks mapped-files, which is in use/,
    );
    expect(active(kernel, 'vm')).toBe('cow');
    expect(kernel.ledger().at(-1)?.failed?.step).toBe('check');
    giveBack();
    await kernel.replace({ vm: 'primitive' });
    expect(active(kernel, 'vm')).toBe('primitive');
  });

  it('lets a module with the interface in, and holds over the replacement', async () => {
    kernel.lease('vm', 'copy-on-write');
    await kernel.replace({ vm: 'cow', scheduler: 'round-robin' });
    await expect(kernel.replace({ scheduler: 'time-sharing', vm: 'primitive' })).rejects.toThrow(
      /copy-on-write/,
    );
    expect(active(kernel, 'scheduler')).toBe('round-robin');
  });

  it('counts its holders, and counts each once', async () => {
    const first = kernel.lease('vm', 'mapped-files');
    const second = kernel.lease('vm', 'mapped-files');
    first();
    first();
    await expect(kernel.replace({ vm: 'primitive' })).rejects.toThrow(/mapped-files/);
    second();
    await kernel.replace({ vm: 'primitive' });
  });

  it('is of an interface that is there', () => {
    expect(() => kernel.lease('vm', 'no-such-thing')).toThrow(/vm\/cow has no interface 'no-such-thing'/);
    expect(() => kernel.lease('scheduler', 'deadline')).toThrow(/has no interface/);
  });
});
