/**
 * System calls on the process itself: its numbers, its groups, its names, and what system it runs on.
 */
import { CAP_SYS_ADMIN, CAP_SYS_PTRACE } from '../../../abi/linux/capability.ts';
import { EINVAL, EPERM, ESRCH } from '../../../abi/linux/errno.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { ThreadGroup } from '../../../contracts/process.ts';
import { full, partial, type Row } from './call.ts';
import { cloneCalls } from './sys_clone.ts';
import { hwprobeCalls } from './sys_hwprobe.ts';
import { prctlCalls } from './sys_prctl.ts';
import { syslogCalls } from './sys_syslog.ts';
import { waitCalls } from './sys_wait.ts';
import { put64 } from './usage.ts';

/** The group of a pid, of the caller's for 0; null if there is none. */
function groupNamed(kernel: Kernel, tid: number, pid: number): ThreadGroup | null {
  if (pid === 0) return kernel.process.group(tid);
  const thread = kernel.process.findThread(pid);
  return kernel.process.findGroup(thread === null ? pid : thread.tgid);
}

/** getpid(2) */
const sysGetpid = (kernel: Kernel, tid: number): number => kernel.process.thread(tid).tgid;
/** getppid(2) */
const sysGetppid = (kernel: Kernel, tid: number): number => kernel.process.group(tid).parent;
/** gettid(2) */
const sysGettid = (_: Kernel, tid: number): number => tid;

/** set_tid_address(2) */
function sysSetTidAddress(kernel: Kernel, tid: number, address: number): number {
  kernel.process.thread(tid).clearTid = address;
  return tid;
}

/** struct robust_list_head */
const ROBUST_HEAD_SIZE = 24;

/** set_robust_list(2) */
function sysSetRobustList(kernel: Kernel, tid: number, head: number, size: number): number {
  if (size !== ROBUST_HEAD_SIZE) return -EINVAL;
  kernel.process.thread(tid).robustList = head;
  return 0;
}

/** get_robust_list(2) */
function sysGetRobustList(kernel: Kernel, tid: number, pid: number, headAt: number, sizeAt: number): number {
  const thread = kernel.process.findThread(pid === 0 ? tid : pid);
  if (thread === null) return -ESRCH;
  const mine = kernel.process.credentials(tid);
  const theirs = kernel.process.credentials(thread.tid);
  if (mine.uid !== theirs.uid && !kernel.process.capable(tid, CAP_SYS_PTRACE)) return -EPERM;
  const error = kernel.user.writeU64(tid, sizeAt, ROBUST_HEAD_SIZE);
  return error !== 0 ? error : kernel.user.writeU64(tid, headAt, thread.robustList);
}

/** setpgid(2) */
const sysSetpgid = (kernel: Kernel, tid: number, pid: number, pgid: number): number =>
  kernel.process.setProcessGroup(tid, pid, pgid);
/** getpgid(2) */
const sysGetpgid = (kernel: Kernel, tid: number, pid: number): number =>
  groupNamed(kernel, tid, pid)?.pgid ?? -ESRCH;
/** getsid(2) */
const sysGetsid = (kernel: Kernel, tid: number, pid: number): number =>
  groupNamed(kernel, tid, pid)?.sid ?? -ESRCH;
/** setsid(2) */
const sysSetsid = (kernel: Kernel, tid: number): number => kernel.process.startSession(tid);

const QUERY_PERSONALITY = 0xffff_ffff;

/** personality(2): none but PER_LINUX, whose flags change nothing here. */
const sysPersonality = (_: Kernel, __: number, persona: number): number =>
  persona === QUERY_PERSONALITY || (persona & 0xff) === 0 ? 0 : -EINVAL;

/** Bytes of each name in struct new_utsname. */
const UTS_LENGTH = 65;

/** uname(2) */
function sysUname(kernel: Kernel, tid: number, at: number): number {
  const { hostname, release, version, machine } = kernel.settings;
  const names = ['Linux', hostname, release, version, machine, '(none)'];
  const bytes = new Uint8Array(UTS_LENGTH * names.length);
  names.forEach((name, field) => {
    for (let i = 0; i < Math.min(name.length, UTS_LENGTH - 1); i++) {
      bytes[field * UTS_LENGTH + i] = name.charCodeAt(i);
    }
  });
  return kernel.user.write(tid, at, bytes);
}

/** sethostname(2) */
function sysSethostname(kernel: Kernel, tid: number, at: number, length: number): number {
  if (!kernel.process.capable(tid, CAP_SYS_ADMIN)) return -EPERM;
  if (length < 0 || length > UTS_LENGTH - 1) return -EINVAL;
  const bytes = new Uint8Array(length);
  const error = kernel.user.read(tid, at, bytes);
  if (error !== 0) return error;
  const end = bytes.indexOf(0);
  kernel.settings.hostname = String.fromCharCode(...(end < 0 ? bytes : bytes.subarray(0, end)));
  return 0;
}

const SYSINFO_SIZE = 112;
const LOAD_SCALE = 65536;

/** sysinfo(2) */
function sysSysinfo(kernel: Kernel, tid: number, at: number): number {
  const bytes = new Uint8Array(SYSINFO_SIZE);
  const data = new DataView(bytes.buffer);
  let threads = 0;
  for (const group of kernel.process.groups()) threads += group.threads.length;
  put64(data, 0, Math.floor(kernel.clock.monotonic() / 1e9));
  for (let i = 0; i < 3; i++) put64(data, 8 + 8 * i, kernel.scheduler.load() * LOAD_SCALE);
  put64(data, 32, kernel.frames.total() * 4096);
  put64(data, 40, kernel.frames.free() * 4096);
  data.setUint16(80, Math.min(threads, 0xffff), true);
  data.setUint32(104, 1, true);
  return kernel.user.write(tid, at, bytes);
}

/** getcpu(2): there is one. */
function sysGetcpu(kernel: Kernel, tid: number, cpuAt: number, nodeAt: number): number {
  const error = cpuAt === 0 ? 0 : kernel.user.writeU32(tid, cpuAt, 0);
  if (error !== 0) return error;
  return nodeAt === 0 ? 0 : kernel.user.writeU32(tid, nodeAt, 0);
}

export const processCalls: readonly Row[] = [
  ...cloneCalls,
  ...waitCalls,
  ...syslogCalls,
  ...hwprobeCalls,
  full(172, 'getpid', [], sysGetpid),
  full(173, 'getppid', [], sysGetppid),
  full(178, 'gettid', [], sysGettid),
  full(96, 'set_tid_address', ['ptr'], sysSetTidAddress),
  full(99, 'set_robust_list', ['ptr', 'size'], sysSetRobustList),
  full(100, 'get_robust_list', ['int', 'ptr', 'ptr'], sysGetRobustList),
  full(154, 'setpgid', ['int', 'int'], sysSetpgid),
  full(155, 'getpgid', ['int'], sysGetpgid),
  full(156, 'getsid', ['int'], sysGetsid),
  full(157, 'setsid', [], sysSetsid),
  ...prctlCalls,
  partial(92, 'personality', ['uint'], sysPersonality, 'only PER_LINUX; flags change nothing'),
  full(160, 'uname', ['ptr'], sysUname),
  full(161, 'sethostname', ['ptr', 'int'], sysSethostname),
  partial(179, 'sysinfo', ['ptr'], sysSysinfo, 'load is of now'),
  full(168, 'getcpu', ['ptr', 'ptr', 'ptr'], sysGetcpu),
];
