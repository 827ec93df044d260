/**
 * Who may use an object of System V IPC. Source: sysvipc(7), "Permissions".
 */
import { CAP_IPC_OWNER, CAP_SYS_ADMIN } from '../../../abi/linux/capability.ts';
import { EACCES, EPERM } from '../../../abi/linux/errno.ts';
import * as V from '../../../abi/linux/sysv.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { createPermission, type Permission } from '../../../contracts/semaphores.ts';

/** Of an object that the thread makes now. */
export function permissionOf(kernel: Kernel, tid: number, flags: number): Permission {
  const { euid, egid } = kernel.process.credentials(tid);
  const permission = createPermission();
  permission.uid = permission.creatorUid = euid;
  permission.gid = permission.creatorGid = egid;
  permission.mode = flags & 0o777;
  return permission;
}

/** @param wanted permission bits; those of any class count @returns 0 or -EACCES */
export function checkAccess(
  kernel: Kernel,
  tid: number,
  permission: Readonly<Permission>,
  wanted: number,
): number {
  const { euid, egid, groups } = kernel.process.credentials(tid);
  const { uid, gid, creatorUid, creatorGid, mode } = permission;
  const bits = (wanted >> 6) | (wanted >> 3) | wanted;
  let granted = mode;
  if (euid === creatorUid || euid === uid) granted >>= 6;
  else if ([egid, ...groups].some((group) => group === gid || group === creatorGid)) granted >>= 3;
  if ((bits & ~granted & 7) === 0 || kernel.process.capable(tid, CAP_IPC_OWNER)) return 0;
  return -EACCES;
}

/** IPC_SET and IPC_RMID. @returns 0 or -EPERM */
export function checkOwner(kernel: Kernel, tid: number, { uid, creatorUid }: Readonly<Permission>): number {
  const { euid } = kernel.process.credentials(tid);
  return euid === uid || euid === creatorUid || kernel.process.capable(tid, CAP_SYS_ADMIN) ? 0 : -EPERM;
}

/** struct ipc64_perm, at the start of a structure. */
export function putPermission(view: DataView, key: number, permission: Readonly<Permission>): void {
  view.setInt32(V.PERM_KEY, key, true);
  view.setUint32(V.PERM_UID, permission.uid, true);
  view.setUint32(V.PERM_GID, permission.gid, true);
  view.setUint32(V.PERM_CUID, permission.creatorUid, true);
  view.setUint32(V.PERM_CGID, permission.creatorGid, true);
  view.setUint32(V.PERM_MODE, permission.mode, true);
}
