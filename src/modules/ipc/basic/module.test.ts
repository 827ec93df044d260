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

  test('lets one pipe at a time have a buffer that another gave back', () => {
    const world = ipcWorld(basicIpc);
    const { guest, ipc, subject } = world;
    const [one, two, three] = [openPipe(world), openPipe(world), openPipe(world)];
    const bufferOf = (id: number): Uint8Array | undefined => subject.state.pipes.get(id)?.buffer;
    ipc.writePipe(one, buffer(guest, 60000), 0, true);
    const first = bufferOf(one);
    ipc.readPipe(one, buffer(guest, 60000), true);

    const [sent, got] = [buffer(guest, 50000), buffer(guest, 50000)];
    guest.memory.fill(0x5a, sent.address[0], (sent.address[0] as number) + 50000);
    ipc.writePipe(two, sent, 0, true);
    ipc.writePipe(three, buffer(guest, 50000), 0, true);
    expect(bufferOf(two)).toBe(first);
    expect(bufferOf(three)).not.toBe(first);
    expect(ipc.readPipe(two, got, true)).toBe(50000);
    const at = got.address[0] as number;
    expect(guest.memory.subarray(at, at + 50000).every((byte) => byte === 0x5a)).toBe(true);
  });

  test('lets no two waiters have one event', () => {
    const world = ipcWorld(basicIpc);
    const { guest, ipc } = world;
    const events = new Map<number, number>();
    for (const tid of [11, 12, 13]) {
      addProcess(guest, tid, tid, tid);
      // Begun, ended and begun again.
      for (let turn = 0; turn < 3; turn++) {
        if (turn > 0) ipc.futexDone(tid);
        events.set(tid, ipc.futexWait(tid, 1, 100 + 4 * turn, -1));
      }
    }
    ipc.futexDone(12);
    events.set(
      12,
      ipc.futexWaitAny?.(12, [
        { space: 1, address: 8 },
        { space: 1, address: 12 },
      ]) ?? 0,
    );
    expect(new Set(events.values()).size).toBe(3);
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
