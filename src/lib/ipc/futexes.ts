/**
 * Futexes of the slot `ipc`: who waits on which word, in order of arrival.
 *
 * One list for all words, searched from the front: right for tens of waiters, slow for thousands. A waiter has an event
 * of its own, so moving it to another word changes its key and its place in the list, not its wait. Source: futex(2).
 */
import { createFutexWaiter, type FutexWaiter, type Ipc, type IpcState } from '../../contracts/ipc.ts';
import type { Kernel } from '../../contracts/kernel.ts';

export type FutexOperations = Pick<Ipc, 'futexWait' | 'futexDone' | 'futexWake' | 'futexRequeue'>;

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

  return {
    futexWait(tid, space, address, bits) {
      done(tid);
      const waiter = createFutexWaiter();
      waiter.tid = tid;
      waiter.space = space;
      waiter.address = address;
      waiter.bits = bits;
      waiter.event = kernel.waits.newEvent();
      state.futexWaiters.push(waiter);
      return waiter.event;
    },
    futexDone: done,
    futexWake(space, address, count, bits) {
      let woken = 0;
      for (const waiter of state.futexWaiters) {
        if (woken >= count) break;
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
