/**
 * System V semaphores of the slot `ipc`: sets, operations that are done together or wait, and their undoing.
 *
 * After each change the operations of those who wait are tried, in order of arrival, those that change nothing first, and done
 * for them where they can be: nobody overtakes one whose turn has come. Source: semop(2), semctl(2).
 */
import { EAGAIN, ENOSPC, ERANGE } from '../../abi/linux/errno.ts';
import { SEMVMX } from '../../abi/linux/sysv.ts';
import { type Kernel, WAIT } from '../../contracts/kernel.ts';
import {
  createSemaphoreSet,
  type Semaphore,
  type SemaphoreOperation,
  type Semaphores,
  type SemaphoreSet,
  type SemaphoreState,
  type SemaphoreWaiter,
} from '../../contracts/semaphores.ts';
import { KernelFault } from '../kernel-fault.ts';
import { EVERYONE } from '../socket/table.ts';
import { newId } from './ids.ts';

/** What the operations would leave, not stored yet. */
interface Outcome {
  readonly values: number[];
  readonly undo: number[];
}

/**
 * Try operations in order on copies.
 * @returns the outcome, -ERANGE, or the operation that can not be done now
 */
function attempt(
  set: SemaphoreSet,
  pid: number,
  operations: readonly SemaphoreOperation[],
): Outcome | SemaphoreOperation | number {
  const values = set.semaphores.map(({ value }) => value);
  const undo = set.undo.get(pid)?.slice() ?? values.map(() => 0);
  for (const operation of operations) {
    const { index, change } = operation;
    const value = values[index] as number;
    if (change === 0 ? value !== 0 : value + change < 0) return operation;
    if (value + change > SEMVMX) return -ERANGE;
    if (operation.undo) {
      const undone = (undo[index] as number) - change;
      if (undone < -SEMVMX - 1 || undone > SEMVMX) return -ERANGE;
      undo[index] = undone;
    }
    values[index] = value + change;
  }
  return { values, undo };
}

const alters = (operations: readonly SemaphoreOperation[]): boolean =>
  operations.some(({ change }) => change !== 0);

