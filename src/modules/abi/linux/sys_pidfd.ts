/**
 * System calls on descriptors that stand for processes: pidfd_open, pidfd_send_signal, pidfd_getfd.
 */
import { EBADF, EINVAL, EPERM, ESRCH } from '../../../abi/linux/errno.ts';
import {
  PIDFD_NONBLOCK,
  PIDFD_SIGNAL_PROCESS_GROUP,
  PIDFD_SIGNAL_THREAD,
  PIDFD_SIGNAL_THREAD_GROUP,
  PIDFD_THREAD,
} from '../../../abi/linux/pidfd.ts';
import { SI_TKILL, SI_USER, SIGINFO_SIZE } from '../../../abi/linux/signal.ts';
import type { SignalInfo } from '../../../contracts/process.ts';
import { installFile } from './at.ts';
import { full, type Handler, type Row } from './call.ts';
import { addresseeAt, openPidfd, pidfdAt } from './pidfd.ts';
import { mayAttach } from './ptrace-access.ts';
import { takeInfo } from './signal-info.ts';
import { isSignal, ownInfo, signalMembers } from './sys_kill.ts';

/** pidfd_open(2) */
const sysPidfdOpen: Handler = (kernel, tid, pid, flags) => {
  if ((flags & ~(PIDFD_NONBLOCK | PIDFD_THREAD)) !== 0 || pid <= 0) return -EINVAL;
  return openPidfd(kernel, tid, pid, flags);
};

const WHOM: readonly number[] = [
  0,
  PIDFD_SIGNAL_THREAD,
  PIDFD_SIGNAL_THREAD_GROUP,
  PIDFD_SIGNAL_PROCESS_GROUP,
];

/** pidfd_send_signal(2) */
const sysPidfdSendSignal: Handler = (kernel, tid, fd, signal, infoAt, flags) => {
  if (!WHOM.includes(flags)) return -EINVAL;
  const target = addresseeAt(kernel, tid, fd);
  if (typeof target === 'number') return target;
  const one = flags === 0 ? target.thread : flags === PIDFD_SIGNAL_THREAD;
  let info: SignalInfo = ownInfo(kernel, tid, signal, one ? SI_TKILL : SI_USER);
  if (infoAt !== 0) {
    const bytes = new Uint8Array(SIGINFO_SIZE);
    const error = kernel.user.read(tid, infoAt, bytes);
    if (error !== 0) return error;
    if (new DataView(bytes.buffer).getInt32(0, true) !== signal) return -EINVAL;
    info = takeInfo(bytes);
    info.signal = signal;
    const forged = info.code >= 0 || info.code === SI_TKILL;
    if (forged && (target.pid !== tid || flags === PIDFD_SIGNAL_PROCESS_GROUP)) return -EPERM;
  }
  if (!isSignal(signal)) return -EINVAL;
  if (flags === PIDFD_SIGNAL_PROCESS_GROUP) {
    // A number that no process leads a group by is no group's.
    return signalMembers(kernel, tid, (group) => group.pgid === target.pid, info);
  }
  const thread = target.pid === 0 ? null : kernel.process.findThread(target.pid);
  if (thread === null) return -ESRCH;
  if (!kernel.process.maySignal(tid, thread.tgid, signal)) return -EPERM;
  if (one) kernel.process.signalThread(thread.tid, info);
  else kernel.process.signalGroup(thread.tgid, info);
  return 0;
};

/** pidfd_getfd(2) */
const sysPidfdGetfd: Handler = (kernel, tid, fd, theirs, flags) => {
  if (flags !== 0) return -EINVAL;
  const target = pidfdAt(kernel, tid, fd);
  if (typeof target === 'number') return target;
  const thread = target.pid === 0 ? null : kernel.process.findThread(target.pid);
  if (thread === null || thread.dead || kernel.process.group(thread.tid).zombie) return -ESRCH;
  if (!mayAttach(kernel, tid, thread.tid)) return -EPERM;
  const file = kernel.process.file(thread.tid, theirs);
  if (file < 0) return -EBADF;
  kernel.vfs.retain(file);
  return installFile(kernel, tid, file, 0, true);
};

export const pidfdCalls: readonly Row[] = [
  full(424, 'pidfd_send_signal', ['int', 'int', 'ptr', 'uint'], sysPidfdSendSignal),
  full(434, 'pidfd_open', ['int', 'uint'], sysPidfdOpen),
  full(438, 'pidfd_getfd', ['int', 'int', 'uint'], sysPidfdGetfd),
];
