/**
 * Connections of AF_UNIX sockets: pairs, connect, accept, shutdown and close.
 *
 * A connection is there as soon as connect(2) found room in the backlog; what the client sends waits in the queue of the
 * socket that accept(2) will give. Source: unix(7), connect(2), shutdown(2).
 */
import {
  EAGAIN,
  ECONNREFUSED,
  ECONNRESET,
  EINVAL,
  EISCONN,
  EOPNOTSUPP,
  EPERM,
  EPROTOTYPE,
} from '../../abi/linux/errno.ts';
import { MSG_DONTWAIT, SHUT_RDWR, SHUT_RD, SHUT_WR, SOCK_DGRAM } from '../../abi/linux/socket.ts';
import type { Socket } from '../../contracts/sockets.ts';
import { accept, hasBacklog, listen, offer } from '../socket/listen.ts';
import { dequeue } from '../socket/queue.ts';
import { addSocket, block, EVERYONE, peerOf, socketOf, wakeBoth } from '../socket/table.ts';
import { collect } from './unix-collect.ts';
import { checkAddress, lookUp, UNNAMED, type UnixCore, unname } from './unix-names.ts';

/** net.core.wmem_default. */
const DEFAULT_BUFFER = 212992;
/** net.unix.max_dgram_qlen: datagrams that wait for a socket that did not ask for their sender. */
const MOST_DATAGRAMS = 10;

/** The rights by which the connection or the listener is judged by its other side (SO_PEERCRED). */
function stampCredentials({ kernel }: UnixCore, tid: number, socket: Socket): void {
  const { euid, egid } = kernel.process.credentials(tid);
  socket.peerPid = kernel.process.thread(tid).tgid;
  socket.peerUid = euid;
  socket.peerGid = egid;
}

export function make(core: UnixCore, family: number, type: number, protocol: number): Socket | null {
  const socket = addSocket(core, family, type, protocol);
  if (socket === null) return null;
  socket.sendLimit = DEFAULT_BUFFER;
  socket.receiveLimit = DEFAULT_BUFFER;
  return socket;
}

function join(a: Socket, b: Socket): void {
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    one.stage = 'connected';
    one.peer = other.id;
    one.peerName = other.name;
  }
}

/** socketpair(2) */
export function pair(core: UnixCore, tid: number, a: Socket, b: Socket): void {
  join(a, b);
  stampCredentials(core, tid, a);
  stampCredentials(core, tid, b);
}

export function listenSocket(core: UnixCore, tid: number, socket: Socket, backlog: number): number {
  if (socket.type === SOCK_DGRAM) return -EOPNOTSUPP;
  if (socket.name === '' || (socket.stage !== 'fresh' && socket.stage !== 'listening')) return -EINVAL;
  listen(socket, backlog);
  stampCredentials(core, tid, socket);
  core.kernel.waits.wake(socket.roomEvent, EVERYONE);
  return 0;
}

/** Datagrams have room where they go. */
export const hasRoomFor = (to: Socket, from: Socket): boolean =>
  to.id === from.id || to.peer === from.id || to.queue.length <= MOST_DATAGRAMS;

export const maySend = (to: Socket, from: Socket): boolean => to.peer === 0 || to.peer === from.id;

function connectDatagram(core: UnixCore, tid: number, socket: Socket, address: string): number {
  if (address.startsWith('\0\0')) {
    socket.peer = 0;
    socket.peerName = '';
    socket.stage = 'fresh';
    return 0;
  }
  const error = checkAddress(address);
  if (error !== 0) return error;
  const to = lookUp(core, tid, address, socket.type);
  if (typeof to === 'number') return to;
  if (to.type !== socket.type) return -EPROTOTYPE;
  if (!maySend(to, socket)) return -EPERM;
  socket.peer = to.id;
  socket.peerName = to.name;
  socket.stage = 'connected';
  core.kernel.waits.wake(socket.writeEvent, EVERYONE);
  return 0;
}

