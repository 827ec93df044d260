/** The suites can fail: a module with one operation broken does not pass. */
import { describe, expect, test } from 'vitest';
import { MSG_PEEK } from '../abi/linux/socket.ts';
import type { Module } from '../contracts/module.ts';
import deadlineBlock from '../modules/block/deadline/module.ts';
import lruBuffercache from '../modules/buffercache/lru/module.ts';
import tickClock from '../modules/clock/tick/module.ts';
import { firstFitFrames } from '../modules/frames/first-fit/module.ts';
import { basicIpc } from '../modules/ipc/basic/module.ts';
import { loopbackNet } from '../modules/net/loopback/module.ts';
import roundRobin from '../modules/scheduler/round-robin/module.ts';
import { cowVm } from '../modules/vm/cow/module.ts';
import {
  blockConformance,
  buffercacheConformance,
  type Check,
  clockConformance,
  framesConformance,
  ipcConformance,
  netConformance,
  schedulerConformance,
  vmConformance,
} from './index.ts';

/** The module, with some operations in the place of its own. */
function broken<Operations extends object, State>(
  module: Module<Operations, State>,
  change: (own: Operations) => Partial<Operations>,
): Module<Operations, State> {
  return {
    ...module,
    create(state, kernel): Operations {
      const own = module.create(state, kernel);
      return { ...own, ...change(own) };
    },
  };
}

const failures = (checks: readonly Check[]): string[] =>
  checks.flatMap(({ name, run }) => {
    try {
      run();
      return [];
    } catch {
      return [name];
    }
  });

const PLANTED: readonly (readonly [what: string, checks: () => readonly Check[], failing: RegExp])[] = [
  [
    'a scheduler that does not yield',
    () => schedulerConformance(broken(roundRobin, () => ({ yield: () => {} }))),
    /after a yield/,
  ],
  [
    'a scheduler that forgets threads',
    () => schedulerConformance(broken(roundRobin, () => ({ drain: () => [] }))),
    /hands every thread over/,
  ],
  [
    'a clock that fires early',
    () => clockConformance(broken(tickClock, (own) => ({ expire: (now) => own.expire(now + 1) }))),
    /never early/,
  ],
  [
    'frames that are not cleared',
    () =>
      framesConformance(
        broken(firstFitFrames, (own) => ({ alloc: (_zero, preferred) => own.alloc(false, preferred) })),
      ),
    /free frames/,
  ],
  [
    'a pipe that wakes nobody at its end',
    () => ipcConformance(broken(basicIpc, () => ({ closeEnd: () => {} }))),
    /end of file/,
  ],
  [
    'a socket that takes what it only shows',
    () =>
      ipcConformance(
        broken(basicIpc, (own) => ({
          receive: (tid, id, into, flags, message) => own.receive(tid, id, into, flags & ~MSG_PEEK, message),
        })),
      ),
    /unix sockets gives what was sent/,
  ],
  [
    'a net that does not end what it shuts',
    () => netConformance(broken(loopbackNet, () => ({ shutdownSocket: () => 0 }))),
    /TCP connection gives what was sent/,
  ],
  [
    'a memory whose child has nothing',
    () => vmConformance(broken(cowVm, (own) => ({ fork: () => own.create() }))),
    /as memory does/,
  ],
  [
    'a disk that writes one sector beside',
    () =>
      blockConformance(
        broken(deadlineBlock, (own) => ({
          submit: (disk, write, sector, ...rest) =>
            own.submit(disk, write, write ? sector ^ 1 : sector, ...rest),
        })),
      ),
    /rightly: ram\n.*rightly: ram, timed\n.*rightly: host\n.*rightly: host, timed/,
  ],
  [
    'a disk that flushes at once',
    () =>
      blockConformance(
        broken(deadlineBlock, (own) => ({
          flush(disk, tag) {
            own.submit(disk, false, 0, 1, 1, tag);
            return 0;
          },
        })),
      ),
    /rightly: host/,
  ],
  [
    'a cache that forgets a change',
    () =>
      buffercacheConformance(
        broken(lruBuffercache, () => ({ changed() {} })),
        deadlineBlock,
      ),
    /put there last/,
  ],
  [
    'a cache that syncs nothing',
    () =>
      buffercacheConformance(
        broken(lruBuffercache, () => ({ sync: () => 0 })),
        deadlineBlock,
      ),
    /a flush follows/,
  ],
];

describe('a suite catches', () => {
  test.each(PLANTED)('%s', (_, checks, failing) => {
    expect(failures(checks()).join('\n')).toMatch(failing);
  });

  test('nothing in what is right', () => {
    expect(failures(schedulerConformance(roundRobin))).toEqual([]);
    expect(failures(clockConformance(tickClock))).toEqual([]);
    expect(failures(blockConformance(deadlineBlock))).toEqual([]);
  });
});
