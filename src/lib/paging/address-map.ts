/**
 * A pmap over page tables of the RISC-V formats: what the modules sv39 and sv48 have in common.
 *
 * Sv48 is Sv39 with one level above it, so a tree of either becomes one of the other by its root alone: the table of Sv39's
 * root is what the first entry of a root of Sv48 points to. A tree is turned into the format of the module in place when a
 * hart next runs in it; until then every operation takes it as it is. One that maps what Sv39 can not keeps its four levels,
 * whichever module is in place, as do its copies by fork(2). Tables stay until the address space goes.
 *
 * A translation is flushed when it got worse: the page went, lost a right or got another frame. What got better needs none,
 * because an engine walks the tables again before it refuses an access. Only a hart that runs in the address space can
 * hold its translations. Source: RISC-V Privileged spec, "Sv39" and "Sv48".
 */
import type { Kernel } from '../../contracts/kernel.ts';
import {
  EXTRACT_FRAME_SHIFT,
  MAPPED_DIRTY,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
  type Pmap,
  type PmapState,
  THREE_LEVELS_LIMIT,
} from '../../contracts/pmap.ts';
import { USER_LIMIT } from '../../contracts/vm.ts';
import { ENOMEM } from '../../abi/linux/errno.ts';
import { HART_MODE, HART_ROOT, HART_SIZE, MODE_SV39, MODE_SV48, PAGE_SIZE } from '../../machine/layout.ts';
import { KernelFault } from '../kernel-fault.ts';
import {
  find,
  findOrMake,
  frameOf,
  leaf,
  nextMapped,
  PTE_A,
  PTE_D,
  PTE_R,
  PTE_V,
  PTE_W,
  PTE_X,
  pageOf,
  protOf,
  releaseTables,
  TREE_PAGES,
  TREE_SPAN,
  tableEntry,
} from './tables.ts';

const ENTRIES = 512;
/** Where more pages of a piece got worse, the harts forget all their translations instead. */
const FLUSHES_MOST = 32;
export const RIGHTS: number = PTE_V | PTE_R | PTE_W | PTE_X;

/** What a module decides. */
export interface AddressMapPolicy {
  readonly mode: typeof MODE_SV39 | typeof MODE_SV48;
  /** Rights whose loss makes a translation one that must not be used any more. @param before a valid entry */
  readonly rightsOf: (before: number) => number;
}

/** What `extract` says of an entry. */
const describe = (pte: number): number =>
  pte === 0
    ? 0
    : (frameOf(pte) << EXTRACT_FRAME_SHIFT) | ((pte & PTE_D) !== 0 ? MAPPED_DIRTY : 0) | protOf(pte);

/** PTE bits that an access needs. A page that may be written may be read. */
function needed(prot: number): number {
  let bits = PTE_V;
  if ((prot & PROT_READ) !== 0) bits |= PTE_R;
  if ((prot & PROT_WRITE) !== 0) bits |= PTE_W;
  if ((prot & PROT_EXEC) !== 0) bits |= PTE_X;
  return bits;
}

