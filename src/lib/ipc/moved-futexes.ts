/**
 * Waiters that are moved from a word that wakes to a word that is owned: FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI.
 *
 * The record keeps the word that it was to be moved to, so that its thread can tell how far its wait came. Source: futex(2).
 */
import { EDEADLK, EINVAL } from '../../abi/linux/errno.ts';
import type { FutexWaiter, MovedFutexes } from '../../contracts/futexes.ts';
import type { IpcState } from '../../contracts/ipc.ts';
import type { Kernel } from '../../contracts/kernel.ts';
import type { FutexList } from './futex-list.ts';
import { movesTo, type Owned } from './owned-futexes.ts';

export function movedFutexes(
  state: IpcState,
  kernel: Kernel,
  list: FutexList,
  owned: Owned,
  done: (tid: number) => number,
): MovedFutexes {
  const waiterOf = (tid: number): FutexWaiter | undefined =>
    state.futexWaiters.find((waiter) => waiter.tid === tid);
  /** Who timed out and has not looked yet is passed over. */
  const stillWaits = ({ event }: FutexWaiter): boolean => kernel.waits.waiters(event).length > 0;
  return {
    futexWaitToMove(tid, space, address, toSpace, toAddress) {
      done(tid);
      const waiter = list.begin(tid, space, address, kernel.waits.newEvent());
      waiter.toSpace = toSpace;
      waiter.toAddress = toAddress;
      list.place(waiter);
      return waiter.event;
    },
    futexMoved(tid) {
      const waiter = waiterOf(tid);
      return waiter !== undefined && waiter.owner !== 0 && waiter.toAddress !== 0;
    },
    futexFirstToMove(space, address, toSpace, toAddress) {
      for (const waiter of state.futexWaiters) {
        if (!list.waitsOn(waiter, space, address) || !stillWaits(waiter)) continue;
        return movesTo(waiter, toSpace, toAddress) ? waiter.tid : -EINVAL;
      }
      return 0;
    },
    futexMoveGranted(tid) {
      const waiter = waiterOf(tid);
      if (waiter === undefined) return;
      list.move(waiter, waiter.toSpace, waiter.toAddress);
      list.wake(waiter);
    },
    futexMoveToOwn(space, address, toSpace, toAddress, owner, count) {
      let moved = 0;
      let error = 0;
      for (const waiter of state.futexWaiters.slice()) {
        if (moved >= count) break;
        if (!list.waitsOn(waiter, space, address) || !stillWaits(waiter)) continue;
        if (!movesTo(waiter, toSpace, toAddress)) error = -EINVAL;
        else if (owned.isCircle(waiter.tid, owner)) error = -EDEADLK;
        if (error !== 0) break;
        list.move(waiter, toSpace, toAddress);
        waiter.owner = owner;
        moved++;
      }
      if (moved > 0) owned.refresh(owner);
      return error !== 0 ? error : moved;
    },
  };
}
