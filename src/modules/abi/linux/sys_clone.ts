/**
 * System calls that make threads and processes, and end them: clone, clone3, exit, exit_group, unshare.
 */
import {
  CA_CHILD_TID,
  CA_EXIT_SIGNAL,
  CA_FLAGS,
  CA_PARENT_TID,
  CA_PIDFD,
  CA_SET_TID_SIZE,
  CA_STACK,
  CA_STACK_SIZE,
  CA_TLS,
  CLONE_ARGS_SIZE,
  CLONE_ARGS_SIZE_VER0,
  CLONE_CHILD_CLEARTID,
  CLONE_CHILD_SETTID,
  CLONE_CLEAR_SIGHAND_HIGH,
  CLONE_DETACHED,
  CLONE_FILES,
  CLONE_FS,
  CLONE_NEW_ANY,
  CLONE_PARENT,
  CLONE_PARENT_SETTID,
  CLONE_PIDFD,
  CLONE_SETTLS,
  CLONE_SIGHAND,
  CLONE_SYSVSEM,
  CLONE_THREAD,
  CLONE_VFORK,
  CLONE_VM,
  CSIGNAL,
} from '../../../abi/linux/clone.ts';
import { CAP_SYS_ADMIN } from '../../../abi/linux/capability.ts';
import { E2BIG, EINVAL, EMFILE, EPERM } from '../../../abi/linux/errno.ts';
import { PIDFD_THREAD } from '../../../abi/linux/pidfd.ts';
import { RLIMIT_NOFILE } from '../../../abi/linux/resource.ts';
import { NSIG } from '../../../abi/linux/signal.ts';
import { exitedStatus } from '../../../abi/linux/wait.ts';
import { NO_RESULT } from '../../../contracts/abi.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import { full, partial, type Row } from './call.ts';
import { openPidfd } from './pidfd.ts';
import { isAwaited } from './presence.ts';
import { A0, contextOf, copyRegisters, pcOf, setPc, setRegister, SP, TP } from './registers.ts';
import { get64 } from './usage.ts';

/** What clone and clone3 have in common. `stack` is the child's stack pointer, 0 = the parent's. */
interface CloneArguments {
  readonly flags: number;
  readonly exitSignal: number;
  readonly stack: number;
  readonly tls: number;
  readonly parentTid: number;
  readonly childTid: number;
  /** Where the descriptor of CLONE_PIDFD goes. */
  readonly pidfdAt: number;
  readonly clearHandlers: boolean;
}

