/**
 * System calls that send signals: kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo.
 */
import { EAGAIN, EINVAL, EPERM, ESRCH } from '../../../abi/linux/errno.ts';
import { RLIMIT_SIGPENDING } from '../../../abi/linux/resource.ts';
import { NSIG, SI_TKILL, SI_USER, SIGINFO_SIZE, SIGRTMIN } from '../../../abi/linux/signal.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { SignalInfo, ThreadGroup } from '../../../contracts/process.ts';
import { full, type Row } from './call.ts';
import { senderInfo, takeInfo } from './signal-info.ts';

const INIT = 1;
const INT_MIN = -2147483648;

export const isSignal = (signal: number): boolean => signal >= 0 && signal <= NSIG;

/** What kill(2) and the like say of who sent it. */
export function ownInfo(kernel: Kernel, tid: number, signal: number, code: number): SignalInfo {
  const { tgid, credentials } = kernel.process.group(tid);
  return senderInfo(signal, code, tgid, credentials.uid);
}

/** The group that a number names, be it of the leader or of another thread. */
function groupNamed(kernel: Kernel, pid: number): ThreadGroup | null {
  const thread = kernel.process.findThread(pid);
  return kernel.process.findGroup(thread === null ? pid : thread.tgid);
}

/** kill(2) */
function sysKill(kernel: Kernel, tid: number, pid: number, signal: number): number {
  if (!isSignal(signal)) return -EINVAL;
  if (pid === INT_MIN) return -ESRCH;
  const info = ownInfo(kernel, tid, signal, SI_USER);
  if (pid > 0) {
    const group = groupNamed(kernel, pid);
    if (group === null) return -ESRCH;
    if (!kernel.process.maySignal(tid, group.tgid, signal)) return -EPERM;
    kernel.process.signalGroup(group.tgid, info);
    return 0;
  }
  const own = kernel.process.group(tid);
  const pgid = pid === 0 ? own.pgid : -pid;
  const meant = (group: ThreadGroup): boolean =>
    pid === -1 ? group.tgid !== INIT && group !== own : group.pgid === pgid;
  return signalMembers(kernel, tid, meant, info);
}

/** Send to all of these processes. @returns 0 if it was sent to any, -ESRCH if there is none, -EPERM */
export function signalMembers(
  kernel: Kernel,
  tid: number,
  meant: (group: ThreadGroup) => boolean,
  info: SignalInfo,
): number {
  let found = false;
  let sent = false;
  for (const group of kernel.process.groups()) {
    if (!meant(group)) continue;
    found = true;
    if (!kernel.process.maySignal(tid, group.tgid, info.signal)) continue;
    sent = true;
    kernel.process.signalGroup(group.tgid, info);
  }
  if (!found) return -ESRCH;
  return sent ? 0 : -EPERM;
}

/** @param tgid the thread's group, or -1 for any */
function signalThread(kernel: Kernel, tid: number, tgid: number, target: number, info: SignalInfo): number {
  const thread = kernel.process.findThread(target);
  if (thread === null || (tgid !== -1 && thread.tgid !== tgid)) return -ESRCH;
  if (!kernel.process.maySignal(tid, thread.tgid, info.signal)) return -EPERM;
  kernel.process.signalThread(target, info);
  return 0;
}

/** tkill(2) */
function sysTkill(kernel: Kernel, tid: number, target: number, signal: number): number {
  if (target <= 0 || !isSignal(signal)) return -EINVAL;
  return signalThread(kernel, tid, -1, target, ownInfo(kernel, tid, signal, SI_TKILL));
}

/** tgkill(2) */
function sysTgkill(kernel: Kernel, tid: number, tgid: number, target: number, signal: number): number {
  if (tgid <= 0 || target <= 0 || !isSignal(signal)) return -EINVAL;
  return signalThread(kernel, tid, tgid, target, ownInfo(kernel, tid, signal, SI_TKILL));
}

/** What a process may say of a signal to others: not that the kernel or kill(2) sent it. */
const forged = (kernel: Kernel, tid: number, tgid: number, code: number): boolean =>
  (code >= 0 || code === SI_TKILL) && kernel.process.group(tid).tgid !== tgid;

/** No room for a signal that queues (RLIMIT_SIGPENDING); one sent by kill(2) is only not counted then. */
function queueFull(kernel: Kernel, tgid: number, signal: number): boolean {
  const group = kernel.process.findGroup(tgid);
  if (group === null || signal < SIGRTMIN) return false;
  let count = group.pending.length;
  for (const tid of group.threads) count += kernel.process.findThread(tid)?.pending.length ?? 0;
  return count >= (group.limits[RLIMIT_SIGPENDING * 2] as number);
}

/** rt_sigqueueinfo(2) */
function sysSigqueueinfo(kernel: Kernel, tid: number, pid: number, signal: number, infoAt: number): number {
  const bytes = new Uint8Array(SIGINFO_SIZE);
  const error = kernel.user.read(tid, infoAt, bytes);
  if (error !== 0) return error;
  const info = takeInfo(bytes);
  info.signal = signal;
  if (forged(kernel, tid, pid, info.code)) return -EPERM;
  if (!isSignal(signal)) return -EINVAL;
  const group = groupNamed(kernel, pid);
  if (group === null) return -ESRCH;
  if (!kernel.process.maySignal(tid, group.tgid, signal)) return -EPERM;
  if (queueFull(kernel, group.tgid, signal)) return -EAGAIN;
  kernel.process.signalGroup(group.tgid, info);
  return 0;
}

/** rt_tgsigqueueinfo(2) */
function sysTgsigqueueinfo(
  kernel: Kernel,
  tid: number,
  tgid: number,
  target: number,
  signal: number,
  infoAt: number,
): number {
  const bytes = new Uint8Array(SIGINFO_SIZE);
  const error = kernel.user.read(tid, infoAt, bytes);
  if (error !== 0) return error;
  const info = takeInfo(bytes);
  info.signal = signal;
  if (tgid <= 0 || target <= 0) return -EINVAL;
  if (forged(kernel, tid, tgid, info.code)) return -EPERM;
  if (!isSignal(signal)) return -EINVAL;
  if (queueFull(kernel, tgid, signal)) return -EAGAIN;
  return signalThread(kernel, tid, tgid, target, info);
}

export const killCalls: readonly Row[] = [
  full(129, 'kill', ['int', 'int'], sysKill),
  full(130, 'tkill', ['int', 'int'], sysTkill),
  full(131, 'tgkill', ['int', 'int', 'int'], sysTgkill),
  full(138, 'rt_sigqueueinfo', ['int', 'int', 'ptr'], sysSigqueueinfo),
  full(240, 'rt_tgsigqueueinfo', ['int', 'int', 'int', 'ptr'], sysTgsigqueueinfo),
];
