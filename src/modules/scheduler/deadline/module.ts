/**
 * Deadline: earliest deadline first, each thread in a server of constant bandwidth, above real-time and normal threads.
 *
 * Source: L. Abeni and G. Buttazzo, "Integrating multimedia applications in hard real-time systems", 1998; sched_setattr(2)
 * for what Linux makes of it. A thread has a runtime for each period and an absolute deadline that goes with it. Who used
 * the runtime up is throttled until its next period begins, so that none can take what was promised to others;
 * together they are promised at most 95 % of the CPU, so that the rest of the system goes on.
 */
import { layout, type StateLayout } from '../../../contracts/contract.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Module } from '../../../contracts/module.ts';
import type { Policy, Schedulable, Scheduler } from '../../../contracts/scheduler.ts';
import { int, map, record } from '../../../contracts/schema.ts';
import {
  clear,
  createHeap,
  faultOf,
  firstOf,
  type Heap,
  heapSchema,
  inOrder,
  put,
  remove,
} from '../../../lib/heap.ts';
import {
  createLayered,
  faultOfLayered,
  layeredSchema,
  type LayeredState,
} from '../../../lib/sched/layered-state.ts';
import { layeredScheduler } from '../../../lib/sched/layered.ts';
import { ACCOUNT_NS } from '../../../lib/sched/realtime.ts';
import {
  bandwidthOf,
  createServer,
  isActive,
  nextPeriod,
  renew,
  replenish,
  type Server,
  serverSchema,
  wake,
} from './server.ts';

/** Most of the CPU that may be promised. */
const BANDWIDTH = 0.95;

export interface DeadlineState {
  /** Threads of the `deadline` policy; all others are below. */
  servers: Map<number, Server>;
  /** Runnable servers: those that may run by deadline, and the throttled by the start of their next period. */
  ready: Heap;
  throttled: Heap;
  order: number;
  /** The period for which the machine is to wake up; to be set anew if it is not that of the first of the throttled. */
  armedNs: number;
  below: LayeredState;
}

const blank = (): DeadlineState => ({
  servers: new Map(),
  ready: createHeap(),
  throttled: createHeap(),
  order: 0,
  armedNs: 0,
  below: createLayered(),
});
function verify(state: DeadlineState): string | null {
  const fault = faultOf(state.ready) ?? faultOf(state.throttled) ?? faultOfLayered(state.below);
  if (fault !== null) return fault;
  let queued = state.ready.ids.length + state.throttled.ids.length;
  for (const { tid, runnable, throttled } of state.servers.values()) {
    if (state.below.tasks.has(tid)) return `thread ${tid} is in two classes`;
    const queues = [state.ready.places.has(tid), state.throttled.places.has(tid)];
    if (queues[0] !== (runnable && !throttled)) return `thread ${tid} is ${runnable ? 'not ' : ''}ready`;
    if (queues[1] !== (runnable && throttled)) return `thread ${tid} waits for no period`;
    if (runnable) queued--;
  }
  return queued === 0 ? null : 'a queue holds threads that do not exist';
}

export const deadlineLayout: StateLayout<DeadlineState> = layout(
  'deadline',
  record<DeadlineState>(
    {
      servers: map(int(), serverSchema),
      ready: heapSchema,
      throttled: heapSchema,
      order: int(),
      armedNs: int(),
      below: layeredSchema,
    },
    blank,
  ),
  blank,
  verify,
);

