/**
 * Part of contract `ipc`: who waits for a futex, and the optional interfaces beside waiting and waking.
 *
 * The caller reads and writes the words. Source: futex(2), futex_waitv(2).
 */
import { bool, int, record, type Schema } from './schema.ts';

/** A thread in FUTEX_WAIT. The record outlives its wake-up until the thread has seen it. */
export interface FutexWaiter {
  tid: number;
  /**
   * Address space and virtual address, or 0 and physical address for a word in shared memory. A word in private memory has
   * the former even without FUTEX_PRIVATE_FLAG, because its frame changes at a copy on write.
   */
  space: number;
  address: number;
  /** Bits of FUTEX_WAIT_BITSET. */
  bits: number;
  /** The thread waits on it, and nobody else meanwhile; one for all words of a futex_waitv. */
  event: number;
  woken: boolean;
  /** It waits to own the word (FUTEX_LOCK_PI), which this thread owned when it began; 0 = it waits for a wake-up. */
  owner: number;
  /** `rankOf` the thread's policy when it began to wait. */
  rank: number;
  /** Place of the word in a futex_waitv. */
  index: number;
  /** The word to which FUTEX_CMP_REQUEUE_PI is to move it, so that it then waits to own that; address 0 = none. */
  toSpace: number;
  toAddress: number;
}

export const createFutexWaiter = (): FutexWaiter => ({
  tid: 0,
  space: 0,
  address: 0,
  bits: 0,
  event: 0,
  woken: false,
  owner: 0,
  rank: 0,
  index: 0,
  toSpace: 0,
  toAddress: 0,
});

export const futexWaiterSchema: Schema<FutexWaiter> = record<FutexWaiter>(
  {
    tid: int(),
    space: int(),
    address: int(),
    bits: int(),
    event: int(),
    woken: bool(),
    owner: int(),
    rank: int(),
    index: int(),
    toSpace: int(),
    toAddress: int(),
  },
  createFutexWaiter,
);

/**
 * Of the optional interface `ownership`: futexes whose word holds the thread that owns them. The caller reads and writes the word.
 */
export interface OwnedFutexes {
  /**
   * As `futexWait`, for a word that `owner` owns. It ends by `futexGrant`, or because the owner is gone. @returns the event, or
   * -EDEADLK: `owner` waits, through others perhaps, for what `tid` owns
   */
  futexWaitToOwn(tid: number, space: number, address: number, owner: number): number;
  /**
   * The waiter who is next to own the word, by priority, then arrival. @returns its tid, 0 = none, -EINVAL if somebody waits
   * there for a wake-up
   */
  futexNext(space: number, address: number): number;
  /** The thread, which `futexNext` named, owns the word now: its wait is over. The others wait for it from now on. */
  futexGrant(space: number, address: number, tid: number): void;
  /** A thread is gone: those who wait for what it owned look again. */
  futexOwnerGone(tid: number): void;
}

/** Of the optional interface `requeue-to-own`: waiters that are moved from one word to another which they then wait to own. */
export interface MovedFutexes {
  /** As `futexWait`, until the thread is moved to that other word and owns it. */
  futexWaitToMove(tid: number, space: number, address: number, toSpace: number, toAddress: number): number;
  /** The thread waits to own a word to which it was moved. */
  futexMoved(tid: number): boolean;
  /** The first who waits to be moved there. @returns its tid, 0 = none, -EINVAL if it waits for something else */
  futexFirstToMove(space: number, address: number, toSpace: number, toAddress: number): number;
  /** The thread, which `futexFirstToMove` named, owns the other word now: its wait is over. */
  futexMoveGranted(tid: number): void;
  /**
   * Move up to `count` to the word that `owner` owns. @returns how many, -EINVAL if one waits for something else, -EDEADLK as
   * `futexWaitToOwn`
   */
  futexMoveToOwn(
    space: number,
    address: number,
    toSpace: number,
    toAddress: number,
    owner: number,
    count: number,
  ): number;
}

/** A word as futexes are keyed: see FutexWaiter. */
export interface FutexWord {
  readonly space: number;
  readonly address: number;
}

/** Of the optional interface `futex-vectors`. */
export interface FutexVectors {
  /** As `futexWait`, for any of several words. @returns the one event */
  futexWaitAny(tid: number, words: readonly FutexWord[]): number;
  /** The wait is over. @returns the last place whose word had a wake-up, or -1 */
  futexAnyDone(tid: number): number;
}

/** Of the optional interface `priority-inheritance`: an owner runs with the policy of the first who waits for it (`Process.inherit`). */
export interface FutexInheritance {
  /** A thread's own policy has changed: so may those of whom it waits for. */
  futexPolicyChanged(tid: number): void;
}

export const FUTEX_INTERFACES: Readonly<Record<string, readonly string[]>> = {
  ownership: ['futexWaitToOwn', 'futexNext', 'futexGrant', 'futexOwnerGone'],
  'requeue-to-own': [
    'futexWaitToMove',
    'futexMoved',
    'futexFirstToMove',
    'futexMoveGranted',
    'futexMoveToOwn',
  ],
  'futex-vectors': ['futexWaitAny', 'futexAnyDone'],
  'priority-inheritance': ['futexPolicyChanged'],
};
