/**
 * System calls on the order of block I/O. No queue here has an order to choose: a priority is checked and told again.
 */
import { CAP_SYS_ADMIN, CAP_SYS_NICE } from '../../../abi/linux/capability.ts';
import { EINVAL, EPERM, ESRCH } from '../../../abi/linux/errno.ts';
import {
  IOPRIO_BE_NR,
  IOPRIO_CLASS_BE,
  IOPRIO_CLASS_IDLE,
  IOPRIO_CLASS_NONE,
  IOPRIO_CLASS_RT,
  IOPRIO_CLASS_SHIFT,
  IOPRIO_WHO_PGRP,
  IOPRIO_WHO_PROCESS,
  IOPRIO_WHO_USER,
} from '../../../abi/linux/ioprio.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Thread, ThreadGroup } from '../../../contracts/process.ts';
import { interfaceOf } from '../../../contracts/scheduler.ts';
import { full, partial, type Row } from './call.ts';

const LEVEL_MASK = (1 << IOPRIO_CLASS_SHIFT) - 1;
/** Level of a class that goes by the nice value: 20 steps of nice are 8 levels. */
const levelOfNice = (nice: number): number => Math.floor((nice + 20) / 5);

/** The threads that `which` and `who` mean; -EINVAL for another `which`. */
function meant(kernel: Kernel, tid: number, which: number, who: number): Thread[] | number {
  const own = kernel.process.group(tid);
  const all = (match: (group: ThreadGroup) => boolean): Thread[] =>
    kernel.process
      .groups()
      .filter((group) => !group.zombie && match(group))
      .flatMap((group) => group.threads.map((member) => kernel.process.findThread(member)))
      .filter((thread) => thread !== null);
  switch (which) {
    case IOPRIO_WHO_PROCESS: {
      const thread = kernel.process.findThread(who === 0 ? tid : who);
      return thread === null ? [] : [thread];
    }
    case IOPRIO_WHO_PGRP:
      return all(({ pgid }) => pgid === (who === 0 ? own.pgid : who));
    case IOPRIO_WHO_USER:
      return all(({ credentials }) => credentials.uid === (who === 0 ? own.credentials.uid : who));
    default:
      return -EINVAL;
  }
}

/** What counts for a thread that never asked for a class. */
function effective({ ioPriority, nice, policy }: Thread): number {
  if (ioPriority >>> IOPRIO_CLASS_SHIFT !== IOPRIO_CLASS_NONE) return ioPriority;
  if (policy.kind === 'idle') return IOPRIO_CLASS_IDLE << IOPRIO_CLASS_SHIFT;
  const kind = interfaceOf(policy) === null ? IOPRIO_CLASS_BE : IOPRIO_CLASS_RT;
  return (kind << IOPRIO_CLASS_SHIFT) | levelOfNice(nice);
}

/** ioprio_get(2): of one thread what it asked for, of several the highest. */
function sysIoprioGet(kernel: Kernel, tid: number, which: number, who: number): number {
  const threads = meant(kernel, tid, which, who);
  if (typeof threads === 'number') return threads;
  const [first] = threads;
  if (first === undefined) return -ESRCH;
  return which === IOPRIO_WHO_PROCESS ? first.ioPriority : Math.min(...threads.map(effective));
}

/** ioprio_set(2) */
function sysIoprioSet(kernel: Kernel, tid: number, which: number, who: number, priority: number): number {
  const level = priority & LEVEL_MASK;
  const capable = (): boolean =>
    kernel.process.capable(tid, CAP_SYS_NICE) || kernel.process.capable(tid, CAP_SYS_ADMIN);
  switch (priority >>> IOPRIO_CLASS_SHIFT) {
    case IOPRIO_CLASS_RT:
      if (!capable()) return -EPERM;
      if (level >= IOPRIO_BE_NR) return -EINVAL;
      break;
    case IOPRIO_CLASS_BE:
      if (level >= IOPRIO_BE_NR) return -EINVAL;
      break;
    case IOPRIO_CLASS_IDLE:
      break;
    case IOPRIO_CLASS_NONE:
      if (level !== 0) return -EINVAL;
      break;
    default:
      return -EINVAL;
  }
  const threads = meant(kernel, tid, which, who);
  if (typeof threads === 'number') return threads;
  const { euid, uid } = kernel.process.credentials(tid);
  for (const thread of threads) {
    const theirs = kernel.process.credentials(thread.tid).uid;
    if (theirs !== euid && theirs !== uid && !kernel.process.capable(tid, CAP_SYS_NICE)) return -EPERM;
    thread.ioPriority = priority;
  }
  return threads.length === 0 ? -ESRCH : 0;
}

export const ioprioCalls: readonly Row[] = [
  partial(30, 'ioprio_set', ['int', 'int', 'int'], sysIoprioSet, 'kept and told, but no queue goes by it'),
  full(31, 'ioprio_get', ['int', 'int'], sysIoprioGet),
];
