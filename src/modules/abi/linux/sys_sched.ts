/**
 * System calls on scheduling: priorities, policies, affinity. There is one processor.
 */
import { CAP_SYS_NICE } from '../../../abi/linux/capability.ts';
import { E2BIG, EACCES, EINVAL, EPERM, ESRCH } from '../../../abi/linux/errno.ts';
import { RLIMIT_NICE } from '../../../abi/linux/resource.ts';
import {
  PRIO_PGRP,
  PRIO_PROCESS,
  PRIO_USER,
  SA_FLAGS,
  SA_NICE,
  SA_POLICY,
  SA_PRIORITY,
  SA_SIZE,
  SCHED_ATTR_SIZE_VER0,
  SCHED_BATCH,
  SCHED_DEADLINE,
  SCHED_FIFO,
  SCHED_IDLE,
  SCHED_OTHER,
  SCHED_RESET_ON_FORK,
  SCHED_RR,
} from '../../../abi/linux/sched.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Thread } from '../../../contracts/process.ts';
import { full, partial, type Row } from './call.ts';
import { ioprioCalls } from './sys_ioprio.ts';
import { limitCalls } from './sys_limits.ts';
import { writeTimespec } from './usage.ts';

/** sched_yield(2) */
function sysYield(kernel: Kernel, tid: number): number {
  kernel.scheduler.yield(tid);
  return 0;
}

const named = (kernel: Kernel, tid: number, pid: number): Thread | null =>
  pid < 0 ? null : kernel.process.findThread(pid === 0 ? tid : pid);

