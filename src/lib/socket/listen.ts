/**
 * Listening and accepting: the backlog of a listener.
 *
 * As in Linux a backlog of n holds n + 1 connections.
 */
import { EINVAL } from '../../abi/linux/errno.ts';
import { MSG_DONTWAIT, SOMAXCONN } from '../../abi/linux/socket.ts';
import type { Socket } from '../../contracts/sockets.ts';
import { block, EVERYONE, type SocketCore, socketOf } from './table.ts';

export const hasBacklog = ({ pending, backlog }: Socket): boolean => pending.length <= backlog;

/** Pre: it is fresh or listens, and has a name. */
export function listen(socket: Socket, backlog: number): void {
  socket.stage = 'listening';
  socket.backlog = backlog < 0 || backlog > SOMAXCONN ? SOMAXCONN : backlog;
}

/** A connection waits for accept(2) from now on. */
export function offer({ kernel }: SocketCore, listener: Socket, server: Socket): void {
  server.listener = listener.id;
  listener.pending.push(server.id);
  kernel.waits.wake(listener.readEvent, EVERYONE);
}

/** Take the oldest connection. @returns its socket, -EINVAL, -EAGAIN or WAIT */
export function accept(
  core: SocketCore,
  tid: number,
  listener: Socket,
  nonBlocking: boolean,
): Socket | number {
  if (listener.stage !== 'listening') return -EINVAL;
  const id = listener.pending.shift();
  if (id === undefined)
    return block(core, tid, listener.readEvent, listener.receiveTimeout, nonBlocking ? MSG_DONTWAIT : 0);
  const server = socketOf(core, id);
  server.listener = 0;
  core.kernel.waits.wake(listener.roomEvent, EVERYONE);
  return server;
}
