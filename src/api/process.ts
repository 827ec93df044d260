/**
 * Processes that the host starts: made with their streams, and why one could not be.
 */
import { ERRNO_NAMES } from '../abi/linux/errno.ts';
import { TIOCSCTTY } from '../abi/linux/ioctl.ts';
import type { Kernel as KernelRecord } from '../contracts/kernel.ts';

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const O_WRONLY = 1;
const O_RDWR = 2;
const CONSOLE = 0;

/** A program that could not be started. `errno` is its name, such as ENOENT. */
export class SpawnError extends Error {
  readonly errno: string;
  constructor(program: string, error: number) {
    const name = ERRNO_NAMES[-error] ?? String(-error);
    super(`${program}: ${EXPLANATIONS[name] ?? name}`);
    this.name = 'SpawnError';
    this.errno = name;
  }
}

const EXPLANATIONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory (or its interpreter is missing)',
  EACCES: 'permission denied',
  ENOEXEC: 'not a riscv64 Linux executable, or what it requires of the kernel (NAME.requires) can not be had',
  ENOTDIR: 'not a directory on the way',
  ELOOP: 'too many symbolic links',
  ENOMEM: 'not enough guest memory',
  E2BIG: 'argument list too long',
};

/** A process with its streams, not yet with a program; lets go of `cwd`. @returns its pid, or -errno */
export function createProcess(
  kernel: KernelRecord,
  root: number,
  cwd: number,
  uid: number,
  gid: number,
  terminal: boolean,
): number {
  const space = kernel.vm.create();
  const pid = space < 0 ? space : kernel.process.spawn(space, root, cwd, uid, gid);
  kernel.vfs.releaseDentry(cwd);
  if (pid < 0) {
    if (space > 0) kernel.vm.release(space);
    return pid;
  }
  kernel.scheduler.dequeue(pid);
  for (let fd = 0; fd < 3; fd++) {
    const file = kernel.vfs.openStream(terminal ? -1 : fd, terminal ? O_RDWR : fd === 0 ? 0 : O_WRONLY);
    kernel.process.installAt(pid, file, fd, false);
  }
  if (terminal) kernel.tty.ioctl(pid, CONSOLE, false, TIOCSCTTY, 1);
  return pid;
}
