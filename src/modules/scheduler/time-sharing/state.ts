/**
 * State of time sharing: queues by recent usage, and real-time threads above them.
 */
import { layout, type StateLayout } from '../../../contracts/contract.ts';
import { createPolicy, policySchema } from '../../../contracts/scheduler.ts';
import { array, bool, int, map, record, type Schema, set } from '../../../contracts/schema.ts';
import { createHeap, faultOf, heapSchema } from '../../../lib/heap.ts';
import { isRealtime, type RealtimeQueue, type RealtimeTask } from '../../../lib/sched/realtime.ts';

export const LEVELS = 32;

export interface Entry extends RealtimeTask {
  tid: number;
  nice: number;
  cpuNs: number;
  /** Usage by price, decaying. */
  recentNs: number;
  /** The queue that it is in, or would be. */
  level: number;
}

export interface TimeSharingState extends RealtimeQueue {
  threads: Map<number, Entry>;
  /** Runnable normal threads by level, in order of arrival. Invariant: each is in the queue of its `level` and no other. */
  queues: Set<number>[];
  /** CPU time since usage last decayed. */
  sinceDecayNs: number;
  /** A turn that is handed on: whose it is, who has it now, and what is left of it. 0 = none is. */
  lender: number;
  holder: number;
  lentNs: number;
}

export const createEntry = (): Entry => ({
  tid: 0,
  nice: 0,
  runnable: false,
  cpuNs: 0,
  recentNs: 0,
  level: 0,
  policy: createPolicy(),
  leftNs: 0,
  sinceWakeNs: 0,
});
const blank = (): TimeSharingState => ({
  threads: new Map(),
  queues: Array.from({ length: LEVELS }, () => new Set<number>()),
  sinceDecayNs: 0,
  lender: 0,
  holder: 0,
  lentNs: 0,
  realtime: createHeap(),
  front: -1,
  back: 0,
  starvedNs: 0,
  creditNs: 0,
});
const entry: Schema<Entry> = record<Entry>(
  {
    tid: int(),
    nice: int(),
    runnable: bool(),
    cpuNs: int(),
    recentNs: int(),
    level: int(),
    policy: policySchema,
    leftNs: int(),
    sinceWakeNs: int(),
  },
  createEntry,
);

function verify(state: TimeSharingState): string | null {
  if (state.queues.length !== LEVELS) return `there are ${state.queues.length} queues`;
  const fault = faultOf(state.realtime);
  if (fault !== null) return fault;
  let queued = state.realtime.ids.length;
  for (const queue of state.queues) queued += queue.size;
  if (state.creditNs > 0 && queued === state.realtime.ids.length) return 'credit is given to nobody';
  for (const own of state.threads.values()) {
    const { tid, runnable, level } = own;
    const among = isRealtime(own);
    if ((runnable && among) !== state.realtime.places.has(tid)) return `thread ${tid} is in the wrong queue`;
    if ((runnable && !among) !== (state.queues[level]?.has(tid) ?? false))
      return `thread ${tid} is in the wrong queue`;
    if (runnable) queued--;
  }
  if (queued !== 0) return 'a queue holds threads that do not exist';
  const { threads, lender, holder } = state;
  if (lender === 0 && holder === 0) return null;
  return threads.has(lender) && threads.has(holder) ? null : `turn of ${lender} is held by ${holder}`;
}

export const timeSharingLayout: StateLayout<TimeSharingState> = layout(
  'time-sharing',
  record<TimeSharingState>(
    {
      threads: map(int(), entry),
      queues: array(set(int())),
      sinceDecayNs: int(),
      lender: int(),
      holder: int(),
      lentNs: int(),
      realtime: heapSchema,
      front: int(),
      back: int(),
      starvedNs: int(),
      creditNs: int(),
    },
    blank,
  ),
  blank,
  verify,
);
