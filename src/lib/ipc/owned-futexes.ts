/**
 * Futexes whose word holds the thread that owns it: who is next, and what the owner inherits.
 *
 * While somebody waits who goes before it, an owner runs with that thread's policy; if it waits for another owner, so does that
 * one, and so on. What a thread inherits follows from the list of waiters and their policies, and is worked out anew where
 * one of these changes. Source: futex(2), "Priority-inheritance futexes"; L. Sha, R. Rajkumar and J. Lehoczky, "Priority
 * Inheritance Protocols" (IEEE Transactions on Computers 1990).
 */
import { EDEADLK, EINVAL } from '../../abi/linux/errno.ts';
import type { FutexInheritance, FutexWaiter, MovedFutexes, OwnedFutexes } from '../../contracts/futexes.ts';
import type { IpcState } from '../../contracts/ipc.ts';
import type { Kernel } from '../../contracts/kernel.ts';
import { effectivePolicy, type Policy, rankOf, samePolicy } from '../../contracts/scheduler.ts';
import type { FutexList } from './futex-list.ts';

export type OwnedFutexOperations = OwnedFutexes & MovedFutexes & FutexInheritance;

/** Chains of owners that wait for owners are followed no further. */
const LONGEST_CHAIN = 1024;

export interface Owned {
  /** Work out what a thread inherits, and those that it waits for. */
  refresh(tid: number): void;
  /** Would waiting for `owner` close a circle? */
  isCircle(tid: number, owner: number): boolean;
  operations(done: (tid: number) => number): OwnedFutexes & FutexInheritance;
}

export function ownedFutexes(state: IpcState, kernel: Kernel, list: FutexList): Owned {
  /** The owner that a thread waits for; 0 = none. */
  const awaited = (tid: number): number =>
    state.futexWaiters.find((waiter) => waiter.tid === tid && !waiter.woken)?.owner ?? 0;
  /** The policy of the first who waits for what a thread owns, if it goes before the thread. */
  const inheritance = (tid: number, own: Policy): Policy | null => {
    let best: Policy | null = null;
    for (const waiter of state.futexWaiters) {
      if (waiter.owner !== tid || waiter.woken) continue;
      const policy = effectivePolicy(kernel.process.thread(waiter.tid));
      if (rankOf(policy) > rankOf(best ?? own)) best = policy;
    }
    return best;
  };
  const refresh = (tid: number): void => {
    for (let at = tid, left = LONGEST_CHAIN; at !== 0 && left > 0; at = awaited(at), left--) {
      const thread = kernel.process.findThread(at);
      if (thread === null || thread.dead || kernel.process.inherit === undefined) return;
      const policy = inheritance(at, thread.policy);
      if (samePolicy(policy, thread.inherited)) return;
      kernel.process.inherit(at, policy);
    }
  };
  const isCircle = (tid: number, owner: number): boolean => {
    let at = owner;
    for (let left = LONGEST_CHAIN; at !== 0 && left > 0; left--) {
      if (at === tid) return true;
      at = awaited(at);
    }
    return at !== 0;
  };

  return {
    refresh,
    isCircle,
    operations: (done) => ({
      futexWaitToOwn(tid, space, address, owner) {
        done(tid);
        if (isCircle(tid, owner)) return -EDEADLK;
        const waiter = list.begin(tid, space, address, kernel.waits.newEvent());
        waiter.owner = owner;
        list.place(waiter);
        refresh(owner);
        return waiter.event;
      },
      futexNext(space, address) {
        let next = 0;
        let most = -1;
        for (const waiter of state.futexWaiters) {
          if (!list.waitsOn(waiter, space, address)) continue;
          if (waiter.owner === 0) return -EINVAL;
          // Who timed out and has not looked yet wants it no more.
          if (kernel.waits.waiters(waiter.event).length === 0) continue;
          const rank = rankOf(effectivePolicy(kernel.process.thread(waiter.tid)));
          if (rank <= most) continue;
          most = rank;
          next = waiter.tid;
        }
        return next;
      },
      futexGrant(space, address, tid) {
        const before = new Set<number>();
        for (const waiter of state.futexWaiters) {
          if (!list.waitsOn(waiter, space, address)) continue;
          before.add(waiter.owner);
          if (waiter.tid === tid) list.wake(waiter);
          else waiter.owner = tid;
        }
        for (const owner of before) refresh(owner);
        refresh(tid);
      },
      futexOwnerGone(tid) {
        for (const waiter of state.futexWaiters) {
          if (!waiter.woken && waiter.owner === tid) kernel.waits.wake(waiter.event, 1);
        }
      },
      futexPolicyChanged(tid) {
        refresh(tid);
        const owner = awaited(tid);
        if (owner !== 0) refresh(owner);
      },
    }),
  };
}

/** A waiter that is to be moved to that word. */
export const movesTo = (waiter: FutexWaiter, space: number, address: number): boolean =>
  waiter.owner === 0 && waiter.toSpace === space && waiter.toAddress === address;
