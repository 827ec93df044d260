/**
 * What a policy of the slot `buffercache` decides: the order of the lists, and so which unit goes. Types only.
 */
import type { BufferCacheState } from '../../contracts/buffercache.ts';

export interface Policy {
  /** A unit that is there was asked for. Hot path. */
  touched(state: BufferCacheState, key: number): void;
  /** A unit came in: put it in a list. */
  inserted(state: BufferCacheState, key: number, limit: number): void;
  /** Every key, the one to go first first. Those that can not go now are passed over. */
  candidates(state: BufferCacheState, limit: number): Iterable<number>;
  /** A unit goes; take it out of the lists. */
  removed(state: BufferCacheState, key: number, limit: number): void;
}
