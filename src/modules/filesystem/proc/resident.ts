/**
 * What of an area is in memory, and whose it is: sums over its pages.
 *
 * Source: proc_pid_smaps(5). Holds no state.
 */
import { superblockOf } from '../../../contracts/filesystem.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { EXTRACT_FRAME_SHIFT, MAPPED_DIRTY } from '../../../contracts/pmap.ts';
import { VMA_LOCKED, VMA_SHARED, type Vma } from '../../../contracts/vm.ts';
import { spaceOf, type Subject } from './subject.ts';

const PAGE = 4096;
/** The type of file system whose pages are shared memory to Linux. */
const MEMORY = 'ram';

/** In pages; shares of pages that several have are fractions. */
export interface Usage {
  anonymous: number;
  file: number;
  shmem: number;
  share: number;
  dirtyShare: number;
  anonymousShare: number;
  fileShare: number;
  sharedClean: number;
  sharedDirty: number;
  privateClean: number;
  privateDirty: number;
  swap: number;
  locked: number;
}

export const noUsage = (): Usage => ({
  anonymous: 0,
  file: 0,
  shmem: 0,
  share: 0,
  dirtyShare: 0,
  anonymousShare: 0,
  fileShare: 0,
  sharedClean: 0,
  sharedDirty: 0,
  privateClean: 0,
  privateDirty: 0,
  swap: 0,
  locked: 0,
});

/** Whose pages an area shows until it has its own. */
function kindOf(kernel: Kernel, { inode }: Readonly<Vma>): 'anonymous' | 'file' | 'shmem' {
  if (inode === 0) return 'anonymous';
  const sb = superblockOf(inode);
  return sb === 0 || kernel.vfs.fileSystemOf(sb) === MEMORY ? 'shmem' : 'file';
}

/** Add an area's pages. */
export function addUsage(subject: Subject, area: Readonly<Vma>, into: Usage): void {
  const { kernel } = subject;
  const { pmap, frames, pagecache, vm } = kernel;
  const space = spaceOf(subject);
  const kind = kindOf(kernel, area);
  for (let va = pmap.next(space, area.start, area.end); va >= 0; va = pmap.next(space, va + PAGE, area.end)) {
    const page = pmap.extract(space, va);
    const frame = page >>> EXTRACT_FRAME_SHIFT;
    const index = (area.offset + (va - area.start)) / PAGE;
    const cached = area.inode !== 0 && pagecache.find(area.inode, index) === frame;
    // The page cache's reference is no mapping.
    const mappings = Math.max(frames.count(frame) - (cached ? 1 : 0), 1);
    const own = cached || (area.flags & VMA_SHARED) !== 0 ? kind : 'anonymous';
    const dirty = own !== 'file' || (page & MAPPED_DIRTY) !== 0;
    into[own]++;
    into.share += 1 / mappings;
    if (own === 'anonymous') into.anonymousShare += 1 / mappings;
    else if (own === 'file') into.fileShare += 1 / mappings;
    if (dirty) into.dirtyShare += 1 / mappings;
    if (mappings > 1) into[dirty ? 'sharedDirty' : 'sharedClean']++;
    else into[dirty ? 'privateDirty' : 'privateClean']++;
    if ((area.flags & VMA_LOCKED) !== 0) into.locked += 1 / mappings;
  }
  into.swap += vm.evicted?.(space, area.start, area.end) ?? 0;
}
