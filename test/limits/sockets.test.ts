/** Random calls on sockets that pass each other around: no fault, one digest with and without replacement, nothing left. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { IpcState } from '../../src/contracts/ipc.ts';
import type { NetState } from '../../src/contracts/net.ts';
import { runGuest } from '../support/guest.ts';
import { runRig } from '../support/rig.ts';
import { compile, haveCompiler, Scratch } from './support.ts';

const CALLS = 20_000;
const REPLACED = ['ipc=basic@every:20entries', 'net=loopback@every:23entries', 'vfs=dentry@every:220entries'];

describe.skipIf(!haveCompiler)('random calls on sockets', () => {
  const scratch = new Scratch();
  let files: Readonly<Record<string, Uint8Array>> = {};
  beforeAll(() => {
    files = { '/tmp/socket-fuzz': compile(scratch, 'socket-fuzz') };
  });
  afterAll(() => scratch.remove());

  test.each([1, 2, 3, 4])(
    'seed %i',
    async (seed) => {
      const argv = ['/tmp/socket-fuzz', String(seed), String(CALLS)];
      const fixed = { deterministic: true, digest: 'full', seed: 1, transfer: 'copy', files } as const;
      const plain = await runGuest(argv, fixed);
      const good = Number(/^calls \d+ good (\d+) sum/.exec(plain.stdout)?.[1]);
      expect(good).toBeGreaterThan(CALLS / 4);
      const replaced = await runGuest(argv, { ...fixed, replace: REPLACED });
      expect(replaced.log).toEqual([]);
      expect([replaced.stdout, replaced.digest]).toEqual([plain.stdout, plain.digest]);
    },
    120_000,
  );

  test('leave nothing behind', async () => {
    const { nucleus, failure, status } = await runRig(['/tmp/socket-fuzz', '5', String(CALLS)], { files });
    expect([failure, status]).toEqual(['', 0]);
    const { sockets, unixNames, notifiers } = nucleus.cells.get('ipc').state as IpcState;
    const { epolls, eventfds, watchers } = notifiers;
    const net = nucleus.cells.get('net').state as NetState;
    const left = [sockets.sockets, unixNames, epolls, eventfds, watchers, net.sockets.sockets, net.ports];
    expect(left.map(({ size }) => size)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect([sockets.held, sockets.files, net.sockets.held]).toEqual([0, 0, 0]);
  }, 120_000);
});
