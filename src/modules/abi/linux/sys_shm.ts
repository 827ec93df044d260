/**
 * System calls of System V shared memory: shmget, shmat, shmdt, shmctl.
 *
 * A segment is ipc's; its pages are an object of vm's, which is mapped like any shared memory. Holds no state.
 */
import { CAP_IPC_LOCK } from '../../../abi/linux/capability.ts';
import * as E from '../../../abi/linux/errno.ts';
import { RLIMIT_MEMLOCK } from '../../../abi/linux/resource.ts';
import * as V from '../../../abi/linux/sysv.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '../../../contracts/pmap.ts';
import type { Segment, Segments } from '../../../contracts/segments.ts';
import { type MapRequest, USER_LIMIT, VMA_COUNTED, VMA_SHARED } from '../../../contracts/vm.ts';
import { atPlace } from '../../../lib/ipc/ids.ts';
import { pageUp } from '../../../lib/vm/address-space.ts';
import { findArea, isFree } from '../../../lib/vm/areas.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import { full, type Handler, partial, type Row } from './call.ts';
import { exceedsLimits, softLimit, spaceOf } from './memory_limits.ts';
import { shmInfo, shmStat } from './shm-layout.ts';
import { checkAccess, checkOwner, permissionOf } from './sysv-permission.ts';

/** What a size of 2^53 and more is decoded to: there is no such memory, whatever kernel.shmmax is. */
const NO_SIZE: number = Number.MAX_SAFE_INTEGER;
const READ = 0o444;
const WRITE = 0o222;
const EXECUTE = 0o111;

/** The slot's operations on segments, or null where the module in place has none. */
const segmentsOf = ({ ipc }: Kernel): Segments | null =>
  ipc.createSegment === undefined ? null : (ipc as Segments);

/** There is no huge page in the pool (vm.nr_hugepages), and only group 0 (vm.hugetlb_shm_group) might have one. */
function hugeRefusal(kernel: Kernel, tid: number): number {
  const { fsgid, groups } = kernel.process.credentials(tid);
  const may = fsgid === 0 || groups.includes(0) || kernel.process.capable(tid, CAP_IPC_LOCK);
  return may ? -E.ENOMEM : -E.EPERM;
}

/** shmget(2) */
const sysShmget: Handler = (kernel, tid, key, bytes, flags) => {
  const ipc = segmentsOf(kernel);
  if (ipc === null) return -E.ENOSYS;
  if (key !== V.IPC_PRIVATE) {
    for (const segment of ipc.segments()) {
      if (segment.key !== key) continue;
      if ((flags & (V.IPC_CREAT | V.IPC_EXCL)) === (V.IPC_CREAT | V.IPC_EXCL)) return -E.EEXIST;
      if (bytes > segment.bytes) return -E.EINVAL;
      const refused = checkAccess(kernel, tid, segment.permission, flags & 0o777);
      return refused !== 0 ? refused : segment.id;
    }
    if ((flags & V.IPC_CREAT) === 0) return -E.ENOENT;
  }
  if (bytes < V.SHMMIN || bytes >= NO_SIZE) return -E.EINVAL;
  if ((flags & V.SHM_HUGETLB) !== 0) return hugeRefusal(kernel, tid);
  return ipc.createSegment(tid, key, bytes, permissionOf(kernel, tid, flags));
};

/** Where a segment is to go. @returns the address, 0 = anywhere, or -EINVAL */
function placeOf(address: number, flags: number): number {
  const remaps = (flags & V.SHM_REMAP) !== 0;
  if (address === 0) return remaps ? -E.EINVAL : 0;
  if (address % PAGE_SIZE === 0) return address;
  if ((flags & V.SHM_RND) === 0) return -E.EINVAL;
  const down = address - (address % PAGE_SIZE);
  return down === 0 && remaps ? -E.EINVAL : down;
}

/** shmat(2) */
const sysShmat: Handler = (kernel, tid, id, at, flags) => {
  const ipc = segmentsOf(kernel);
  if (ipc === null) return -E.ENOSYS;
  if (id < 0) return -E.EINVAL;
  const address = placeOf(at, flags);
  if (address < 0) return address;
  const fixed = at !== 0;
  const readOnly = (flags & V.SHM_RDONLY) !== 0;
  const executes = (flags & V.SHM_EXEC) !== 0;
  const segment = ipc.segment(id);
  if (segment === null) return -E.EINVAL;
  const wanted = READ | (readOnly ? 0 : WRITE) | (executes ? EXECUTE : 0);
  const refused = checkAccess(kernel, tid, segment.permission, wanted);
  if (refused !== 0) return refused;
  const space = spaceOf(kernel, tid);
  const length = pageUp(segment.bytes);
  if (fixed && address > USER_LIMIT - length) return -E.EINVAL;
  const replaces = (flags & V.SHM_REMAP) !== 0;
  if (fixed && !replaces && !isFree(kernel.vm.areas(space), address, address + length)) return -E.EINVAL;
  if (exceedsLimits(kernel, tid, space, length, false)) return -E.ENOMEM;
  const request: MapRequest = {
    address,
    length,
    prot: PROT_READ | (readOnly ? 0 : PROT_WRITE) | (executes ? PROT_EXEC : 0),
    maxProt: PROT_READ | PROT_EXEC | (readOnly ? 0 : PROT_WRITE),
    flags: VMA_SHARED | VMA_COUNTED,
    fixed,
    noReplace: false,
    inode: segment.inode,
    offset: 0,
  };
  return kernel.vm.map(space, request);
};

