/**
 * Figures of a run for `--stats` and `Kernel.stats`, and of its processes for `Kernel.processes`.
 */
import type { TranslationCounts } from '../contracts/engine.ts';
import type { Nucleus } from '../nucleus/nucleus.ts';

const INIT = 1;

export interface ReplacementStat {
  readonly slot: string;
  readonly from: string;
  readonly to: string;
  /** Who asked: `host`, `guest`, `schedule`; `probation` took a module back. */
  readonly by: string;
  readonly atEntry: number;
  readonly pauseNs: number;
  readonly bytesMoved: number;
  /** Why it was refused; absent if it was committed. */
  readonly failed?: string;
}

export interface KernelStats {
  readonly wallNs: number;
  readonly guestNs: number;
  readonly instructions: number;
  readonly kernelEntries: number;
  readonly syscalls: Readonly<Record<string, number>>;
  readonly absentSyscalls: Readonly<Record<string, number>>;
  readonly pageFaults: number;
  readonly contextSwitches: number;
  /** What the engine in place translated since it came in; null if it does not translate. */
  readonly translation: TranslationCounts | null;
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number };
  readonly replacements: readonly ReplacementStat[];
  /** Older replacements that the ledger no longer lists. */
  readonly replacementsDropped: number;
}

/** A process that exists, zombies left out. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** comm, of its first thread. */
  readonly name: string;
  readonly nice: number;
  readonly threads: number;
  /** CPU time that it has had, in ns; its children's is theirs. */
  readonly cpuNs: number;
}

/** @param wallNs host time since boot */
export function statsOf(nucleus: Nucleus, wallNs: number): KernelStats {
  const { kernel, ledger } = nucleus;
  const { counters } = kernel;
  const calls = kernel.abi.counts();
  return {
    wallNs,
    guestNs: kernel.clock.monotonic(),
    instructions: counters.instructions,
    kernelEntries: counters.kernelEntries,
    syscalls: byName(calls.calls, (call) => kernel.abi.nameOf(call)),
    absentSyscalls: byName(calls.absent, (call) => kernel.abi.nameOf(call)),
    pageFaults: counters.pageFaults,
    contextSwitches: counters.contextSwitches,
    translation: kernel.engine.translation?.() ?? null,
    memory: { totalBytes: kernel.frames.total() * 4096, freeBytes: kernel.frames.free() * 4096 },
    replacements: ledger.entries().map(({ cell, from, to, by, atEntry, pauseNs, bytesMoved, failed }) => {
      const slot = cell.startsWith('filesystem:') ? 'filesystem' : cell;
      const stat = { slot, from, to, by, atEntry, pauseNs, bytesMoved };
      return failed === null ? stat : { ...stat, failed: failed.reason };
    }),
    replacementsDropped: ledger.dropped(),
  };
}

/** Every process but pid 1, which is the kernel's own, by ascending pid. */
export function processesOf({ kernel }: Nucleus): readonly ProcessStat[] {
  const result: ProcessStat[] = [];
  for (const group of kernel.process.groups()) {
    const leader = kernel.process.findThread(group.tgid);
    if (group.tgid === INIT || group.zombie || leader === null) continue;
    let cpuNs = group.exitedUserNs + group.exitedSystemNs;
    let threads = 0;
    for (const tid of group.threads) {
      const thread = kernel.process.findThread(tid);
      if (thread === null || thread.dead) continue;
      cpuNs += thread.userNs + thread.systemNs;
      threads++;
    }
    const { tgid: pid, parent } = group;
    result.push({ pid, parent, name: leader.name, nice: leader.nice, threads, cpuNs });
  }
  return result;
}

const byName = (
  counts: ReadonlyMap<number, number>,
  name: (call: number) => string,
): Record<string, number> =>
  Object.fromEntries(
    [...counts].map(([call, count]): [string, number] => [name(call), count]).sort((a, b) => b[1] - a[1]),
  );
