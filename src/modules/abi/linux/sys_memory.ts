/**
 * System calls that change an address space: mmap, munmap, mremap, mprotect, brk and their advice.
 *
 * Argument checks in Linux's order and limits of the process; what is mapped is vm's. What mmap maps is in
 * memory_mapping.ts.
 */
import { EAGAIN, EINVAL, ENOMEM, EPERM } from '../../../abi/linux/errno.ts';
import {
  MEMBARRIER_CMD_GLOBAL,
  MEMBARRIER_CMD_GLOBAL_EXPEDITED,
  MEMBARRIER_CMD_PRIVATE_EXPEDITED,
  MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE,
  MEMBARRIER_CMD_QUERY,
  MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED,
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED,
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE,
  MREMAP_FIXED,
  PROT_GROWSDOWN,
  PROT_GROWSUP,
  PROT_MASK,
  PROT_SEM,
} from '../../../abi/linux/mman.ts';
import { RLIMIT_AS, RLIMIT_DATA } from '../../../abi/linux/resource.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { USER_LIMIT, VMA_GROWSDOWN, VMA_LOCKED, VMA_SHARED } from '../../../contracts/vm.ts';
import { pageUp } from '../../../lib/vm/address-space.ts';
import { areaAt } from '../../../lib/vm/areas.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import { full, partial, type Row } from './call.ts';
import { exceedsLimits, lockedBytes, mayLock, softLimit, spaceOf } from './memory_limits.ts';
import { reachFurther, sysMmap } from './memory_mapping.ts';

const isAligned = (value: number): boolean => (value & (PAGE_SIZE - 1)) === 0;

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
  const area = areaAt(kernel.vm.areas(space), address);
  if (more > 0 && area !== null && (area.flags & VMA_LOCKED) !== 0) {
    const locked = lockedBytes(kernel, space, 0, USER_LIMIT);
    if (mayLock(kernel, tid, locked + more, -EAGAIN) !== 0) return -EAGAIN;
  }
  const moved = kernel.vm.remap(space, address, oldLength, newLength, flags, newAddress);
  if (moved !== -EINVAL || (flags & MREMAP_FIXED) === 0) return moved;
  return reachFurther(kernel, tid, newAddress + newLength, -EINVAL);
}

/** remap_file_pages(2): what mmap(2) can do since, for one shared area's range and another part of what it maps. */
function sysRemapFilePages(
  kernel: Kernel,
  tid: number,
  address: number,
  length: number,
  prot: number,
  page: number,
): number {
  const start = address - (address % PAGE_SIZE);
  const bytes = length - (length % PAGE_SIZE);
  const offset = page * PAGE_SIZE;
  if (prot !== 0 || bytes === 0 || start + bytes > USER_LIMIT) return -EINVAL;
  if (offset + bytes > Number.MAX_SAFE_INTEGER) return -EINVAL;
  const { vm } = kernel;
  const space = spaceOf(kernel, tid);
  const area = areaAt(vm.areas(space), start);
  if (area === null || (area.flags & VMA_SHARED) === 0) return -EINVAL;
  const { inode } = area;
  for (let at = area.end; at < start + bytes; ) {
    const next = areaAt(vm.areas(space), at);
    if (next === null || next.inode !== inode || next.prot !== area.prot) return -EINVAL;
    at = next.end;
  }
  const { flags, maxProt } = area;
  const place = { address: start, length: bytes, fixed: true, noReplace: false };
  const mapped = vm.map(space, { ...place, prot: area.prot, maxProt, flags, inode, offset });
  return mapped < 0 ? mapped : 0;
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

/** Commands that are done when they are asked for, because harts run one at a time. */
const MEMBARRIERS: number =
  MEMBARRIER_CMD_GLOBAL |
  MEMBARRIER_CMD_GLOBAL_EXPEDITED |
  MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |
  MEMBARRIER_CMD_PRIVATE_EXPEDITED |
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
  MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE |
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;

const REGISTRATIONS: number =
  MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
/** Those that are for registered processes alone; the bit of the registration is the next one. */
const PRIVATE_BARRIERS: number =
  MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE;

/** membarrier(2) */
function sysMembarrier(kernel: Kernel, tid: number, command: number, flags: number): number {
  if (flags !== 0) return -EINVAL;
  if (command === MEMBARRIER_CMD_QUERY) return MEMBARRIERS;
  if ((command & MEMBARRIERS) === 0 || (command & (command - 1)) !== 0) return -EINVAL;
  const space = spaceOf(kernel, tid);
  if ((command & REGISTRATIONS) !== 0) kernel.vm.barriers?.(space, command);
  const registration = (command & PRIVATE_BARRIERS) << 1;
  const registered = kernel.vm.barriers?.(space, 0) ?? registration;
  if ((registration & ~registered) !== 0) return -EPERM;
  return 0;
}

/**
 * riscv_flush_icache: Documentation/arch/riscv/cmodx.rst; flag 1 = for the calling thread alone. There is nothing to do: every write to
 * a frame with a code mark is noticed when it is done. (A program that translates code itself calls this for each piece.)
 */
function sysFlushIcache(
  _kernel: Kernel,
  _tid: number,
  _start: number,
  _end: number,
  flagsLow: number,
): number {
  return (flagsLow & ~1) === 0 ? 0 : -EINVAL;
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
  full(232, 'mincore', ['ptr', 'size', 'ptr'], sysMincore),
  full(234, 'remap_file_pages', ['ptr', 'size', 'uint', 'size', 'uint'], sysRemapFilePages),
  partial(
    233,
    'madvise',
    ['ptr', 'size', 'int'],
    sysMadvise,
    'no huge pages, no merging: EINVAL as in a kernel without them',
  ),
  full(259, 'riscv_flush_icache', ['ptr', 'ptr', 'uint'], sysFlushIcache),
  full(283, 'membarrier', ['int', 'uint'], sysMembarrier),
];
