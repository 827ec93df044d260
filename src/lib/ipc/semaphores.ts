/**
 * System V semaphores of the slot `ipc`: sets, operations that are done together or wait, and their undoing.
 *
 * Whoever waits for a set is woken by each change and tries again, in order of arrival. Source: semop(2), semctl(2).
 */
import { EAGAIN, ENOSPC, ERANGE } from '../../abi/linux/errno.ts';
import { SEMMNI, SEMMNS, SEMVMX } from '../../abi/linux/sysv.ts';
import { type Kernel, WAIT } from '../../contracts/kernel.ts';
import {
  createSemaphoreSet,
  type Semaphore,
  type SemaphoreOperation,
  type Semaphores,
  type SemaphoreSet,
  type SemaphoreState,
} from '../../contracts/semaphores.ts';
import { KernelFault } from '../kernel-fault.ts';
import { EVERYONE } from '../socket/table.ts';

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

export function semaphoreOperations(state: SemaphoreState, kernel: Kernel): Semaphores {
  const { sets } = state;
  const find = (id: number): SemaphoreSet => {
    const set = sets.get(id);
    if (set === undefined) throw new KernelFault(`no semaphore set ${id}`);
    return set;
  };
  const pidOf = (tid: number): number => kernel.process.thread(tid).tgid;
  const now = (): number => kernel.clock.realtimeSeconds();
  const waitOver = (tid: number, set: SemaphoreSet): void => {
    const at = set.waiters.findIndex((waiter) => waiter.tid === tid);
    if (at >= 0) set.waiters.splice(at, 1);
  };
  const wake = (set: SemaphoreSet): void => void kernel.waits.wake(set.event, EVERYONE);
  /** A thread that was killed in its wait is among the waiters still. */
  const forget = (set: SemaphoreSet): void => {
    set.waiters = set.waiters.filter(({ tid }) => kernel.waits.waiters(set.event).includes(tid));
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
    wake(set);
  };

  return {
    createSemaphores(key, count, permission) {
      let all = count;
      for (const { semaphores } of sets.values()) all += semaphores.length;
      if (sets.size >= SEMMNI || all > SEMMNS) return -ENOSPC;
      const set = createSemaphoreSet();
      set.id = state.next++;
      set.key = key;
      set.permission = permission;
      for (let i = 0; i < count; i++) set.semaphores.push({ value: 0, pid: 0 });
      set.changed = now();
      set.event = kernel.waits.newEvent();
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
        forget(set);
        set.waiters.push({ tid, index: outcome.index, forZero: outcome.change === 0 });
        kernel.waits.on(set.event);
        return WAIT;
      }
      let changed = false;
      for (const { index, change, undo: undone } of operations) {
        const semaphore = set.semaphores[index] as Semaphore;
        semaphore.pid = pid;
        semaphore.value = outcome.values[index] as number;
        changed ||= change !== 0;
        if (undone) set.undo.set(pid, outcome.undo);
      }
      set.operated = now();
      if (changed) wake(set);
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
      wake(set);
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
      wake(set);
    },
    semaphoreWaiters(id, index, forZero) {
      const set = find(id);
      forget(set);
      return set.waiters.filter((waiter) => waiter.index === index && waiter.forZero === forZero).length;
    },
    semaphoreWaitOver(tid, id) {
      const set = sets.get(id);
      if (set !== undefined) waitOver(tid, set);
    },
    undoSemaphores(pid) {
      for (const set of sets.values()) undo(set, pid);
    },
  };
}
