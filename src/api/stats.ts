/**
 * Figures of a run for `--stats` and `Kernel.stats`.
 */
import type { Nucleus } from '../nucleus/nucleus.ts';

export interface ReplacementStat {
  readonly slot: string;
  readonly from: string;
  readonly to: string;
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
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number };
  readonly replacements: readonly ReplacementStat[];
  /** Older replacements that the ledger no longer lists. */
  readonly replacementsDropped: number;
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
    memory: { totalBytes: kernel.frames.total() * 4096, freeBytes: kernel.frames.free() * 4096 },
    replacements: ledger.entries().map(({ cell, from, to, atEntry, pauseNs, bytesMoved, failed }) => {
      const slot = cell.startsWith('filesystem:') ? 'filesystem' : cell;
      const stat = { slot, from, to, atEntry, pauseNs, bytesMoved };
      return failed === null ? stat : { ...stat, failed: failed.reason };
    }),
    replacementsDropped: ledger.dropped(),
  };
}

const byName = (
  counts: ReadonlyMap<number, number>,
  name: (call: number) => string,
): Record<string, number> =>
  Object.fromEntries(
    [...counts].map(([call, count]): [string, number] => [name(call), count]).sort((a, b) => b[1] - a[1]),
  );
