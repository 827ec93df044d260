/**
 * System calls on scheduling: nice values, affinity, yielding. There is one processor.
 */
import { CAP_SYS_NICE } from '../../../abi/linux/capability.ts';
import { EACCES, EINVAL, EPERM, ESRCH } from '../../../abi/linux/errno.ts';
import { PRIO_PGRP, PRIO_PROCESS, PRIO_USER } from '../../../abi/linux/sched.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Thread } from '../../../contracts/process.ts';
import { full, type Row } from './call.ts';
import { mayChange, mayRenice } from './policy.ts';
import { ioprioCalls } from './sys_ioprio.ts';
import { limitCalls } from './sys_limits.ts';
import { named, policyCalls } from './sys_policy.ts';

/** sched_yield(2) */
function sysYield(kernel: Kernel, tid: number): number {
  kernel.scheduler.yield(tid);
  return 0;
}

/** Threads that getpriority and setpriority mean. */
function chosen(kernel: Kernel, tid: number, which: number, who: number): Thread[] {
  if (which === PRIO_PROCESS) {
    const thread = named(kernel, tid, who);
    return thread === null ? [] : [thread];
  }
  const own = kernel.process.group(tid);
  const found: Thread[] = [];
  for (const group of kernel.process.groups()) {
    const meant =
      which === PRIO_PGRP
        ? group.pgid === (who === 0 ? own.pgid : who)
        : group.credentials.uid === (who === 0 ? own.credentials.uid : who);
    if (!meant || group.zombie) continue;
    for (const member of group.threads) {
      const thread = kernel.process.findThread(member);
      if (thread !== null) found.push(thread);
    }
  }
  return found;
}

/** @returns 0, -EPERM or -EACCES */
function renice(kernel: Kernel, tid: number, thread: Thread, nice: number): number {
  if (!mayChange(kernel, tid, thread)) return -EPERM;
  if (!mayRenice(kernel, thread, nice) && !kernel.process.capable(tid, CAP_SYS_NICE)) return -EACCES;
  thread.nice = nice;
  kernel.scheduler.setNice(thread.tid, nice);
  return 0;
}

/** setpriority(2) */
function sysSetpriority(kernel: Kernel, tid: number, which: number, who: number, nice: number): number {
  if (which < PRIO_PROCESS || which > PRIO_USER) return -EINVAL;
  const clamped = Math.max(-20, Math.min(19, nice));
  let error = -ESRCH;
  for (const thread of chosen(kernel, tid, which, who)) {
    const result = renice(kernel, tid, thread, clamped);
    if (result !== 0 || error === -ESRCH) error = result;
  }
  return error;
}

/** getpriority(2): the raw call answers 20 - nice. */
function sysGetpriority(kernel: Kernel, tid: number, which: number, who: number): number {
  if (which < PRIO_PROCESS || which > PRIO_USER) return -EINVAL;
  let best = -ESRCH;
  for (const thread of chosen(kernel, tid, which, who)) best = Math.max(best, 20 - thread.nice);
  return best;
}

const CPU_MASK_BYTES = 8;

/** sched_getaffinity(2): the raw call answers how many bytes it wrote. */
function sysGetaffinity(kernel: Kernel, tid: number, pid: number, size: number, at: number): number {
  if (size < CPU_MASK_BYTES || size % 8 !== 0) return -EINVAL;
  if (named(kernel, tid, pid) === null) return -ESRCH;
  const error = kernel.user.writeU64(tid, at, 1);
  return error !== 0 ? error : CPU_MASK_BYTES;
}

/** sched_setaffinity(2) */
function sysSetaffinity(kernel: Kernel, tid: number, pid: number, size: number, at: number): number {
  const bytes = new Uint8Array(Math.min(size, CPU_MASK_BYTES));
  const error = kernel.user.read(tid, at, bytes);
  if (error !== 0) return error;
  const thread = named(kernel, tid, pid);
  if (thread === null) return -ESRCH;
  if (!mayChange(kernel, tid, thread)) return -EPERM;
  return ((bytes[0] ?? 0) & 1) === 0 ? -EINVAL : 0;
}

export const schedCalls: readonly Row[] = [
  ...limitCalls,
  ...ioprioCalls,
  ...policyCalls,
  full(122, 'sched_setaffinity', ['int', 'size', 'ptr'], sysSetaffinity),
  full(123, 'sched_getaffinity', ['int', 'size', 'ptr'], sysGetaffinity),
  full(124, 'sched_yield', [], sysYield),
  full(140, 'setpriority', ['int', 'int', 'int'], sysSetpriority),
  full(141, 'getpriority', ['int', 'int'], sysGetpriority),
];
