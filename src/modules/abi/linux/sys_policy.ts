/**
 * System calls on scheduling policies: sched_setscheduler, sched_setparam, sched_setattr and what they are asked back by.
 */
import { E2BIG, EINVAL, ESRCH } from '../../../abi/linux/errno.ts';
import {
  PRIORITY_MAX,
  PRIORITY_MIN,
  SA_DEADLINE,
  SA_FLAGS,
  SA_NICE,
  SA_PERIOD,
  SA_POLICY,
  SA_PRIORITY,
  SA_RUNTIME,
  SA_SIZE,
  SCHED_ATTR_SIZE_MAX,
  SCHED_ATTR_SIZE_VER0,
  SCHED_ATTR_SIZE_VER1,
  SCHED_EXT,
  SCHED_FLAG_KEEP_PARAMS,
  SCHED_FLAG_KEEP_POLICY,
  SCHED_FLAG_RESET_ON_FORK,
  SCHED_RESET_ON_FORK,
} from '../../../abi/linux/sched.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Thread } from '../../../contracts/process.ts';
import type { PolicyKind } from '../../../contracts/scheduler.ts';
import { full, partial, type Row } from './call.ts';
import { changePolicy, isRealtime, kindOf, numberOf } from './policy.ts';
import { get64, put64 } from './usage.ts';

/** The thread that a pid names, 0 = the caller. */
export const named = (kernel: Kernel, tid: number, pid: number): Thread | null =>
  pid < 0 ? null : kernel.process.findThread(pid === 0 ? tid : pid);

/** What sched_setscheduler and sched_setparam set: a policy and a priority, all else as it is. */
function setSimple(
  kernel: Kernel,
  tid: number,
  target: Thread,
  kind: PolicyKind | undefined,
  priority: number,
  flags: number,
): number {
  if (kind === undefined) return -EINVAL;
  return changePolicy(kernel, tid, target, {
    kind,
    priority,
    nice: target.nice,
    runtimeNs: 0,
    deadlineNs: 0,
    periodNs: 0,
    flags,
  });
}

/** sched_setscheduler(2) */
function sysSetscheduler(kernel: Kernel, tid: number, pid: number, policy: number, at: number): number {
  if (policy < 0 || pid < 0 || at === 0) return -EINVAL;
  const error = kernel.user.readU32(tid, at);
  if (error !== 0) return error;
  const priority = kernel.user.value | 0;
  const target = named(kernel, tid, pid);
  if (target === null) return -ESRCH;
  const flags = (policy & SCHED_RESET_ON_FORK) !== 0 ? SCHED_FLAG_RESET_ON_FORK : 0;
  return setSimple(kernel, tid, target, kindOf(policy & ~SCHED_RESET_ON_FORK), priority, flags);
}

/** sched_setparam(2) */
function sysSetparam(kernel: Kernel, tid: number, pid: number, at: number): number {
  if (pid < 0 || at === 0) return -EINVAL;
  const error = kernel.user.readU32(tid, at);
  if (error !== 0) return error;
  const target = named(kernel, tid, pid);
  if (target === null) return -ESRCH;
  return setSimple(kernel, tid, target, target.policy.kind, kernel.user.value | 0, target.policyFlags);
}

/** sched_getscheduler(2) */
function sysGetscheduler(kernel: Kernel, tid: number, pid: number): number {
  if (pid < 0) return -EINVAL;
  const thread = named(kernel, tid, pid);
  if (thread === null) return -ESRCH;
  const resets = (thread.policyFlags & SCHED_FLAG_RESET_ON_FORK) !== 0;
  return numberOf(thread.policy) | (resets ? SCHED_RESET_ON_FORK : 0);
}

/** sched_getparam(2) */
function sysGetparam(kernel: Kernel, tid: number, pid: number, at: number): number {
  if (pid < 0 || at === 0) return -EINVAL;
  const thread = named(kernel, tid, pid);
  return thread === null ? -ESRCH : kernel.user.writeU32(tid, at, thread.policy.priority);
}

/** sched_get_priority_max(2) and _min */
function priorityBound(policy: number, bound: number): number {
  const kind = kindOf(policy);
  if (kind === undefined) return policy === SCHED_EXT ? 0 : -EINVAL;
  return isRealtime(kind) ? bound : 0;
}

/** sched_rr_get_interval(2): what a thread gets in its turn. */
function sysRrInterval(kernel: Kernel, tid: number, pid: number, at: number): number {
  if (pid < 0) return -EINVAL;
  const thread = named(kernel, tid, pid);
  if (thread === null) return -ESRCH;
  const { scheduler } = kernel;
  const ns = scheduler.slice?.(thread.tid) ?? scheduler.quantum(thread.tid);
  return kernel.user.writePair(tid, at, 0, Math.round(ns));
}

