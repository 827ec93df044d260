/**
 * Opening what is not a regular file or a directory: FIFOs, devices, terminals, host streams.
 *
 * Source: fifo(7), pts(4), tty(4). The open of a FIFO that waits for the other side keeps the id of the description that
 * it already made, and how often the other side had been opened, as the call's progress.
 */
import { EACCES, ENXIO } from '../../../abi/linux/errno.ts';
import { O_ACCMODE, O_NOCTTY, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } from '../../../abi/linux/fcntl.ts';
import { TIOCSCTTY } from '../../../abi/linux/ioctl.ts';
import { POLLERR } from '../../../abi/linux/poll.ts';
import { deviceMajor, deviceMinor, makeDevice, S_IFBLK, S_IFCHR, S_IFIFO } from '../../../abi/linux/stat.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import type { Dentry } from '../../../contracts/vfs.ts';
import { type Core, dentryOf, typeBits } from './core.ts';
import { crossMounts, lookup } from './dentries.ts';
import { isServed } from './devices.ts';
import { diskOfDevice } from './disks.ts';
import { addFile, closeFile } from './files.ts';
import { PTS_MAJOR } from './nameless.ts';

const CURRENT_TTY: number = makeDevice(5, 0);
const PTMX: number = makeDevice(5, 2);
/** Nodes that mean the console terminal. */
const CONSOLES: ReadonlySet<number> = new Set([
  makeDevice(5, 1),
  makeDevice(4, 0),
  makeDevice(4, 1),
  makeDevice(4, 64),
]);
/** tty's id of the console. */
const CONSOLE = 0;

const isReader = (flags: number): boolean => (flags & O_ACCMODE) !== O_WRONLY;
const isWriter = (flags: number): boolean => (flags & O_ACCMODE) !== O_RDONLY;

/** Pre: `core.here` describes the dentry, which is neither regular, directory nor symlink. */
export function openSpecial(core: Core, tid: number, dentry: Dentry, flags: number): number {
  const type = typeBits(core.here);
  if (type === S_IFIFO) return openFifo(core, tid, dentry, flags);
  if (type === S_IFBLK) return openDisk(core, dentry, flags);
  if (type !== S_IFCHR) return -ENXIO;
  const device = core.here.rdev;
  if (isServed(device)) return addFile(core, 'device', flags, dentry, device).id;
  if (device === PTMX) {
    const pair = core.kernel.tty.openPair();
    return pair < 0 ? pair : addFile(core, 'pty-master', flags, dentry, pair).id;
  }
  if (device === CURRENT_TTY) {
    const { tty } = core.kernel.process.group(tid);
    return tty < 0 ? -ENXIO : openTty(core, tid, dentry, tty, flags | O_NOCTTY);
  }
  if (CONSOLES.has(device)) return openTty(core, tid, dentry, CONSOLE, flags | O_NOCTTY);
  if (deviceMajor(device) === PTS_MAJOR) return openTty(core, tid, dentry, deviceMinor(device), flags);
  return -ENXIO;
}

function openDisk(core: Core, dentry: Dentry, flags: number): number {
  const disk = diskOfDevice(core, core.here.rdev);
  if (disk === 0) return -ENXIO;
  const writes = (flags & O_ACCMODE) !== O_RDONLY;
  if (writes && core.kernel.block.disk(disk)?.readOnly === true) return -EACCES;
  return addFile(core, 'disk', flags, dentry, disk).id;
}

function openTty(core: Core, tid: number, dentry: Dentry | null, tty: number, flags: number): number {
  const error = core.kernel.tty.openSlave(tty);
  if (error !== 0) return error;
  const { id } = addFile(core, 'tty', flags, dentry, tty);
  if ((flags & O_NOCTTY) === 0) {
    const group = core.kernel.process.group(tid);
    // Another session may have it already, and that is no error.
    if (group.sid === group.tgid && group.tty < 0) core.kernel.tty.ioctl(tid, tty, false, TIOCSCTTY, 0);
  }
  return id;
}