export function createAddressMap(state: PmapState, kernel: Kernel, policy: AddressMapPolicy): Pmap {
  const { roots, wide } = state;
  const words = kernel.machine.i32;
  const allocate = (): number => kernel.frames.alloc(true, 0);
  const rootOf = (space: number): number => {
    const root = roots.get(space);
    if (root === undefined) throw new KernelFault(`address space ${space} has no page tables`);
    return root;
  };
  /** Index among the words of memory of a four-level root's entry for an address. */
  const topEntry = (root: number, va: number): number => (root << 10) + (Math.floor(va / TREE_SPAN) << 1);
  /** The root of the three levels that an address belongs to, in a tree of either format; 0 if there are none. */
  const treeOf = (space: number, va: number): number => {
    const root = rootOf(space);
    if (wide.size === 0 || !wide.has(space)) return va < TREE_SPAN ? root : 0;
    return frameOf(words[va < TREE_SPAN ? root << 10 : topEntry(root, va)] as number);
  };
  const entryOf = (space: number, va: number): number => {
    const tree = treeOf(space, va);
    return tree === 0 ? -1 : find(words, tree, pageOf(va));
  };

  /** True if a translation by the entry `before` must not be used once it is `after`. */
  const isWorse = (before: number, after: number): boolean =>
    (before & PTE_V) !== 0 &&
    ((before & ~after & policy.rightsOf(before)) !== 0 || frameOf(before) !== frameOf(after));

  const change = (space: number, va: number, at: number, pte: number): void => {
    const before = words[at] as number;
    words[at] = pte;
    if (isWorse(before, pte) && state.active.includes(space)) kernel.engine.flushPage(va);
  };

  /** Flush where the `count`th page of a range got worse. */
  const flushOneOf = (count: number, va: number): void => {
    if (count <= FLUSHES_MOST) kernel.engine.flushPage(va);
  };
  /** Flush what is left of a range of which `count` pages got worse. */
  const flushRest = (count: number, space: number): void => {
    if (count <= FLUSHES_MOST) return;
    for (let hart = 0; hart < state.active.length; hart++)
      if (state.active[hart] === space) kernel.engine.flushHart(hart);
  };

  /** Put a fourth level above three. @returns false for want of a frame */
  const widen = (space: number): boolean => {
    const top = allocate();
    if (top === 0) return false;
    words[top << 10] = tableEntry(rootOf(space));
    roots.set(space, top);
    wide.add(space);
    return true;
  };
  /** Take the fourth level away, unless something is mapped that three do not reach. */
  const narrow = (space: number): void => {
    const root = rootOf(space);
    const tree = frameOf(words[root << 10] as number);
    for (let i = 1; i < ENTRIES; i++) if (words[(root << 10) + (i << 1)] !== 0) return;
    for (let i = ENTRIES / 2; i < ENTRIES; i++) if (words[(tree << 10) + (i << 1)] !== 0) return;
    roots.set(space, tree);
    wide.delete(space);
    kernel.frames.unref(root);
  };
  /** Turn a tree into the format of this module. One that can not be, for want of a frame or for what it maps, stays. */
  const convert = (space: number): void => {
    if (policy.mode === MODE_SV48) {
      if (!wide.has(space)) widen(space);
    } else if (wide.has(space)) {
      narrow(space);
    }
  };

  /** Tell a hart where the tables of an address space are. */
  const pointTo = (hart: number, space: number): void => {
    const { machine } = kernel;
    const block = machine.layout.hartBase + hart * HART_SIZE;
    machine.u32[(block + HART_ROOT) >>> 2] = space === 0 ? 0 : rootOf(space);
    machine.u32[(block + HART_MODE) >>> 2] = wide.has(space) ? MODE_SV48 : MODE_SV39;
  };

  /** The tree that is to map an address, with what is missing of the levels above it made. @returns 0 for want of a frame */
  const treeFor = (space: number, va: number): number => {
    if (va < THREE_LEVELS_LIMIT) return treeOf(space, va);
    if (!wide.has(space)) {
      if (!widen(space)) return 0;
      for (let hart = 0; hart < state.active.length; hart++)
        if (state.active[hart] === space) pointTo(hart, space);
    }
    const at = topEntry(rootOf(space), va);
    if (words[at] === 0) {
      const tree = allocate();
      if (tree === 0) return 0;
      words[at] = tableEntry(tree);
    }
    return frameOf(words[at] as number);
  };

  const setRoot = (hart: number, space: number): void => {
    const { engine } = kernel;
    while (state.active.length <= hart) state.active.push(0);
    if (space !== 0) convert(space);
    pointTo(hart, space);
    if (state.active[hart] === space) return;
    state.active[hart] = space;
    engine.flushHart(hart);
  };

  return {
    create(space) {
      const root = allocate();
      if (root === 0) return -ENOMEM;
      roots.set(space, root);
      return 0;
    },
    destroy(space) {
      const root = rootOf(space);
      for (let hart = 0; hart < state.active.length; hart++) {
        if (state.active[hart] === space) setRoot(hart, 0);
      }
      roots.delete(space);
      const release = (frame: number): void => {
        kernel.frames.unref(frame);
      };
      if (!wide.delete(space)) {
        releaseTables(words, root, release);
        return;
      }
      for (let i = 0; i < ENTRIES; i++) {
        const tree = frameOf(words[(root << 10) + (i << 1)] as number);
        if (tree !== 0) releaseTables(words, tree, release);
      }
      release(root);
    },
    enter(space, va, frame, prot) {
      const tree = treeFor(space, va);
      const at = tree === 0 ? -1 : findOrMake(words, tree, pageOf(va), allocate);
      if (at < 0) return -ENOMEM;
      change(space, va, at, leaf(frame, prot));
      return 0;
    },
    remove(space, va) {
      const at = entryOf(space, va);
      if (at < 0) return 0;
      const before = words[at] as number;
      if (before !== 0) change(space, va, at, 0);
      return describe(before);
    },
    protect(space, va, prot) {
      const at = entryOf(space, va);
      if (at < 0) return;
      const before = words[at] as number;
      if (before === 0) return;
      change(space, va, at, leaf(frameOf(before), prot) | (before & (PTE_A | PTE_D)));
    },
    extract(space, va) {
      const at = entryOf(space, va);
      return at < 0 ? 0 : describe(words[at] as number);
    },
    translate(space, va, prot) {
      if (!(va >= 0 && va < USER_LIMIT)) return 0;
      const at = entryOf(space, va);
      if (at < 0) return 0;
      const pte = words[at] as number;
      const want = needed(prot);
      if ((pte & want) !== want) return 0;
      const used = (prot & PROT_WRITE) !== 0 ? PTE_A | PTE_D : PTE_A;
      if ((pte & used) !== used) words[at] = pte | used;
      return frameOf(pte) * PAGE_SIZE + (va & (PAGE_SIZE - 1));
    },
    next(space, va, end) {
      const top = Math.min(end, wide.has(space) ? USER_LIMIT : THREE_LEVELS_LIMIT);
      for (let at = va; at < top; ) {
        const base = at - (at % TREE_SPAN);
        const tree = treeOf(space, at);
        const last = Math.min(Math.ceil((top - base) / PAGE_SIZE), TREE_PAGES);
        const page = tree === 0 ? -1 : nextMapped(words, tree, pageOf(at), last);
        if (page >= 0) return base + page * PAGE_SIZE;
        at = base + TREE_SPAN;
      }
      return -1;
    },
    share(from, to, start, end, prot, frames) {
      const first = entryOf(from, start);
      if (first < 0) return 0;
      const last = first + ((end - start) / PAGE_SIZE) * 2;
      let at = first;
      while (at < last && words[at] === 0) at += 2;
      if (at === last) return 0;
      const tree = treeFor(to, start);
      const into = tree === 0 ? -1 : findOrMake(words, tree, pageOf(start), allocate);
      if (into < 0) return -ENOMEM;
      const isActive = state.active.includes(from);
      let count = 0;
      let worse = 0;
      for (; at < last; at += 2) {
        const before = words[at] as number;
        if (before === 0) continue;
        const frame = frameOf(before);
        const shared = leaf(frame, prot);
        frames[count++] = frame;
        words[into + (at - first)] = shared;
        if ((before & PTE_W) === 0) continue;
        const after = shared | (before & (PTE_A | PTE_D));
        words[at] = after;
        if (isActive && isWorse(before, after)) flushOneOf(++worse, start + ((at - first) / 2) * PAGE_SIZE);
      }
      flushRest(worse, from);
      return count;
    },
    clear(space, start, end, frames) {
      const first = entryOf(space, start);
      if (first < 0) return 0;
      const last = first + ((end - start) / PAGE_SIZE) * 2;
      const isActive = state.active.includes(space);
      let count = 0;
      let worse = 0;
      for (let at = first; at < last; at += 2) {
        const before = words[at] as number;
        if (before === 0) continue;
        frames[count++] = frameOf(before);
        words[at] = 0;
        if (isActive && isWorse(before, 0)) flushOneOf(++worse, start + ((at - first) / 2) * PAGE_SIZE);
      }
      flushRest(worse, space);
      return count;
    },
    activate: setRoot,
    age(space, va) {
      const at = entryOf(space, va);
      const pte = at < 0 ? 0 : (words[at] as number);
      if ((pte & PTE_A) === 0) return false;
      words[at] = pte & ~PTE_A;
      // A translation that a hart still has would hide the next use.
      if (state.active.includes(space)) kernel.engine.flushPage(va);
      return true;
    },
  };
}
