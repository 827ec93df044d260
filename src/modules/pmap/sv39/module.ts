/**
 * pmap/sv39: page tables of the RISC-V Sv39 format, flushed page by page.
 *
 * A translation is flushed when it got worse: the page went, lost a right or got another frame. What got better needs
 * none, because an engine walks the tables again before it refuses an access. Only a hart that runs in the address space
 * can hold its translations. Tables stay until the address space goes. State: the roots, and who runs where.
 */
import { ENOMEM } from '../../../abi/linux/errno.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Module } from '../../../contracts/module.ts';
import {
  EXTRACT_FRAME_SHIFT,
  MAPPED_DIRTY,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
  type Pmap,
  type PmapState,
  pmapLayout,
} from '../../../contracts/pmap.ts';
import { KernelFault } from '../../../lib/kernel-fault.ts';
import { HART_ROOT, PAGE_SIZE } from '../../../machine/layout.ts';
import { hartAddress } from '../../../machine/machine.ts';
import {
  find,
  findOrMake,
  frameOf,
  leaf,
  nextMapped,
  PAGES,
  PTE_A,
  PTE_D,
  PTE_R,
  PTE_V,
  PTE_W,
  PTE_X,
  pageOf,
  protOf,
  releaseTables,
} from './tables.ts';

const LIMIT = PAGES * PAGE_SIZE;
const RIGHTS = PTE_V | PTE_R | PTE_W | PTE_X;

function rootOf(state: PmapState, space: number): number {
  const root = state.roots.get(space);
  if (root === undefined) throw new KernelFault(`address space ${space} has no page tables`);
  return root;
}

/** What `extract` says of an entry. */
const describe = (pte: number): number =>
  pte === 0
    ? 0
    : (frameOf(pte) << EXTRACT_FRAME_SHIFT) | ((pte & PTE_D) !== 0 ? MAPPED_DIRTY : 0) | protOf(pte);

/** True if a translation made from `before` must not be used any more. */
const isWorse = (before: number, after: number): boolean =>
  (before & PTE_V) !== 0 && (frameOf(before) !== frameOf(after) || (before & ~after & RIGHTS) !== 0);

function change(state: PmapState, kernel: Kernel, space: number, va: number, at: number, pte: number): void {
  const words = kernel.machine.i32;
  const before = words[at] as number;
  words[at] = pte;
  if (isWorse(before, pte) && state.active.includes(space)) kernel.engine.flushPage(va);
}

/** PTE bits that an access needs. A page that may be written may be read. */
function needed(prot: number): number {
  let bits = PTE_V;
  if ((prot & PROT_READ) !== 0) bits |= PTE_R;
  if ((prot & PROT_WRITE) !== 0) bits |= PTE_W;
  if ((prot & PROT_EXEC) !== 0) bits |= PTE_X;
  return bits;
}

function translate(state: PmapState, kernel: Kernel, space: number, va: number, prot: number): number {
  if (!(va >= 0 && va < LIMIT)) return 0;
  const words = kernel.machine.i32;
  const at = find(words, rootOf(state, space), pageOf(va));
  if (at < 0) return 0;
  const pte = words[at] as number;
  const want = needed(prot);
  if ((pte & want) !== want) return 0;
  const used = (prot & PROT_WRITE) !== 0 ? PTE_A | PTE_D : PTE_A;
  if ((pte & used) !== used) words[at] = pte | used;
  return frameOf(pte) * PAGE_SIZE + (va % PAGE_SIZE);
}

function age(state: PmapState, kernel: Kernel, space: number, va: number): boolean {
  const words = kernel.machine.i32;
  const at = find(words, rootOf(state, space), pageOf(va));
  const pte = at < 0 ? 0 : (words[at] as number);
  if ((pte & PTE_A) === 0) return false;
  words[at] = pte & ~PTE_A;
  // A translation that a hart still has would hide the next use.
  if (state.active.includes(space)) kernel.engine.flushPage(va);
  return true;
}

function setRoot(state: PmapState, kernel: Kernel, hart: number, space: number): void {
  const { machine } = kernel;
  while (state.active.length <= hart) state.active.push(0);
  const address = hartAddress(machine.layout, hart) + HART_ROOT;
  machine.u32[address >>> 2] = space === 0 ? 0 : rootOf(state, space);
  if (state.active[hart] === space) return;
  state.active[hart] = space;
  kernel.engine.flushHart(hart);
}

function destroy(state: PmapState, kernel: Kernel, space: number): void {
  const root = rootOf(state, space);
  for (let hart = 0; hart < state.active.length; hart++) {
    if (state.active[hart] === space) setRoot(state, kernel, hart, 0);
  }
  state.roots.delete(space);
  releaseTables(kernel.machine.i32, root, (frame) => {
    kernel.frames.unref(frame);
  });
}

export const sv39Pmap: Module<Pmap, PmapState> = {
  manifest: {
    slot: 'pmap',
    name: 'sv39',
    version: '1.0.0',
    contract: 1,
    interfaces: ['ageing'],
    needs: { engine: 1, frames: 1 },
    description: 'page tables of Sv39, flushed page by page',
  },
  layout: pmapLayout,
  create(state, kernel) {
    const allocate = (): number => kernel.frames.alloc(true, 0);
    return {
      create(space) {
        const root = allocate();
        if (root === 0) return -ENOMEM;
        state.roots.set(space, root);
        return 0;
      },
      destroy: (space) => destroy(state, kernel, space),
      enter(space, va, frame, prot) {
        const at = findOrMake(kernel.machine.i32, rootOf(state, space), pageOf(va), allocate);
        if (at < 0) return -ENOMEM;
        change(state, kernel, space, va, at, leaf(frame, prot));
        return 0;
      },
      remove(space, va) {
        const at = find(kernel.machine.i32, rootOf(state, space), pageOf(va));
        if (at < 0) return 0;
        const before = kernel.machine.i32[at] as number;
        if (before !== 0) change(state, kernel, space, va, at, 0);
        return describe(before);
      },
      protect(space, va, prot) {
        const at = find(kernel.machine.i32, rootOf(state, space), pageOf(va));
        if (at < 0) return;
        const before = kernel.machine.i32[at] as number;
        if (before === 0) return;
        change(state, kernel, space, va, at, leaf(frameOf(before), prot) | (before & (PTE_A | PTE_D)));
      },
      extract(space, va) {
        const at = find(kernel.machine.i32, rootOf(state, space), pageOf(va));
        return at < 0 ? 0 : describe(kernel.machine.i32[at] as number);
      },
      translate: (space, va, prot) => translate(state, kernel, space, va, prot),
      next(space, va, end) {
        const root = rootOf(state, space);
        const last = Math.min(pageOf(end + PAGE_SIZE - 1), PAGES);
        const page = nextMapped(kernel.machine.i32, root, pageOf(va), last);
        return page < 0 ? -1 : page * PAGE_SIZE;
      },
      activate: (hart, space) => setRoot(state, kernel, hart, space),
      age: (space, va) => age(state, kernel, space, va),
    };
  },
};

export default sv39Pmap;
