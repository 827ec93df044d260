/**
 * System V shared memory of the slot `ipc`: segments over shared objects of vm's.
 *
 * vm says when an object is mapped and unmapped, also by fork, exec and exit, so times and deferred removal need nobody else.
 * While a segment is there its object must be held, so modules of vm that can not are kept out by a lease. Source: shmctl(2).
 */
import { EINVAL, ENOSPC, ENOSYS } from '../../abi/linux/errno.ts';
import type { Kernel } from '../../contracts/kernel.ts';
import { createSegment, type Segment, type Segments, type SegmentState } from '../../contracts/segments.ts';
import { KernelFault } from '../kernel-fault.ts';
import { newId } from './ids.ts';

const PAGE = 4096;

export function segmentOperations(state: SegmentState, kernel: Kernel): Segments {
  const { segments, ids } = state;
  const find = (id: number): Segment => {
    const segment = segments.get(id);
    if (segment === undefined) throw new KernelFault(`no shared memory segment ${id}`);
    return segment;
  };
  const pidOf = (tid: number): number => kernel.process.thread(tid).tgid;
  const now = (): number => kernel.clock.realtimeSeconds();
  const forget = ({ id, inode }: Segment): void => {
    segments.delete(id);
    ids.delete(inode);
    kernel.leases.give('vm', 'shared-objects', id + 1);
  };
  const ofObject = (inode: number): Segment | undefined => segments.get(ids.get(inode) ?? -1);

  return {
    segmentLimits: () => state.limits,
    setSegmentLimits(limits) {
      state.limits = { ...limits };
    },
    createSegment(tid, key, bytes, permission) {
      const { limits } = state;
      const pages = Math.ceil(bytes / PAGE);
      let all = pages;
      for (const segment of segments.values()) all += Math.ceil(segment.bytes / PAGE);
      // Beyond 2^53 a limit is above any size, however it is rounded.
      if (bytes > Number(limits.bytes)) return -EINVAL;
      if (all > Number(limits.pages) || segments.size >= limits.segments) return -ENOSPC;
      const inode = kernel.vm.makeObject?.(pages) ?? -ENOSYS;
      if (inode < 0) return inode;
      const segment = createSegment();
      segment.id = newId(state.sequence, limits, segments.keys(), limits.segments);
      segment.key = key;
      segment.firstKey = key;
      segment.permission = permission;
      segment.bytes = bytes;
      segment.inode = inode;
      segment.creator = pidOf(tid);
      segment.changed = now();
      segments.set(segment.id, segment);
      ids.set(inode, segment.id);
      kernel.leases.take('vm', 'shared-objects', segment.id + 1);
      return segment.id;
    },
    segment: (id) => segments.get(id) ?? null,
    segmentOf: (inode) => ofObject(inode) ?? null,
    segments: () => segments.values(),
    setSegment(id, uid, gid, mode) {
      const segment = find(id);
      segment.permission.uid = uid;
      segment.permission.gid = gid;
      segment.permission.mode = mode & 0o777;
      segment.changed = now();
    },
    lockSegment(id, locked) {
      find(id).locked = locked;
    },
    removeSegment(id) {
      const segment = find(id);
      if (segment.doomed) return;
      segment.doomed = true;
      segment.key = 0;
      const { inode } = segment;
      if (kernel.vm.attachments?.(inode) === 0) forget(segment);
      kernel.vm.dropObject?.(inode);
    },
    segmentMapped(inode, by) {
      const segment = ofObject(inode);
      if (segment === undefined) return;
      // 0 where the host ends a process.
      const tid = kernel.counters.running;
      if (tid !== 0) segment.lastUser = pidOf(tid);
      if (by > 0) segment.attached = now();
      else segment.detached = now();
      if (segment.doomed && kernel.vm.attachments?.(inode) === 0) forget(segment);
    },
  };
}
