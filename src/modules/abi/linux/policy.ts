/**
 * Setting the scheduling policy of a thread: what sched_setscheduler, sched_setparam and sched_setattr have in common.
 *
 * The order of the checks is Linux's: what is malformed (EINVAL), who may not (EPERM), what there is no room for (EBUSY).
 * A policy that the scheduler in place can not honour is a feature fault, and else one that this kernel does not know: EINVAL,
 * decided in `provide` alone. That comes after the question of permission, so that nobody without it can ask for another scheduler.
 */
import { CAP_SYS_NICE } from '../../../abi/linux/capability.ts';
import { EBUSY, EINVAL, EPERM } from '../../../abi/linux/errno.ts';
import { RLIMIT_NICE, RLIMIT_RTPRIO } from '../../../abi/linux/resource.ts';
import {
  DEADLINE_PERIOD_MAX,
  DEADLINE_PERIOD_MIN,
  DEADLINE_RUNTIME_MIN,
  POLICY_NUMBERS,
  PRIORITY_MAX,
  SCHED_FLAG_DL_OVERRUN,
  SCHED_FLAG_RECLAIM,
  SCHED_FLAG_RESET_ON_FORK,
} from '../../../abi/linux/sched.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Thread } from '../../../contracts/process.ts';
import {
  effectivePolicy,
  interfaceOf,
  type Policy,
  POLICY_KINDS,
  type PolicyKind,
} from '../../../contracts/scheduler.ts';
import { featureFault } from './feature-fault.ts';

const NUMBERS: Readonly<Record<PolicyKind, number>> = POLICY_NUMBERS;

/** The SCHED_ number of a policy. */
export const numberOf = ({ kind }: Policy): number => NUMBERS[kind];
/** What a SCHED_ number means, if anything. */
export const kindOf = (policy: number): PolicyKind | undefined =>
  POLICY_KINDS.find((kind) => NUMBERS[kind] === policy);

export const isRealtime = (kind: PolicyKind): boolean => kind === 'fifo' || kind === 'round-robin';

/** What a program asks for. Times in ns; `nice` counts for normal and batch. */
export interface Wanted {
  readonly kind: PolicyKind;
  readonly priority: number;
  readonly nice: number;
  readonly runtimeNs: number;
  readonly deadlineNs: number;
  readonly periodNs: number;
  /** SCHED_FLAG_ bits that stay with the thread. */
  readonly flags: number;
}

const KNOWN_FLAGS: number = SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_RECLAIM | SCHED_FLAG_DL_OVERRUN;

/** @returns 0 or -EINVAL */
function malformed({ kind, priority, runtimeNs, deadlineNs, periodNs, flags }: Wanted): number {
  if ((flags & ~KNOWN_FLAGS) !== 0) return -EINVAL;
  if (priority < 0 || priority > PRIORITY_MAX || isRealtime(kind) !== (priority !== 0)) return -EINVAL;
  if (kind !== 'deadline') return 0;
  if (deadlineNs <= 0 || runtimeNs < DEADLINE_RUNTIME_MIN || periodNs < 0) return -EINVAL;
  const period = periodNs === 0 ? deadlineNs : periodNs;
  if (period < deadlineNs || deadlineNs < runtimeNs) return -EINVAL;
  return period < DEADLINE_PERIOD_MIN || period > DEADLINE_PERIOD_MAX ? -EINVAL : 0;
}

/** May the caller change how that thread is scheduled? Same user, or CAP_SYS_NICE. */
export function mayChange(kernel: Kernel, tid: number, target: Thread): boolean {
  const { euid } = kernel.process.credentials(tid);
  const theirs = kernel.process.credentials(target.tid);
  return euid === theirs.uid || euid === theirs.euid || kernel.process.capable(tid, CAP_SYS_NICE);
}

/** May the thread's nice value become this one without a privilege (RLIMIT_NICE)? */
export function mayRenice(kernel: Kernel, target: Thread, nice: number): boolean {
  const limit = kernel.process.group(target.tid).limits[RLIMIT_NICE * 2] as number;
  return nice >= target.nice || 20 - nice <= limit;
}

