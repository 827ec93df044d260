/**
 * Real-time threads above normal ones: a whole scheduler as functions over plain data, for modules to build on.
 *
 * Real-time threads run by priority, first come, first served within one (`fifo`) or in turns (`round-robin`), as sched(7)
 * says; the others share what is left fairly (fair.ts). When real-time threads have had the CPU for 950 ms while others
 * wanted it, those get 50 ms, so that a real-time thread that runs away can not lock anybody out.
 */
import {
  createPolicy,
  type HandoffOperations,
  type Policy,
  type PolicyOperations,
  type Schedulable,
  type Scheduler,
} from '../../contracts/scheduler.ts';
import { clear, firstOf, inOrder, put, remove } from '../heap.ts';
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
import { createTask, isRealtime, type LayeredState, type Task } from './layered-state.ts';

/** Turn of a `round-robin` thread: Linux's default. */
const TURN_NS = 100_000_000;
/** Real-time threads are stopped so often for their account, though they go on at once. */
export const ACCOUNT_NS = 10_000_000;
const STARVED_NS = 950_000_000;
const CREDIT_NS = 50_000_000;

export type LayeredScheduler = Scheduler & Omit<PolicyOperations, 'admits' | 'budget'> & HandoffOperations;

export function layeredScheduler(state: LayeredState): LayeredScheduler {
  const { tasks, fair, realtime } = state;
  const queueUp = (task: Task, place: number): void => put(realtime, task.tid, -task.policy.priority, place);
  const enter = (task: Task): void => {
    if (isRealtime(task)) queueUp(task, state.back++);
    else join(fair, task);
  };
  const exit = (task: Task): void => {
    if (isRealtime(task)) {
      remove(realtime, task.tid);
      return;
    }
    leave(fair, task);
    if (fair.weight === 0) state.creditNs = state.starvedNs = 0;
  };
  const top = (): number => {
    const first = firstOf(realtime);
    return first !== 0 && state.creditNs === 0 ? first : choose(fair, tasks);
  };
  const tickRealtime = (task: Task, ran: number): void => {
    task.sinceWakeNs += ran;
    if (task.policy.kind === 'round-robin') {
      task.leftNs -= ran;
      if (task.leftNs <= 0) {
        task.leftNs = TURN_NS;
        if (task.runnable) queueUp(task, state.back++);
      }
    }
    if (fair.weight === 0) return;
    state.starvedNs += ran;
    if (state.starvedNs < STARVED_NS) return;
    state.starvedNs = 0;
    state.creditNs = CREDIT_NS;
  };
  /** Among real-time threads: to the back if it rises, to the front if it falls, else where it is (sched(7)). */
  const reprioritise = (task: Task, policy: Policy): void => {
    const by = policy.priority - task.policy.priority;
    task.policy = policy;
    if (task.runnable && by !== 0) queueUp(task, by > 0 ? state.back++ : state.front--);
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
        const turn = task.policy.kind === 'round-robin' ? Math.min(task.leftNs, ACCOUNT_NS) : ACCOUNT_NS;
        return fair.weight === 0 ? turn : Math.min(turn, STARVED_NS - state.starvedNs);
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
        tickRealtime(task, ran);
        return;
      }
      charge(fair, task, ran, task.runnable);
      state.creditNs = Math.max(0, state.creditNs - ran);
    },
    yield(tid) {
      const task = tasks.get(tid);
      if (task === undefined || !task.runnable) return;
      if (isRealtime(task)) queueUp(task, state.back++);
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
      state.creditNs = state.starvedNs = 0;
      return drained;
    },
    setPolicy(tid, policy) {
      const task = tasks.get(tid);
      if (task === undefined) return;
      const realtime = policy.kind === 'fifo' || policy.kind === 'round-robin';
      const set = (): void => {
        task.policy = policy;
      };
      if (isRealtime(task) && realtime) reprioritise(task, policy);
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
