/**
 * pmap/sv39: page tables of the RISC-V Sv39 format, flushed where they got worse.
 *
 * How is in lib/paging. State: the roots, and who runs where.
 */
import type { Module } from '../../../contracts/module.ts';
import { type Pmap, type PmapState, pmapLayout } from '../../../contracts/pmap.ts';
import { createAddressMap, RIGHTS } from '../../../lib/paging/address-map.ts';
import { MODE_SV39 } from '../../../machine/layout.ts';

export const sv39Pmap: Module<Pmap, PmapState> = {
  manifest: {
    slot: 'pmap',
    name: 'sv39',
    version: '1.1.0',
    contract: 1,
    interfaces: ['ageing', 'ranges'],
    needs: { engine: 1, frames: 1 },
    description: 'page tables of Sv39, flushed where they got worse',
  },
  layout: pmapLayout,
  create: (state, kernel) => createAddressMap(state, kernel, { mode: MODE_SV39, rightsOf: () => RIGHTS }),
};

export default sv39Pmap;
