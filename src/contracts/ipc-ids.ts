/**
 * Part of contract `ipc`: how objects of System V IPC come by their ids.
 *
 * An id is a place in the kernel's table and a number that grows with each round through the places, so that an id stays
 * unused for long after its object is gone. `*_STAT` counts by places. Source: sysvipc(7), proc_sys_kernel(5).
 */
import { int, record, type Schema } from './schema.ts';

export interface IdSequence {
  /** The place that was given last; -1 = none. */
  last: number;
  /** Rounds so far. */
  round: number;
}

/** /proc/sys/kernel/msg_next_id and its kin, as part of each kind's settings. */
export interface NextId {
  /** The id that the next object should have; -1 = any. Good for one object. */
  nextId: number;
}

export const createIdSequence = (): IdSequence => ({ last: -1, round: 0 });

export const idSequenceSchema: Schema<IdSequence> = record<IdSequence>(
  { last: int(), round: int() },
  createIdSequence,
);
