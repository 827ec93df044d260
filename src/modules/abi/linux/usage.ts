/**
 * struct timeval, timespec and rusage in user memory. Every function returns 0, -EFAULT or WAIT.
 */
import { RUSAGE_SIZE, RUSAGE_STIME, RUSAGE_UTIME } from '../../../abi/linux/resource.ts';
import type { Kernel } from '../../../contracts/kernel.ts';

const SECOND = 1_000_000_000;

/** Store a 64-bit integer, two's complement. */
export function put64(data: DataView, at: number, value: number): void {
  data.setUint32(at, value >>> 0, true);
  data.setUint32(at + 4, Math.floor(value / 0x1_0000_0000) >>> 0, true);
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

/** A struct rusage with CPU times; all else but the resident size is zero. */
export function writeUsage(
  kernel: Kernel,
  tid: number,
  va: number,
  userNs: number,
  systemNs: number,
  residentKiB: number,
): number {
  const bytes = new Uint8Array(RUSAGE_SIZE);
  const data = new DataView(bytes.buffer);
  putTimeval(data, RUSAGE_UTIME, userNs);
  putTimeval(data, RUSAGE_STIME, systemNs);
  put64(data, 32, residentKiB);
  return kernel.user.write(tid, va, bytes);
}
