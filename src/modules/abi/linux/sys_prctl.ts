/**
 * System call prctl: what a process and a thread can set about themselves.
 */
import { CAP_LAST_CAP, CAP_SETPCAP } from '../../../abi/linux/capability.ts';
import { EINVAL, ENAMETOOLONG, ENODEV, EPERM } from '../../../abi/linux/errno.ts';
import {
  PR_CAP_AMBIENT,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_CAP_AMBIENT_IS_SET,
  PR_CAPBSET_READ,
  PR_GET_CHILD_SUBREAPER,
  PR_GET_DUMPABLE,
  PR_GET_KEEPCAPS,
  PR_GET_NAME,
  PR_GET_NO_NEW_PRIVS,
  PR_GET_PDEATHSIG,
  PR_GET_SECCOMP,
  PR_GET_SECUREBITS,
  PR_GET_SPECULATION_CTRL,
  PR_GET_THP_DISABLE,
  PR_GET_TID_ADDRESS,
  PR_GET_TIMERSLACK,
  PR_GET_TIMING,
  PR_MCE_KILL_DEFAULT,
  PR_MCE_KILL_GET,
  PR_SET_CHILD_SUBREAPER,
  PR_SET_DUMPABLE,
  PR_SET_KEEPCAPS,
  PR_SET_NAME,
  PR_SET_NO_NEW_PRIVS,
  PR_SET_PDEATHSIG,
  PR_SET_SECUREBITS,
  PR_SET_SPECULATION_CTRL,
  PR_SET_THP_DISABLE,
  PR_SET_TIMERSLACK,
  PR_SET_TIMING,
  PR_TASK_PERF_EVENTS_DISABLE,
  PR_TASK_PERF_EVENTS_ENABLE,
  TASK_COMM_LEN,
} from '../../../abi/linux/prctl.ts';
import { NSIG } from '../../../abi/linux/signal.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { partial, type Row } from './call.ts';

/** prctl(2), options that name the thread */
function threadName(kernel: Kernel, tid: number, option: number, address: number): number {
  const thread = kernel.process.thread(tid);
  const bytes = new Uint8Array(TASK_COMM_LEN);
  if (option === PR_GET_NAME) {
    for (let i = 0; i < thread.name.length; i++) bytes[i] = thread.name.charCodeAt(i);
    return kernel.user.write(tid, address, bytes);
  }
  const name = kernel.user.string(tid, address, TASK_COMM_LEN - 1);
  if (typeof name === 'string') thread.name = name;
  else if (name !== -ENAMETOOLONG) return name;
  else {
    const error = kernel.user.read(tid, address, bytes);
    if (error !== 0) return error;
    thread.name = String.fromCharCode(...bytes.subarray(0, TASK_COMM_LEN - 1));
  }
  return 0;
}

/** Arguments that must be zero are not. */
const any = (...rest: readonly number[]): boolean => rest.some((value) => value !== 0);

/** prctl(2) */
function sysPrctl(
  kernel: Kernel,
  tid: number,
  option: number,
  a: number,
  b: number,
  c: number,
  d: number,
): number {
  const group = kernel.process.group(tid);
  const thread = kernel.process.thread(tid);
  switch (option) {
    case PR_SET_NAME:
    case PR_GET_NAME:
      return threadName(kernel, tid, option, a);
    case PR_SET_PDEATHSIG:
      if (a > NSIG) return -EINVAL;
      group.parentDeathSignal = a;
      return 0;
    case PR_GET_PDEATHSIG:
      return kernel.user.writeU32(tid, a, group.parentDeathSignal);
    case PR_GET_DUMPABLE:
      return group.dumpable ? 1 : 0;
    case PR_SET_DUMPABLE:
      if (a > 1) return -EINVAL;
      group.dumpable = a === 1;
      return 0;
    case PR_GET_KEEPCAPS:
      return group.keepCapabilities ? 1 : 0;
    case PR_SET_KEEPCAPS:
      if (a > 1) return -EINVAL;
      group.keepCapabilities = a === 1;
      return 0;
    case PR_SET_CHILD_SUBREAPER:
      group.subreaper = a !== 0;
      return 0;
    case PR_GET_CHILD_SUBREAPER:
      return kernel.user.writeU32(tid, a, group.subreaper ? 1 : 0);
    case PR_SET_NO_NEW_PRIVS:
      if (a !== 1 || b !== 0 || c !== 0 || d !== 0) return -EINVAL;
      group.noNewPrivileges = true;
      return 0;
    case PR_GET_NO_NEW_PRIVS:
      if (any(a, b, c, d)) return -EINVAL;
      return group.noNewPrivileges ? 1 : 0;
    case PR_CAPBSET_READ:
      return a > CAP_LAST_CAP ? -EINVAL : 1;
    case PR_CAP_AMBIENT:
      if (a === PR_CAP_AMBIENT_CLEAR_ALL) return any(b, c, d) ? -EINVAL : 0;
      return a === PR_CAP_AMBIENT_IS_SET && b <= CAP_LAST_CAP && !any(c, d) ? 0 : -EINVAL;
    case PR_GET_TID_ADDRESS:
      return kernel.user.writeU64(tid, a, kernel.process.thread(tid).clearTid);
    case PR_GET_TIMERSLACK:
      return thread.timerSlack;
    case PR_SET_TIMERSLACK:
      thread.timerSlack = a === 0 ? thread.defaultTimerSlack : a;
      return 0;
    case PR_GET_THP_DISABLE:
      if (any(a, b, c, d)) return -EINVAL;
      return group.hugePagesDisabled ? 1 : 0;
    case PR_SET_THP_DISABLE:
      if (any(b, c, d)) return -EINVAL;
      group.hugePagesDisabled = a !== 0;
      return 0;
    case PR_GET_TIMING:
      return 0;
    case PR_SET_SECUREBITS:
      if (!kernel.process.capable(tid, CAP_SETPCAP)) return -EPERM;
      return a === 0 ? 0 : -EPERM;
    case PR_SET_TIMING:
      // Only what is in place anyway.
      return a === 0 ? 0 : -EINVAL;
    case PR_MCE_KILL_GET:
      return any(a, b, c, d) ? -EINVAL : PR_MCE_KILL_DEFAULT;
    case PR_GET_SPECULATION_CTRL:
    case PR_SET_SPECULATION_CTRL:
      return any(c, d) ? -EINVAL : -ENODEV;
    case PR_GET_SECCOMP:
    case PR_GET_SECUREBITS:
    case PR_TASK_PERF_EVENTS_DISABLE:
    case PR_TASK_PERF_EVENTS_ENABLE:
      return 0;
    default:
      return -EINVAL;
  }
}

export const prctlCalls: readonly Row[] = [
  partial(167, 'prctl', ['int', 'size', 'size', 'size', 'size'], sysPrctl, 'no seccomp, no ambient set'),
];
