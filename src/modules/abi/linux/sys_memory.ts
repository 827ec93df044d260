/**
 * System calls that change an address space: mmap, munmap, mremap, mprotect, brk and their advice.
 *
 * Argument checks in Linux's order and limits of the process; what is mapped is vm's. What mmap maps is in
 * memory_mapping.ts.
 */
import { CAP_IPC_LOCK } from '../../../abi/linux/capability.ts';
import { EAGAIN, EINVAL, ENOMEM, EPERM } from '../../../abi/linux/errno.ts';
import {
  MADV_POPULATE_READ,
  MCL_CURRENT,
  MCL_FUTURE,
  MCL_ONFAULT,
  MEMBARRIER_CMD_GLOBAL,
  MEMBARRIER_CMD_GLOBAL_EXPEDITED,
  MEMBARRIER_CMD_PRIVATE_EXPEDITED,
  MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE,
  MEMBARRIER_CMD_QUERY,
  MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED,
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED,
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE,
  PROT_GROWSDOWN,
  PROT_GROWSUP,
  PROT_MASK,
  PROT_SEM,
} from '../../../abi/linux/mman.ts';
import { RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK } from '../../../abi/linux/resource.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import { USER_LIMIT, VMA_GROWSDOWN } from '../../../contracts/vm.ts';
import { pageUp } from '../../../lib/vm/address-space.ts';
import { areaAt, coveredTo } from '../../../lib/vm/areas.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import { full, partial, type Row } from './call.ts';
import { exceedsLimits, softLimit, spaceOf, sysMmap } from './memory_mapping.ts';

const isAligned = (value: number): boolean => value % PAGE_SIZE === 0;

/** munmap(2) */
const sysMunmap = (kernel: Kernel, tid: number, address: number, length: number): number =>
  kernel.vm.unmap(spaceOf(kernel, tid), address, length);

/** mremap(2) */
function sysMremap(
  kernel: Kernel,
  tid: number,
  address: number,
  oldLength: number,
  newLength: number,
  flags: number,
  newAddress: number,
): number {
  const space = spaceOf(kernel, tid);
  const more = pageUp(newLength) - pageUp(oldLength);
  if (
    more > 0 &&
    (kernel.vm.size(space) + more / PAGE_SIZE) * PAGE_SIZE > softLimit(kernel, tid, RLIMIT_AS)
  ) {
    return -ENOMEM;
  }
  return kernel.vm.remap(space, address, oldLength, newLength, flags, newAddress);
}

/** mprotect(2) */
function sysMprotect(kernel: Kernel, tid: number, address: number, length: number, prot: number): number {
  if (!isAligned(address)) return -EINVAL;
  if (length === 0) return 0;
  if (length > USER_LIMIT || address > USER_LIMIT - pageUp(length)) return -ENOMEM;
  if ((prot & ~(PROT_MASK | PROT_SEM | PROT_GROWSDOWN)) !== 0 || (prot & PROT_GROWSUP) !== 0) return -EINVAL;
  const space = spaceOf(kernel, tid);
  let start = address;
  if ((prot & PROT_GROWSDOWN) !== 0) {
    const area = areaAt(kernel.vm.areas(space), address);
    if (area === null) return -ENOMEM;
    if ((area.flags & VMA_GROWSDOWN) === 0) return -EINVAL;
    start = area.start;
  }
  return kernel.vm.protect(space, start, address + length - start, prot & PROT_MASK);
}

/** brk(2), the system call: the break after it, whatever came of it. */
function sysBrk(kernel: Kernel, tid: number, address: number): number {
  const space = spaceOf(kernel, tid);
  const now = kernel.vm.brk(space, 0);
  if (address > now) {
    const limit = softLimit(kernel, tid, RLIMIT_DATA);
    if (
      limit !== Number.POSITIVE_INFINITY ||
      softLimit(kernel, tid, RLIMIT_AS) !== Number.POSITIVE_INFINITY
    ) {
      if (exceedsLimits(kernel, tid, space, pageUp(address) - pageUp(now), true)) return now;
    }
  }
  return kernel.vm.brk(space, address);
}

/** madvise(2) */
const sysMadvise = (kernel: Kernel, tid: number, address: number, length: number, advice: number): number =>
  kernel.vm.advise(spaceOf(kernel, tid), address, length, advice);

/** msync(2) */
const sysMsync = (kernel: Kernel, tid: number, address: number, length: number, flags: number): number =>
  kernel.vm.sync(spaceOf(kernel, tid), address, length, flags);

/** Pages that one round of mincore answers. */
const MINCORE_PAGES = 4096;

/** mincore(2) */
function sysMincore(kernel: Kernel, tid: number, address: number, length: number, vector: number): number {
  if (!isAligned(address)) return -EINVAL;
  if (length > USER_LIMIT || address > USER_LIMIT - pageUp(length)) return -ENOMEM;
  const space = spaceOf(kernel, tid);
  const pages = pageUp(length) / PAGE_SIZE;
  for (let done = 0; done < pages; done += MINCORE_PAGES) {
    const bytes = new Uint8Array(Math.min(pages - done, MINCORE_PAGES));
    const from = address + done * PAGE_SIZE;
    const known = kernel.vm.residency(space, from, bytes.length * PAGE_SIZE, bytes);
    if (known !== 0) return known;
    const written = kernel.user.write(tid, vector + done, bytes);
    if (written !== 0) return written;
  }
  return 0;
}

