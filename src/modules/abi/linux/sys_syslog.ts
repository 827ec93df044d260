/**
 * The system call on the kernel's log, which is kept outside: the guest's log is always empty.
 */
import { CAP_SYS_ADMIN, CAP_SYSLOG } from '../../../abi/linux/capability.ts';
import { EINVAL, EPERM } from '../../../abi/linux/errno.ts';
import {
  SYSLOG_ACTION_CLOSE,
  SYSLOG_ACTION_CONSOLE_LEVEL,
  SYSLOG_ACTION_READ,
  SYSLOG_ACTION_READ_ALL,
  SYSLOG_ACTION_READ_CLEAR,
  SYSLOG_ACTION_SIZE_BUFFER,
  SYSLOG_ACTION_SIZE_UNREAD,
} from '../../../abi/linux/syslog.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import { partial, type Row } from './call.ts';

/** Bytes of Linux's own buffer with CONFIG_LOG_BUF_SHIFT=17. */
const BUFFER_SIZE = 1 << 17;

/** syslog(2) */
function sysSyslog(kernel: Kernel, tid: number, type: number, at: number, length: number): number {
  if (type < SYSLOG_ACTION_CLOSE || type > SYSLOG_ACTION_SIZE_BUFFER) return -EINVAL;
  const open = type === SYSLOG_ACTION_READ_ALL || type === SYSLOG_ACTION_SIZE_BUFFER;
  const capable = kernel.process.capable(tid, CAP_SYSLOG) || kernel.process.capable(tid, CAP_SYS_ADMIN);
  if (!open && !capable) return -EPERM;
  switch (type) {
    case SYSLOG_ACTION_READ:
      if (at === 0 || length < 0) return -EINVAL;
      if (length === 0) return 0;
      // Nothing will ever come, so only a signal ends this.
      kernel.waits.restart('restart');
      return WAIT;
    case SYSLOG_ACTION_READ_ALL:
    case SYSLOG_ACTION_READ_CLEAR:
      return at === 0 || length < 0 ? -EINVAL : 0;
    case SYSLOG_ACTION_CONSOLE_LEVEL:
      return length >= 1 && length <= 8 ? 0 : -EINVAL;
    case SYSLOG_ACTION_SIZE_UNREAD:
      return 0;
    case SYSLOG_ACTION_SIZE_BUFFER:
      return BUFFER_SIZE;
    default:
      return 0;
  }
}

export const syslogCalls: readonly Row[] = [
  partial(116, 'syslog', ['int', 'ptr', 'int'], sysSyslog, 'the log is empty'),
];