export function semaphoreOperations(state: SemaphoreState, kernel: Kernel): Semaphores {
  const { sets } = state;
  const find = (id: number): SemaphoreSet => {
    const set = sets.get(id);
    if (set === undefined) throw new KernelFault(`no semaphore set ${id}`);
    return set;
  };
  const pidOf = (tid: number): number => kernel.process.thread(tid).tgid;
  const now = (): number => kernel.clock.realtimeSeconds();
  const stillWaits = ({ event }: SemaphoreWaiter): boolean => kernel.waits.waiters(event).length > 0;
  const store = (
    set: SemaphoreSet,
    pid: number,
    operations: readonly SemaphoreOperation[],
    outcome: Outcome,
  ): void => {
    for (const { index, undo: undone } of operations) {
      const semaphore = set.semaphores[index] as Semaphore;
      semaphore.pid = pid;
      semaphore.value = outcome.values[index] as number;
      if (undone) set.undo.set(pid, outcome.undo);
    }
    set.operated = now();
  };
  /** A wait is over: `result` is kept for the thread, and forgotten where threads were killed before they looked. */
  const finish = (waiter: SemaphoreWaiter, result: number): void => {
    for (const tid of state.done.keys()) {
      if (kernel.process.findThread(tid)?.dead !== false) state.done.delete(tid);
    }
    state.done.set(waiter.tid, result);
    kernel.waits.wake(waiter.event, EVERYONE);
  };
  /** Do what can be done for one who waits. @returns true if that changed a value */
  const serve = (set: SemaphoreSet, waiter: SemaphoreWaiter): boolean => {
    const pid = pidOf(waiter.tid);
    const outcome = attempt(set, pid, waiter.operations);
    if (typeof outcome !== 'number' && 'index' in outcome) {
      waiter.index = outcome.index;
      waiter.forZero = outcome.change === 0;
      return false;
    }
    set.waiters.splice(set.waiters.indexOf(waiter), 1);
    if (typeof outcome !== 'number') store(set, pid, waiter.operations, outcome);
    finish(waiter, typeof outcome === 'number' ? outcome : 0);
    return typeof outcome !== 'number' && alters(waiter.operations);
  };
  /** Values have changed, or a thread is gone. One that timed out and has not looked yet wants nothing any more. */
  const settle = (set: SemaphoreSet): void => {
    for (let again = true; again; ) {
      set.waiters = set.waiters.filter(stillWaits);
      for (const waiter of set.waiters.slice()) if (!alters(waiter.operations)) serve(set, waiter);
      again = set.waiters.some((waiter) => serve(set, waiter));
    }
  };
  const undo = (set: SemaphoreSet, pid: number): void => {
    const changes = set.undo.get(pid);
    if (changes === undefined) return;
    set.undo.delete(pid);
    changes.forEach((change, index) => {
      if (change === 0) return;
      const semaphore = set.semaphores[index] as Semaphore;
      semaphore.value = Math.max(0, Math.min(SEMVMX, semaphore.value + change));
      semaphore.pid = pid;
    });
    set.operated = now();
    settle(set);
  };

  return {
    semaphoreLimits: () => state.limits,
    setSemaphoreLimits(limits) {
      state.limits = { ...limits };
    },
    createSemaphores(key, count, permission) {
      let all = count;
      for (const { semaphores } of sets.values()) all += semaphores.length;
      if (sets.size >= state.limits.sets || all > state.limits.all) return -ENOSPC;
      const set = createSemaphoreSet();
      set.id = newId(state.ids, state.limits, sets.keys(), state.limits.sets);
      set.key = key;
      set.permission = permission;
      for (let i = 0; i < count; i++) set.semaphores.push({ value: 0, pid: 0 });
      set.changed = now();
      sets.set(set.id, set);
      return set.id;
    },
    semaphores: (id) => sets.get(id) ?? null,
    semaphoreSets: () => sets.values(),
    operateSemaphores(tid, id, operations) {
      const set = find(id);
      const pid = pidOf(tid);
      const outcome = attempt(set, pid, operations);
      if (typeof outcome === 'number') return outcome;
      if ('index' in outcome) {
        if (outcome.noWait) return -EAGAIN;
        const event = kernel.waits.newEvent();
        const forZero = outcome.change === 0;
        set.waiters.push({ tid, event, index: outcome.index, forZero, operations: operations.slice() });
        kernel.waits.on(event);
        return WAIT;
      }
      store(set, pid, operations, outcome);
      if (alters(operations)) settle(set);
      return 0;
    },
    setSemaphores(tid, id, from, values) {
      const set = find(id);
      const pid = pidOf(tid);
      values.forEach((value, i) => {
        const semaphore = set.semaphores[from + i] as Semaphore;
        semaphore.value = value;
        semaphore.pid = pid;
        for (const changes of set.undo.values()) changes[from + i] = 0;
      });
      set.changed = now();
      settle(set);
    },
    setSemaphorePermission(id, uid, gid, mode) {
      const set = find(id);
      set.permission.uid = uid;
      set.permission.gid = gid;
      set.permission.mode = mode & 0o777;
      set.changed = now();
    },
    removeSemaphores(id) {
      const set = find(id);
      sets.delete(id);
      for (const { event } of set.waiters) kernel.waits.wake(event, EVERYONE);
    },
    semaphoreWaiters(id, index, forZero) {
      const set = find(id);
      return set.waiters.filter(
        (waiter) => waiter.index === index && waiter.forZero === forZero && stillWaits(waiter),
      ).length;
    },
    semaphoreWaitOver(tid, id) {
      const result = state.done.get(tid) ?? null;
      state.done.delete(tid);
      const set = sets.get(id);
      if (set !== undefined) set.waiters = set.waiters.filter((waiter) => waiter.tid !== tid);
      return result;
    },
    undoSemaphores(pid) {
      for (const set of sets.values()) undo(set, pid);
    },
  };
}
