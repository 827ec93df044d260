/**
 * Descriptors that stand for processes: how pidfd_open and clone make them, and what a call finds behind one.
 */
import { EBADF, ENOSYS } from '../../../abi/linux/errno.ts';
import { O_NONBLOCK, O_RDWR } from '../../../abi/linux/fcntl.ts';
import { PIDFD_THREAD } from '../../../abi/linux/pidfd.ts';
import { SB_SHIFT } from '../../../contracts/filesystem.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Pidfd } from '../../../contracts/pidfds.ts';
import type { OpenFile } from '../../../contracts/vfs.ts';
import { installFile, usableFile } from './at.ts';
import { featureFault } from './feature-fault.ts';

/** @param flags PIDFD_ bits @returns a descriptor that is closed at exec, -errno or WAIT */
export function openPidfd(kernel: Kernel, tid: number, pid: number, flags: number): number {
  if (kernel.process.openPidfd === undefined) {
    return featureFault(kernel, tid, 'process', 'pidfds', -ENOSYS);
  }
  const id = kernel.process.openPidfd(pid, (flags & PIDFD_THREAD) !== 0);
  if (id < 0) return id;
  const file = kernel.vfs.openObject('pidfd', id, O_RDWR | (flags & (O_NONBLOCK | PIDFD_THREAD)));
  return installFile(kernel, tid, file, 0, true);
}

/** What a descriptor of a pidfd stands for, or -EBADF. */
export function pidfdAt(kernel: Kernel, tid: number, fd: number): Readonly<Pidfd> | number {
  const file = usableFile(kernel, tid, fd);
  if (typeof file === 'number') return file;
  return file.kind === 'pidfd' ? (kernel.process.pidfd?.(file.object) ?? -EBADF) : -EBADF;
}

export const isNonBlocking = (kernel: Kernel, tid: number, fd: number): boolean => {
  const file = usableFile(kernel, tid, fd);
  return typeof file !== 'number' && (file.flags & O_NONBLOCK) !== 0;
};

const PROCESS_DIRECTORY = /^(?!.*\/task\/\d+$).*\/(\d+)$/;

/** The process whose directory in /proc this is; 0 if it is none. */
function directoryPid(kernel: Kernel, { kind, inode, dentry }: OpenFile): number {
  if (kind !== 'directory' || kernel.vfs.fileSystemOf(Math.floor(inode / SB_SHIFT)) !== 'proc') return 0;
  return Number(PROCESS_DIRECTORY.exec(kernel.vfs.pathOf(dentry, 0))?.[1] ?? 0);
}

/** What pidfd_send_signal takes: a pidfd, or a directory of a process. */
export function addresseeAt(kernel: Kernel, tid: number, fd: number): Pick<Pidfd, 'pid' | 'thread'> | number {
  const file = usableFile(kernel, tid, fd);
  if (typeof file === 'number') return file;
  const pid = directoryPid(kernel, file);
  return pid === 0 ? pidfdAt(kernel, tid, fd) : { pid, thread: false };
}
