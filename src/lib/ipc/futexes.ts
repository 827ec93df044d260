/**
 * Futexes of the slot `ipc`: who waits on which word, real-time threads first, then in order of arrival.
 *
 * One list for all words, searched from the front: right for tens of waiters, slow for thousands. A waiter has an event
 * of its own, so moving it to another word changes its key and its place in the list, not its wait. Words that are owned
 * are in owned-futexes.ts. Source: futex(2), futex_waitv(2).
 */
import { EINVAL } from '../../abi/linux/errno.ts';
import type { FutexVectors, FutexWaiter } from '../../contracts/futexes.ts';
import type { Ipc, IpcState } from '../../contracts/ipc.ts';
import type { Kernel } from '../../contracts/kernel.ts';
import { futexList } from './futex-list.ts';
import { movedFutexes } from './moved-futexes.ts';
import { type OwnedFutexOperations, ownedFutexes } from './owned-futexes.ts';

export type FutexOperations = Pick<Ipc, 'futexWait' | 'futexDone' | 'futexWake' | 'futexRequeue'> &
  FutexVectors &
  OwnedFutexOperations;

const EVERY_BIT = -1;
/** Events kept for the next waits: the nucleus has a queue for each by then. */
const MOST_SPARE = 64;

/** Such a waiter is not for wake-ups: it waits to own a word. */
const isOwned = ({ owner, toAddress }: FutexWaiter): boolean => owner !== 0 || toAddress !== 0;

export function futexOperations(state: IpcState, kernel: Kernel): FutexOperations {
  const list = futexList(state, kernel);
  const { begin, wake, place, waitsOn } = list;
  const owned = ownedFutexes(state, kernel, list);
  /** Events of waits that are over; they may be lost. */
  const spare: number[] = [];
  const eventOf = (): number => spare.pop() ?? kernel.waits.newEvent();
  /** Forget the thread's waits. @returns the last place in its vector that was woken, or -1 */
  const done = (tid: number): number => {
    let last = -1;
    for (let i = state.futexWaiters.length - 1; i >= 0; i--) {
      const waiter = state.futexWaiters[i] as FutexWaiter;
      if (waiter.tid !== tid) continue;
      if (i === state.futexWaiters.length - 1) state.futexWaiters.pop();
      else state.futexWaiters.splice(i, 1);
      // Those of a vector have one event, which nobody else waits for.
      if (spare.at(-1) !== waiter.event && spare.length < MOST_SPARE) spare.push(waiter.event);
      if (waiter.woken) last = Math.max(last, waiter.index);
      else if (waiter.owner !== 0) owned.refresh(waiter.owner);
    }
    return last;
  };

  return {
    futexWait(tid, space, address, bits) {
      done(tid);
      const waiter = begin(tid, space, address, eventOf());
      waiter.bits = bits;
      place(waiter);
      return waiter.event;
    },
    futexWaitAny(tid, words) {
      done(tid);
      const event = eventOf();
      words.forEach(({ space, address }, index) => {
        const waiter = begin(tid, space, address, event);
        waiter.bits = EVERY_BIT;
        waiter.index = index;
        place(waiter);
      });
      return event;
    },
    futexAnyDone: done,
    futexDone: (tid) => done(tid) >= 0,
    futexWake(space, address, count, bits) {
      let woken = 0;
      for (const waiter of state.futexWaiters) {
        if (woken >= count) break;
        if (!waitsOn(waiter, space, address)) continue;
        if (isOwned(waiter)) return -EINVAL;
        if ((waiter.bits & bits) !== 0 && wake(waiter)) woken++;
      }
      return woken;
    },
    futexRequeue(space, address, count, toSpace, toAddress, move) {
      let woken = 0;
      const moved: FutexWaiter[] = [];
      for (const waiter of state.futexWaiters) {
        if (woken >= count && moved.length >= move) break;
        if (!waitsOn(waiter, space, address)) continue;
        if (isOwned(waiter)) return -EINVAL;
        if (woken < count) {
          if (wake(waiter)) woken++;
        } else moved.push(waiter);
      }
      for (const waiter of moved) list.move(waiter, toSpace, toAddress);
      return woken + moved.length;
    },
    ...owned.operations(done),
    ...movedFutexes(state, kernel, list, owned, done),
  };
}
