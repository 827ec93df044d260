/**
 * System calls on descriptors as such: dup, dup3, fcntl, flock, ioctl.
 */
import { EAGAIN, EBADF, EINVAL, EOVERFLOW, ESRCH } from '../../../abi/linux/errno.ts';
import * as F from '../../../abi/linux/fcntl.ts';
import { FIOASYNC, FIOCLEX, FIONCLEX, TIOCGPTPEER } from '../../../abi/linux/ioctl.ts';
import { RLIMIT_NOFILE } from '../../../abi/linux/resource.ts';
import { NSIG } from '../../../abi/linux/signal.ts';
import { createStat } from '../../../contracts/filesystem.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { OpenFile, OwnerKind } from '../../../contracts/vfs.ts';
import { installFile, usableFile } from './at.ts';
import { full, type Handler, partial, type Row } from './call.ts';
import { softLimit } from './memory_limits.ts';

/** One more descriptor of what `fd` names. */
function duplicate(kernel: Kernel, tid: number, fd: number, from: number, closeOnExec: boolean): number {
  const file = kernel.process.file(tid, fd);
  if (file < 0) return file;
  if (from < 0 || from >= softLimit(kernel, tid, RLIMIT_NOFILE)) return -EINVAL;
  kernel.vfs.retain(file);
  return installFile(kernel, tid, file, from, closeOnExec);
}

/** dup(2) */
const sysDup: Handler = (kernel, tid, fd) => duplicate(kernel, tid, fd, 0, false);

/** dup(2) */
const sysDup3: Handler = (kernel, tid, fd, to, flags) => {
  if ((flags & ~F.O_CLOEXEC) !== 0 || fd === to) return -EINVAL;
  if (to < 0 || to >= softLimit(kernel, tid, RLIMIT_NOFILE)) return -EBADF;
  const file = kernel.process.file(tid, fd);
  if (file < 0) return file;
  kernel.vfs.retain(file);
  const installed = kernel.process.installAt(tid, file, to, (flags & F.O_CLOEXEC) !== 0);
  if (installed < 0) kernel.vfs.release(file, 0);
  return installed;
};

/** A struct flock, its range made absolute. `end` is beyond every file for a length of 0. */
interface Range {
  readonly type: number;
  readonly start: number;
  readonly end: number;
}

const readLong = (view: DataView, at: number): number =>
  view.getInt32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);

function readRange(kernel: Kernel, tid: number, file: OpenFile, va: number): Range | number {
  const bytes = new Uint8Array(F.FLOCK_SIZE);
  let error = kernel.user.read(tid, va, bytes);
  if (error !== 0) return error;
  const view = new DataView(bytes.buffer);
  const whence = view.getInt16(F.FLOCK_WHENCE, true);
  let base = 0;
  if (whence === F.SEEK_CUR) {
    base = file.offset;
  } else if (whence === F.SEEK_END) {
    const stat = createStat();
    error = kernel.vfs.statFile(file.id, stat);
    if (error !== 0) return error;
    base = stat.size;
  } else if (whence !== F.SEEK_SET) {
    return -EINVAL;
  }
  let start = base + readLong(view, F.FLOCK_START);
  const length = readLong(view, F.FLOCK_LEN);
  let end = length === 0 ? Number.MAX_SAFE_INTEGER : start + length;
  if (length < 0) [start, end] = [end, start];
  if (start < 0) return -EINVAL;
  if (!Number.isSafeInteger(start)) return -EOVERFLOW;
  return { type: view.getInt16(F.FLOCK_TYPE, true), start, end: Math.min(end, Number.MAX_SAFE_INTEGER) };
}

function setRange(
  kernel: Kernel,
  tid: number,
  file: OpenFile,
  va: number,
  ofd: boolean,
  wait: boolean,
): number {
  const range = readRange(kernel, tid, file, va);
  if (typeof range === 'number') return range;
  return kernel.vfs.setLock(tid, file.id, range.type, range.start, range.end, ofd, wait);
}