const isDeadline = (policy: Policy | undefined): boolean => policy?.kind === 'deadline';
function create(state: DeadlineState, kernel: Kernel): Scheduler {
  const { servers, ready, throttled } = state;
  const below = layeredScheduler(state.below);
  const queue = (server: Server): void => {
    if (server.throttled) put(throttled, server.tid, nextPeriod(server), state.order++);
    else put(ready, server.tid, server.deadlineNs, state.order++);
  };
  const unqueue = (tid: number): void => {
    if (!remove(ready, tid)) remove(throttled, tid);
  };
  const throttle = (server: Server): void => {
    server.throttled = true;
    if (!server.runnable) return;
    remove(ready, server.tid);
    queue(server);
  };
  const serve = (tid: number, nice: number, runnable: boolean, cpuNs: number, policy: Policy): void => {
    const server = createServer();
    server.tid = tid;
    server.nice = nice;
    server.policy = policy;
    server.runnable = runnable;
    server.cpuNs = cpuNs;
    renew(server, kernel.clock.monotonic());
    servers.set(tid, server);
    if (runnable) queue(server);
  };
  const dismiss = (tid: number): void => {
    unqueue(tid);
    servers.delete(tid);
  };
  /** CPU time that servers were promised and may still want in their periods, as a part of all. */
  const active = (): number => {
    const now = kernel.clock.monotonic();
    let sum = 0;
    for (const server of servers.values()) if (isActive(server, now)) sum += bandwidthOf(server);
    return sum;
  };
  /** What a ns of CPU costs of the runtime: less where promises are not used, for who reclaims them (GRUB). */
  const rateOf = (server: Server): number => {
    if (!server.policy.reclaims) return 1;
    return Math.min(1, Math.max(bandwidthOf(server), active()) / BANDWIDTH);
  };
  const budgetOf = (server: Server): number => Math.ceil(server.leftNs / rateOf(server));
  /** Let those run whose period has begun, and have the machine wake up for the next one. */
  const replenishDue = (): void => {
    const now = kernel.clock.monotonic();
    while (throttled.ids.length > 0 && (throttled.keys[0] as number) <= now) {
      const server = servers.get(firstOf(throttled)) as Server;
      remove(throttled, server.tid);
      replenish(server, now);
      queue(server);
    }
    if (throttled.ids.length === 0) return;
    state.armedNs = throttled.keys[0] as number;
    kernel.clock.arm('wait', 0, state.armedNs);
  };
  return {
    add(thread) {
      const { tid, nice, runnable, cpuNs, policy } = thread;
      if (policy !== undefined && isDeadline(policy)) serve(tid, nice, runnable, cpuNs, policy);
      else below.add(thread);
    },
    remove(tid) {
      if (servers.has(tid)) dismiss(tid);
      else below.remove(tid);
    },
    enqueue(tid) {
      const server = servers.get(tid);
      if (server === undefined) {
        below.enqueue(tid);
        return;
      }
      if (server.runnable) return;
      server.runnable = true;
      wake(server, kernel.clock.monotonic());
      queue(server);
    },
    dequeue(tid) {
      const server = servers.get(tid);
      if (server === undefined) {
        below.dequeue(tid);
        return;
      }
      server.runnable = false;
      unqueue(tid);
    },
    pick(hart) {
      if (throttled.ids.length > 0) replenishDue();
      const first = firstOf(ready);
      return first !== 0 ? first : below.pick(hart);
    },
    quantum: (tid) => {
      const server = servers.get(tid);
      return server === undefined ? below.quantum(tid) : Math.max(1, Math.min(budgetOf(server), ACCOUNT_NS));
    },
    tick(tid, ranNs, expired) {
      const server = servers.get(tid);
      if (server === undefined) {
        below.tick(tid, ranNs, expired);
        return;
      }
      const ran = Math.round(ranNs);
      server.cpuNs += ran;
      // What it ran beyond its runtime is the machine's fault, which stops it late: it costs one period at most.
      const cost = Math.round(ran * rateOf(server));
      server.leftNs = Math.max(server.leftNs - cost, -server.policy.runtimeNs);
      if (server.leftNs <= 0 && !server.throttled) throttle(server);
    },
    /** The job is done: nothing more until the next period. */
    yield(tid) {
      const server = servers.get(tid);
      if (server === undefined) {
        below.yield(tid);
        return;
      }
      if (!server.runnable || server.throttled) return;
      server.yielded = true;
      throttle(server);
    },
    preempts(tid) {
      if (throttled.ids.length > 0 && throttled.keys[0] !== state.armedNs) return true;
      const first = firstOf(ready);
      return first !== 0 ? first !== tid : servers.has(tid) || below.preempts(tid);
    },
    setNice(tid, nice) {
      const server = servers.get(tid);
      if (server === undefined) below.setNice(tid, nice);
      else server.nice = nice;
    },
    load: () => below.load() + ready.ids.length + throttled.ids.length,
    drain() {
      const handOver = ({ tid, nice, runnable, cpuNs, policy }: Server): Schedulable => ({
        tid,
        nice,
        runnable,
        cpuNs,
        policy,
      });
      const first = [...inOrder(ready), ...inOrder(throttled)].map((tid) =>
        handOver(servers.get(tid) as Server),
      );
      const last = [...servers.values()].filter(({ runnable }) => !runnable).map(handOver);
      servers.clear();
      clear(ready);
      clear(throttled);
      // Those that can not run come after all that can, of whatever class.
      return [...first, ...below.drain(), ...last];
    },
    setPolicy(tid, policy) {
      const server = servers.get(tid);
      if (server === undefined && !isDeadline(policy)) {
        below.setPolicy(tid, policy);
        return;
      }
      if (server !== undefined && isDeadline(policy)) {
        // The period under way goes on, so that asking again gains nothing.
        unqueue(tid);
        server.policy = policy;
        server.leftNs = Math.min(server.leftNs, policy.runtimeNs);
        if (server.runnable) queue(server);
        return;
      }
      const task = server ?? state.below.tasks.get(tid);
      if (task === undefined) return;
      const { nice, runnable, cpuNs } = task;
      if (server === undefined) below.remove(tid);
      else dismiss(tid);
      if (isDeadline(policy)) serve(tid, nice, runnable, cpuNs, policy);
      else below.add({ tid, nice, runnable, cpuNs, policy });
    },
    handoff(from, to) {
      if (!servers.has(from) && !servers.has(to)) below.handoff(from, to);
    },
    sinceWake: (tid) => below.sinceWake(tid),
    slice: (tid) => below.slice(tid),
    admits(tid, { runtimeNs, periodNs }) {
      let sum = runtimeNs / periodNs;
      for (const server of servers.values()) if (server.tid !== tid) sum += bandwidthOf(server);
      return sum <= BANDWIDTH;
    },
    budget(tid) {
      const server = servers.get(tid);
      if (server === undefined) return -1;
      return server.throttled ? 0 : Math.max(0, budgetOf(server));
    },
  };
}

export const deadlineScheduler: Module<Scheduler, DeadlineState> = {
  manifest: {
    slot: 'scheduler',
    name: 'deadline',
    version: '1.0.0',
    contract: 1,
    interfaces: ['policies', 'realtime', 'deadline', 'budget', 'handoff'],
    needs: { clock: 1 },
    description: 'Earliest deadline first within reserved bandwidth; FIFO, round-robin and fair shares below',
  },
  layout: deadlineLayout,
  create,
};
export default deadlineScheduler;
