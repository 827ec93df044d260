/**
 * Open file descriptions: references, reading and writing by kind, seeking, readiness and ioctl.
 *
 * The contents of regular files are in content.ts. Source: read(2), write(2), lseek(2), poll(2), ioctl(2).
 */
import {
  EBADF,
  EINVAL,
  EISDIR,
  ENOTTY,
  ENXIO,
  EOPNOTSUPP,
  EOVERFLOW,
  ESPIPE,
} from '../../../abi/linux/errno.ts';
import {
  O_ACCMODE,
  O_APPEND,
  O_ASYNC,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECT,
  O_EXCL,
  O_NOATIME,
  O_NOCTTY,
  O_NONBLOCK,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
  SEEK_CUR,
  SEEK_DATA,
  SEEK_END,
  SEEK_HOLE,
  SEEK_SET,
} from '../../../abi/linux/fcntl.ts';
import { FICLONE, FICLONERANGE, FIGETBSZ, FIONBIO, FIONREAD } from '../../../abi/linux/ioctl.ts';
import { POLLIN, POLLNVAL, POLLOUT, POLLRDNORM, POLLWRNORM } from '../../../abi/linux/poll.ts';
import { DRIVEN, type Spans } from '../../../contracts/kernel.ts';
import { createOpenFile, type Dentry, type FileKind, type OpenFile } from '../../../contracts/vfs.ts';
import { readContent, writeContent } from './content.ts';
import { type Core, fileOf, servedBy } from './core.ts';
import { hold, release as releaseDentry } from './dentries.ts';
import { readDevice, writeDevice } from './devices.ts';
import { controlDisk, readDisk, seekDisk, writeDisk } from './disks.ts';
import { releaseOwned, releaseRecords } from './locks.ts';
import { armMounts, pollMounts } from './mount-tables.ts';
import {
  armObject,
  closeObject,
  ioctlObject,
  isNotifier,
  isObject,
  pollObject,
  readObject,
  writeObject,
} from './objects.ts';
import { queuesOf, seekQueue } from './queues.ts';

/** Flags that act at the opening only and are not kept. */
const TRANSIENT: number = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC;
const ALWAYS_READY: number = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
const CHANGEABLE: number = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | O_ASYNC;

export const isReadable = (file: OpenFile): boolean => (file.flags & O_ACCMODE) !== O_WRONLY;
export const isWritable = (file: OpenFile): boolean => (file.flags & O_ACCMODE) !== O_RDONLY;
/** What an epoll may watch (epoll_ctl(2), EPERM). */
const isPollable = ({ kind, mountsSeen }: OpenFile): boolean =>
  kind === 'regular' ? mountsSeen >= 0 : kind !== 'directory' && kind !== 'path';
const isNonBlocking = (file: OpenFile): boolean => (file.flags & O_NONBLOCK) !== 0;

/** A description with one reference, which holds its dentry. */
export function addFile(
  core: Core,
  kind: FileKind,
  flags: number,
  dentry: Dentry | null,
  object: number,
): OpenFile {
  const file = createOpenFile();
  file.id = core.state.nextFile++;
  file.kind = kind;
  file.flags = flags & ~TRANSIENT;
  file.object = object;
  if (dentry !== null) {
    hold(core, dentry.id);
    file.dentry = dentry.id;
    file.inode = dentry.inode;
  }
  core.state.files.set(file.id, file);
  return file;
}

export function release(core: Core, id: number, tgid: number): void {
  const file = fileOf(core, id);
  if (tgid !== 0 && file.inode !== 0) releaseRecords(core, file.inode, tgid);
  if (tgid !== 0 && file.kind === 'message-queue') queuesOf(core).forsakeNamedQueue(file.object, tgid);
  if (--file.references > 0) return;
  closeFile(core, file);
}