/** Without CAP_SYS_NICE (sched(7), "Privileges and resource limits"). */
function permitted(kernel: Kernel, target: Thread, wanted: Wanted): boolean {
  const { kind, priority } = target.policy;
  if (wanted.kind === 'deadline') return false;
  if (isRealtime(wanted.kind)) {
    const limit = kernel.process.group(target.tid).limits[RLIMIT_RTPRIO * 2] as number;
    if (wanted.kind !== kind && limit === 0) return false;
    if (wanted.priority > priority && wanted.priority > limit) return false;
  } else if (wanted.kind !== 'idle' && !mayRenice(kernel, target, wanted.nice)) return false;
  if (kind === 'idle' && wanted.kind !== 'idle') {
    const limit = kernel.process.group(target.tid).limits[RLIMIT_NICE * 2] as number;
    if (20 - target.nice > limit) return false;
  }
  const resets = (target.policyFlags & SCHED_FLAG_RESET_ON_FORK) !== 0;
  return !resets || (wanted.flags & SCHED_FLAG_RESET_ON_FORK) !== 0;
}

/** Lease what the policy needs of the scheduler; another one may come in for it. @returns 0, -EINVAL or WAIT */
function provide(kernel: Kernel, tid: number, policy: Policy, holder: number): number {
  const needed = interfaceOf(policy);
  if (needed === null || kernel.leases.take('scheduler', needed, holder)) return 0;
  return featureFault(kernel, tid, 'scheduler', needed, -EINVAL);
}

const policyOf = ({ kind, priority, runtimeNs, deadlineNs, periodNs, flags }: Wanted): Policy => {
  const times = kind === 'deadline';
  const sliced = kind === 'normal' || kind === 'batch';
  return {
    kind,
    priority,
    runtimeNs: times || sliced ? runtimeNs : 0,
    deadlineNs: times ? deadlineNs : 0,
    periodNs: times ? (periodNs === 0 ? deadlineNs : periodNs) : 0,
    reclaims: times && (flags & SCHED_FLAG_RECLAIM) !== 0,
  };
};

/** @returns 0, -EINVAL, -EPERM, -EBUSY or WAIT; before WAIT nothing has changed */
export function changePolicy(kernel: Kernel, tid: number, target: Thread, wanted: Wanted): number {
  const refused = malformed(wanted);
  if (refused !== 0) return refused;
  const free = permitted(kernel, target, wanted) && mayChange(kernel, tid, target);
  if (!free && !kernel.process.capable(tid, CAP_SYS_NICE)) return -EPERM;
  // One that has ended and is not collected yet runs under no policy again.
  if (target.dead) return 0;
  const policy = policyOf(wanted);
  const before = interfaceOf(target.policy);
  const needed = interfaceOf(policy);
  const provided = provide(kernel, tid, policy, target.tid);
  if (provided !== 0) return provided;
  const tells = wanted.kind === 'deadline' && (wanted.flags & SCHED_FLAG_DL_OVERRUN) !== 0;
  if (tells && !kernel.leases.take('scheduler', 'budget', target.tid)) {
    if (before !== needed) kernel.leases.give('scheduler', 'deadline', target.tid);
    return featureFault(kernel, tid, 'scheduler', 'budget', -EINVAL);
  }
  if (!tells) kernel.leases.give('scheduler', 'budget', target.tid);
  const { scheduler } = kernel;
  if (needed === 'deadline' && scheduler.admits?.(target.tid, policy) !== true) {
    if (before !== needed) kernel.leases.give('scheduler', needed, target.tid);
    if (before !== needed) kernel.leases.give('scheduler', 'budget', target.tid);
    return -EBUSY;
  }
  if (wanted.kind === 'normal' || wanted.kind === 'batch') {
    target.nice = wanted.nice;
    scheduler.setNice(target.tid, wanted.nice);
  }
  target.policy = policy;
  target.policyFlags = wanted.flags;
  scheduler.setPolicy?.(target.tid, effectivePolicy(target));
  kernel.ipc.futexPolicyChanged?.(target.tid);
  if (before !== null && before !== needed) kernel.leases.give('scheduler', before, target.tid);
  return 0;
}