function getRange(kernel: Kernel, tid: number, file: OpenFile, va: number, ofd: boolean): number {
  const range = readRange(kernel, tid, file, va);
  if (typeof range === 'number') return range;
  if (range.type !== F.F_RDLCK && range.type !== F.F_WRLCK) return -EINVAL;
  const lock = kernel.vfs.getLock(tid, file.id, range.type, range.start, range.end, ofd);
  const bytes = new Uint8Array(F.FLOCK_SIZE);
  const error = kernel.user.read(tid, va, bytes);
  if (error !== 0) return error;
  const view = new DataView(bytes.buffer);
  if (lock === null) {
    view.setInt16(F.FLOCK_TYPE, F.F_UNLCK, true);
    return kernel.user.write(tid, va, bytes);
  }
  const length = lock.end === Number.MAX_SAFE_INTEGER ? 0 : lock.end - lock.start;
  view.setInt16(F.FLOCK_TYPE, lock.exclusive ? F.F_WRLCK : F.F_RDLCK, true);
  view.setInt16(F.FLOCK_WHENCE, F.SEEK_SET, true);
  view.setUint32(F.FLOCK_START, lock.start >>> 0, true);
  view.setUint32(F.FLOCK_START + 4, Math.floor(lock.start / 0x1_0000_0000), true);
  view.setUint32(F.FLOCK_LEN, length >>> 0, true);
  view.setUint32(F.FLOCK_LEN + 4, Math.floor(length / 0x1_0000_0000), true);
  view.setInt32(F.FLOCK_PID, lock.tgid === 0 ? -1 : lock.tgid, true);
  return kernel.user.write(tid, va, bytes);
}

/** @returns 0 or -ESRCH: there is nobody of that number */
function own(kernel: Kernel, tid: number, file: OpenFile, kind: OwnerKind, id: number): number {
  const { process } = kernel;
  const exists =
    kind === 'group'
      ? process.groups().some(({ pgid }) => pgid === id)
      : (kind === 'process' ? process.findGroup(id) : process.findThread(id)) !== null;
  if (id !== 0 && !exists) return -ESRCH;
  kernel.vfs.setOwner(tid, file.id, kind, id);
  return 0;
}

const KINDS: ReadonlyMap<number, OwnerKind> = new Map([
  [F.F_OWNER_TID, 'thread'],
  [F.F_OWNER_PID, 'process'],
  [F.F_OWNER_PGRP, 'group'],
]);

function setOwner(kernel: Kernel, tid: number, file: OpenFile, va: number): number {
  const bytes = new Uint8Array(8);
  const error = kernel.user.read(tid, va, bytes);
  if (error !== 0) return error;
  const view = new DataView(bytes.buffer);
  const kind = KINDS.get(view.getInt32(0, true));
  return kind === undefined ? -EINVAL : own(kernel, tid, file, kind, view.getInt32(4, true));
}

function getOwner(kernel: Kernel, tid: number, { owner }: OpenFile, va: number): number {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  for (const [type, kind] of KINDS) if (kind === owner?.kind) view.setInt32(0, type, true);
  view.setInt32(4, owner?.id ?? 0, true);
  return kernel.user.write(tid, va, bytes);
}

/** fcntl(2) */
const sysFcntl: Handler = (kernel, tid, fd, command, argument) => {
  // An int for some commands, an address for others: the same register.
  const value = argument | 0;
  switch (command) {
    case F.F_DUPFD:
      return duplicate(kernel, tid, fd, value, false);
    case F.F_DUPFD_CLOEXEC:
      return duplicate(kernel, tid, fd, value, true);
    case F.F_GETFD: {
      const file = kernel.process.file(tid, fd);
      if (file < 0) return file;
      return kernel.process.closesOnExec(tid, fd) ? F.FD_CLOEXEC : 0;
    }
    case F.F_SETFD: {
      const file = kernel.process.file(tid, fd);
      if (file < 0) return file;
      kernel.process.setCloseOnExec(tid, fd, (value & F.FD_CLOEXEC) !== 0);
      return 0;
    }
    case F.F_GETFL: {
      const file = kernel.process.file(tid, fd);
      return file < 0 ? file : kernel.vfs.file(file).flags;
    }
    default: {
      const file = usableFile(kernel, tid, fd);
      return typeof file === 'number' ? file : fcntlFile(kernel, tid, fd, file, command, value, argument);
    }
  }
};

