import { describe, expect, it } from 'vitest';
import { ENOMEM, ENOSPC, ENOSYS } from '../../abi/linux/errno.ts';
import { decode, encode } from '../../contracts/schema.ts';
import {
  createSegmentState,
  segmentSchema,
  type Segments,
  type SegmentState,
  verifySegments,
} from '../../contracts/segments.ts';
import { createPermission } from '../../contracts/semaphores.ts';
import { addProcess, createFakeGuest } from '../../testing/fake-guest.ts';
import { segmentOperations } from './segments.ts';

const TID = 7;

/** Segments over objects that are counted here; 100 pages are the most. */
function world(): {
  ipc: () => Segments;
  areas: Map<number, number>;
  held: Set<number>;
  leases: Set<number>;
  map: (inode: number, by: 1 | -1) => void;
  copy: () => void;
  kernel: ReturnType<typeof createFakeGuest>['kernel'];
} {
  const areas = new Map<number, number>();
  const held = new Set<number>();
  const leases = new Set<number>();
  let next = 1;
  const guest = createFakeGuest({
    vm: {
      makeObject(pages: number): number {
        if (pages > 100) return -ENOMEM;
        held.add(next);
        return next++;
      },
      dropObject: (inode: number) => void held.delete(inode),
      attachments: (inode: number) => areas.get(inode) ?? 0,
    },
    leases: {
      take: (_cell: string, _name: string, holder: number) => leases.add(holder) !== null,
      give: (_cell: string, _name: string, holder: number) => void leases.delete(holder),
    },
    counters: { running: TID },
    clock: { realtimeSeconds: () => 1234 },
  });
  addProcess(guest, TID, TID, TID);
  let state: SegmentState = createSegmentState();
  let ipc = segmentOperations(state, guest.kernel);
  return {
    ipc: () => ipc,
    areas,
    held,
    leases,
    kernel: guest.kernel,
    map(inode, by) {
      areas.set(inode, (areas.get(inode) ?? 0) + by);
      ipc.segmentMapped(inode, by);
    },
    copy() {
      expect(verifySegments(state)).toBeNull();
      state = decode(segmentSchema, encode(segmentSchema, state).slice()) as SegmentState;
      ipc = segmentOperations(state, guest.kernel);
    },
  };
}

describe('segments', () => {
  it('have an object of vm that is held and leased as long as they have a name', () => {
    const { ipc, held, leases, copy } = world();
    const id = ipc().createSegment(TID, 5, 5000, createPermission());
    const inode = ipc().segment(id)?.inode as number;
    expect([held.has(inode), [...leases], ipc().segmentOf(inode)?.id]).toEqual([true, [id + 1], id]);
    copy();
    ipc().removeSegment(id);
    expect([held.size, leases.size, ipc().segment(id)]).toEqual([0, 0, null]);
    expect(ipc().createSegment(TID, 5, 5000, createPermission())).toBe(id + 1);
  });

  it('go with their last attachment if they were removed before, and are found by id until then', () => {
    const { ipc, held, leases, map, copy } = world();
    const id = ipc().createSegment(TID, 5, 4096, createPermission());
    const inode = ipc().segment(id)?.inode as number;
    map(inode, 1);
    map(inode, 1);
    ipc().removeSegment(id);
    expect([held.size, leases.size, ipc().segment(id)?.key, ipc().segment(id)?.firstKey]).toEqual([
      0, 1, 0, 5,
    ]);
    ipc().removeSegment(id);
    copy();
    map(inode, -1);
    expect(ipc().segment(id)).toMatchObject({ doomed: true, attached: 1234, detached: 1234, lastUser: TID });
    map(inode, -1);
    expect([leases.size, ipc().segment(id), ipc().segmentOf(inode)]).toEqual([0, null, null]);
    // Another object's area is nobody's business here.
    map(99, 1);
  });

  it('are refused beyond their number, what memory has, and without a module that can hold them', () => {
    const { ipc, kernel } = world();
    expect(ipc().createSegment(TID, 0, 101 * 4096, createPermission())).toBe(-ENOMEM);
    const { segments } = ipc().segmentLimits();
    for (let i = 0; i < segments; i++) ipc().createSegment(TID, 0, 1, createPermission());
    expect(ipc().createSegment(TID, 0, 1, createPermission())).toBe(-ENOSPC);
    ipc().removeSegment(0);
    Object.assign(kernel, { vm: {} });
    expect(ipc().createSegment(TID, 0, 1, createPermission())).toBe(-ENOSYS);
  });
});