/** shmdt(2): the areas that one attachment left, which may have been split since. */
const sysShmdt: Handler = (kernel, tid, address) => {
  const ipc = segmentsOf(kernel);
  if (ipc === null) return -E.ENOSYS;
  if (address % PAGE_SIZE !== 0) return -E.EINVAL;
  const { vm } = kernel;
  const space = spaceOf(kernel, tid);
  let inode = 0;
  let end = USER_LIMIT;
  // Unmapping changes the list, so each step looks anew.
  for (let at = address; at < end; ) {
    const areas = vm.areas(space);
    const area = areas[findArea(areas, at)];
    if (area === undefined || area.start >= end) break;
    at = area.end;
    if (area.start < address || area.start - address !== area.offset || area.inode === 0) continue;
    if (inode === 0) {
      const segment = ipc.segmentOf(area.inode);
      if (segment === null) continue;
      inode = area.inode;
      end = address + pageUp(segment.bytes);
    }
    if (area.inode !== inode) continue;
    const undone = vm.unmap(space, area.start, area.end - area.start);
    if (undone !== 0) return undone;
  }
  return inode === 0 ? -E.EINVAL : 0;
};

function change(kernel: Kernel, tid: number, ipc: Segments, segment: Readonly<Segment>, at: number): number {
  const bytes = new Uint8Array(V.SHMID_DS_SIZE);
  const error = kernel.user.read(tid, at, bytes) || checkOwner(kernel, tid, segment.permission);
  if (error !== 0) return error;
  const view = new DataView(bytes.buffer);
  const [uid, gid, mode] = [V.PERM_UID, V.PERM_GID, V.PERM_MODE].map((from) => view.getUint32(from, true));
  ipc.setSegment(segment.id, uid as number, gid as number, mode as number);
  return 0;
}

/** SHM_LOCK and SHM_UNLOCK. Shared memory never leaves memory; the limit and the mark are what there is to it. */
function lock(
  kernel: Kernel,
  tid: number,
  ipc: Segments,
  segment: Readonly<Segment>,
  locked: boolean,
): number {
  if (!kernel.process.capable(tid, CAP_IPC_LOCK)) {
    const { euid } = kernel.process.credentials(tid);
    const { uid, creatorUid } = segment.permission;
    if (euid !== uid && euid !== creatorUid) return -E.EPERM;
    const limit = softLimit(kernel, tid, RLIMIT_MEMLOCK);
    if (locked && limit === 0) return -E.EPERM;
    if (locked && !segment.locked && pageUp(segment.bytes) > limit) return -E.ENOMEM;
  }
  ipc.lockSegment(segment.id, locked);
  return 0;
}

/** shmctl(2) */
const sysShmctl: Handler = (kernel, tid, id, command, at) => {
  const ipc = segmentsOf(kernel);
  if (ipc === null) return -E.ENOSYS;
  if (id < 0 || command < 0) return -E.EINVAL;
  if (command === V.IPC_INFO || command === V.SHM_INFO)
    return shmInfo(kernel, tid, ipc, at, command === V.SHM_INFO);
  const byIndex = command === V.SHM_STAT || command === V.SHM_STAT_ANY;
  const segment = byIndex ? atPlace(ipc.segments(), id) : ipc.segment(id);
  if (segment === null) return -E.EINVAL;
  switch (command) {
    case V.IPC_STAT:
    case V.SHM_STAT:
    case V.SHM_STAT_ANY: {
      const refused = command === V.SHM_STAT_ANY ? 0 : checkAccess(kernel, tid, segment.permission, READ);
      return refused !== 0 ? refused : shmStat(kernel, tid, segment, at, byIndex ? segment.id : 0);
    }
    case V.IPC_SET:
      return change(kernel, tid, ipc, segment, at);
    case V.IPC_RMID: {
      const refused = checkOwner(kernel, tid, segment.permission);
      if (refused === 0) ipc.removeSegment(id);
      return refused;
    }
    case V.SHM_LOCK:
    case V.SHM_UNLOCK:
      return lock(kernel, tid, ipc, segment, command === V.SHM_LOCK);
    default:
      return -E.EINVAL;
  }
};

export const sharedMemoryCalls: readonly Row[] = [
  partial(194, 'shmget', ['int', 'size', 'int'], sysShmget, 'no huge pages'),
  full(195, 'shmctl', ['int', 'int', 'ptr'], sysShmctl),
  full(196, 'shmat', ['int', 'ptr', 'int'], sysShmat),
  full(197, 'shmdt', ['ptr'], sysShmdt),
];
