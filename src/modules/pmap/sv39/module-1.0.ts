/**
 * pmap/sv39 as it was in version 1.0, with its defect: kept for programs to run into, and for 1.1 to mend.
 *
 * It took a page that may be executed for text, which nobody writes, and saved itself the flush where only the right to
 * write was lost. A page that may be both written and executed keeps a stale right to be written then: after a
 * fork(2) the parent goes on writing into the frame that it shares with its child, and after mprotect(2) into what it may
 * only read.
 */
import type { Module } from '../../../contracts/module.ts';
import { type Pmap, type PmapState, pmapLayout } from '../../../contracts/pmap.ts';
import { createAddressMap, RIGHTS } from '../../../lib/paging/address-map.ts';
import { PTE_W, PTE_X } from '../../../lib/paging/tables.ts';
import { MODE_SV39 } from '../../../machine/layout.ts';

const rightsOf = (before: number): number => ((before & PTE_X) !== 0 ? RIGHTS & ~PTE_W : RIGHTS);

export const sv39Pmap10: Module<Pmap, PmapState> = {
  manifest: {
    slot: 'pmap',
    name: 'sv39',
    version: '1.0.0',
    contract: 1,
    interfaces: ['ageing', 'ranges'],
    needs: { engine: 1, frames: 1 },
    description: 'page tables of Sv39, with stale rights on pages written and executed: use 1.1',
  },
  layout: pmapLayout,
  create: (state, kernel) => createAddressMap(state, kernel, { mode: MODE_SV39, rightsOf }),
};

export default sv39Pmap10;
