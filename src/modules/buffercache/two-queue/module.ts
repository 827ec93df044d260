/**
 * buffercache/two-queue: a unit must be asked for a second time, later, before it may stay.
 *
 * Johnson and Shasha's 2Q (VLDB 1994): what comes in waits in a short queue, first in, first out; the names of those that left
 * it are remembered for a while, and a unit that is asked for in that time is kept in a list by last use. So a long scan passes
 * through the short queue and pushes nothing else out. State: the contract's; `recent` is the queue, `frequent` the list.
 */
import {
  type BufferCache,
  type BufferCacheState,
  bufferCacheLayout,
} from '../../../contracts/buffercache.ts';
import type { Module } from '../../../contracts/module.ts';
import { bufferOperations } from '../../../lib/buffers/cache.ts';
import type { Policy } from '../../../lib/buffers/policy.ts';

/** The queue's share of all units, and how many names are remembered for each unit kept: the paper's figures. */
const QUEUE_SHARE = 0.25;
const GHOST_SHARE = 0.5;

const twoQueue: Policy = {
  touched({ frequent }, key) {
    if (frequent.delete(key)) frequent.add(key);
  },
  inserted({ recent, frequent, ghosts }, key) {
    (ghosts.delete(key) ? frequent : recent).add(key);
  },
  *candidates({ recent, frequent }, limit) {
    const queueFirst = recent.size > limit * QUEUE_SHARE || frequent.size === 0;
    yield* queueFirst ? recent : frequent;
    yield* queueFirst ? frequent : recent;
  },
  removed({ recent, frequent, ghosts }, key, limit) {
    if (!recent.delete(key)) {
      frequent.delete(key);
      return;
    }
    ghosts.add(key);
    for (const oldest of ghosts) {
      if (ghosts.size <= limit * GHOST_SHARE) break;
      ghosts.delete(oldest);
    }
  },
};

export const twoQueueBuffercache: Module<BufferCache, BufferCacheState> = {
  manifest: {
    slot: 'buffercache',
    name: 'two-queue',
    version: '1.0.0',
    contract: 1,
    interfaces: ['kept-writes'],
    needs: { block: 1, clock: 1, frames: 1 },
    description: 'keeps disk units that were asked for twice',
  },
  layout: bufferCacheLayout,
  create: (state, kernel) => bufferOperations(state, kernel, twoQueue),
};

export default twoQueueBuffercache;
