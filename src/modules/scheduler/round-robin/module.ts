/**
 * Round robin: every runnable thread in turn, one quantum each, nice ignored.
 *
 * Source: the first time-sharing systems (Kleinrock, "Analysis of a time-shared processor", 1964). It is fair among
 * threads and can not starve one; a thread that only wakes up for a moment waits for all others' quanta first.
 */
import { layout, type StateLayout } from '../../../contracts/contract.ts';
import type { Module } from '../../../contracts/module.ts';
import {
  createPolicy,
  type Policy,
  policySchema,
  type Schedulable,
  type Scheduler,
} from '../../../contracts/scheduler.ts';
import { bool, int, map, record, type Schema, set } from '../../../contracts/schema.ts';

const QUANTUM_NS = 10_000_000;

interface Entry {
  tid: number;
  nice: number;
  runnable: boolean;
  cpuNs: number;
  /** Kept for the next scheduler. */
  policy: Policy;
}

export interface RoundRobinState {
  threads: Map<number, Entry>;
  /** Runnable threads; the first is the one to run. Invariant: those of `threads` that are runnable. */
  queue: Set<number>;
}

const createEntry = (): Entry => ({ tid: 0, nice: 0, runnable: false, cpuNs: 0, policy: createPolicy() });
const blank = (): RoundRobinState => ({ threads: new Map(), queue: new Set() });
const entry: Schema<Entry> = record<Entry>(
  { tid: int(), nice: int(), runnable: bool(), cpuNs: int(), policy: policySchema },
  createEntry,
);

function verify(state: RoundRobinState): string | null {
  let runnable = 0;
  for (const { tid, runnable: runs } of state.threads.values()) {
    if (runs !== state.queue.has(tid)) return `thread ${tid} is ${runs ? 'runnable but not' : ''} queued`;
    if (runs) runnable++;
  }
  return runnable === state.queue.size ? null : 'the queue holds threads that do not exist';
}

export const roundRobinLayout: StateLayout<RoundRobinState> = layout(
  'round-robin',
  record<RoundRobinState>({ threads: map(int(), entry), queue: set(int()) }, blank),
  blank,
  verify,
);

function create(state: RoundRobinState): Scheduler {
  const toTail = (tid: number): void => {
    if (state.queue.delete(tid)) state.queue.add(tid);
  };
  const first = (): number => {
    for (const tid of state.queue) return tid;
    return 0;
  };
  return {
    add(thread: Schedulable) {
      const own = createEntry();
      own.tid = thread.tid;
      own.nice = thread.nice;
      own.runnable = thread.runnable;
      own.cpuNs = thread.cpuNs;
      if (thread.policy !== undefined) own.policy = thread.policy;
      state.threads.set(thread.tid, own);
      if (thread.runnable) state.queue.add(thread.tid);
    },
    remove(tid) {
      state.threads.delete(tid);
      state.queue.delete(tid);
    },
    enqueue(tid) {
      const own = state.threads.get(tid);
      if (own === undefined || own.runnable) return;
      own.runnable = true;
      state.queue.add(tid);
    },
    dequeue(tid) {
      const own = state.threads.get(tid);
      if (own === undefined || !own.runnable) return;
      own.runnable = false;
      state.queue.delete(tid);
    },
    pick: first,
    quantum: () => QUANTUM_NS,
    tick(tid, ranNs, expired) {
      const own = state.threads.get(tid);
      if (own === undefined) return;
      own.cpuNs += Math.round(ranNs);
      if (expired) toTail(tid);
    },
    yield: toTail,
    preempts: (tid) => first() !== tid,
    setNice(tid, nice) {
      const own = state.threads.get(tid);
      if (own !== undefined) own.nice = nice;
    },
    load: () => state.queue.size,
    drain() {
      const order: Schedulable[] = [];
      for (const tid of state.queue) order.push({ ...(state.threads.get(tid) as Entry) });
      for (const own of state.threads.values()) if (!own.runnable) order.push({ ...own });
      state.queue.clear();
      state.threads.clear();
      return order;
    },
    setPolicy(tid, policy) {
      const own = state.threads.get(tid);
      if (own !== undefined) own.policy = policy;
    },
  };
}

export const roundRobinScheduler: Module<Scheduler, RoundRobinState> = {
  manifest: {
    slot: 'scheduler',
    name: 'round-robin',
    version: '1.0.0',
    contract: 1,
    interfaces: ['policies'],
    needs: {},
    description: 'Every runnable thread in turn for 10 ms; nice is ignored',
  },
  layout: roundRobinLayout,
  create,
};
export default roundRobinScheduler;
