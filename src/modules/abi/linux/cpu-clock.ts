/**
 * Clocks of CPU time: of the caller, and of a process or thread that the clock's id names (clock_getcpuclockid(3)).
 */
import { EINVAL } from '../../../abi/linux/errno.ts';
import {
  CLOCK_PROCESS_CPUTIME_ID,
  CLOCK_THREAD_CPUTIME_ID,
  CPUCLOCK_KIND,
  CPUCLOCK_PERTHREAD,
  CPUCLOCK_VIRT,
  cpuClockOf,
  cpuClockOwner,
} from '../../../abi/linux/time.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { addTally, createTally, type Tally } from '../../../contracts/tally.ts';

/**
 * What a process, its threads gone and present, has used: CPU time as far as it is in its account: user and system time of
 * what runs now are told apart only when it stops.
 */
export function processUsage(
  kernel: Kernel,
  tgid: number,
): { userNs: number; systemNs: number; tally: Tally } {
  const group = kernel.process.findGroup(tgid);
  const tally = createTally();
  if (group !== null) addTally(tally, group.exitedTally);
  let userNs = group?.exitedUserNs ?? 0;
  let systemNs = group?.exitedSystemNs ?? 0;
  for (const tid of group?.threads ?? []) {
    const thread = kernel.process.findThread(tid);
    if (thread === null || thread.dead) continue;
    userNs += thread.userNs;
    systemNs += thread.systemNs;
    addTally(tally, thread.tally);
  }
  return { userNs, systemNs, tally };
}

/** What the running thread has run since it was last put into its account, if it is the owner or one of its threads. */
function unaccounted(kernel: Kernel, owner: number, perThread: boolean): number {
  const { running, runningSince } = kernel.counters;
  const thread = kernel.process.findThread(running);
  if (thread === null || (perThread ? running : thread.tgid) !== owner) return 0;
  return Math.floor(kernel.time.now() - runningSince);
}

/** The id that names who is meant: the caller by its number, where that was left out. @returns null if there is no such clock */
export function resolveCpuClock(kernel: Kernel, tid: number, id: number): number | null {
  if (id === CLOCK_THREAD_CPUTIME_ID) return cpuClockOf(tid, true);
  const { tgid } = kernel.process.thread(tid);
  if (id === CLOCK_PROCESS_CPUTIME_ID) return cpuClockOf(tgid, false);
  if (id >= 0 || (id & CPUCLOCK_KIND) === CPUCLOCK_KIND) return null;
  const perThread = (id & CPUCLOCK_PERTHREAD) !== 0;
  const owner = cpuClockOwner(id);
  const named = owner !== 0 ? owner : perThread ? tid : tgid;
  const there = perThread ? kernel.process.findThread(named) : kernel.process.findGroup(named);
  if (there === null) return null;
  return (cpuClockOf(named, perThread) & ~CPUCLOCK_KIND) | (id & CPUCLOCK_KIND);
}

/** Nanoseconds of a CPU-time clock, or -EINVAL. */
export function cpuTime(kernel: Kernel, tid: number, id: number): number {
  const clock = resolveCpuClock(kernel, tid, id);
  if (clock === null) return -EINVAL;
  const owner = cpuClockOwner(clock);
  const perThread = (clock & CPUCLOCK_PERTHREAD) !== 0;
  const { userNs, systemNs } = perThread ? kernel.process.thread(owner) : processUsage(kernel, owner);
  if ((clock & CPUCLOCK_KIND) === CPUCLOCK_VIRT) return userNs;
  return userNs + systemNs + unaccounted(kernel, owner, perThread);
}
