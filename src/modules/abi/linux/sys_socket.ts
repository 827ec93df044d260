/**
 * System calls on sockets as such: socket, socketpair, bind, listen, accept, connect, names, shutdown, options.
 */
import { EAFNOSUPPORT, EFAULT, EINVAL, EPROTONOSUPPORT } from '../../../abi/linux/errno.ts';
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from '../../../abi/linux/fcntl.ts';
import { AF_NETLINK } from '../../../abi/linux/netlink.ts';
import { AF_INET, AF_INET6, AF_UNIX, SOCK_MAX, SOCK_TYPE_MASK } from '../../../abi/linux/socket.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import type { Sockets } from '../../../contracts/sockets.ts';
import type { SocketKind } from '../../../contracts/vfs.ts';
import { installFile } from './at.ts';
import { full, type Handler, partial, type Row } from './call.ts';
import { featureFault } from './feature-fault.ts';
import { addressRoom, isNonBlocking, readAddress, socketOf, writeAddress } from './socket-address.ts';

const OPENING: number = O_CLOEXEC | O_NONBLOCK;
const IPPROTO_MAX = 263;
/** The longest value of an option that is read. */
const MOST_OPTION = 4096;

const kindOf = (family: number): SocketKind => (family === AF_UNIX ? 'unix-socket' : 'inet-socket');

const NET_FAMILIES: ReadonlySet<number> = new Set([AF_INET, AF_INET6, AF_NETLINK]);

/** Who serves a family. @returns it, -EAFNOSUPPORT */
function serverOf(kernel: Kernel, family: number): Sockets | number {
  if (family === AF_UNIX) return kernel.ipc;
  return NET_FAMILIES.has(family) ? kernel.net : -EAFNOSUPPORT;
}

/** Give a fresh socket a descriptor. */
function publish(kernel: Kernel, tid: number, kind: SocketKind, id: number, flags: number): number {
  const file = kernel.vfs.openObject(kind, id, O_RDWR | (flags & O_NONBLOCK));
  return installFile(kernel, tid, file, 0, (flags & O_CLOEXEC) !== 0);
}

/** socket(2) */
const sysSocket: Handler = (kernel, tid, family, type, protocol) => {
  const kind = type & SOCK_TYPE_MASK;
  if ((type & ~(SOCK_TYPE_MASK | OPENING)) !== 0) return -EINVAL;
  const sockets = serverOf(kernel, family);
  if (typeof sockets === 'number') return sockets;
  if (kind >= SOCK_MAX) return -EINVAL;
  if (protocol < 0 || (family !== AF_UNIX && protocol >= IPPROTO_MAX)) return -EINVAL;
  const id = sockets.createSocket(tid, family, kind, protocol);
  if (id === -EAFNOSUPPORT) return featureFault(kernel, tid, 'net', 'inet', -EAFNOSUPPORT);
  return id < 0 ? id : publish(kernel, tid, kindOf(family), id, type);
};

/** socketpair(2) */
const sysSocketpair: Handler = (kernel, tid, family, type, protocol, at) => {
  if ((type & ~(SOCK_TYPE_MASK | OPENING)) !== 0) return -EINVAL;
  const writable = kernel.user.spans(tid, at, 8, true, kernel.user.scratch);
  if (writable !== 0) return writable;
  const sockets = serverOf(kernel, family);
  if (typeof sockets === 'number') return sockets;
  if (protocol < 0) return -EPROTONOSUPPORT;
  const first = sockets.createPair(tid, family, type & SOCK_TYPE_MASK, protocol);
  if (first < 0) return first;
  const second = sockets.socket(first).peer;
  const one = kernel.vfs.openObject(kindOf(family), first, O_RDWR | (type & O_NONBLOCK));
  const oneFd = installFile(kernel, tid, one, 0, (type & O_CLOEXEC) !== 0);
  const otherFd = publish(kernel, tid, kindOf(family), second, type);
  if (oneFd < 0 || otherFd < 0) {
    if (oneFd >= 0) kernel.process.close(tid, oneFd);
    if (otherFd >= 0) kernel.process.close(tid, otherFd);
    return Math.min(oneFd, otherFd);
  }
  const both = new Uint8Array(8);
  new DataView(both.buffer).setUint32(0, oneFd, true);
  new DataView(both.buffer).setUint32(4, otherFd, true);
  return kernel.user.write(tid, at, both);
};

/** bind(2) */
const sysBind: Handler = (kernel, tid, fd, at, length) => {
  const socket = socketOf(kernel, tid, fd);
  if (typeof socket === 'number') return socket;
  const address = readAddress(kernel, tid, at, length);
  return typeof address === 'number' ? address : socket.sockets.bindSocket(tid, socket.id, address);
};

/** listen(2) */
const sysListen: Handler = (kernel, tid, fd, backlog) => {
  const socket = socketOf(kernel, tid, fd);
  return typeof socket === 'number' ? socket : socket.sockets.listenSocket(tid, socket.id, backlog);
};

/** connect(2) */
const sysConnect: Handler = (kernel, tid, fd, at, length) => {
  const socket = socketOf(kernel, tid, fd);
  if (typeof socket === 'number') return socket;
  const address = readAddress(kernel, tid, at, length);
  if (typeof address === 'number') return address;
  return socket.sockets.connectSocket(tid, socket.id, address, isNonBlocking(socket));
};

