/**
 * mmap: from a descriptor and flags to what vm is to map.
 *
 * Source: mmap(2), getrlimit(2). Holds no state.
 */
import { CAP_SYS_RAWIO } from '../../../abi/linux/capability.ts';
import {
  EACCES,
  EAGAIN,
  EBADF,
  EINVAL,
  ENODEV,
  ENOMEM,
  EOPNOTSUPP,
  EOVERFLOW,
  EPERM,
} from '../../../abi/linux/errno.ts';
import { F_SEAL_FUTURE_WRITE, F_SEAL_WRITE, O_ACCMODE, O_RDWR, O_WRONLY } from '../../../abi/linux/fcntl.ts';
import {
  MADV_POPULATE_READ,
  MADV_POPULATE_WRITE,
  MAP_ANONYMOUS,
  MAP_DENYWRITE,
  MAP_EXECUTABLE,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_GROWSDOWN,
  MAP_HUGE_SIZES,
  MAP_HUGETLB,
  MAP_LOCKED,
  MAP_NONBLOCK,
  MAP_NORESERVE,
  MAP_POPULATE,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_STACK,
  MAP_TYPE,
  PROT_MASK,
} from '../../../abi/linux/mman.ts';
import { FS_PAGED, superblockOf } from '../../../contracts/filesystem.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import { PROT_EXEC, PROT_READ, PROT_WRITE, THREE_LEVELS_LIMIT } from '../../../contracts/pmap.ts';
import {
  type MapRequest,
  USER_BOTTOM,
  USER_LIMIT,
  VMA_GROWSDOWN,
  VMA_LOCKED,
  VMA_NORESERVE,
  VMA_SHARED,
} from '../../../contracts/vm.ts';
import { pageUp } from '../../../lib/vm/address-space.ts';
import { areaAt, coveredBytes } from '../../../lib/vm/areas.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import { featureFault } from './feature-fault.ts';
import { exceedsLimits, lockedBytes, mayLock, spaceOf } from './memory_limits.ts';

/** /dev/zero as `OpenFile.object` has it: major 1, minor 5. */
const DEV_ZERO = 0x10_0005;
/** What MAP_SHARED_VALIDATE takes of a file: flags older than itself, so neither MAP_SYNC nor MAP_FIXED_NOREPLACE. */
const VALIDATED: number =
  MAP_TYPE |
  MAP_FIXED |
  MAP_ANONYMOUS |
  MAP_GROWSDOWN |
  MAP_DENYWRITE |
  MAP_EXECUTABLE |
  MAP_LOCKED |
  MAP_NORESERVE |
  MAP_POPULATE |
  MAP_NONBLOCK |
  MAP_STACK |
  MAP_HUGETLB |
  MAP_HUGE_SIZES;
const EVERYTHING = PROT_READ | PROT_WRITE | PROT_EXEC;

/** What a descriptor contributes: filled in by `describeFile`. */
interface Source {
  inode: number;
  maxProt: number;
}

/** Check a file against the kind of mapping. @returns 0 or -errno; what to map in `into` */
function describeFile(
  kernel: Kernel,
  tid: number,
  fd: number,
  prot: number,
  flags: number,
  into: Source,
): number {
  const id = kernel.process.file(tid, fd);
  if (id < 0) return id;
  const file = kernel.vfs.file(id);
  if (file.kind === 'path') return -EBADF;
  const type = flags & MAP_TYPE;
  const mode = file.flags & O_ACCMODE;
  into.maxProt = EVERYTHING;
  if (type === MAP_SHARED || type === MAP_SHARED_VALIDATE) {
    if (type === MAP_SHARED_VALIDATE && (flags & ~VALIDATED) !== 0) return -EOPNOTSUPP;
    if (mode !== O_RDWR && mode !== O_WRONLY) {
      if ((prot & PROT_WRITE) !== 0) return -EACCES;
      into.maxProt = PROT_READ | PROT_EXEC;
    }
  } else if (type !== MAP_PRIVATE) {
    return -EINVAL;
  }
  if (mode === O_WRONLY) return -EACCES;
  if (file.kind === 'device' && file.object === DEV_ZERO) return 0;
  if (file.kind !== 'regular') return -ENODEV;
  const sb = superblockOf(file.inode);
  const cell = kernel.filesystem[kernel.vfs.fileSystemOf(sb)];
  if (cell === undefined || (cell.capabilities(sb) & FS_PAGED) === 0) return -ENODEV;
  into.inode = file.inode;
  // What has no seals answers -EINVAL.
  const seals = type === MAP_PRIVATE ? 0 : Math.max(kernel.vfs.seals?.(id) ?? 0, 0);
  if ((seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) === 0) return 0;
  into.maxProt &= ~PROT_WRITE;
  return (prot & PROT_WRITE) !== 0 ? -EPERM : 0;
}