/** Tell the program how large the structure is that this kernel knows. */
function tooLarge(kernel: Kernel, tid: number, at: number): number {
  const error = kernel.user.writeU32(tid, at + SA_SIZE, SCHED_ATTR_SIZE_VER1);
  return error !== 0 ? error : -E2BIG;
}

/** sched_setattr(2) */
function sysSetattr(kernel: Kernel, tid: number, pid: number, at: number, flags: number): number {
  if (pid < 0 || at === 0 || flags !== 0) return -EINVAL;
  const error = kernel.user.readU32(tid, at + SA_SIZE);
  if (error !== 0) return error;
  const size = kernel.user.value === 0 ? SCHED_ATTR_SIZE_VER0 : kernel.user.value;
  if (size < SCHED_ATTR_SIZE_VER0 || size > SCHED_ATTR_SIZE_MAX) return tooLarge(kernel, tid, at);
  const bytes = new Uint8Array(Math.max(size, SCHED_ATTR_SIZE_VER1));
  const unread = kernel.user.read(tid, at, bytes.subarray(0, size));
  if (unread !== 0) return unread;
  if (bytes.subarray(SCHED_ATTR_SIZE_VER1).some((byte) => byte !== 0)) return tooLarge(kernel, tid, at);
  const data = new DataView(bytes.buffer);
  const policy = data.getInt32(SA_POLICY, true);
  if (policy < 0) return -EINVAL;
  const target = named(kernel, tid, pid);
  if (target === null) return -ESRCH;
  const asked = data.getUint32(SA_FLAGS, true);
  // The other half of the word are flags that there are none of.
  if (data.getUint32(SA_FLAGS + 4, true) !== 0) return -EINVAL;
  // Who keeps the parameters keeps the policy too: Linux sets both in one place.
  const keeps = (asked & SCHED_FLAG_KEEP_PARAMS) !== 0;
  const kind = kindOf(policy);
  if (kind === undefined) return -EINVAL;
  return changePolicy(kernel, tid, target, {
    kind: keeps || (asked & SCHED_FLAG_KEEP_POLICY) !== 0 ? target.policy.kind : kind,
    priority: keeps ? target.policy.priority : data.getInt32(SA_PRIORITY, true),
    nice: keeps ? target.nice : Math.max(-20, Math.min(19, data.getInt32(SA_NICE, true))),
    runtimeNs: keeps ? target.policy.runtimeNs : get64(data, SA_RUNTIME),
    deadlineNs: keeps ? target.policy.deadlineNs : get64(data, SA_DEADLINE),
    periodNs: keeps ? target.policy.periodNs : get64(data, SA_PERIOD),
    flags: asked & ~(SCHED_FLAG_KEEP_POLICY | SCHED_FLAG_KEEP_PARAMS),
  });
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
  if (pid < 0 || at === 0 || flags !== 0 || size < SCHED_ATTR_SIZE_VER0 || size > SCHED_ATTR_SIZE_MAX) {
    return -EINVAL;
  }
  const thread = named(kernel, tid, pid);
  if (thread === null) return -ESRCH;
  const { kind, priority, runtimeNs, deadlineNs, periodNs } = thread.policy;
  const known = Math.min(size, SCHED_ATTR_SIZE_VER1);
  const bytes = new Uint8Array(SCHED_ATTR_SIZE_VER1);
  const data = new DataView(bytes.buffer);
  data.setUint32(SA_SIZE, known, true);
  data.setUint32(SA_POLICY, numberOf(thread.policy), true);
  data.setUint32(SA_FLAGS, thread.policyFlags, true);
  data.setInt32(SA_NICE, isRealtime(kind) || kind === 'deadline' ? 0 : thread.nice, true);
  data.setUint32(SA_PRIORITY, priority, true);
  put64(data, SA_RUNTIME, runtimeNs);
  put64(data, SA_DEADLINE, deadlineNs);
  put64(data, SA_PERIOD, periodNs);
  return kernel.user.write(tid, at, bytes.subarray(0, known));
}

export const policyCalls: readonly Row[] = [
  full(118, 'sched_setparam', ['int', 'ptr'], sysSetparam),
  full(119, 'sched_setscheduler', ['int', 'int', 'ptr'], sysSetscheduler),
  full(120, 'sched_getscheduler', ['int'], sysGetscheduler),
  full(121, 'sched_getparam', ['int', 'ptr'], sysGetparam),
  full(125, 'sched_get_priority_max', ['int'], (_, __, policy) => priorityBound(policy, PRIORITY_MAX)),
  full(126, 'sched_get_priority_min', ['int'], (_, __, policy) => priorityBound(policy, PRIORITY_MIN)),
  full(127, 'sched_rr_get_interval', ['int', 'ptr'], sysRrInterval),
  partial(274, 'sched_setattr', ['int', 'ptr', 'uint'], sysSetattr, 'no utilisation clamps'),
  full(275, 'sched_getattr', ['int', 'ptr', 'uint', 'uint'], sysGetattr),
];
