/**
 * System calls on the order of block I/O. No queue here has an order to choose: a priority is checked, then forgotten.
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
import type { ThreadGroup } from '../../../contracts/process.ts';
import { partial, type Row } from './call.ts';

const LEVEL_MASK = (1 << IOPRIO_CLASS_SHIFT) - 1;
/** Of who never asked for one, at nice 0. */
const DEFAULT = (IOPRIO_CLASS_BE << IOPRIO_CLASS_SHIFT) | 4;

/** One of the processes that `which` and `who` mean, null if there is none; -EINVAL for another `which`. */
function meant(kernel: Kernel, tid: number, which: number, who: number): ThreadGroup | null | number {
  const own = kernel.process.group(tid);
  const first = (match: (group: ThreadGroup) => boolean): ThreadGroup | null =>
    kernel.process.groups().find((group) => !group.zombie && match(group)) ?? null;
  switch (which) {
    case IOPRIO_WHO_PROCESS: {
      const thread = kernel.process.findThread(who === 0 ? tid : who);
      return thread === null ? null : kernel.process.findGroup(thread.tgid);
    }
    case IOPRIO_WHO_PGRP:
      return first(({ pgid }) => pgid === (who === 0 ? own.pgid : who));
    case IOPRIO_WHO_USER:
      return first(({ credentials }) => credentials.uid === (who === 0 ? own.credentials.uid : who));
    default:
      return -EINVAL;
  }
}

/** ioprio_get(2) */
function sysIoprioGet(kernel: Kernel, tid: number, which: number, who: number): number {
  const group = meant(kernel, tid, which, who);
  if (typeof group === 'number') return group;
  return group === null ? -ESRCH : DEFAULT;
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
  const group = meant(kernel, tid, which, who);
  if (typeof group === 'number') return group;
  if (group === null) return -ESRCH;
  const { euid, uid } = kernel.process.credentials(tid);
  const theirs = group.credentials.uid;
  return theirs === euid || theirs === uid || kernel.process.capable(tid, CAP_SYS_NICE) ? 0 : -EPERM;
}

export const ioprioCalls: readonly Row[] = [
  partial(30, 'ioprio_set', ['int', 'int', 'int'], sysIoprioSet, 'checked, then ignored'),
  partial(31, 'ioprio_get', ['int', 'int'], sysIoprioGet, 'one priority for all'),
];