function accept(
  kernel: Kernel,
  tid: number,
  fd: number,
  at: number,
  lengthAt: number,
  flags: number,
): number {
  if ((flags & ~OPENING) !== 0) return -EINVAL;
  const socket = socketOf(kernel, tid, fd);
  if (typeof socket === 'number') return socket;
  const room = at === 0 ? 0 : addressRoom(kernel, tid, at, lengthAt);
  const { sockets, id, file } = socket;
  if (room < 0) {
    // The connection is lost to who can not be told of it.
    const lost = room === WAIT ? room : sockets.acceptSocket(tid, id, isNonBlocking(socket));
    if (lost < 0) return lost;
    sockets.closeSocket(lost);
    return room;
  }
  // The descriptor first, held by the listener itself, so that a full table loses no connection.
  kernel.vfs.retain(file.id);
  const installed = installFile(kernel, tid, file.id, 0, false);
  if (installed < 0) return installed;
  const made = sockets.acceptSocket(tid, id, isNonBlocking(socket));
  if (made < 0) {
    kernel.process.close(tid, installed);
    return made;
  }
  const opened = kernel.vfs.openObject(
    kindOf(sockets.socket(made).family),
    made,
    O_RDWR | (flags & O_NONBLOCK),
  );
  kernel.process.installAt(tid, opened, installed, (flags & O_CLOEXEC) !== 0);
  if (at === 0) return installed;
  const name = sockets.peerName(made);
  const error = writeAddress(kernel, tid, at, lengthAt, room, typeof name === 'number' ? '' : name);
  return error === 0 ? installed : error;
}

/** accept(2) */
const sysAccept: Handler = (kernel, tid, fd, at, lengthAt) => accept(kernel, tid, fd, at, lengthAt, 0);
const sysAccept4: Handler = (kernel, tid, fd, at, lengthAt, flags) =>
  accept(kernel, tid, fd, at, lengthAt, flags);

function tellName(
  kernel: Kernel,
  tid: number,
  fd: number,
  at: number,
  lengthAt: number,
  peer: boolean,
): number {
  const socket = socketOf(kernel, tid, fd);
  if (typeof socket === 'number') return socket;
  const { sockets, id } = socket;
  const name = peer ? sockets.peerName(id) : sockets.socketName(id);
  if (typeof name === 'number') return name;
  const room = addressRoom(kernel, tid, at, lengthAt);
  return room < 0 ? room : writeAddress(kernel, tid, at, lengthAt, room, name);
}

/** getsockname(2) */
const sysGetsockname: Handler = (kernel, tid, fd, at, lengthAt) =>
  tellName(kernel, tid, fd, at, lengthAt, false);
/** getpeername(2) */
const sysGetpeername: Handler = (kernel, tid, fd, at, lengthAt) =>
  tellName(kernel, tid, fd, at, lengthAt, true);

/** shutdown(2) */
const sysShutdown: Handler = (kernel, tid, fd, how) => {
  const socket = socketOf(kernel, tid, fd);
  return typeof socket === 'number' ? socket : socket.sockets.shutdownSocket(socket.id, how);
};

/** getsockopt(2) */
const sysGetsockopt: Handler = (kernel, tid, fd, level, name, at, lengthAt) => {
  const socket = socketOf(kernel, tid, fd);
  if (typeof socket === 'number') return socket;
  const { user } = kernel;
  const error = user.readU32(tid, lengthAt);
  if (error !== 0) return error;
  const room = user.value | 0;
  if (room < 0) return -EINVAL;
  // Looked at first, for an error is told once.
  const size = Math.min(room, MOST_OPTION);
  const there = size === 0 ? 0 : user.spans(tid, at, Math.min(size, 4), true, user.scratch);
  const writable = there === 0 ? user.spans(tid, lengthAt, 4, true, user.scratch) : there;
  if (writable !== 0) return writable;
  const value = socket.sockets.getOption(tid, socket.id, level, name);
  if (typeof value === 'number') return value;
  const part = value.subarray(0, room);
  const written = part.length === 0 ? 0 : user.write(tid, at, part);
  return written === 0 ? user.writeU32(tid, lengthAt, part.length) : written;
};

/** setsockopt(2) */
const sysSetsockopt: Handler = (kernel, tid, fd, level, name, at, length) => {
  const socket = socketOf(kernel, tid, fd);
  if (typeof socket === 'number') return socket;
  if (length < 0) return -EINVAL;
  const value = new Uint8Array(Math.min(length, MOST_OPTION));
  const error = value.length === 0 ? 0 : kernel.user.read(tid, at, value);
  if (error === WAIT || error === -EFAULT) return error;
  return socket.sockets.setOption(tid, socket.id, level, name, value);
};

const FAMILIES = 'AF_UNIX, AF_INET and AF_INET6 over the loopback, AF_NETLINK to read of interfaces';
const OPTIONS = 'most options are kept but mean nothing';

export const socketCalls: readonly Row[] = [
  partial(198, 'socket', ['int', 'int', 'int'], sysSocket, FAMILIES),
  full(199, 'socketpair', ['int', 'int', 'int', 'ptr'], sysSocketpair),
  full(200, 'bind', ['int', 'ptr', 'int'], sysBind),
  full(201, 'listen', ['int', 'int'], sysListen),
  full(202, 'accept', ['fd', 'ptr', 'ptr'], sysAccept),
  full(203, 'connect', ['fd', 'ptr', 'int'], sysConnect),
  full(204, 'getsockname', ['int', 'ptr', 'ptr'], sysGetsockname),
  full(205, 'getpeername', ['int', 'ptr', 'ptr'], sysGetpeername),
  partial(208, 'setsockopt', ['int', 'int', 'int', 'ptr', 'int'], sysSetsockopt, OPTIONS),
  partial(209, 'getsockopt', ['int', 'int', 'int', 'ptr', 'ptr'], sysGetsockopt, OPTIONS),
  full(210, 'shutdown', ['int', 'int'], sysShutdown),
  full(242, 'accept4', ['fd', 'ptr', 'ptr', 'int'], sysAccept4),
];
