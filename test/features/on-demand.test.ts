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

const python = debianRoot('python3');

describe.runIf(python !== null)('python3', { timeout: 120_000 }, () => {
  const TALK = `
import asyncio
async def serve(reader, writer):
    writer.write((await reader.readline()).upper()); await writer.drain(); writer.close()
async def main():
    server = await asyncio.start_server(serve, '127.0.0.1', 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b'word\\n'); print((await reader.read()).decode(), end=''); writer.close(); server.close()
asyncio.run(main())
`;
  const python3 = (script: string, options: GuestOptions): Promise<GuestRun> =>
    runGuest(['/usr/bin/python3', '-c', script], {
      root: python as string,
      deterministic: true,
      ...options,
    });

  it('finds no epoll and no sockets in abi/linux-core, and both on demand', async () => {
    const modules = { abi: 'linux-core' };
    const plain = await python3(TALK, { modules });
    expect(plain.stderr).toMatch(/Function not implemented/);
    const call = plain.stats.absentSyscalls['epoll_create1'] ?? plain.stats.absentSyscalls['socketpair'] ?? 0;
    expect(call).toBeGreaterThan(0);
    const able = await python3(TALK, { modules, onDemand: true });
    expect([able.stdout, able.stderr]).toEqual(['WORD\n', '']);
    expect(replaced(able)).toEqual(['abi/linux']);
    expect(able.stats.absentSyscalls['epoll_create1']).toBe(undefined);
  });

  it('finds no address family on net/none, and it on demand; then `none` can not come back while a socket is open', async () => {
    const modules = { net: 'none' };
    const script = 'import socket; s = socket.socket(); print("made")';
    const plain = await python3(script, { modules });
    expect(plain.stderr).toMatch(/Address family not supported/);
    const able = await python3(script, { modules, onDemand: true });
    expect([able.stdout, replaced(able)]).toEqual(['made\n', ['net/loopback']]);
    const held = await python3(`${script}; import time; time.sleep(10)`, {
      modules: {},
      replace: ['net=none@9s'],
      probation: 0,
    });
    expect(held.stdout).toBe('made\n');
    const refused = held.stats.replacements.flatMap(({ failed }) => failed ?? []);
    expect(refused.some((reason) => /lacks inet, which is in use/.test(reason))).toBe(true);
  });
});
