/**
 * System calls on user and group ids. Source: credentials(7), capabilities(7), setresuid(2).
 */
import { CAP_SETGID, CAP_SETUID, FILE_LOW } from '../../../abi/linux/capability.ts';
import { EINVAL, EPERM } from '../../../abi/linux/errno.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Credentials } from '../../../contracts/process.ts';
import { full, type Row } from './call.ts';
import { capabilityCalls, copyOf } from './sys_capability.ts';

/** "Leave it": (uid_t) -1. */
const KEEP = 0xffff_ffff;
const NGROUPS_MAX = 65536;

/** What a change of user ids does to capabilities (capabilities(7), "Effect of user ID changes"). */
function adjust(kernel: Kernel, tid: number, before: Readonly<Credentials>, after: Credentials): void {
  const wasRoot = before.uid === 0 || before.euid === 0 || before.suid === 0;
  const isRoot = after.uid === 0 || after.euid === 0 || after.suid === 0;
  if (wasRoot && !isRoot && !kernel.process.group(tid).keepCapabilities) {
    after.permittedLow = after.permittedHigh = 0;
    after.effectiveLow = after.effectiveHigh = 0;
  }
  if (before.euid === 0 && after.euid !== 0) after.effectiveLow = after.effectiveHigh = 0;
  if (before.euid !== 0 && after.euid === 0) {
    after.effectiveLow = after.permittedLow;
    after.effectiveHigh = after.permittedHigh;
  }
}

function apply(kernel: Kernel, tid: number, after: Credentials): number {
  adjust(kernel, tid, kernel.process.credentials(tid), after);
  kernel.process.setCredentials(tid, after);
  return 0;
}

/** setuid(2) */
function sysSetuid(kernel: Kernel, tid: number, uid: number): number {
  if (uid === KEEP) return -EINVAL;
  const before = kernel.process.credentials(tid);
  const after = copyOf(before);
  if (kernel.process.capable(tid, CAP_SETUID)) after.uid = after.suid = uid;
  else if (uid !== before.uid && uid !== before.suid) return -EPERM;
  after.euid = after.fsuid = uid;
  return apply(kernel, tid, after);
}

/** setgid(2) */
function sysSetgid(kernel: Kernel, tid: number, gid: number): number {
  if (gid === KEEP) return -EINVAL;
  const before = kernel.process.credentials(tid);
  const after = copyOf(before);
  if (kernel.process.capable(tid, CAP_SETGID)) after.gid = after.sgid = gid;
  else if (gid !== before.gid && gid !== before.sgid) return -EPERM;
  after.egid = after.fsgid = gid;
  return apply(kernel, tid, after);
}

/** setreuid(2) */
function sysSetreuid(kernel: Kernel, tid: number, real: number, effective: number): number {
  const before = kernel.process.credentials(tid);
  const after = copyOf(before);
  const free = kernel.process.capable(tid, CAP_SETUID);
  if (real !== KEEP) {
    if (!free && real !== before.uid && real !== before.euid) return -EPERM;
    after.uid = real;
  }
  if (effective !== KEEP) {
    if (!free && ![before.uid, before.euid, before.suid].includes(effective)) return -EPERM;
    after.euid = effective;
  }
  if (real !== KEEP || (effective !== KEEP && effective !== before.uid)) after.suid = after.euid;
  after.fsuid = after.euid;
  return apply(kernel, tid, after);
}

/** setregid(2) */
function sysSetregid(kernel: Kernel, tid: number, real: number, effective: number): number {
  const before = kernel.process.credentials(tid);
  const after = copyOf(before);
  const free = kernel.process.capable(tid, CAP_SETGID);
  if (real !== KEEP) {
    if (!free && real !== before.gid && real !== before.egid) return -EPERM;
    after.gid = real;
  }
  if (effective !== KEEP) {
    if (!free && ![before.gid, before.egid, before.sgid].includes(effective)) return -EPERM;
    after.egid = effective;
  }
  if (real !== KEEP || (effective !== KEEP && effective !== before.gid)) after.sgid = after.egid;
  after.fsgid = after.egid;
  return apply(kernel, tid, after);
}

/** setresuid(2) */
function sysSetresuid(kernel: Kernel, tid: number, real: number, effective: number, saved: number): number {
  const before = kernel.process.credentials(tid);
  const own = [KEEP, before.uid, before.euid, before.suid];
  if (!kernel.process.capable(tid, CAP_SETUID)) {
    if (![real, effective, saved].every((id) => own.includes(id))) return -EPERM;
  }
  const after = copyOf(before);
  if (real !== KEEP) after.uid = real;
  if (effective !== KEEP) after.euid = effective;
  if (saved !== KEEP) after.suid = saved;
  after.fsuid = after.euid;
  return apply(kernel, tid, after);
}