/** Linux's order of checks (copy_process). @returns 0 or -errno */
function check(kernel: Kernel, tid: number, flags: number, clearHandlers: boolean): number {
  if ((flags & CLONE_NEW_ANY) !== 0) return kernel.process.capable(tid, CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
  if ((flags & CLONE_THREAD) !== 0 && (flags & CLONE_SIGHAND) === 0) return -EINVAL;
  if ((flags & CLONE_SIGHAND) !== 0 && (flags & CLONE_VM) === 0) return -EINVAL;
  if ((flags & CLONE_SIGHAND) !== 0 && clearHandlers) return -EINVAL;
  if ((flags & CLONE_PARENT) !== 0 && kernel.process.group(tid).parent === 0) return -EINVAL;
  return 0;
}

/** vfork(2): the parent goes on once the child has let go of its memory. @returns the child's pid or WAIT */
function awaitRelease(kernel: Kernel, child: number): number {
  const group = kernel.process.findGroup(child);
  if (group === null || group.vforkDone) return child;
  kernel.waits.on(group.vforkEvent);
  kernel.waits.keep([child]);
  return WAIT;
}

/** Nothing may go wrong once the child is there. @returns 0, -EMFILE, -EFAULT or WAIT */
function roomForPidfd(kernel: Kernel, tid: number, at: number): number {
  const limit = kernel.process.group(tid).limits[RLIMIT_NOFILE * 2] as number;
  const used = kernel.process.descriptors(tid).filter((fd) => fd < limit).length;
  return used >= limit ? -EMFILE : kernel.user.spans(tid, at, 4, true, kernel.user.scratch);
}

function cloneWith(kernel: Kernel, tid: number, request: CloneArguments): number {
  const started = kernel.waits.progress(tid)[0];
  if (started !== undefined) return awaitRelease(kernel, started);
  const { flags, parentTid, childTid, pidfdAt } = request;
  const refused = check(kernel, tid, flags, request.clearHandlers);
  if (refused !== 0) return refused;
  // Bring the pages of the two words in while nothing is done yet; that they are bad is ignored, as Linux does.
  if ((flags & CLONE_PARENT_SETTID) !== 0 && kernel.user.readU32(tid, parentTid) === WAIT) return WAIT;
  if ((flags & CLONE_CHILD_SETTID) !== 0 && kernel.user.readU32(tid, childTid) === WAIT) return WAIT;
  if ((flags & CLONE_PIDFD) !== 0) {
    const refused = roomForPidfd(kernel, tid, pidfdAt);
    if (refused !== 0) return refused;
  }

  const thread = (flags & CLONE_THREAD) !== 0;
  const own = kernel.process.group(tid).space;
  const space = (flags & CLONE_VM) !== 0 ? own : kernel.vm.fork(own);
  if (space < 0) return space;
  if (space === own && !thread) kernel.vm.retain(own);
  const vfork = (flags & CLONE_VFORK) !== 0;
  const child = kernel.process.clone(tid, {
    thread,
    shareFiles: (flags & CLONE_FILES) !== 0,
    shareFs: (flags & CLONE_FS) !== 0,
    shareHandlers: (flags & CLONE_SIGHAND) !== 0,
    parentOfCaller: (flags & CLONE_PARENT) !== 0,
    vfork,
    clearHandlers: request.clearHandlers,
    exitSignal: request.exitSignal,
    space,
  });
  if (child < 0) {
    if (!thread) kernel.vm.release(space);
    return child;
  }
  const from = contextOf(kernel, tid);
  const to = contextOf(kernel, child);
  copyRegisters(kernel, from, to);
  setPc(kernel, to, pcOf(kernel, from) + 4);
  setRegister(kernel, to, A0, 0);
  if (request.stack !== 0) setRegister(kernel, to, SP, request.stack);
  if ((flags & CLONE_SETTLS) !== 0) setRegister(kernel, to, TP, request.tls);
  if ((flags & CLONE_CHILD_CLEARTID) !== 0) kernel.process.thread(child).clearTid = childTid;
  if ((flags & CLONE_PARENT_SETTID) !== 0) kernel.user.writeU32(tid, parentTid, child);
  if ((flags & CLONE_CHILD_SETTID) !== 0) kernel.user.writeU32(child, childTid, child);
  if ((flags & CLONE_PIDFD) !== 0) {
    kernel.user.writeU32(tid, pidfdAt, openPidfd(kernel, tid, child, thread ? PIDFD_THREAD : 0));
  }
  return vfork && !thread ? awaitRelease(kernel, child) : child;
}

/** clone(2); riscv has the order flags, stack, parent_tid, tls, child_tid. */
function sysClone(
  kernel: Kernel,
  tid: number,
  flags: number,
  stack: number,
  parentTid: number,
  tls: number,
  childTid: number,
): number {
  if ((flags & CLONE_PIDFD) !== 0 && (flags & (CLONE_DETACHED | CLONE_PARENT_SETTID)) !== 0) return -EINVAL;
  const exitSignal = flags & CSIGNAL;
  if (exitSignal > NSIG) return -EINVAL;
  return cloneWith(kernel, tid, {
    flags: flags & ~CSIGNAL,
    exitSignal,
    stack,
    tls,
    parentTid,
    childTid,
    pidfdAt: parentTid,
    clearHandlers: false,
  });
}

/** clone(2), "The clone3() system call" */
function sysClone3(kernel: Kernel, tid: number, argumentsAt: number, size: number): number {
  if (size > 4096) return -E2BIG;
  if (size < CLONE_ARGS_SIZE_VER0) return -EINVAL;
  const bytes = new Uint8Array(Math.max(size, CLONE_ARGS_SIZE));
  const error = kernel.user.read(tid, argumentsAt, bytes.subarray(0, size));
  if (error !== 0) return error;
  if (bytes.subarray(CLONE_ARGS_SIZE).some((byte) => byte !== 0)) return -E2BIG;
  const data = new DataView(bytes.buffer);
  const flags = data.getUint32(CA_FLAGS, true);
  const high = data.getUint32(CA_FLAGS + 4, true);
  const exitSignal = get64(data, CA_EXIT_SIGNAL);
  const stack = get64(data, CA_STACK);
  const stackSize = get64(data, CA_STACK_SIZE);
  if ((high & ~CLONE_CLEAR_SIGHAND_HIGH) !== 0 || (flags & (CLONE_DETACHED | CSIGNAL)) !== 0) return -EINVAL;
  if (exitSignal < 0 || exitSignal > NSIG || get64(data, CA_SET_TID_SIZE) !== 0) return -EINVAL;
  if ((flags & (CLONE_THREAD | CLONE_PARENT)) !== 0 && exitSignal !== 0) return -EINVAL;
  if ((stack === 0) !== (stackSize === 0)) return -EINVAL;
  const both = CLONE_PIDFD | CLONE_PARENT_SETTID;
  if ((flags & both) === both && get64(data, CA_PIDFD) === get64(data, CA_PARENT_TID)) return -EINVAL;
  return cloneWith(kernel, tid, {
    flags,
    exitSignal,
    stack: stack + stackSize,
    tls: get64(data, CA_TLS),
    parentTid: get64(data, CA_PARENT_TID),
    childTid: get64(data, CA_CHILD_TID),
    pidfdAt: get64(data, CA_PIDFD),
    clearHandlers: (high & CLONE_CLEAR_SIGHAND_HIGH) !== 0,
  });
}

/** What the end of a thread writes can not wait for pages then, so they are brought in before; that they are bad is ignored. */
function lastWordsWait(kernel: Kernel, tid: number): boolean {
  const { clearTid, robustList } = kernel.process.thread(tid);
  if (clearTid !== 0 && isAwaited(kernel, tid, clearTid, 4)) return true;
  return robustList !== 0 && isAwaited(kernel, tid, robustList, 8);
}

/** _exit(2): the raw call ends one thread. */
function sysExit(kernel: Kernel, tid: number, code: number): number {
  if (lastWordsWait(kernel, tid)) return WAIT;
  kernel.process.exitThread(tid, exitedStatus(code));
  return NO_RESULT;
}

/** exit_group(2) */
function sysExitGroup(kernel: Kernel, tid: number, code: number): number {
  if (lastWordsWait(kernel, tid)) return WAIT;
  kernel.process.exitGroup(kernel.process.group(tid).tgid, exitedStatus(code));
  return NO_RESULT;
}

/** unshare(2) */
function sysUnshare(kernel: Kernel, tid: number, flags: number): number {
  const known =
    CLONE_FILES | CLONE_FS | CLONE_SYSVSEM | CLONE_NEW_ANY | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
  if ((flags & ~known) !== 0) return -EINVAL;
  if ((flags & CLONE_NEW_ANY) !== 0) return kernel.process.capable(tid, CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
  if ((flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)) !== 0) {
    if (kernel.process.group(tid).threads.length > 1) return -EINVAL;
  }
  if ((flags & CLONE_FS) !== 0 && kernel.process.place(tid).users > 1) return -EINVAL;
  if ((flags & CLONE_FILES) !== 0) kernel.process.unshareFiles(tid);
  return 0;
}

export const cloneCalls: readonly Row[] = [
  partial(220, 'clone', ['uint', 'ptr', 'ptr', 'ptr', 'ptr'], sysClone, 'no namespaces'),
  partial(435, 'clone3', ['ptr', 'size'], sysClone3, 'no namespaces, set_tid, cgroup'),
  full(93, 'exit', ['int'], sysExit),
  full(94, 'exit_group', ['int'], sysExitGroup),
  partial(97, 'unshare', ['uint'], sysUnshare, 'no namespaces; CLONE_FS only if not shared'),
];