/** MAP_POPULATE and MAP_LOCKED: fault the new mapping in; that it fails is not reported. */
function populate(
  kernel: Kernel,
  tid: number,
  address: number,
  length: number,
  prot: number,
  flags: number,
): number {
  const wanted = (flags & MAP_LOCKED) !== 0 || (flags & (MAP_POPULATE | MAP_NONBLOCK)) === MAP_POPULATE;
  if (!wanted || (prot & PROT_MASK) === 0) return address;
  const write = (prot & PROT_WRITE) !== 0 && (flags & MAP_TYPE) === MAP_PRIVATE;
  const advice = write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
  if (kernel.vm.advise(spaceOf(kernel, tid), address, length, advice) !== WAIT) return address;
  kernel.waits.keep([address]);
  return WAIT;
}

/** Did the mapping come to be locked, by MAP_LOCKED or by mlockall's MCL_FUTURE? */
const lockedAt = (kernel: Kernel, space: number, address: number): boolean =>
  ((areaAt(kernel.vm.areas(space), address)?.flags ?? 0) & VMA_LOCKED) !== 0;

/** A mapping was refused: is there room if page tables have more levels? @param reach where it would end @returns `refused`, or WAIT while they come in */
export function reachFurther(kernel: Kernel, tid: number, reach: number, refused: number): number {
  const limit = kernel.pmap.limit?.() ?? THREE_LEVELS_LIMIT;
  return reach > limit ? featureFault(kernel, tid, 'pmap', 'four-levels', refused) : refused;
}

/** mmap(2) */
export function sysMmap(
  kernel: Kernel,
  tid: number,
  address: number,
  length: number,
  prot: number,
  flags: number,
  fd: number,
  offset: number,
): number {
  if ((offset & (PAGE_SIZE - 1)) !== 0) return -EINVAL;
  // A run before this one has mapped it and waits for its pages; a signal leaves the rest to page faults.
  const mapped = kernel.waits.progress(tid)[0] ?? -1;
  if (mapped >= 0) {
    return kernel.waits.interrupted(tid) ? mapped : populate(kernel, tid, mapped, length, prot, flags);
  }
  const source: Source = { inode: 0, maxProt: EVERYTHING };
  const anonymous = (flags & MAP_ANONYMOUS) !== 0;
  const refused = anonymous ? 0 : describeFile(kernel, tid, fd, prot, flags, source);
  if (refused === -EBADF) return -EBADF;
  if (length === 0) return -EINVAL;
  if (length > USER_LIMIT) return -ENOMEM;
  const bytes = pageUp(length);
  if (offset < 0 || offset + bytes > Number.MAX_SAFE_INTEGER) return -EOVERFLOW;
  const fixed = (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) !== 0;
  if (fixed && address > USER_LIMIT - bytes) return -ENOMEM;
  if (fixed && (address & (PAGE_SIZE - 1)) !== 0) return -EINVAL;
  if (fixed && address < USER_BOTTOM && !kernel.process.capable(tid, CAP_SYS_RAWIO)) return -EPERM;
  if (refused !== 0) return refused;
  const type = flags & MAP_TYPE;
  if (type !== MAP_PRIVATE && type !== MAP_SHARED && (anonymous || type !== MAP_SHARED_VALIDATE))
    return -EINVAL;
  if ((flags & MAP_GROWSDOWN) !== 0 && (!anonymous || type !== MAP_PRIVATE)) return -EINVAL;
  if ((flags & MAP_HUGETLB) !== 0) return anonymous ? -ENOMEM : -EINVAL;

  if ((flags & MAP_LOCKED) !== 0 && mayLock(kernel, tid, 0, 0) !== 0) return -EPERM;
  const space = spaceOf(kernel, tid);
  const shared = type !== MAP_PRIVATE;
  const replaced = fixed ? coveredBytes(kernel.vm.areas(space), address, address + bytes) : 0;
  const data = !shared && (prot & PROT_WRITE) !== 0;
  if (exceedsLimits(kernel, tid, space, bytes - replaced, data)) return -ENOMEM;
  const request: MapRequest = {
    address,
    length: bytes,
    prot: prot & PROT_MASK,
    maxProt: source.maxProt,
    flags:
      (shared ? VMA_SHARED : 0) |
      ((flags & MAP_GROWSDOWN) !== 0 ? VMA_GROWSDOWN : 0) |
      ((flags & MAP_LOCKED) !== 0 ? VMA_LOCKED : 0) |
      ((flags & MAP_NORESERVE) !== 0 ? VMA_NORESERVE : 0),
    fixed,
    noReplace: (flags & MAP_FIXED_NOREPLACE) !== 0,
    inode: source.inode,
    offset: source.inode === 0 ? 0 : offset,
  };
  const start = kernel.vm.map(space, request);
  if (start === -ENODEV) return featureFault(kernel, tid, 'vm', 'mapped-files', -ENODEV);
  if (start === -ENOMEM) {
    const below = fixed ? address : kernel.vm.size(space) * PAGE_SIZE;
    return reachFurther(kernel, tid, below + bytes, -ENOMEM);
  }
  if (start < 0) return start;
  const locked = lockedAt(kernel, space, start);
  if (locked && mayLock(kernel, tid, lockedBytes(kernel, space, 0, USER_LIMIT), -EAGAIN) !== 0) {
    kernel.vm.unmap(space, start, bytes);
    return -EAGAIN;
  }
  return populate(kernel, tid, start, bytes, prot, locked ? flags | MAP_LOCKED : flags);
}
