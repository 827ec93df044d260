/**
 * pmap/sv48: page tables of the RISC-V Sv48 format, one level above those of Sv39.
 *
 * How is in lib/paging. State: the roots, and who runs where.
 */
import type { Module } from '../../../contracts/module.ts';
import { type Pmap, type PmapState, pmapLayout } from '../../../contracts/pmap.ts';
import { USER_LIMIT } from '../../../contracts/vm.ts';
import { createAddressMap, RIGHTS } from '../../../lib/paging/address-map.ts';
import { MODE_SV48 } from '../../../machine/layout.ts';

export const sv48Pmap: Module<Pmap, PmapState> = {
  manifest: {
    slot: 'pmap',
    name: 'sv48',
    version: '1.0.0',
    contract: 1,
    interfaces: ['ageing', 'four-levels', 'ranges'],
    needs: { engine: 1, frames: 1 },
    description: 'page tables of Sv48, flushed where they got worse',
  },
  layout: pmapLayout,
  create: (state, kernel) => ({
    ...createAddressMap(state, kernel, { mode: MODE_SV48, rightsOf: () => RIGHTS }),
    limit: () => USER_LIMIT,
  }),
};

export default sv48Pmap;
