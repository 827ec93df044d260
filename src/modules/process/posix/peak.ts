/**
 * The most memory that a process had (ru_maxrss of getrusage(2)): noticed when it leaves an address space.
 */
import type { ThreadGroup } from '../../../contracts/process.ts';
import type { Self } from './self.ts';

export function notePeak({ kernel }: Self, group: ThreadGroup): void {
  if (group.space === 0) return;
  const resident = kernel.vm.peakResident?.(group.space) ?? kernel.vm.resident(group.space);
  if (resident > group.peakResident) group.peakResident = resident;
}
