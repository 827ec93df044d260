/**
 * What a run used, as tables on standard error.
 */
import type { KernelStats } from '../api/stats.ts';

/** System calls by count, and those that are absent. */
export function printCalls(stats: KernelStats): void {
  const names = Object.keys(stats.syscalls);
  const width = Math.max(0, ...names.map((name) => name.length));
  const lines = names.map((name) => {
    const absent = stats.absentSyscalls[name] === undefined ? '' : '  absent (ENOSYS)';
    return `${String(stats.syscalls[name]).padStart(10)}  ${name.padEnd(width)}${absent}`.trimEnd();
  });
  process.stderr.write(`${['     calls  system call', ...lines].join('\n')}\n`);
}