function fcntlFile(
  kernel: Kernel,
  tid: number,
  fd: number,
  file: OpenFile,
  command: number,
  value: number,
  pointer: number,
): number {
  switch (command) {
    case F.F_SETFL:
      kernel.vfs.setFlags(tid, file.id, value, fd);
      return 0;
    case F.F_GETLK:
      return getRange(kernel, tid, file, pointer, false);
    case F.F_OFD_GETLK:
      return getRange(kernel, tid, file, pointer, true);
    case F.F_SETLK:
    case F.F_SETLKW:
      return setRange(kernel, tid, file, pointer, false, command === F.F_SETLKW);
    case F.F_OFD_SETLK:
    case F.F_OFD_SETLKW:
      return setRange(kernel, tid, file, pointer, true, command === F.F_OFD_SETLKW);
    case F.F_SETOWN:
      if (value === -0x80000000) return -EINVAL;
      return own(kernel, tid, file, value < 0 ? 'group' : 'process', Math.abs(value));
    case F.F_GETOWN:
      return file.owner === null ? 0 : file.owner.kind === 'group' ? -file.owner.id : file.owner.id;
    case F.F_SETOWN_EX:
      return setOwner(kernel, tid, file, pointer);
    case F.F_GETOWN_EX:
      return getOwner(kernel, tid, file, pointer);
    case F.F_SETSIG:
      if (value < 0 || value > NSIG) return -EINVAL;
      kernel.vfs.setSignal(file.id, value);
      return 0;
    case F.F_GETSIG:
      return file.owner?.signal ?? 0;
    case F.F_GETLEASE:
      return F.F_UNLCK;
    case F.F_SETLEASE:
      return value === F.F_UNLCK ? -EAGAIN : -EINVAL;
    case F.F_CREATED_QUERY:
      return file.created ? 1 : 0;
    case F.F_ADD_SEALS:
      return kernel.vfs.seal?.(file.id, value >>> 0) ?? -EINVAL;
    case F.F_GET_SEALS:
      return kernel.vfs.seals?.(file.id) ?? -EINVAL;
    case F.F_GETPIPE_SZ:
      return file.kind === 'pipe' ? kernel.ipc.pipeCapacity(file.object) : -EBADF;
    case F.F_SETPIPE_SZ:
      return file.kind === 'pipe' ? kernel.ipc.setPipeCapacity(file.object, value) : -EBADF;
    default:
      return -EINVAL;
  }
}

/** flock(2) */
const sysFlock: Handler = (kernel, tid, fd, operation) => {
  const file = usableFile(kernel, tid, fd);
  return typeof file === 'number' ? file : kernel.vfs.flock(tid, file.id, operation);
};

/** ioctl(2) */
const sysIoctl: Handler = (kernel, tid, fd, request, argument) => {
  const file = usableFile(kernel, tid, fd);
  if (typeof file === 'number') return file;
  switch (request) {
    case FIOCLEX:
    case FIONCLEX:
      kernel.process.setCloseOnExec(tid, fd, request === FIOCLEX);
      return 0;
    case FIOASYNC: {
      const { user } = kernel;
      const error = user.readU32(tid, argument);
      if (error !== 0) return error;
      const flags = user.value === 0 ? file.flags & ~F.O_ASYNC : file.flags | F.O_ASYNC;
      kernel.vfs.setFlags(tid, file.id, flags, fd);
      return 0;
    }
    case TIOCGPTPEER: {
      if (file.kind !== 'pty-master') break;
      const slave = kernel.vfs.openTerminal(tid, file.object, argument);
      if (slave < 0) return slave;
      return installFile(kernel, tid, slave, 0, (argument & F.O_CLOEXEC) !== 0);
    }
  }
  return kernel.vfs.ioctl(tid, file.id, request, argument);
};

export const fcntlCalls: readonly Row[] = [
  full(23, 'dup', ['int'], sysDup),
  full(24, 'dup3', ['int', 'int', 'uint'], sysDup3),
  partial(25, 'fcntl', ['int', 'int', 'off'], sysFcntl, 'no leases and no notification of changes'),
  partial(
    29,
    'ioctl',
    ['fd', 'uint', 'ptr'],
    sysIoctl,
    'terminals, and the common requests of files and pipes',
  ),
  full(32, 'flock', ['fd', 'int'], sysFlock),
];
