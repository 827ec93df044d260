/**
 * Ids of objects of System V IPC: a place below IPCMNI, and above it the round in which the place was given.
 *
 * Source: sysvipc(7), proc_sys_kernel(5) (msg_next_id), and what Linux 6 is seen to give.
 */
import { IPCMNI } from '../../abi/linux/sysv.ts';
import type { IdSequence, NextId } from '../../contracts/ipc-ids.ts';

/** Places of a round at least, and rounds until numbers begin again: ids have 31 bits. */
const LEAST_ROUND = 64;
const ROUNDS = 65536;

export const placeOf = (id: number): number => id % IPCMNI;

/**
 * The id of a new object. Places go round, so that one that was left stays empty for a while.
 * @param most places, more than there are ids in `used`
 */
export function newId(ids: IdSequence, settings: NextId, used: Iterable<number>, most: number): number {
  const taken = new Set<number>();
  for (const id of used) taken.add(placeOf(id));
  const { nextId } = settings;
  if (nextId >= 0) {
    settings.nextId = -1;
    let place = placeOf(nextId);
    while (taken.has(place)) place = (place + 1) % IPCMNI;
    return nextId - placeOf(nextId) + place;
  }
  const length = Math.min(most, Math.max(LEAST_ROUND, Math.floor((taken.size * 3) / 2)));
  let place = (ids.last + 1) % length;
  while (taken.has(place)) place = (place + 1) % length;
  if (place <= ids.last) ids.round = (ids.round + 1) % ROUNDS;
  ids.last = place;
  return ids.round * IPCMNI + place;
}

/** The object at a place, or null. */
export function atPlace<T extends { readonly id: number }>(objects: Iterable<T>, place: number): T | null {
  for (const object of objects) if (placeOf(object.id) === placeOf(place)) return object;
  return null;
}

/** The highest place in use; 0 where there is none. */
export function highestPlace(objects: Iterable<{ readonly id: number }>): number {
  let highest = 0;
  for (const { id } of objects) highest = Math.max(highest, placeOf(id));
  return highest;
}
