/**
 * /proc/PID/{fd,fdinfo} and the magic links exe, cwd and root: where a process's files are.
 *
 * A link reaches the very object: by its dentry where it has one, else by the open file itself. Source: proc_pid_fd(5),
 * proc_pid_fdinfo(5).
 */
import { EACCES, ENOENT } from '../../../abi/linux/errno.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { namedQueuesOf } from '../../../contracts/named-queues.ts';
import { socketInode } from '../../../contracts/sockets.ts';
import type { OpenFile } from '../../../contracts/vfs.ts';
import { mayInspect, type Subject } from './subject.ts';

const O_CLOEXEC = 0o2000000;

/** Open file of a descriptor; 0 if there is none. */
export function openFileOf({ kernel, group, thread }: Subject, fd: number): number {
  if (group.zombie) return 0;
  const file = kernel.process.file(thread.tid, fd);
  return file < 0 ? 0 : file;
}

export const descriptorsOf = ({ kernel, group, thread }: Subject): number[] =>
  group.zombie ? [] : kernel.process.descriptors(thread.tid);

const ANONYMOUS: Readonly<Partial<Record<OpenFile['kind'], string>>> = {
  eventfd: 'anon_inode:[eventfd]',
  timerfd: 'anon_inode:[timerfd]',
  signalfd: 'anon_inode:[signalfd]',
  epoll: 'anon_inode:[eventpoll]',
  pidfd: 'anon_inode:[pidfd]',
};

const nameless = (kernel: Kernel, { kind, object }: OpenFile): string => {
  if (kind === 'tty') return object === 0 ? '/dev/console' : `/dev/pts/${object}`;
  if (kind === 'pty-master') return '/dev/ptmx';
  if (kind === 'stream') return `pipe:[${object + 1}]`;
  if (kind === 'unix-socket' || kind === 'inet-socket')
    return `socket:[${socketInode(kind === 'unix-socket', object)}]`;
  if (kind === 'message-queue') {
    const name = namedQueuesOf(kernel)?.namedQueue(object).name ?? '';
    return name === '' ? '/ (deleted)' : `/${name}`;
  }
  return ANONYMOUS[kind] ?? `${kind}:[${object}]`;
};

/** What fd/N says. */
export function descriptorTarget(subject: Subject, fd: number): string | number {
  const { kernel, thread } = subject;
  const id = openFileOf(subject, fd);
  if (id === 0) return -ENOENT;
  const file = kernel.vfs.file(id);
  return file.dentry === 0
    ? nameless(kernel, file)
    : kernel.vfs.pathOf(file.dentry, kernel.process.place(thread.tid).root);
}

export function fdinfo(subject: Subject, fd: number): string | number {
  const { kernel, thread } = subject;
  const id = openFileOf(subject, fd);
  if (id === 0) return -ENOENT;
  const file = kernel.vfs.file(id);
  const closes = kernel.process.closesOnExec(thread.tid, fd) ? O_CLOEXEC : 0;
  const flags = (file.flags | closes).toString(8);
  const lines = `pos:\t${file.offset}\nflags:\t0${flags}\nmnt_id:\t1\nino:\t${file.inode % 0x1_0000_0000}\n`;
  return file.kind === 'pidfd' ? `${lines}${pidLines(kernel.process.pidfd?.(file.object).pid ?? 0)}` : lines;
}

/** Of a process that is collected already, -1. */
const pidLines = (pid: number): string => `Pid:\t${pid || -1}\nNSpid:\t${pid || -1}\n`;

/** The dentry that `exe`, `cwd` or `root` is; -ENOENT once the process is a zombie. */
export function placeLink(subject: Subject, tid: number, name: string): number {
  const { kernel, group, thread } = subject;
  if (!mayInspect(subject, tid)) return -EACCES;
  if (group.zombie) return -ENOENT;
  const place = kernel.process.place(thread.tid);
  const dentry = name === 'exe' ? group.executable : name === 'cwd' ? place.cwd : place.root;
  return dentry === 0 ? -ENOENT : dentry;
}
