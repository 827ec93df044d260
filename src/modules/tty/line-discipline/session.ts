/**
 * Which session a terminal belongs to and which of its process groups is in the foreground.
 *
 * Source: tty_ioctl(4), TIOCSCTTY and TIOCSPGRP; tcsetpgrp(3).
 */
import { CAP_SYS_ADMIN } from '../../../abi/linux/capability.ts';
import { EINVAL, EIO, ENOTTY, EPERM, ESRCH } from '../../../abi/linux/errno.ts';
import { SIGTTOU } from '../../../abi/linux/signal.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Terminal } from '../../../contracts/tty.ts';
import { checkForeground } from './job-control.ts';

/** TIOCSCTTY. @param steal take it from another session */
export function takeTerminal(kernel: Kernel, tid: number, terminal: Terminal, steal: boolean): number {
  const group = kernel.process.group(tid);
  const leads = group.sid === group.tgid;
  if (leads && terminal.sid === group.sid) return 0;
  if (!leads || group.tty !== -1) return -EPERM;
  if (terminal.sid !== 0 && kernel.process.findGroup(terminal.sid) !== null) {
    if (!steal || !kernel.process.capable(tid, CAP_SYS_ADMIN)) return -EPERM;
    kernel.process.setTerminal(terminal.sid, -1);
  }
  terminal.sid = group.sid;
  terminal.pgrp = group.pgid;
  kernel.process.setTerminal(group.tgid, terminal.id);
  return 0;
}

/** TIOCSPGRP. */
export function setForeground(kernel: Kernel, tid: number, terminal: Terminal, argument: number): number {
  const allowed = checkForeground(kernel, tid, terminal, SIGTTOU);
  if (allowed !== 0) return allowed === -EIO ? -ENOTTY : allowed;
  const group = kernel.process.group(tid);
  if (group.tty !== terminal.id || terminal.sid !== group.sid) return -ENOTTY;
  const error = kernel.user.readU32(tid, argument);
  if (error !== 0) return error;
  const pgrp = kernel.user.value | 0;
  if (pgrp < 0) return -EINVAL;
  let session = 0;
  for (const other of kernel.process.groups()) if (other.pgid === pgrp) session = other.sid;
  if (session === 0) return -ESRCH;
  if (session !== group.sid) return -EPERM;
  terminal.pgrp = pgrp;
  return 0;
}
