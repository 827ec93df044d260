/**
 * Futexes of the slot `ipc`: who waits on which word, in order of arrival.
 *
 * One list for all words, searched from the front: right for tens of waiters, slow for thousands. A waiter has an event
 * of its own, so moving it to another word changes its key and its place in the list, not its wait. Source: futex(2).
 */
import { EINVAL } from '../../abi/linux/errno.ts';
import {
  createFutexWaiter,
  type FutexWaiter,
  type Ipc,
  type IpcState,
  type OwnedFutexes,
} from '../../contracts/ipc.ts';
import type { Kernel } from '../../contracts/kernel.ts';

export type FutexOperations = Pick<Ipc, 'futexWait' | 'futexDone' | 'futexWake' | 'futexRequeue'> &
  OwnedFutexes;

/** Deadline threads go before all real-time priorities. */
const DEADLINE_RANK = 100;

const waitsOn = (waiter: FutexWaiter, space: number, address: number): boolean =>
  !waiter.woken && waiter.address === address && waiter.space === space;

export function futexOperations(state: IpcState, kernel: Kernel): FutexOperations {
  /** False if the thread timed out or was interrupted and has not looked yet: the wake-up is then another's. */
  const wake = (waiter: FutexWaiter): boolean => {
    if (kernel.waits.wake(waiter.event, 1) === 0) return false;
    waiter.woken = true;
    return true;
  };
  const done = (tid: number): boolean => {
    const index = state.futexWaiters.findIndex((waiter) => waiter.tid === tid);
    if (index < 0) return false;
    const [waiter] = state.futexWaiters.splice(index, 1);
    return waiter?.woken === true;
  };

  const begin = (tid: number, space: number, address: number): FutexWaiter => {
    done(tid);
    const waiter = createFutexWaiter();
    waiter.tid = tid;
    waiter.space = space;
    waiter.address = address;
    waiter.event = kernel.waits.newEvent();
    state.futexWaiters.push(waiter);
    return waiter;
  };
  const rankOf = (tid: number): number => {
    const { kind, priority } = kernel.process.thread(tid).policy;
    return kind === 'deadline' ? DEADLINE_RANK : priority;
  };

  return {
    futexWait(tid, space, address, bits) {
      const waiter = begin(tid, space, address);
      waiter.bits = bits;
      return waiter.event;
    },
    futexWaitToOwn(tid, space, address, owner) {
      const waiter = begin(tid, space, address);
      waiter.owner = owner;
      return waiter.event;
    },
    futexNext(space, address) {
      let next = 0;
      let most = -1;
      for (const waiter of state.futexWaiters) {
        if (!waitsOn(waiter, space, address)) continue;
        if (waiter.owner === 0) return -EINVAL;
        // Who timed out and has not looked yet wants it no more.
        if (kernel.waits.waiters(waiter.event).length === 0) continue;
        const rank = rankOf(waiter.tid);
        if (rank <= most) continue;
        most = rank;
        next = waiter.tid;
      }
      return next;
    },
    futexGrant(space, address, tid) {
      for (const waiter of state.futexWaiters) {
        if (!waitsOn(waiter, space, address)) continue;
        if (waiter.tid === tid) wake(waiter);
        else waiter.owner = tid;
      }
    },
    futexOwnerGone(tid) {
      for (const waiter of state.futexWaiters) {
        if (!waiter.woken && waiter.owner === tid) kernel.waits.wake(waiter.event, 1);
      }
    },
    futexDone: done,
    futexWake(space, address, count, bits) {
      let woken = 0;
      for (const waiter of state.futexWaiters) {
        if (woken >= count) break;
        if (waiter.owner !== 0 && waitsOn(waiter, space, address)) return woken === 0 ? -EINVAL : woken;
        if (waitsOn(waiter, space, address) && (waiter.bits & bits) !== 0 && wake(waiter)) woken++;
      }
      return woken;
    },
    futexRequeue(space, address, count, toSpace, toAddress, move) {
      let woken = 0;
      const moved: FutexWaiter[] = [];
      for (const waiter of state.futexWaiters) {
        if (!waitsOn(waiter, space, address)) continue;
        if (woken < count) {
          if (wake(waiter)) woken++;
        } else if (moved.length < move) moved.push(waiter);
        else break;
      }
      for (const waiter of moved) {
        waiter.space = toSpace;
        waiter.address = toAddress;
        state.futexWaiters.splice(state.futexWaiters.indexOf(waiter), 1);
        state.futexWaiters.push(waiter);
      }
      return woken + moved.length;
    },
  };
}
