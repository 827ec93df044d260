/**
 * Feature faults: a call that needs an interface which the module in place lacks brings in one that has it, where policy allows.
 */
import { describe, expect, it } from 'vitest';
import { type GuestOptions, type GuestRun, runGuest } from '../support/guest.ts';
import { debianRoot } from '../support/roots.ts';

const PRIMITIVE = { vm: 'primitive' };
const replaced = ({ stats }: GuestRun): string[] => stats.replacements.map(({ slot, to }) => `${slot}/${to}`);
const sh = (script: string, options: GuestOptions = {}): Promise<GuestRun> =>
  runGuest(['sh', '-c', script], { deterministic: true, ...options });

describe('mmap of a shared file on vm/primitive', () => {
  const shared = (run: GuestRun): string => /^MAP_SHARED .*$/m.exec(run.stdout)?.[0] ?? '';

  it('is ENODEV without the policy', async () => {
    const run = await sh('mapfile /bin/sh', { modules: PRIMITIVE });
    expect([shared(run), replaced(run)]).toEqual(['MAP_SHARED ENODEV', []]);
  });

  it('works with it, in the same call, for anybody; the next one finds the module in place', async () => {
    const spawn = { user: { uid: 1000, gid: 1000 } };
    const run = await sh('mapfile /bin/sh; mapfile /bin/sh', { modules: PRIMITIVE, onDemand: true, spawn });
    expect(run.stdout.match(/^MAP_SHARED sum \d+$/gm)).toHaveLength(2);
    expect(replaced(run)).toEqual(['vm/cow']);
  });

  it('works while the modules that wait for it are replaced at every kernel entry', async () => {
    const replace = ['abi', 'process', 'scheduler', 'pagecache'].map((slot) => {
      const name = { abi: 'linux', process: 'posix', scheduler: 'time-sharing', pagecache: 'demand' }[slot];
      return `${slot}=${name}@every:1entries`;
    });
    const run = await sh('mapfile /bin/sh', {
      modules: PRIMITIVE,
      onDemand: true,
      replace,
      transfer: 'copy',
    });
    expect(shared(run)).toMatch(/^MAP_SHARED sum/);
    expect(replaced(run).filter((name) => name === 'vm/cow')).toHaveLength(1);
  });
});

const root = debianRoot('util-linux', 'busybox-static', '--busybox-links');

describe.runIf(root !== null)('sched_setattr of SCHED_DEADLINE on scheduler/time-sharing', () => {
  const CHRT = 'chrt -d -T 2000000 -D 10000000 -P 10000000 0 sh -c "chrt -p \\$\\$" 2>&1; echo $?';
  const chrt = (options: GuestOptions): Promise<GuestRun> => sh(CHRT, { root: root as string, ...options });

  it('is EINVAL without the policy', async () => {
    const run = await chrt({});
    expect(run.stdout).toMatch(/Invalid argument\n1\n$/);
    expect(replaced(run)).toEqual([]);
  });

  it('works with it, and is leased as long as the program runs', async () => {
    const run = await chrt({ onDemand: true });
    expect(run.stdout).toMatch(/SCHED_DEADLINE/);
    expect(run.stdout).toMatch(/2000000\/10000000\/10000000/);
    expect(replaced(run)).toEqual(['scheduler/deadline']);
  });

  it('is EPERM for who may not have it: no module comes in for them', async () => {
    const run = await chrt({ onDemand: true, spawn: { user: { uid: 1000, gid: 1000 } } });
    expect(run.stdout).toMatch(/Operation not permitted\n1\n$/);
    expect(replaced(run)).toEqual([]);
  });
});