/** TIOCGPTPEER. */
export const openTerminal = (core: Core, tid: number, tty: number, flags: number): number =>
  openTty(core, tid, terminalNode(core, tty), tty, flags);

function openFifo(core: Core, tid: number, dentry: Dentry, flags: number): number {
  const { ipc } = core.kernel;
  const pipe = ipc.fifo(dentry.inode);
  if (pipe < 0) return pipe;
  const reader = isReader(flags);
  const writer = isWriter(flags);
  const opens = ipc.peerOpens(pipe, reader);
  ipc.openEnd(pipe, reader, writer);
  if ((flags & O_ACCMODE) !== O_RDWR && writer && (flags & O_NONBLOCK) !== 0) {
    if ((ipc.pollPipe(pipe, false, true) & POLLERR) !== 0) {
      ipc.closeEnd(pipe, false, true);
      return -ENXIO;
    }
  }
  const file = addFile(core, 'pipe', flags, dentry, pipe);
  if ((reader && writer) || (flags & O_NONBLOCK) !== 0) return file.id;
  return awaitPeer(core, tid, file.id, opens);
}

function awaitPeer(core: Core, tid: number, id: number, opens: number): number {
  const file = core.state.files.get(id);
  if (file === undefined) return 0;
  const result = core.kernel.ipc.awaitPeer(file.object, isReader(file.flags), opens);
  if (result !== WAIT) return id;
  if (core.kernel.waits.interrupted(tid)) {
    closeFile(core, file);
    core.kernel.waits.keep([]);
  } else {
    core.kernel.waits.keep([id, opens]);
  }
  core.kernel.waits.restart('restart');
  return WAIT;
}

/** Go on with the open of a FIFO that waited. @returns 0 if the call did not, else as `open` */
export function resumeFifo(core: Core, tid: number): number {
  const progress = core.kernel.waits.progress(tid);
  if (progress.length !== 2) return 0;
  return awaitPeer(core, tid, progress[0] as number, progress[1] as number);
}

/** The file that an end of an anonymous pipe is, opened once more: /proc/self/fd/N. */
export function openAgain(core: Core, tid: number, id: number, flags: number): number {
  const file = core.state.files.get(id);
  if (file === undefined) return -ENXIO;
  switch (file.kind) {
    case 'pipe':
      return openPipe(core, file.object, isReader(flags), isWriter(flags), flags);
    case 'stream':
      return addFile(core, 'stream', flags, null, file.object).id;
    case 'tty':
      return openTty(core, tid, terminalNode(core, file.object), file.object, flags);
    default:
      return -ENXIO;
  }
}

export function openPipe(core: Core, pipe: number, reader: boolean, writer: boolean, flags: number): number {
  core.kernel.ipc.openEnd(pipe, reader, writer);
  return addFile(core, 'pipe', flags, null, pipe).id;
}

/** The dentry of a terminal's node in /dev, so that ttyname(3) finds a name; null if there is none. */
function terminalNode(core: Core, tty: number): Dentry | null {
  let here = 0;
  for (const { root, covers } of core.state.mounts.values()) if (covers === 0) here = root;
  for (const name of tty === CONSOLE ? ['dev', 'console'] : ['dev', 'pts', String(tty)]) {
    if (here <= 0) return null;
    here = lookup(core, 0, dentryOf(core, here), name);
    if (here > 0) here = crossMounts(core, here);
  }
  return here > 0 ? dentryOf(core, here) : null;
}

export function openStream(core: Core, stream: number, flags: number): number {
  if (stream >= 0) return addFile(core, 'stream', flags, null, stream).id;
  const error = core.kernel.tty.openSlave(CONSOLE);
  return error === 0 ? addFile(core, 'tty', flags, terminalNode(core, CONSOLE), CONSOLE).id : error;
}
