/** A timed disk over a file of the host: what a read takes is the disk's time, whatever else a machine without work waits for. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runGuest } from '../support/guest.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'strake-timed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('virtual time jumps to no later timer while the host has a transfer to answer', async () => {
  const file = path.join(folder, 'disk.img');
  writeFileSync(file, '');
  truncateSync(file, 64 * 2 ** 20);
  // When a write that nobody waits for is done, the next transfer is asked for and no thread can run.
  const writer = '(while :; do seq 1 1000000 >/dev/vda; done) &';
  const script = `${writer} seekers /dev/vda 8 20 1; cat /proc/uptime; kill -9 $!`;
  const { stdout, stderr, status } = await runGuest(['sh', '-c', script], {
    deterministic: true,
    memory: 96 * 2 ** 20,
    disks: [{ name: 'vda', file, timed: true }],
  });
  expect([stderr, status]).toEqual(['', { code: 0, signal: 0 }]);
  const [, worst, uptime] = /max ([\d.]+) ms[^\n]*\n([\d.]+) /.exec(stdout) ?? [];
  // A transfer takes 13 ms and few go before a read; the timer that must not be jumped to is that of write-back, 5 s.
  expect(Number(worst)).toBeGreaterThan(10);
  expect(Number(worst)).toBeLessThan(1000);
  expect(Number(uptime)).toBeLessThan(3);
});
