/**
 * The policy of memory on demand: frames at the first use, shared after a fork until one side writes.
 *
 * What the modules `cow` and `paging` have in common. Holds no state.
 */
import type { Kernel } from '../../contracts/kernel.ts';
import { PROT_WRITE } from '../../contracts/pmap.ts';
import type { Space } from '../../contracts/vm.ts';
import { PAGE_SIZE } from '../../machine/layout.ts';
import type { Area } from './areas.ts';
import { type Core, isShared, type Policy, pageIndex, readOnly } from './core.ts';
import { enterFromInode, inodePage } from './fault.ts';
import { enterOwn, enterShared, sharePages } from './pages.ts';
import { isEvicted } from './slots.ts';

/** Pages around a read fault of a file that are mapped with it if they are in the cache; a power of two. */
const AROUND = 16;

/** Map the neighbours of a file's page that are in the cache already. */
function mapAround(kernel: Kernel, space: Space, area: Readonly<Area>, page: number): void {
  const bytes = AROUND * PAGE_SIZE;
  const first = page - (page % bytes);
  const end = Math.min(area.end, first + bytes);
  for (let va = Math.max(area.start, first); va < end; va += PAGE_SIZE) {
    if (kernel.pmap.extract(space.id, va) !== 0 || isEvicted(space, va)) continue;
    const frame = kernel.pagecache.find(area.inode, pageIndex(area, va));
    if (frame === 0) continue;
    if (enterShared(kernel, space, va, frame, readOnly(area)) !== 0) return;
  }
}

/** The page of a private file mapping: the cache's own until it is written. */
function fromFile(core: Core, space: Space, area: Readonly<Area>, page: number, access: number): number {
  // Who only reads a hole shares its page, and others find it resident (mincore(2)).
  const frame = inodePage(core, area, pageIndex(area, page), access !== PROT_WRITE);
  if (frame < 0) return frame;
  if (frame === 0 || access === PROT_WRITE) return enterOwn(core.kernel, space, page, frame, area.prot);
  const entered = enterShared(core.kernel, space, page, frame, readOnly(area));
  if (entered === 0) mapAround(core.kernel, space, area, page);
  return entered;
}

export const copyOnWrite: Policy = {
  admit: () => 0,
  populate: () => 0,
  absent(core, space, area, page, access) {
    if (area.inode === 0) return enterOwn(core.kernel, space, page, 0, area.prot);
    return isShared(area)
      ? enterFromInode(core, space, area, page, access)
      : fromFile(core, space, area, page, access);
  },
  inherit(core, parent, child, area) {
    // The child finds shared pages again through the page cache when it wants them.
    return isShared(area) ? 0 : sharePages(core, parent, child, area);
  },
};
