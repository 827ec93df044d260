/**
 * Page tables of Sv39: three levels of 512 entries, walked and built in machine memory.
 *
 * Source: RISC-V Privileged spec, "Sv39". Linear memory is below 4 GiB, so a PPN has 20 bits and the high word of every
 * entry is zero; only low words are read or written. Knows no address spaces and flushes nothing.
 */
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '../../contracts/pmap.ts';

export const PTE_V = 0x01;
export const PTE_R = 0x02;
export const PTE_W = 0x04;
export const PTE_X = 0x08;
export const PTE_U = 0x10;
export const PTE_A = 0x40;
export const PTE_D = 0x80;
/** First bit reserved for software: an entry that is not valid but keeps its frame, for PROT_NONE. */
export const PTE_KEPT = 0x100;
const PPN_SHIFT = 10;
const LEAF: number = PTE_R | PTE_W | PTE_X;

/** Bytes that a tree of three levels spans, of which Sv39 gives a user the lower half. */
export const TREE_SPAN: number = 2 ** 39;
export const TREE_PAGES: number = 1 << 27;

/** Page number within the tree of three levels that an address belongs to. */
export const pageOf = (va: number): number => ((va < TREE_SPAN ? va : va % TREE_SPAN) / 4096) | 0;

// An entry is named by its index among the 32-bit words of memory: a table has 1024 words, an entry two.
const rootEntry = (root: number, page: number): number => (root << 10) + ((page >>> 18) << 1);
const middleEntry = (table: number, page: number): number => (table << 10) + (((page >>> 9) & 511) << 1);
const leafEntry = (table: number, page: number): number => (table << 10) + ((page & 511) << 1);

export const frameOf = (pte: number): number => pte >>> PPN_SHIFT;
/** An entry that points to a table. */
export const tableEntry = (frame: number): number => (frame << PPN_SHIFT) | PTE_V;

/** An entry that maps a frame, accessed and clean. Write without read is reserved in hardware, so it implies read. */
export function leaf(frame: number, prot: number): number {
  if ((prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) === 0) return (frame << PPN_SHIFT) | PTE_U | PTE_KEPT;
  let pte = (frame << PPN_SHIFT) | PTE_V | PTE_U | PTE_A;
  if ((prot & (PROT_READ | PROT_WRITE)) !== 0) pte |= PTE_R;
  if ((prot & PROT_WRITE) !== 0) pte |= PTE_W;
  if ((prot & PROT_EXEC) !== 0) pte |= PTE_X;
  return pte;
}

/** PROT_ bits of an entry: R, W and X lie one above PROT_READ, PROT_WRITE and PROT_EXEC. */
export const protOf = (pte: number): number => (pte & LEAF) >>> 1;

/** Word index of the entry that would map `page`, or -1 if a table on the way is missing. */
export function find(words: Int32Array, root: number, page: number): number {
  const top = words[rootEntry(root, page)] as number;
  if (top === 0) return -1;
  const middle = words[middleEntry(frameOf(top), page)] as number;
  return middle === 0 ? -1 : leafEntry(frameOf(middle), page);
}

/** The same, making tables on the way. @param allocate a zeroed frame, or 0 @returns -1 when a table can not be had */
export function findOrMake(words: Int32Array, root: number, page: number, allocate: () => number): number {
  const top = rootEntry(root, page);
  if (words[top] === 0) {
    const table = allocate();
    if (table === 0) return -1;
    words[top] = tableEntry(table);
  }
  const middle = middleEntry(frameOf(words[top] as number), page);
  if (words[middle] === 0) {
    const table = allocate();
    if (table === 0) return -1;
    words[middle] = tableEntry(table);
  }
  return leafEntry(frameOf(words[middle] as number), page);
}

/** The first page of [page, end) that has an entry, or -1. Empty tables are stepped over whole. @param end at most TREE_PAGES */
export function nextMapped(words: Int32Array, root: number, page: number, end: number): number {
  let at = page;
  while (at < end) {
    const top = words[rootEntry(root, at)] as number;
    if (top === 0) {
      at = ((at >>> 18) + 1) << 18;
      continue;
    }
    const middle = words[middleEntry(frameOf(top), at)] as number;
    if (middle === 0) {
      at = ((at >>> 9) + 1) << 9;
      continue;
    }
    const table = frameOf(middle);
    const stop = Math.min(end, ((at >>> 9) + 1) << 9);
    for (; at < stop; at++) if (words[leafEntry(table, at)] !== 0) return at;
  }
  return -1;
}

/** Give every table of a tree to `release`, the root last. */
export function releaseTables(words: Int32Array, root: number, release: (frame: number) => void): void {
  for (let i = 0; i < 512; i++) {
    const top = words[(root << 10) + (i << 1)] as number;
    if (top === 0) continue;
    const middle = frameOf(top);
    for (let j = 0; j < 512; j++) {
      const entry = words[(middle << 10) + (j << 1)] as number;
      if (entry !== 0) release(frameOf(entry));
    }
    release(middle);
  }
  release(root);
}