/** connect(2) */
export function connect(
  core: UnixCore,
  tid: number,
  socket: Socket,
  address: string,
  nonBlocking: boolean,
): number {
  if (socket.type === SOCK_DGRAM) return connectDatagram(core, tid, socket, address);
  const error = checkAddress(address);
  if (error !== 0) return error;
  const listener = lookUp(core, tid, address, socket.type);
  if (typeof listener === 'number') return listener;
  if (listener.type !== socket.type) return -EPROTOTYPE;
  if (listener.stage !== 'listening' || listener.receiveShut) return -ECONNREFUSED;
  if (!hasBacklog(listener)) {
    const flags = nonBlocking ? MSG_DONTWAIT : 0;
    return block(core, tid, listener.roomEvent, socket.sendTimeout, flags);
  }
  if (socket.stage === 'connected') return -EISCONN;
  if (socket.stage !== 'fresh') return -EINVAL;
  const server = make(core, socket.family, socket.type, 0);
  if (server === null) return -EAGAIN;
  server.name = listener.name;
  server.sendLimit = listener.sendLimit;
  server.passCredentials = listener.passCredentials;
  join(socket, server);
  stampCredentials(core, tid, server);
  socket.peerPid = listener.peerPid;
  socket.peerUid = listener.peerUid;
  socket.peerGid = listener.peerGid;
  offer(core, listener, server);
  wakeBoth(core, socket);
  return 0;
}

export function acceptSocket(core: UnixCore, tid: number, socket: Socket, nonBlocking: boolean): number {
  if (socket.type === SOCK_DGRAM) return -EOPNOTSUPP;
  const server = accept(core, tid, socket, nonBlocking);
  return typeof server === 'number' ? server : server.id;
}

/** shutdown(2): what one side may not send, the other will not receive. */
export function shutdown(core: UnixCore, socket: Socket, how: number): number {
  if (how < SHUT_RD || how > SHUT_RDWR) return -EINVAL;
  const peer = socket.type === SOCK_DGRAM ? null : peerOf(core, socket);
  if (how !== SHUT_WR) {
    socket.receiveShut = true;
    if (peer !== null) peer.sendShut = true;
  }
  if (how !== SHUT_RD) {
    socket.sendShut = true;
    if (peer !== null) peer.receiveShut = true;
  }
  wakeBoth(core, socket);
  core.kernel.waits.wake(socket.roomEvent, EVERYONE);
  if (peer !== null) wakeBoth(core, peer);
  return 0;
}

/** Files that were in flight to sockets that are gone; released one after the other, for that may close more sockets. */
export interface Doomed {
  readonly files: number[];
  busy: boolean;
}

/** The socket is gone. Its queue's files are added to `doomed`. */
function remove(core: UnixCore, socket: Socket, doomed: Doomed): void {
  const { table } = core;
  unname(core, socket);
  const unread = socket.queue.length > 0 || socket.listener !== 0;
  for (const id of socket.pending.splice(0)) remove(core, socketOf(core, id), doomed);
  for (let packet = dequeue(core, socket); packet !== null; packet = dequeue(core, socket)) {
    doomed.files.push(...packet.files);
  }
  const peer = socket.type === SOCK_DGRAM ? null : peerOf(core, socket);
  table.sockets.delete(socket.id);
  core.kernel.waits.wake(socket.roomEvent, EVERYONE);
  // Another thread that waits in it finds no descriptor.
  wakeBoth(core, socket);
  if (peer === null || socket.stage === 'listening') return;
  peer.receiveShut = true;
  peer.sendShut = true;
  if (unread) peer.error = ECONNRESET;
  wakeBoth(core, peer);
}

function releaseAll({ kernel }: UnixCore, doomed: Doomed): void {
  if (doomed.busy) return;
  doomed.busy = true;
  for (let file = doomed.files.pop(); file !== undefined; file = doomed.files.pop())
    kernel.vfs.release(file, 0);
  doomed.busy = false;
}

export function close(core: UnixCore, socket: Socket, doomed: Doomed): void {
  remove(core, socket, doomed);
  releaseAll(core, doomed);
  if (doomed.busy || core.table.files === 0) return;
  for (const lost of collect(core)) {
    for (const packet of lost.queue) {
      core.table.files -= packet.files.length;
      doomed.files.push(...packet.files.splice(0));
    }
  }
  releaseAll(core, doomed);
}

/** getpeername(2): the name that the other side had. */
export const nameOr = (name: string): string => (name === '' ? UNNAMED : name);
