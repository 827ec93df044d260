/** The common suite, and what this module's state holds when it is done. */
import { describe, expect, test } from 'vitest';
import { EPERM } from '../../../abi/linux/errno.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import { addProcess, buffer, run } from '../../../testing/fake-guest.ts';
import { ipcConformance, openPipe } from '../../../testing/ipc-suite.ts';
import { ipcWorld } from '../../../testing/ipc-world.ts';
import { basicIpc } from './module.ts';

describe('ipc/basic', () => {
  for (const { name, run: check } of ipcConformance(basicIpc)) test(name, check);

  test('gives a large buffer back when it is drained, and has a limit', () => {
    const world = ipcWorld(basicIpc);
    const id = openPipe(world);
    world.ipc.writePipe(id, buffer(world.guest, 60000), 0, true);
    world.ipc.readPipe(id, buffer(world.guest, 60000), true);
    expect(world.subject.state.pipes.get(id)?.buffer.length).toBe(0);
    expect(world.ipc.setPipeCapacity(id, 2 << 20)).toBe(-EPERM);
  });

  test('keeps nothing of a pipe, a FIFO or a futex that nobody uses', () => {
    const world = ipcWorld(basicIpc);
    const { guest, ipc, subject } = world;
    const fifo = ipc.fifo(42);
    for (const id of [openPipe(world), fifo]) {
      if (id === fifo) ipc.openEnd(id, true, true);
      ipc.closeEnd(id, true, false);
      ipc.closeEnd(id, false, true);
    }
    expect([subject.state.pipes.size, subject.state.fifos.size]).toEqual([0, 0]);
    addProcess(guest, 11, 11, 11);
    run(guest, 11, () => {
      guest.waits.on(ipc.futexWait(11, 1, 100, 1));
      return WAIT;
    });
    expect(subject.state.futexWaiters).toHaveLength(1);
    ipc.futexWake(1, 100, 1, 1);
    expect(ipc.futexDone(11)).toBe(true);
    expect(subject.state.futexWaiters).toEqual([]);
  });
});
