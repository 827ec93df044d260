/**
 * Part of contract `process`: what is counted of a thread beside its CPU time (getrusage(2)).
 */
import { int, record, type Schema } from './schema.ts';

export interface Tally {
  /** Page faults that were served at once, and those that waited for a disk. */
  minorFaults: number;
  majorFaults: number;
  /** How often it gave up the CPU to wait, and had it taken away. */
  voluntarySwitches: number;
  involuntarySwitches: number;
}

export const createTally = (): Tally => ({
  minorFaults: 0,
  majorFaults: 0,
  voluntarySwitches: 0,
  involuntarySwitches: 0,
});
export const tallySchema: Schema<Tally> = record<Tally>(
  { minorFaults: int(), majorFaults: int(), voluntarySwitches: int(), involuntarySwitches: int() },
  createTally,
);

export function addTally(to: Tally, from: Readonly<Tally>): void {
  to.minorFaults += from.minorFaults;
  to.majorFaults += from.majorFaults;
  to.voluntarySwitches += from.voluntarySwitches;
  to.involuntarySwitches += from.involuntarySwitches;
}
