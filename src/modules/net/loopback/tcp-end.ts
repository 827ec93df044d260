/**
 * How TCP connections over the loopback end: refused, reset, shut, closed.
 *
 * Source: tcp(7), shutdown(2), RFC 9293.
 */
import { ECONNREFUSED, ECONNRESET, EINVAL, ENOTCONN } from '../../../abi/linux/errno.ts';
import { SHUT_RD, SHUT_RDWR, SHUT_WR } from '../../../abi/linux/socket.ts';
import type { Socket } from '../../../contracts/sockets.ts';
import { dequeue } from '../../../lib/socket/queue.ts';
import { EVERYONE, peerOf, socketOf, wakeBoth } from '../../../lib/socket/table.ts';
import { type NetCore, vacate } from './ports.ts';

/** The end is no more, and its owner is told why. */
export function reset(core: NetCore, socket: Socket, error: number): void {
  socket.stage = 'closed';
  socket.peer = 0;
  socket.receiveShut = true;
  socket.sendShut = true;
  socket.error = error;
  wakeBoth(core, socket);
}

/** A connection does not come about. Both directions are shut until a connect(2) has told of it. */
export function refuse(core: NetCore, socket: Socket): void {
  socket.stage = 'fresh';
  socket.error = ECONNREFUSED;
  socket.receiveShut = true;
  socket.sendShut = true;
  socket.peerName = '';
  if (!socket.bound) vacate(core, socket);
  wakeBoth(core, socket);
}

/** Who reads finds the end at once, though that is an error; it may connect nevertheless. */
function shutFresh(core: NetCore, socket: Socket, how: number): void {
  if (!socket.receiveShut) socket.announced = true;
  if (how !== SHUT_WR) socket.receiveShut = true;
  if (how !== SHUT_RD) socket.sendShut = true;
  wakeBoth(core, socket);
}

export function shutdown(core: NetCore, socket: Socket, how: number): number {
  if (how < SHUT_RD || how > SHUT_RDWR) return -EINVAL;
  if (socket.stage === 'listening') {
    if (how === SHUT_WR) return 0;
    refuseAll(core, socket);
    socket.stage = 'fresh';
    wakeBoth(core, socket);
    return 0;
  }
  if (socket.stage !== 'connected') {
    if (socket.stage === 'fresh') shutFresh(core, socket, how);
    return -ENOTCONN;
  }
  if (how !== SHUT_WR) socket.receiveShut = true;
  if (how !== SHUT_RD) socket.sendShut = true;
  const peer = how === SHUT_RD ? null : peerOf(core, socket);
  if (peer !== null) {
    peer.receiveShut = true;
    wakeBoth(core, peer);
  }
  wakeBoth(core, socket);
  return 0;
}

/** A listener that goes: connections that nobody took are reset, attempts refused. */
export function refuseAll(core: NetCore, listener: Socket): void {
  for (const id of listener.pending.splice(0)) close(core, socketOf(core, id), true);
  for (const id of listener.waiting.splice(0)) {
    const client = core.table.sockets.get(id);
    if (client === undefined) continue;
    refuse(core, client);
  }
}

/** @param abort the other end is reset whatever was read */
export function close(core: NetCore, socket: Socket, abort: boolean): void {
  const { table, kernel } = core;
  if (socket.stage === 'listening') refuseAll(core, socket);
  const unread = socket.queue.length > 0;
  while (dequeue(core, socket) !== null);
  const peer = peerOf(core, socket);
  if (peer !== null && socket.stage === 'connected') {
    if (abort || unread || socket.linger === 0) {
      reset(core, peer, ECONNRESET);
    } else {
      peer.receiveShut = true;
      peer.peer = 0;
      if (peer.sendShut) peer.stage = 'closed';
      wakeBoth(core, peer);
    }
  }
  kernel.waits.wake(socket.roomEvent, EVERYONE);
  // Another thread that waits in it finds no descriptor.
  wakeBoth(core, socket);
  vacate(core, socket);
  table.sockets.delete(socket.id);
}
