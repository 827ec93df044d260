/**
 * A table of sockets: making, finding and waiting; what every family does alike.
 *
 * Functions over the plain data of contracts/sockets.ts; who connects to whom is the family's.
 */
import { EAGAIN } from '../../abi/linux/errno.ts';
import { MSG_DONTWAIT } from '../../abi/linux/socket.ts';
import { type Kernel, WAIT } from '../../contracts/kernel.ts';
import { createSocket, type Socket, type SocketTable } from '../../contracts/sockets.ts';
import { KernelFault } from '../kernel-fault.ts';

export const EVERYONE: number = Number.POSITIVE_INFINITY;
/** Sockets of one slot together, those that no descriptor names included. */
const MOST_SOCKETS = 65536;

/** What the parts of a family work with. */
export interface SocketCore {
  readonly table: SocketTable;
  readonly kernel: Kernel;
}

/** @returns a fresh socket, or null where there are too many */
export function addSocket(
  { table, kernel }: SocketCore,
  family: number,
  type: number,
  protocol: number,
): Socket | null {
  if (table.sockets.size >= MOST_SOCKETS) return null;
  const socket = createSocket();
  socket.id = table.next++;
  socket.family = family;
  socket.type = type;
  socket.protocol = protocol;
  socket.readEvent = kernel.waits.newEvent();
  socket.writeEvent = kernel.waits.newEvent();
  socket.roomEvent = kernel.waits.newEvent();
  table.sockets.set(socket.id, socket);
  return socket;
}

export function socketOf({ table }: SocketCore, id: number): Socket {
  const socket = table.sockets.get(id);
  if (socket === undefined) throw new KernelFault(`no socket ${id}`);
  return socket;
}

/** The other end, or null if there is none any more. */
export const peerOf = ({ table }: SocketCore, socket: Socket): Socket | null =>
  table.sockets.get(socket.peer) ?? null;

/** Something that a reader or a writer may wait for has changed. */
export function wakeBoth({ kernel }: SocketCore, socket: Socket): void {
  kernel.waits.wake(socket.readEvent, EVERYONE);
  kernel.waits.wake(socket.writeEvent, EVERYONE);
}

/**
 * The call can not go on now. @param timeout ns, 0 = none @returns -EAGAIN, or WAIT on the event. With a time-out, no signal
 * restarts the call (signal(7)).
 */
export function block(
  { kernel }: SocketCore,
  tid: number,
  event: number,
  timeout: number,
  flags: number,
): number {
  if ((flags & MSG_DONTWAIT) !== 0) return -EAGAIN;
  if (timeout === 0) {
    kernel.waits.restart('restart');
  } else {
    const progress = kernel.waits.progress(tid);
    const now = kernel.clock.monotonic();
    const deadline = progress[1] ?? now + timeout;
    if (deadline <= now) return -EAGAIN;
    kernel.waits.until(deadline);
    kernel.waits.keep([progress[0] ?? 0, deadline]);
    kernel.waits.restart('eintr');
  }
  kernel.waits.on(event);
  return WAIT;
}

/** SO_ERROR, once. @returns 0 or -errno */
export function takeError(socket: Socket): number {
  const { error } = socket;
  socket.error = 0;
  return error === 0 ? 0 : -error;
}
