/**
 * System calls on resource limits and usage, and getrandom.
 */
import { CLOCK_TICKS } from '../../../abi/linux/auxv.ts';
import { CAP_SYS_RESOURCE } from '../../../abi/linux/capability.ts';
import { EINVAL, EPERM, ESRCH } from '../../../abi/linux/errno.ts';
import {
  NR_OPEN,
  RLIMIT_COUNT,
  RLIMIT_NOFILE,
  RLIMIT_SIZE,
  RUSAGE_CHILDREN,
  RUSAGE_SELF,
  RUSAGE_THREAD,
} from '../../../abi/linux/resource.ts';
import { GRND_INSECURE, GRND_NONBLOCK, GRND_RANDOM } from '../../../abi/linux/sched.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { copyToSpans } from '../../../lib/spans.ts';
import { full, partial, type Row } from './call.ts';
import { processTime } from './cpu-clock.ts';
import { put64, writeUsage } from './usage.ts';

/** A rlim_t: all ones is RLIM_INFINITY. */
function limitAt(data: DataView, at: number): number {
  const low = data.getUint32(at, true);
  const high = data.getUint32(at + 4, true);
  const value = high * 0x1_0000_0000 + low;
  return value > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : value;
}

function putLimit(data: DataView, at: number, value: number): void {
  put64(data, at, value === Number.POSITIVE_INFINITY ? -1 : value);
}

/** prlimit(2) */
function sysPrlimit(
  kernel: Kernel,
  tid: number,
  pid: number,
  resource: number,
  newAt: number,
  oldAt: number,
): number {
  if (resource < 0 || resource >= RLIMIT_COUNT) return -EINVAL;
  const bytes = new Uint8Array(RLIMIT_SIZE);
  const data = new DataView(bytes.buffer);
  if (newAt !== 0) {
    const error = kernel.user.read(tid, newAt, bytes);
    if (error !== 0) return error;
  }
  const soft = limitAt(data, 0);
  const hard = limitAt(data, 8);
  const target = pid < 0 ? null : kernel.process.findThread(pid === 0 ? tid : pid);
  if (target === null) return -ESRCH;
  const group = kernel.process.group(target.tid);
  const privileged = kernel.process.capable(tid, CAP_SYS_RESOURCE);
  if (group !== kernel.process.group(tid) && !privileged) {
    const mine = kernel.process.credentials(tid);
    const theirs = group.credentials;
    if (![theirs.uid, theirs.euid, theirs.suid].every((id) => id === mine.uid)) return -EPERM;
    if (![theirs.gid, theirs.egid, theirs.sgid].every((id) => id === mine.gid)) return -EPERM;
  }
  const { limits } = group;
  if (newAt !== 0) {
    if (soft > hard) return -EINVAL;
    if (resource === RLIMIT_NOFILE && hard > NR_OPEN) return -EPERM;
    if (hard > (limits[resource * 2 + 1] as number) && !privileged) return -EPERM;
  }
  if (oldAt !== 0) {
    const image = new Uint8Array(RLIMIT_SIZE);
    const view = new DataView(image.buffer);
    putLimit(view, 0, limits[resource * 2] as number);
    putLimit(view, 8, limits[resource * 2 + 1] as number);
    const error = kernel.user.write(tid, oldAt, image);
    if (error !== 0) return error;
  }
  if (newAt !== 0) {
    limits[resource * 2] = soft;
    limits[resource * 2 + 1] = hard;
  }
  return 0;
}

/** getrusage(2) */
function sysGetrusage(kernel: Kernel, tid: number, who: number, at: number): number {
  const group = kernel.process.group(tid);
  const resident = (kernel.vm.peakResident?.(group.space) ?? kernel.vm.resident(group.space)) * 4;
  if (who === RUSAGE_CHILDREN) {
    return writeUsage(kernel, tid, at, group.childUserNs, group.childSystemNs, 0);
  }
  if (who === RUSAGE_THREAD) {
    const { userNs, systemNs } = kernel.process.thread(tid);
    return writeUsage(kernel, tid, at, userNs, systemNs, resident);
  }
  if (who !== RUSAGE_SELF) return -EINVAL;
  const { userNs, systemNs } = processTime(kernel, group.tgid);
  return writeUsage(kernel, tid, at, userNs, systemNs, resident);
}

/** times(2) */
function sysTimes(kernel: Kernel, tid: number, at: number): number {
  const ticks = (ns: number): number => Math.floor((ns * CLOCK_TICKS) / 1e9);
  if (at !== 0) {
    const group = kernel.process.group(tid);
    const { userNs, systemNs } = processTime(kernel, group.tgid);
    const bytes = new Uint8Array(32);
    const data = new DataView(bytes.buffer);
    put64(data, 0, ticks(userNs));
    put64(data, 8, ticks(systemNs));
    put64(data, 16, ticks(group.childUserNs));
    put64(data, 24, ticks(group.childSystemNs));
    const error = kernel.user.write(tid, at, bytes);
    if (error !== 0) return error;
  }
  return ticks(kernel.clock.monotonic());
}

/** Linux hands out at most this much at once. */
const RANDOM_MAX = 33554431;

/** getrandom(2) */
function sysGetrandom(kernel: Kernel, tid: number, at: number, length: number, flags: number): number {
  if ((flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) !== 0) return -EINVAL;
  if ((flags & GRND_RANDOM) !== 0 && (flags & GRND_INSECURE) !== 0) return -EINVAL;
  const count = Math.min(length, RANDOM_MAX);
  const { scratch } = kernel.user;
  const error = kernel.user.spans(tid, at, count, true, scratch);
  if (error !== 0) return error;
  const bytes = new Uint8Array(count);
  kernel.host.random(bytes);
  copyToSpans(kernel, bytes, 0, scratch, 0, count);
  return count;
}

export const limitCalls: readonly Row[] = [
  full(153, 'times', ['ptr'], sysTimes),
  full(163, 'getrlimit', ['int', 'ptr'], (kernel, tid, resource, at) =>
    sysPrlimit(kernel, tid, 0, resource, 0, at),
  ),
  full(164, 'setrlimit', ['int', 'ptr'], (kernel, tid, resource, at) =>
    sysPrlimit(kernel, tid, 0, resource, at, 0),
  ),
  partial(165, 'getrusage', ['int', 'ptr'], sysGetrusage, 'times and resident size only'),
  full(261, 'prlimit64', ['int', 'int', 'ptr', 'ptr'], sysPrlimit),
  full(278, 'getrandom', ['ptr', 'size', 'uint'], sysGetrandom),
];