/** May the process have `length` bytes locked? @returns 0, -EPERM or -ENOMEM */
function mayLock(kernel: Kernel, tid: number, length: number): number {
  if (kernel.process.capable(tid, CAP_IPC_LOCK)) return 0;
  const limit = softLimit(kernel, tid, RLIMIT_MEMLOCK);
  if (limit === 0) return -EPERM;
  return length > limit ? -ENOMEM : 0;
}

/** mlock(2): memory never leaves, so locking is faulting in. */
function sysMlock(kernel: Kernel, tid: number, address: number, length: number): number {
  const start = address - (address % PAGE_SIZE);
  const end = pageUp(address + length);
  if (end > USER_LIMIT) return length > USER_LIMIT ? -EINVAL : -ENOMEM;
  const may = mayLock(kernel, tid, end - start);
  if (may !== 0) return may;
  const result = kernel.vm.advise(spaceOf(kernel, tid), start, end - start, MADV_POPULATE_READ);
  if (result === 0 || result === WAIT) return result;
  const whole = coveredTo(kernel.vm.areas(spaceOf(kernel, tid)), start, end) === end;
  return result === -ENOMEM && whole ? -EAGAIN : -ENOMEM;
}

/** mlock2(2) */
function sysMlock2(kernel: Kernel, tid: number, address: number, length: number, flags: number): number {
  if ((flags & ~1) !== 0) return -EINVAL;
  return (flags & 1) !== 0
    ? checkMapped(kernel, tid, address, length)
    : sysMlock(kernel, tid, address, length);
}

function checkMapped(kernel: Kernel, tid: number, address: number, length: number): number {
  const start = address - (address % PAGE_SIZE);
  const end = pageUp(address + length);
  if (end > USER_LIMIT) return length > USER_LIMIT ? -EINVAL : -ENOMEM;
  return coveredTo(kernel.vm.areas(spaceOf(kernel, tid)), start, end) < end ? -ENOMEM : 0;
}

/** munlock(2) */
const sysMunlock = (kernel: Kernel, tid: number, address: number, length: number): number =>
  checkMapped(kernel, tid, address, length);

/** mlockall(2) */
function sysMlockall(kernel: Kernel, tid: number, flags: number): number {
  if (flags === 0 || flags === MCL_ONFAULT || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) !== 0) {
    return -EINVAL;
  }
  const current = (flags & MCL_CURRENT) !== 0 ? kernel.vm.size(spaceOf(kernel, tid)) * PAGE_SIZE : 0;
  return mayLock(kernel, tid, current);
}

/** munlockall(2) */
const sysMunlockall = (): number => 0;

/** Commands that are done when they are asked for, because harts run one at a time. */
const MEMBARRIERS: number =
  MEMBARRIER_CMD_GLOBAL |
  MEMBARRIER_CMD_GLOBAL_EXPEDITED |
  MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |
  MEMBARRIER_CMD_PRIVATE_EXPEDITED |
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
  MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE |
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;

/** membarrier(2) */
function sysMembarrier(kernel: Kernel, _tid: number, command: number, flags: number): number {
  if (flags !== 0) return -EINVAL;
  if (command === MEMBARRIER_CMD_QUERY) return MEMBARRIERS;
  if ((command & MEMBARRIERS) === 0 || (command & (command - 1)) !== 0) return -EINVAL;
  if (command === MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE) kernel.engine.flushCode();
  return 0;
}

/** riscv_flush_icache: Documentation/arch/riscv/cmodx.rst; flag 1 = for the calling thread alone. */
function sysFlushIcache(
  kernel: Kernel,
  _tid: number,
  _start: number,
  _end: number,
  flagsLow: number,
): number {
  if ((flagsLow & ~1) !== 0) return -EINVAL;
  kernel.engine.flushCode();
  return 0;
}

export const memoryCalls: readonly Row[] = [
  full(214, 'brk', ['ptr'], sysBrk),
  full(215, 'munmap', ['ptr', 'size'], sysMunmap),
  full(216, 'mremap', ['ptr', 'size', 'size', 'uint', 'ptr'], sysMremap),
  partial(
    222,
    'mmap',
    ['ptr', 'size', 'uint', 'uint', 'int', 'off'],
    sysMmap,
    'MAP_HUGETLB is ENOMEM, MAP_SYNC is EOPNOTSUPP, MAP_LOCKED faults in',
  ),
  full(226, 'mprotect', ['ptr', 'size', 'uint'], sysMprotect),
  full(227, 'msync', ['ptr', 'size', 'uint'], sysMsync),
  partial(228, 'mlock', ['ptr', 'size'], sysMlock, 'faults in; locked bytes are not counted'),
  partial(229, 'munlock', ['ptr', 'size'], sysMunlock, 'memory never leaves, so nothing is unlocked'),
  partial(230, 'mlockall', ['uint'], sysMlockall, 'memory never leaves, so nothing is done'),
  partial(231, 'munlockall', [], sysMunlockall, 'memory never leaves, so nothing is done'),
  full(232, 'mincore', ['ptr', 'size', 'ptr'], sysMincore),
  partial(
    233,
    'madvise',
    ['ptr', 'size', 'int'],
    sysMadvise,
    'no huge pages, no merging, no MADV_REMOVE: EINVAL as in a kernel without them',
  ),
  full(259, 'riscv_flush_icache', ['ptr', 'ptr', 'uint'], sysFlushIcache),
  partial(283, 'membarrier', ['int', 'uint'], sysMembarrier, 'registration is not required'),
  partial(284, 'mlock2', ['ptr', 'size', 'uint'], sysMlock2, 'as mlock'),
];
