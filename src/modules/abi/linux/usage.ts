/**
 * struct timeval, timespec and rusage in user memory. Every function returns 0, -EFAULT or WAIT.
 */
import {
  RUSAGE_MAJFLT,
  RUSAGE_MAXRSS,
  RUSAGE_MINFLT,
  RUSAGE_NIVCSW,
  RUSAGE_NVCSW,
  RUSAGE_SIZE,
  RUSAGE_STIME,
  RUSAGE_UTIME,
} from '../../../abi/linux/resource.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Tally } from '../../../contracts/tally.ts';

const SECOND = 1_000_000_000;

/** Store a 64-bit integer, two's complement. */
export function put64(data: DataView, at: number, value: number): void {
  const low = value | 0;
  data.setInt32(at, low, true);
  data.setInt32(at + 4, low === value ? low >> 31 : Math.floor(value / 0x1_0000_0000) | 0, true);
}

/** A signed 64-bit integer, clamped to +-2^53. */
export function get64(data: DataView, at: number): number {
  const value = data.getInt32(at + 4, true) * 0x1_0000_0000 + data.getUint32(at, true);
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
}

export const putTimeval = (data: DataView, at: number, ns: number): void => {
  put64(data, at, Math.floor(ns / SECOND));
  put64(data, at + 8, Math.floor((ns % SECOND) / 1000));
};

export const putTimespec = (data: DataView, at: number, ns: number): void => {
  put64(data, at, Math.floor(ns / SECOND));
  put64(data, at + 8, Math.floor(ns % SECOND));
};

/** Pages that it has now count for ru_maxrss, before some are given back or it is asked. */
export function notePeak(kernel: Kernel, tid: number): void {
  const group = kernel.process.group(tid);
  group.peakResident = Math.max(
    group.peakResident,
    kernel.vm.peakResident?.(group.space) ?? kernel.vm.resident(group.space),
  );
}

/** What a struct rusage tells; all else of it is zero. */
export interface Usage {
  readonly userNs: number;
  readonly systemNs: number;
  readonly tally: Readonly<Tally>;
  /** In pages. */
  readonly peakResident: number;
}

const PAGE_KIB = 4;

export function writeUsage(kernel: Kernel, tid: number, va: number, usage: Usage): number {
  const { userNs, systemNs, tally, peakResident } = usage;
  const data = kernel.user.blankRecord(RUSAGE_SIZE);
  putTimeval(data, RUSAGE_UTIME, userNs);
  putTimeval(data, RUSAGE_STIME, systemNs);
  put64(data, RUSAGE_MAXRSS, peakResident * PAGE_KIB);
  put64(data, RUSAGE_MINFLT, tally.minorFaults);
  put64(data, RUSAGE_MAJFLT, tally.majorFaults);
  put64(data, RUSAGE_NVCSW, tally.voluntarySwitches);
  put64(data, RUSAGE_NIVCSW, tally.involuntarySwitches);
  return kernel.user.writeRecord(tid, va, RUSAGE_SIZE);
}
