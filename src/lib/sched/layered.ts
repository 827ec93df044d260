/**
 * Real-time threads above normal ones: a whole scheduler as functions over plain data, for modules to build on.
 *
 * Real-time threads run as realtime.ts says; the others share what is left fairly (fair.ts).
 */
import {
  createPolicy,
  type HandoffOperations,
  type PolicyOperations,
  type Schedulable,
  type Scheduler,
} from '../../contracts/scheduler.ts';
import { clear, inOrder } from '../heap.ts';
import {
  change,
  charge,
  choose,
  empty,
  forfeit,
  give,
  join,
  leave,
  restOf,
  sizeOf,
  sliceOf,
  woke,
} from './fair.ts';
import { createTask, type LayeredState, type Task } from './layered-state.ts';
import {
  ACCOUNT_NS,
  chargeCredit,
  firstRealtime,
  isRealtime,
  isRealtimePolicy,
  leaveRealtime,
  noOthers,
  realtimeQuantum,
  reprioritise,
  tickRealtime,
  toBack,
  TURN_NS,
} from './realtime.ts';

export type LayeredScheduler = Scheduler & Omit<PolicyOperations, 'admits' | 'budget'> & HandoffOperations;

export function layeredScheduler(state: LayeredState): LayeredScheduler {
  const { tasks, fair, realtime } = state;
  const enter = (task: Task): void => {
    if (isRealtime(task)) toBack(state, task);
    else join(fair, task);
  };
  const exit = (task: Task): void => {
    if (isRealtime(task)) {
      leaveRealtime(state, task);
      return;
    }
    leave(fair, task);
    if (fair.weight === 0) noOthers(state);
  };
  const top = (): number => {
    const first = firstRealtime(state);
    return first !== 0 ? first : choose(fair, tasks);
  };
  return {
    add({ tid, nice, runnable, cpuNs, policy }) {
      const task = createTask();
      task.tid = tid;
      task.nice = nice;
      task.policy = policy ?? createPolicy();
      task.runnable = runnable;
      task.cpuNs = cpuNs;
      task.leftNs = TURN_NS;
      tasks.set(tid, task);
      if (!runnable) return;
      const first = fair.weight === 0;
      enter(task);
      // Threads are handed over in the order in which they would run.
      if (first && !isRealtime(task)) fair.current = tid;
    },
    remove(tid) {
      const task = tasks.get(tid);
      if (task === undefined) return;
      if (task.runnable) exit(task);
      tasks.delete(tid);
    },
    enqueue(tid) {
      const task = tasks.get(tid);
      if (task === undefined || task.runnable) return;
      task.runnable = true;
      task.sinceWakeNs = 0;
      enter(task);
      if (!isRealtime(task)) woke(fair, task, tasks);
    },
    dequeue(tid) {
      const task = tasks.get(tid);
      if (task === undefined || !task.runnable) return;
      task.runnable = false;
      exit(task);
    },
    pick: top,
    quantum(tid) {
      const task = tasks.get(tid);
      if (task === undefined) return ACCOUNT_NS;
      if (isRealtime(task)) {
        return realtimeQuantum(state, task, fair.weight !== 0);
      }
      const rest = restOf(task);
      return state.creditNs > 0 ? Math.min(rest, state.creditNs) : rest;
    },
    tick(tid, ranNs) {
      const task = tasks.get(tid);
      if (task === undefined) return;
      const ran = Math.round(ranNs);
      task.cpuNs += ran;
      if (isRealtime(task)) {
        tickRealtime(state, task, ran, fair.weight !== 0);
        return;
      }
      charge(fair, task, ran, task.runnable);
      chargeCredit(state, ran);
    },
    yield(tid) {
      const task = tasks.get(tid);
      if (task === undefined || !task.runnable) return;
      if (isRealtime(task)) toBack(state, task);
      else forfeit(fair, task);
    },
    preempts: (tid) => top() !== tid,
    setNice(tid, nice) {
      const task = tasks.get(tid);
      if (task === undefined) return;
      const set = (): void => {
        task.nice = nice;
      };
      if (task.runnable && !isRealtime(task)) change(fair, task, set);
      else set();
    },
    load: () => realtime.ids.length + sizeOf(fair),
    drain() {
      const order = [...inOrder(realtime), ...empty(fair)];
      for (const task of tasks.values()) if (!task.runnable) order.push(task.tid);
      const drained = order.map((tid): Schedulable => {
        const { nice, runnable, cpuNs, policy } = tasks.get(tid) as Task;
        return { tid, nice, runnable, cpuNs, policy };
      });
      clear(realtime);
      tasks.clear();
      noOthers(state);
      return drained;
    },
    setPolicy(tid, policy) {
      const task = tasks.get(tid);
      if (task === undefined) return;
      const realtime = isRealtimePolicy(policy);
      const set = (): void => {
        task.policy = policy;
      };
      if (isRealtime(task) && realtime) reprioritise(state, task, policy);
      else if (!task.runnable) set();
      else if (!isRealtime(task) && !realtime) change(fair, task, set);
      else {
        exit(task);
        set();
        enter(task);
      }
      if (realtime) task.leftNs = TURN_NS;
      else task.sinceWakeNs = 0;
    },
    handoff(from, to) {
      const giver = tasks.get(from);
      const taker = tasks.get(to);
      if (giver === undefined || taker?.runnable !== true || isRealtime(giver) || isRealtime(taker)) return;
      if (giver.runnable) give(fair, giver, taker);
    },
    sinceWake: (tid) => tasks.get(tid)?.sinceWakeNs ?? 0,
    slice(tid) {
      const task = tasks.get(tid);
      if (task === undefined || task.policy.kind === 'fifo') return 0;
      return task.policy.kind === 'round-robin' ? TURN_NS : sliceOf(task);
    },
  };
}
