/**
 * buffercache/lru: the unit that was not asked for the longest goes.
 *
 * Simple and good for what is used again soon; one pass over a large file pushes everything else out. State: the contract's,
 * of which `recent` is the one list; what another policy left in `frequent` goes first.
 */
import {
  type BufferCache,
  type BufferCacheState,
  bufferCacheLayout,
} from '../../../contracts/buffercache.ts';
import type { Module } from '../../../contracts/module.ts';
import { bufferOperations } from '../../../lib/buffers/cache.ts';
import type { Policy } from '../../../lib/buffers/policy.ts';

const lru: Policy = {
  touched({ recent, frequent }, key) {
    if (!recent.delete(key)) frequent.delete(key);
    recent.add(key);
  },
  inserted({ recent }, key) {
    recent.add(key);
  },
  *candidates({ recent, frequent }) {
    yield* frequent;
    yield* recent;
  },
  removed({ recent, frequent }, key) {
    if (!recent.delete(key)) frequent.delete(key);
  },
};

export const lruBuffercache: Module<BufferCache, BufferCacheState> = {
  manifest: {
    slot: 'buffercache',
    name: 'lru',
    version: '1.0.0',
    contract: 1,
    interfaces: ['kept-writes'],
    needs: { block: 1, clock: 1, frames: 1 },
    description: 'drops the disk unit that was used the longest ago',
  },
  layout: bufferCacheLayout,
  create: (state, kernel) => bufferOperations(state, kernel, lru),
};

export default lruBuffercache;
