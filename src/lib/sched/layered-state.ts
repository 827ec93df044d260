/**
 * State of real-time threads above normal ones: what layered.ts schedules, and how to check it.
 */
import { createPolicy, type Policy, policySchema } from '../../contracts/scheduler.ts';
import { bool, int, map, real, record, type Schema } from '../../contracts/schema.ts';
import { createHeap, faultOf, heapSchema } from '../heap.ts';
import { isRealtime, type RealtimeQueue, type RealtimeTask } from './realtime.ts';
import { createFairQueue, type FairQueue, fairQueueSchema, type FairTask, faultOfQueue } from './fair.ts';

export interface Task extends FairTask, RealtimeTask {
  tid: number;
  policy: Policy;
  cpuNs: number;
}

export interface LayeredState extends RealtimeQueue {
  tasks: Map<number, Task>;
  fair: FairQueue;
}

export const createTask = (): Task => ({
  tid: 0,
  nice: 0,
  policy: createPolicy(),
  servedNs: 0,
  dueNs: 0,
  lagNs: 0,
  runnable: false,
  cpuNs: 0,
  leftNs: 0,
  sinceWakeNs: 0,
});

export const createLayered = (): LayeredState => ({
  tasks: new Map(),
  fair: createFairQueue(),
  realtime: createHeap(),
  front: -1,
  back: 0,
  starvedNs: 0,
  creditNs: 0,
});

const taskSchema: Schema<Task> = record<Task>(
  {
    tid: int(),
    nice: int(),
    policy: policySchema,
    servedNs: real(),
    dueNs: real(),
    lagNs: real(),
    runnable: bool(),
    cpuNs: int(),
    leftNs: int(),
    sinceWakeNs: int(),
  },
  createTask,
);

export const layeredSchema: Schema<LayeredState> = record<LayeredState>(
  {
    tasks: map(int(), taskSchema),
    fair: fairQueueSchema,
    realtime: heapSchema,
    front: int(),
    back: int(),
    starvedNs: int(),
    creditNs: int(),
  },
  createLayered,
);

/** @returns what is wrong, or null */
export function faultOfLayered(state: LayeredState): string | null {
  const fault = faultOf(state.realtime);
  if (fault !== null) return fault;
  const fair = new Map<number, Task>();
  let realtime = 0;
  for (const task of state.tasks.values()) {
    const queued = state.realtime.places.has(task.tid);
    if (queued !== (task.runnable && isRealtime(task))) return `thread ${task.tid} is in the wrong queue`;
    if (queued) realtime++;
    else if (task.runnable) fair.set(task.tid, task);
  }
  if (realtime !== state.realtime.ids.length) return 'a queue holds threads that do not exist';
  if (state.creditNs > 0 && fair.size === 0) return 'credit is given to nobody';
  return faultOfQueue(state.fair, fair);
}
