/**
 * May one process look into another? Source: ptrace(2), "Ptrace access mode checking"; with real ids, to attach.
 */
import { CAP_SYS_PTRACE } from '../../../abi/linux/capability.ts';
import type { Kernel } from '../../../contracts/kernel.ts';

export function mayAttach(kernel: Kernel, tid: number, target: number): boolean {
  const { process } = kernel;
  if (process.group(tid).tgid === process.group(target).tgid) return true;
  if (process.capable(tid, CAP_SYS_PTRACE)) return true;
  const mine = process.credentials(tid);
  const { uid, euid, suid, gid, egid, sgid } = process.credentials(target);
  const users = mine.uid === uid && mine.uid === euid && mine.uid === suid;
  return users && mine.gid === gid && mine.gid === egid && mine.gid === sgid;
}
