/**
 * The list of futex waiters: its order, and waking one of it.
 */
import { createFutexWaiter, type FutexWaiter } from '../../contracts/futexes.ts';
import type { IpcState } from '../../contracts/ipc.ts';
import type { Kernel } from '../../contracts/kernel.ts';
import { rankOf } from '../../contracts/scheduler.ts';

export interface FutexList {
  /** A waiter that is in no list yet. */
  begin(tid: number, space: number, address: number, event: number): FutexWaiter;
  /** Put it behind those of its rank. */
  place(waiter: FutexWaiter): void;
  /** To another word, behind those who wait there. */
  move(waiter: FutexWaiter, space: number, address: number): void;
  /** False if the thread timed out or was interrupted and has not looked yet: the wake-up is then another's. */
  wake(waiter: FutexWaiter): boolean;
  waitsOn(waiter: FutexWaiter, space: number, address: number): boolean;
}

export function futexList(state: IpcState, kernel: Kernel): FutexList {
  const place = (waiter: FutexWaiter): void => {
    const { futexWaiters } = state;
    let at = futexWaiters.length;
    while (at > 0 && (futexWaiters[at - 1] as FutexWaiter).rank < waiter.rank) at--;
    if (at === futexWaiters.length) futexWaiters.push(waiter);
    else futexWaiters.splice(at, 0, waiter);
  };
  /** One word of a vector was woken before, and the thread has not looked yet: the others may be woken too. */
  const isAwake = ({ event }: FutexWaiter): boolean =>
    state.futexWaiters.some((other) => other.event === event && other.woken);
  return {
    begin(tid, space, address, event) {
      const waiter = createFutexWaiter();
      waiter.tid = tid;
      waiter.space = space;
      waiter.address = address;
      waiter.event = event;
      waiter.rank = rankOf(kernel.process.thread(tid).policy);
      return waiter;
    },
    place,
    move(waiter, space, address) {
      waiter.space = space;
      waiter.address = address;
      state.futexWaiters.splice(state.futexWaiters.indexOf(waiter), 1);
      place(waiter);
    },
    wake(waiter) {
      if (kernel.waits.wake(waiter.event, 1) === 0 && !isAwake(waiter)) return false;
      waiter.woken = true;
      return true;
    },
    waitsOn: (waiter, space, address) =>
      !waiter.woken && waiter.address === address && waiter.space === space,
  };
}