/** Forget a description, whatever its references. */
export function closeFile(core: Core, file: OpenFile): void {
  const { kernel } = core;
  core.state.files.delete(file.id);
  if (file.kind === 'pipe') kernel.ipc.closeEnd(file.object, isReadable(file), isWritable(file));
  else if (file.kind === 'tty') kernel.tty.closeSlave(file.object);
  else if (file.kind === 'pty-master') kernel.tty.closeMaster(file.object);
  else if (isObject(file)) closeObject(core, file);
  if (isPollable(file)) kernel.ipc.fileClosed(file.id);
  releaseOwned(core, file.id);
  if (file.owner !== null) kernel.waits.unwatch(DRIVEN, file.id);
  if (file.dentry !== 0) releaseDentry(core, file.dentry);
}

export function read(core: Core, tid: number, id: number, into: Spans, offset: number): number {
  const file = fileOf(core, id);
  if (file.kind === 'path' || !isReadable(file)) return -EBADF;
  if (file.kind === 'regular') return readContent(core, tid, file, into, offset);
  if (file.kind === 'directory') return -EISDIR;
  if (file.kind === 'device') return readDevice(core, file.object, into);
  if (file.kind === 'disk') return readDisk(core, file, into, offset);
  if (isObject(file)) return readObject(core, tid, file, into, offset);
  if (offset >= 0) return -ESPIPE;
  if (into.total === 0) return 0;
  const { kernel } = core;
  kernel.waits.restart('restart');
  switch (file.kind) {
    case 'pipe':
      return kernel.ipc.readPipe(file.object, into, isNonBlocking(file));
    case 'tty':
      return kernel.tty.read(tid, file.object, into, isNonBlocking(file));
    case 'pty-master':
      return kernel.tty.readMaster(file.object, into, isNonBlocking(file));
    default:
      return file.object === 0 ? kernel.tty.readStream(into, isNonBlocking(file)) : -EBADF;
  }
}

export function write(
  core: Core,
  tid: number,
  id: number,
  from: Spans,
  skip: number,
  offset: number,
): number {
  const file = fileOf(core, id);
  if (file.kind === 'path' || !isWritable(file)) return -EBADF;
  if (file.kind === 'regular') return writeContent(core, tid, file, from, skip, offset);
  if (file.kind === 'directory') return -EISDIR;
  if (file.kind === 'device') return writeDevice(file.object, from, skip);
  if (file.kind === 'disk') return writeDisk(core, file, from, skip, offset);
  if (isObject(file)) return writeObject(core, tid, file, from, skip, offset);
  if (offset >= 0) return -ESPIPE;
  if (from.total === skip) return 0;
  const { kernel } = core;
  kernel.waits.restart('restart');
  switch (file.kind) {
    case 'pipe':
      return (file.flags & O_DIRECT) === 0 || kernel.ipc.writePacket === undefined
        ? kernel.ipc.writePipe(file.object, from, skip, isNonBlocking(file))
        : kernel.ipc.writePacket(file.object, from, skip, isNonBlocking(file));
    case 'tty':
      return kernel.tty.write(tid, file.object, from, skip, isNonBlocking(file));
    case 'pty-master':
      return kernel.tty.writeMaster(file.object, from, skip, isNonBlocking(file));
    default:
      return file.object === 0 ? -EBADF : kernel.tty.writeStream(file.object, from, skip);
  }
}

export function seek(core: Core, id: number, offset: number, whence: number): number {
  const file = fileOf(core, id);
  if (file.kind === 'path') return -EBADF;
  if (file.kind === 'device' || isNotifier(file.kind)) return 0;
  if (file.kind === 'disk') return seekDisk(core, file, offset, whence);
  if (file.kind === 'message-queue') return seekQueue(file, offset, whence);
  if (file.kind === 'directory') return seekDirectory(file, offset, whence);
  if (file.kind !== 'regular') return -ESPIPE;
  let to = offset;
  if (whence === SEEK_CUR) {
    to = file.offset + offset;
  } else if (whence !== SEEK_SET) {
    const error = servedBy(core, file.inode).stat(file.inode, core.here);
    if (error !== 0) return error;
    const { size } = core.here;
    if (whence === SEEK_END) {
      to = size + offset;
    } else {
      // A file counts as all data, with a hole behind its end (lseek(2)).
      if (whence !== SEEK_DATA && whence !== SEEK_HOLE) return -EINVAL;
      if (offset < 0 || offset >= size) return -ENXIO;
      to = whence === SEEK_HOLE ? size : offset;
    }
  }
  if (to < 0) return -EINVAL;
  if (to > Number.MAX_SAFE_INTEGER) return -EOVERFLOW;
  file.offset = to;
  return to;
}

