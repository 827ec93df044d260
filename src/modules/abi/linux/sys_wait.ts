/**
 * System calls that collect children: wait4, waitid.
 */
import { EAGAIN, ECHILD, EINVAL, ESRCH } from '../../../abi/linux/errno.ts';
import {
  CLD_CONTINUED,
  CLD_STOPPED,
  SIGCHLD,
  SIGCONT,
  SIGINFO_CODE,
  SIGINFO_PID,
  SIGINFO_SIGNO,
  SIGINFO_SIZE,
  SIGINFO_STATUS,
  SIGINFO_UID,
} from '../../../abi/linux/signal.ts';
import {
  __WALL,
  __WCLONE,
  __WNOTHREAD,
  endedBy,
  exitCode,
  P_ALL,
  P_PGID,
  P_PID,
  P_PIDFD,
  WCONTINUED,
  WEXITED,
  WNOHANG,
  WNOWAIT,
  WSTOPPED,
  WUNTRACED,
} from '../../../abi/linux/wait.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import type { WaitRequest, WaitResult } from '../../../contracts/process.ts';
import { full, type Row } from './call.ts';
import { isNonBlocking, pidfdAt } from './pidfd.ts';
import { writeUsage } from './usage.ts';

const ANY_CLONE = __WNOTHREAD | __WALL | __WCLONE;
/** Which children these options mean. */
function kindOf(options: number): Pick<WaitRequest, 'kind'> {
  if ((options & __WALL) !== 0) return {};
  return { kind: (options & __WCLONE) === 0 ? 'plain' : 'clone' };
}

const INT_MIN = -2147483648;

/**
 * Find a child, tell of it, then collect it, so that a user page that must come in first changes nothing.
 * @param tell writes what was found @returns the pid, 0 with WNOHANG, -errno or WAIT
 */
function collect(
  kernel: Kernel,
  tid: number,
  request: WaitRequest,
  noHang: boolean,
  tell: (found: WaitResult) => number,
): number {
  const found = kernel.process.wait(tid, { ...request, keep: true });
  if (typeof found === 'number') return found;
  if (found === null) {
    if (noHang) return 0;
    kernel.waits.on(kernel.process.group(tid).childEvent);
    kernel.waits.restart('restart');
    return WAIT;
  }
  const error = tell(found);
  if (error === WAIT) return WAIT;
  if (!request.keep) kernel.process.wait(tid, { ...request, which: found.pid });
  return error !== 0 ? error : found.pid;
}

/** wait4(2) */
function sysWait4(
  kernel: Kernel,
  tid: number,
  pid: number,
  statusAt: number,
  options: number,
  usageAt: number,
): number {
  if ((options & ~(WNOHANG | WUNTRACED | WCONTINUED | ANY_CLONE)) !== 0) return -EINVAL;
  if (pid === INT_MIN) return -ESRCH;
  const which = pid === -1 ? 0 : pid === 0 ? -kernel.process.group(tid).pgid : pid;
  const request: WaitRequest = {
    which,
    exited: true,
    stopped: (options & WUNTRACED) !== 0,
    continued: (options & WCONTINUED) !== 0,
    keep: false,
    ...kindOf(options),
  };
  return collect(kernel, tid, request, (options & WNOHANG) !== 0, (found) => {
    let error = statusAt === 0 ? 0 : kernel.user.writeU32(tid, statusAt, found.status);
    if (error === 0 && usageAt !== 0) {
      error = writeUsage(kernel, tid, usageAt, found);
    }
    return error;
  });
}

/** siginfo_t as waitid fills it: si_status is a code or a signal, not a status word. */
function waitInfo(found: WaitResult): Uint8Array {
  const bytes = new Uint8Array(SIGINFO_SIZE);
  const data = new DataView(bytes.buffer);
  const { status, code } = found;
  const signal = endedBy(status);
  const detail =
    code === CLD_CONTINUED ? SIGCONT : code === CLD_STOPPED || signal === 0 ? exitCode(status) : signal;
  data.setInt32(SIGINFO_SIGNO, SIGCHLD, true);
  data.setInt32(SIGINFO_CODE, code, true);
  data.setInt32(SIGINFO_PID, found.pid, true);
  data.setUint32(SIGINFO_UID, found.uid, true);
  data.setInt32(SIGINFO_STATUS, detail, true);
  return bytes;
}

/** waitid(2), with the raw call's fifth argument */
function sysWaitid(
  kernel: Kernel,
  tid: number,
  type: number,
  id: number,
  infoAt: number,
  options: number,
  usageAt: number,
): number {
  const states = WEXITED | WSTOPPED | WCONTINUED;
  if ((options & ~(states | WNOHANG | WNOWAIT | ANY_CLONE)) !== 0) return -EINVAL;
  if ((options & states) === 0) return -EINVAL;
  let which = 0;
  let impatient = false;
  if (type === P_PID) {
    if (id <= 0) return -EINVAL;
    which = id;
  } else if (type === P_PGID) {
    if (id < 0) return -EINVAL;
    which = -(id === 0 ? kernel.process.group(tid).pgid : id);
  } else if (type === P_PIDFD) {
    if (id < 0) return -EINVAL;
    const pidfd = pidfdAt(kernel, tid, id);
    if (typeof pidfd === 'number') return pidfd;
    if (pidfd.pid === 0) return -ECHILD;
    which = pidfd.pid;
    impatient = isNonBlocking(kernel, tid, id);
  } else if (type !== P_ALL) {
    return -EINVAL;
  }
  const request: WaitRequest = {
    which,
    exited: (options & WEXITED) !== 0,
    stopped: (options & WSTOPPED) !== 0,
    continued: (options & WCONTINUED) !== 0,
    keep: (options & WNOWAIT) !== 0,
    ...kindOf(options),
  };
  const tell = (found: WaitResult): number => {
    let error = infoAt === 0 ? 0 : kernel.user.write(tid, infoAt, waitInfo(found));
    if (error === 0 && usageAt !== 0) {
      error = writeUsage(kernel, tid, usageAt, found);
    }
    return error;
  };
  const noHang = (options & WNOHANG) !== 0;
  const result = collect(kernel, tid, request, noHang || impatient, tell);
  if (result === 0 && !noHang) return -EAGAIN;
  // Nobody to tell of under WNOHANG: the caller sees si_pid 0.
  if (result === 0 && infoAt !== 0) return kernel.user.write(tid, infoAt, new Uint8Array(SIGINFO_SIZE));
  return result > 0 ? 0 : result;
}

export const waitCalls: readonly Row[] = [
  full(260, 'wait4', ['int', 'ptr', 'int', 'ptr'], sysWait4),
  full(95, 'waitid', ['int', 'int', 'ptr', 'int', 'ptr'], sysWaitid),
];