/** May the caller change how that thread is scheduled? Same user, or CAP_SYS_NICE. */
function mayChange(kernel: Kernel, tid: number, target: Thread): boolean {
  const { euid } = kernel.process.credentials(tid);
  const theirs = kernel.process.credentials(target.tid);
  return euid === theirs.uid || euid === theirs.euid || kernel.process.capable(tid, CAP_SYS_NICE);
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
  const least = 20 - (kernel.process.group(thread.tid).limits[RLIMIT_NICE * 2] as number);
  if (nice < thread.nice && nice < least && !kernel.process.capable(tid, CAP_SYS_NICE)) return -EACCES;
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

const isNormal = (policy: number): boolean =>
  policy === SCHED_OTHER || policy === SCHED_BATCH || policy === SCHED_IDLE;
const isRealtime = (policy: number): boolean => policy === SCHED_FIFO || policy === SCHED_RR;

/** What setting a policy answers: only the normal ones are to be had, as for a program without the privilege. */
function policyError(policy: number, priority: number): number {
  if (isRealtime(policy)) return priority < 1 || priority > 99 ? -EINVAL : -EPERM;
  if (policy === SCHED_DEADLINE) return -EPERM;
  return !isNormal(policy) || priority !== 0 ? -EINVAL : 0;
}

/** sched_setscheduler(2) */
function sysSetscheduler(kernel: Kernel, tid: number, pid: number, policy: number, at: number): number {
  if (pid < 0 || policy < 0 || at === 0) return -EINVAL;
  const error = kernel.user.readU32(tid, at);
  if (error !== 0) return error;
  if (named(kernel, tid, pid) === null) return -ESRCH;
  return policyError(policy & ~SCHED_RESET_ON_FORK, kernel.user.value | 0);
}

/** sched_setparam(2) */
const sysSetparam = (kernel: Kernel, tid: number, pid: number, at: number): number =>
  sysSetscheduler(kernel, tid, pid, SCHED_OTHER, at);

/** sched_getscheduler(2) */
function sysGetscheduler(kernel: Kernel, tid: number, pid: number): number {
  if (pid < 0) return -EINVAL;
  return named(kernel, tid, pid) === null ? -ESRCH : SCHED_OTHER;
}

/** sched_getparam(2) */
function sysGetparam(kernel: Kernel, tid: number, pid: number, at: number): number {
  if (pid < 0 || at === 0) return -EINVAL;
  return named(kernel, tid, pid) === null ? -ESRCH : kernel.user.writeU32(tid, at, 0);
}

/** sched_get_priority_max(2) and _min */
const priorityBound = (policy: number, bound: number): number => {
  if (isRealtime(policy)) return bound;
  return isNormal(policy) || policy === SCHED_DEADLINE ? 0 : -EINVAL;
};

/** sched_rr_get_interval(2) */
function sysRrInterval(kernel: Kernel, tid: number, pid: number, at: number): number {
  if (pid < 0) return -EINVAL;
  const thread = named(kernel, tid, pid);
  if (thread === null) return -ESRCH;
  return writeTimespec(kernel, tid, at, 0, kernel.scheduler.quantum(thread.tid));
}

/** sched_setattr(2) */
function sysSetattr(kernel: Kernel, tid: number, pid: number, at: number, flags: number): number {
  if (pid < 0 || at === 0 || flags !== 0) return -EINVAL;
  const bytes = new Uint8Array(SCHED_ATTR_SIZE_VER0);
  const error = kernel.user.read(tid, at, bytes);
  if (error !== 0) return error;
  const data = new DataView(bytes.buffer);
  const size = data.getUint32(SA_SIZE, true);
  if (size !== 0 && size < SCHED_ATTR_SIZE_VER0) return -E2BIG;
  const thread = named(kernel, tid, pid);
  if (thread === null) return -ESRCH;
  const refused = policyError(data.getUint32(SA_POLICY, true), data.getUint32(SA_PRIORITY, true));
  if (refused !== 0) return refused;
  return renice(kernel, tid, thread, Math.max(-20, Math.min(19, data.getInt32(SA_NICE, true))));
}

/** sched_getattr(2) */
function sysGetattr(
  kernel: Kernel,
  tid: number,
  pid: number,
  at: number,
  size: number,
  flags: number,
): number {
  if (pid < 0 || at === 0 || flags !== 0 || size < SCHED_ATTR_SIZE_VER0 || size > 4096) return -EINVAL;
  const thread = named(kernel, tid, pid);
  if (thread === null) return -ESRCH;
  const bytes = new Uint8Array(SCHED_ATTR_SIZE_VER0);
  const data = new DataView(bytes.buffer);
  data.setUint32(SA_SIZE, SCHED_ATTR_SIZE_VER0, true);
  data.setUint32(SA_POLICY, SCHED_OTHER, true);
  data.setUint32(SA_FLAGS, 0, true);
  data.setInt32(SA_NICE, thread.nice, true);
  return kernel.user.write(tid, at, bytes);
}

export const schedCalls: readonly Row[] = [
  ...limitCalls,
  ...ioprioCalls,
  partial(118, 'sched_setparam', ['int', 'ptr'], sysSetparam, 'priority 0 only'),
  partial(
    119,
    'sched_setscheduler',
    ['int', 'int', 'ptr'],
    sysSetscheduler,
    'real-time policies are refused',
  ),
  full(120, 'sched_getscheduler', ['int'], sysGetscheduler),
  full(121, 'sched_getparam', ['int', 'ptr'], sysGetparam),
  full(122, 'sched_setaffinity', ['int', 'size', 'ptr'], sysSetaffinity),
  full(123, 'sched_getaffinity', ['int', 'size', 'ptr'], sysGetaffinity),
  full(124, 'sched_yield', [], sysYield),
  full(125, 'sched_get_priority_max', ['int'], (_, __, policy) => priorityBound(policy, 99)),
  full(126, 'sched_get_priority_min', ['int'], (_, __, policy) => priorityBound(policy, 1)),
  full(127, 'sched_rr_get_interval', ['int', 'ptr'], sysRrInterval),
  full(140, 'setpriority', ['int', 'int', 'int'], sysSetpriority),
  full(141, 'getpriority', ['int', 'int'], sysGetpriority),
  partial(274, 'sched_setattr', ['int', 'ptr', 'uint'], sysSetattr, 'nice of normal policies only'),
  full(275, 'sched_getattr', ['int', 'ptr', 'uint', 'uint'], sysGetattr),
];
