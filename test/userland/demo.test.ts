/** The demo workloads: what they print, and that their checks would notice a fault. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Guest, haveQemu, newGuest } from './harness.ts';

describe.skipIf(!haveQemu)('demo workloads', () => {
  let guest: Guest;
  beforeAll(() => {
    guest = newGuest();
  });
  afterAll(() => guest.remove());

  it('hello', () => {
    expect(guest.run('hello').stdout).toBe('hello, world\n');
    expect(guest.run('hello', 'you').stdout).toBe('hello, you\n');
  });

  it('spin gives the same checksum for the same number of units', () => {
    const first = guest.run('spin', 'a', '0.2').stdout;
    const [, units = '', checksum = ''] = /^a (\d+) units, checksum ([0-9a-f]{16})\n$/.exec(first) ?? [];
    expect(Number(units)).toBeGreaterThan(0);
    expect(guest.run('spin', 'b', '0', units).stdout).toBe(`b ${units} units, checksum ${checksum}\n`);
    expect(guest.run('spin', 'b', '0', String(Number(units) - 1)).stdout).not.toContain(checksum);
  });

  it('spin keeps its known checksum', () => {
    expect(guest.run('spin', 'a', '0', '1000').stdout).toBe('a 1000 units, checksum 0567d3138b7d059d\n');
  });

  it('latency', () => {
    const number = String.raw`\d+\.\d`;
    const line = `^latency of 20 periods of 2000 us: min ${number} median ${number} p99 ${number} max ${number} mean ${number} us`;
    expect(guest.run('latency', '2000', '20').stdout).toMatch(new RegExp(line));
  });

  it('periodic counts jobs that are done after their period, and says so of jobs that can not be done in it', () => {
    const run = (job: string): string => guest.run('periodic', '20000', job, '5', '2').stdout;
    const line = String.raw`periodic 5 jobs of \d+ us every 20000 us: \d missed, done after median \d+\.\d max \d+\.\d ms, policy (deadline|other \(E[A-Z]+\))\n`;
    expect(run('1000')).toMatch(new RegExp(`^${line}${line}$`));
    expect(run('30000')).toMatch(/: [345] missed, done after median \d{2,}\./);
    expect(guest.run('periodic', '0', '1', '1', '1').status).not.toBe(0);
  });

  it('seekers reads the same bytes in the same round', () => {
    const path = join(guest.folder, 'sought');
    writeFileSync(
      path,
      Uint8Array.from({ length: 400 * 4096 }, (_, i) => (i >> 8) * 7 + i),
    );
    const run = (round: string): string => guest.run('seekers', path, '3', '4', round).stdout;
    const [, sum = ''] =
      /^seekers 3 x 4: read mean \d+\.\d median \d+\.\d max \d+\.\d ms, sum ([0-9a-f]{16})\n$/.exec(
        run('1'),
      ) ?? [];
    expect(sum).not.toBe('');
    expect(run('1')).toContain(sum);
    expect(run('2')).not.toContain(sum);
    writeFileSync(path, 'less than a page');
    expect(guest.run('seekers', path, '1', '1', '1')).toMatchObject({ stdout: '', status: 1 });
  });

  it('forkbench', () => {
    expect(guest.run('forkbench', '2', '10')).toMatchObject({
      stdout: expect.stringMatching(/^forkbench 2 MB x 10: mean \d+\.\d us, OK\n$/),
      status: 0,
    });
  });

  it('pingpong, also with messages larger than a pipe', () => {
    const small = guest.run('pingpong', '100', '64').stdout;
    expect(small).toMatch(/^pingpong 100 x 64 bytes: round trip \d+\.\d us, checksum [0-9a-f]{16}\n$/);
    expect(guest.run('pingpong', '100', '64').stdout.slice(-17)).toBe(small.slice(-17));
    expect(guest.run('pingpong', '2', '200000').status).toBe(0);
  });

  it('threads', () => {
    expect(guest.run('threads', '4', '5000')).toMatchObject({
      stdout: 'threads 4 x 5000: total 20000, OK\n',
      status: 0,
    });
  });

  it('mapfile', () => {
    const path = join(guest.folder, 'mapped');
    writeFileSync(path, 'abc'.repeat(3000));
    const [first, second, third] = guest.run('mapfile', path).stdout.split('\n');
    const sum = /^read 9000 bytes, sum (\d+)$/.exec(first ?? '')?.[1];
    expect(second).toBe(`MAP_PRIVATE sum ${sum}, own copy on write yes, file unchanged yes`);
    expect(third).toBe(`MAP_SHARED sum ${sum}`);
    // procfs files can be read but not mapped; QEMU refuses before the kernel does, each with its own errno.
    expect(guest.run('mapfile', '/proc/version').stdout).toMatch(
      /\nMAP_PRIVATE E[A-Z]+\nMAP_SHARED E[A-Z]+\n$/,
    );
  });

  it('signals', () => {
    expect(guest.run('signals').stdout).toBe(`handler ran 1 time, registers kept yes
nested depth 2 order +USR1 +USR2 -USR2 -USR1
masked depth 1 order +USR1 -USR1 +USR2 -USR2
blocked: ran 0, pending yes; sigsuspend EINTR, ran 1, after unblocking 1
alternate stack: with SA_ONSTACK yes, without no
read without SA_RESTART: EINTR
read with SA_RESTART: a byte
ignored: ran 0
a wild store ends a child by SIGSEGV
`);
  });

  it('ticker', () => {
    const start = process.hrtime.bigint();
    expect(guest.run('ticker', 't', '50', '4').stdout).toBe('t 1\nt 2\nt 3\nt 4\n');
    expect(Number(process.hrtime.bigint() - start) / 1e6).toBeGreaterThan(195);
  });

  it('says how it is used', () => {
    for (const name of ['spin', 'latency', 'forkbench', 'pingpong', 'threads', 'mapfile', 'ticker']) {
      expect(guest.run(name)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining(`${name}: usage: `),
      });
    }
  });
});