/** setresgid(2) */
function sysSetresgid(kernel: Kernel, tid: number, real: number, effective: number, saved: number): number {
  const before = kernel.process.credentials(tid);
  const own = [KEEP, before.gid, before.egid, before.sgid];
  if (!kernel.process.capable(tid, CAP_SETGID)) {
    if (![real, effective, saved].every((id) => own.includes(id))) return -EPERM;
  }
  const after = copyOf(before);
  if (real !== KEEP) after.gid = real;
  if (effective !== KEEP) after.egid = effective;
  if (saved !== KEEP) after.sgid = saved;
  after.fsgid = after.egid;
  return apply(kernel, tid, after);
}

function writeThree(
  kernel: Kernel,
  tid: number,
  at: readonly [number, number, number],
  ids: readonly number[],
): number {
  for (let i = 0; i < 3; i++) {
    const error = kernel.user.writeU32(tid, at[i] as number, ids[i] as number);
    if (error !== 0) return error;
  }
  return 0;
}

/** getresuid(2) */
function sysGetresuid(kernel: Kernel, tid: number, real: number, effective: number, saved: number): number {
  const { uid, euid, suid } = kernel.process.credentials(tid);
  return writeThree(kernel, tid, [real, effective, saved], [uid, euid, suid]);
}

/** getresgid(2) */
function sysGetresgid(kernel: Kernel, tid: number, real: number, effective: number, saved: number): number {
  const { gid, egid, sgid } = kernel.process.credentials(tid);
  return writeThree(kernel, tid, [real, effective, saved], [gid, egid, sgid]);
}

/** setfsuid(2): tells no error, only what the id was. */
function sysSetfsuid(kernel: Kernel, tid: number, uid: number): number {
  const before = kernel.process.credentials(tid);
  const old = before.fsuid;
  const mine = [before.uid, before.euid, before.suid, before.fsuid].includes(uid);
  if (uid === KEEP || (!mine && !kernel.process.capable(tid, CAP_SETUID))) return old;
  const after = copyOf(before);
  after.fsuid = uid;
  if (old === 0 && uid !== 0) after.effectiveLow &= ~FILE_LOW;
  if (old !== 0 && uid === 0) after.effectiveLow |= FILE_LOW & after.permittedLow;
  kernel.process.setCredentials(tid, after);
  return old;
}

/** setfsgid(2) */
function sysSetfsgid(kernel: Kernel, tid: number, gid: number): number {
  const before = kernel.process.credentials(tid);
  const old = before.fsgid;
  const mine = [before.gid, before.egid, before.sgid, before.fsgid].includes(gid);
  if (gid === KEEP || (!mine && !kernel.process.capable(tid, CAP_SETGID))) return old;
  const after = copyOf(before);
  after.fsgid = gid;
  kernel.process.setCredentials(tid, after);
  return old;
}

/** getgroups(2) */
function sysGetgroups(kernel: Kernel, tid: number, size: number, at: number): number {
  const { groups } = kernel.process.credentials(tid);
  if (size < 0) return -EINVAL;
  if (size === 0) return groups.length;
  if (size < groups.length) return -EINVAL;
  const bytes = new Uint8Array(new Uint32Array(groups).buffer);
  const error = kernel.user.write(tid, at, bytes);
  return error !== 0 ? error : groups.length;
}

/** setgroups(2) */
function sysSetgroups(kernel: Kernel, tid: number, size: number, at: number): number {
  if (!kernel.process.capable(tid, CAP_SETGID)) return -EPERM;
  if (size < 0 || size > NGROUPS_MAX) return -EINVAL;
  const list = new Uint32Array(size);
  const error = kernel.user.read(tid, at, new Uint8Array(list.buffer));
  if (error !== 0) return error;
  const after = copyOf(kernel.process.credentials(tid));
  after.groups = [...list].sort((a, b) => a - b);
  kernel.process.setCredentials(tid, after);
  return 0;
}

export const idCalls: readonly Row[] = [
  ...capabilityCalls,
  full(143, 'setregid', ['uint', 'uint'], sysSetregid),
  full(144, 'setgid', ['uint'], sysSetgid),
  full(145, 'setreuid', ['uint', 'uint'], sysSetreuid),
  full(146, 'setuid', ['uint'], sysSetuid),
  full(147, 'setresuid', ['uint', 'uint', 'uint'], sysSetresuid),
  full(148, 'getresuid', ['ptr', 'ptr', 'ptr'], sysGetresuid),
  full(149, 'setresgid', ['uint', 'uint', 'uint'], sysSetresgid),
  full(150, 'getresgid', ['ptr', 'ptr', 'ptr'], sysGetresgid),
  full(151, 'setfsuid', ['uint'], sysSetfsuid),
  full(152, 'setfsgid', ['uint'], sysSetfsgid),
  full(158, 'getgroups', ['int', 'ptr'], sysGetgroups),
  full(159, 'setgroups', ['int', 'ptr'], sysSetgroups),
  full(174, 'getuid', [], (kernel, tid) => kernel.process.credentials(tid).uid),
  full(175, 'geteuid', [], (kernel, tid) => kernel.process.credentials(tid).euid),
  full(176, 'getgid', [], (kernel, tid) => kernel.process.credentials(tid).gid),
  full(177, 'getegid', [], (kernel, tid) => kernel.process.credentials(tid).egid),
];
