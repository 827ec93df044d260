/**
 * Fair: every thread gets its share of the CPU by weight, the one whose request is due first before the others.
 *
 * Source: I. Stoica and H. Abdel-Wahab, "Earliest eligible virtual deadline first: a flexible and accurate mechanism for
 * proportional share resource allocation", 1995. No thread is ever further from its exact share than one request. A thread
 * that wakes up gains nothing by having slept: it waits for the requests that are due before its own. Real-time
 * threads run before all (lib/sched/layered.ts).
 */
import { layout, type StateLayout } from '../../../contracts/contract.ts';
import type { Module } from '../../../contracts/module.ts';
import type { Scheduler } from '../../../contracts/scheduler.ts';
import {
  createLayered,
  faultOfLayered,
  layeredSchema,
  type LayeredState,
} from '../../../lib/sched/layered-state.ts';
import { layeredScheduler } from '../../../lib/sched/layered.ts';

export const fairLayout: StateLayout<LayeredState> = layout(
  'fair',
  layeredSchema,
  createLayered,
  faultOfLayered,
);

export const fairScheduler: Module<Scheduler, LayeredState> = {
  manifest: {
    slot: 'scheduler',
    name: 'fair',
    version: '1.0.0',
    contract: 1,
    interfaces: ['policies', 'realtime', 'handoff'],
    needs: {},
    description: 'Shares by weight, earliest eligible virtual deadline first; FIFO and round-robin above',
  },
  layout: fairLayout,
  create: layeredScheduler,
};
export default fairScheduler;
