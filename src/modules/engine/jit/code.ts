/**
 * Guest code as the translator sees it: regions of it, with the pages that they lie in, in the address space that a hart runs.
 */
import { recordAt } from '../../../machine/interpreter/blocks.ts';
import type { Interpreter } from '../../../machine/interpreter/interpreter.ts';
import { OP_UNDECODED } from '../../../machine/interpreter/ops.ts';
import { predecode } from '../../../machine/interpreter/predecode.ts';
import { R_OP } from '../../../machine/interpreter/region.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import type { Machine } from '../../../machine/machine.ts';
import type { ReadCode } from './discover.ts';
import { addressesOf, type Listing } from './listing.ts';

/** Virtual and physical address of a page. */
export type PageOfCode = readonly [va: number, page: number];

/** An instruction there may lie on two pages, and then its record must be looked at each time. */
export const isOnEdge = (pc: number): boolean => pc % PAGE_SIZE === PAGE_SIZE - 2;
const pageStart = (va: number): number => va - (va % PAGE_SIZE);

export interface Code {
  readonly read: ReadCode;
  /** True if the interpreter has come by there, or gone on just before it. */
  isRun(pc: number): boolean;
  /**
   * See that the interpreter's records say that this code is code, so that writes to it are noticed.
   * @returns the pages that it lies in, null if there is no room for records
   */
  claim(listing: Listing): readonly PageOfCode[] | null;
}

/** The code of the address space that a hart runs, as it is now. */
export function codeOf(m: Machine, core: Interpreter, hart: number): Code {
  const pages = new Map<number, number>();
  const pageAt = (va: number): number => {
    const start = pageStart(va);
    let page = pages.get(start);
    if (page === undefined) {
      page = start < 0 ? 0 : core.page(hart, start);
      pages.set(start, page);
    }
    return page;
  };
  const claimAt = (pc: number): boolean => {
    const page = pageAt(pc);
    const record = page === 0 ? 0 : recordAt(m, core.plan, page + (pc % PAGE_SIZE));
    if (record === 0) return false;
    if (m.u16[(record + R_OP) >>> 1] === OP_UNDECODED) predecode(m, core.plan, record);
    return true;
  };
  return {
    read(pc) {
      const page = pageAt(pc);
      return page === 0 ? -1 : (m.u16[(page + (pc % PAGE_SIZE)) >>> 1] as number);
    },
    isRun(pc) {
      const page = pageAt(pc);
      const record = page === 0 ? 0 : recordAt(m, core.plan, page + (pc % PAGE_SIZE));
      return record !== 0 && m.u16[(record + R_OP) >>> 1] !== OP_UNDECODED;
    },
    claim(listing) {
      const used = new Map<number, number>();
      for (const at of addressesOf(listing, PAGE_SIZE)) {
        if (!claimAt(at)) return null;
        used.set(pageStart(at), pageAt(at));
      }
      return [...used];
    },
  };
}