function seekDirectory(file: OpenFile, offset: number, whence: number): number {
  if (whence !== SEEK_SET && whence !== SEEK_CUR) return -EINVAL;
  const to = whence === SEEK_CUR ? file.cookie + offset : offset;
  if (to < 0) return -EINVAL;
  file.cookie = to;
  return to;
}

export function setFlags(core: Core, id: number, flags: number): void {
  const file = fileOf(core, id);
  file.flags = (file.flags & ~CHANGEABLE) | (flags & CHANGEABLE);
}

export function poll(core: Core, tid: number, id: number): number {
  const file = fileOf(core, id);
  const { kernel } = core;
  switch (file.kind) {
    case 'pipe':
      return kernel.ipc.pollPipe(file.object, isReadable(file), isWritable(file));
    case 'tty':
      return kernel.tty.poll(file.object, false);
    case 'pty-master':
      return kernel.tty.poll(file.object, true);
    case 'stream':
      return kernel.tty.pollStream(file.object);
    case 'path':
      return POLLNVAL;
    case 'regular':
      return file.mountsSeen < 0 ? ALWAYS_READY : pollMounts(core, file);
    default:
      return isObject(file) ? pollObject(core, tid, file) : ALWAYS_READY;
  }
}

export function arm(core: Core, tid: number, id: number, wanted: number): void {
  const file = fileOf(core, id);
  const { kernel } = core;
  if (file.kind === 'pipe') kernel.ipc.armPipe(file.object, isReadable(file), isWritable(file));
  else if (file.kind === 'tty') kernel.tty.arm(file.object, false);
  else if (file.kind === 'pty-master') kernel.tty.arm(file.object, true);
  else if (file.kind === 'stream') kernel.tty.armStream(file.object);
  else if (isObject(file)) armObject(core, tid, file, wanted);
  else if (file.mountsSeen >= 0) armMounts(core);
}

export function ioctl(core: Core, tid: number, id: number, request: number, argument: number): number {
  const file = fileOf(core, id);
  const { user, tty } = core.kernel;
  if (file.kind === 'path') return -EBADF;
  if (request === FIONBIO) {
    const error = user.readU32(tid, argument);
    if (error !== 0) return error;
    file.flags = user.value === 0 ? file.flags & ~O_NONBLOCK : file.flags | O_NONBLOCK;
    return 0;
  }
  if (file.kind === 'disk') return controlDisk(core, tid, file, request, argument);
  if (isObject(file)) return ioctlObject(core, tid, file, request, argument);
  if (file.kind === 'tty') return tty.ioctl(tid, file.object, false, request, argument);
  if (file.kind === 'pty-master') return tty.ioctl(tid, file.object, true, request, argument);
  if (request === FIONREAD) {
    if (file.kind === 'pipe') return user.writeU32(tid, argument, core.kernel.ipc.pipeBytes(file.object));
    if (file.kind !== 'regular') return -ENOTTY;
    const error = servedBy(core, file.inode).stat(file.inode, core.here);
    return error === 0 ? user.writeU32(tid, argument, Math.max(core.here.size - file.offset, 0)) : error;
  }
  if (file.kind === 'regular' || file.kind === 'directory') {
    if (request === FIGETBSZ) return user.writeU32(tid, argument, 4096);
    if (request === FICLONE || request === FICLONERANGE) return -EOPNOTSUPP;
  }
  return -ENOTTY;
}
