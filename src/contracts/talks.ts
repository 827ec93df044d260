/**
 * Part of contract `ipc`: how threads have been exchanging messages, for modules that use it.
 *
 * A hint. A module may keep it and follow it or leave it as it is; whatever it says, no call may have another result for it.
 * It is state all the same, because a schedule that follows from it must be the same after a replacement.
 */
import { bool, int, map, record, type Schema } from './schema.ts';

export interface Talk {
  /** The thread sent, and has not received since. */
  sent: boolean;
  /** How often in a row it received after it sent once; no further than a module counts. */
  turns: number;
  /** Where it received last and sent last: 3 * id of a pipe, 3 * id + 1 of a socket, 3 * id + 2 of a named queue; 0 = nowhere. */
  source: number;
  sink: number;
  /** Thread that was last seen to wait at `sink`; 0 = none. */
  peer: number;
}

/** By thread, the one that was seen first before the others. Threads that are gone stay until there are too many. */
export type Talks = Map<number, Talk>;

export const MOST_TALKS = 1024;

export const createTalk = (): Talk => ({ sent: false, turns: 0, source: 0, sink: 0, peer: 0 });

export const talksSchema: Schema<Talks> = map(
  int(),
  record<Talk>({ sent: bool(), turns: int(), source: int(), sink: int(), peer: int() }, createTalk),
);

/** @returns what is broken, or null */
export const verifyTalks = (talks: Talks): string | null =>
  talks.size <= MOST_TALKS ? null : `${talks.size} threads are said to talk`;
