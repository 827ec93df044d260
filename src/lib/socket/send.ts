/**
 * Sending the bytes of a stream to the other end, as far as there is room.
 */
import { ENOBUFS, EPIPE } from '../../abi/linux/errno.ts';
import { SIGPIPE } from '../../abi/linux/signal.ts';
import { MSG_NOSIGNAL, MSG_OOB, SO_OOBINLINE } from '../../abi/linux/socket.ts';
import type { Kernel, Spans } from '../../contracts/kernel.ts';
import { createSignalInfo } from '../../contracts/process.ts';
import { type Message, type Socket, URGENT_UNREAD } from '../../contracts/sockets.ts';
import { isSet } from './options.ts';
import { consume, enqueue, extend, type Identity, MOST_HELD, pack, roomToSend, sign } from './queue.ts';
import { block, type SocketCore } from './table.ts';

/** A stream that takes no more bytes. @returns -EPIPE, the signal sent */
export function brokenPipe(kernel: Kernel, tid: number, flags: number): number {
  if ((flags & MSG_NOSIGNAL) === 0) {
    const info = createSignalInfo();
    info.signal = SIGPIPE;
    info.pid = kernel.process.thread(tid).tgid;
    info.uid = kernel.process.credentials(tid).uid;
    kernel.process.signalThread(tid, info);
  }
  return -EPIPE;
}

/** Pre: both ends are open. @returns count, -EAGAIN, -ENOBUFS or WAIT */
export function sendStream(
  core: SocketCore,
  tid: number,
  socket: Socket,
  peer: Socket,
  from: Spans,
  skip: number,
  flags: number,
  message: Message | null,
  identity: Readonly<Identity>,
): number {
  const left = from.total - skip;
  if (left === 0) return 0;
  const room = roomToSend(socket);
  if (room === 0) return block(core, tid, socket.writeEvent, socket.sendTimeout, flags);
  const count = Math.min(left, room);
  if (core.table.held + count > MOST_HELD) return -ENOBUFS;
  const alone = message === null || message.files.length === 0;
  // The last byte of all is the urgent one.
  const urgent = (flags & MSG_OOB) !== 0 && count === left;
  const plain = urgent ? count - 1 : count;
  if (plain > 0 && !(alone && extend(core, peer, socket.id, identity, from, skip, plain))) {
    const packet = pack(core.kernel, from, skip, plain, message);
    sign(packet, socket.id, identity);
    enqueue(core, peer, packet, plain);
  }
  if (urgent) sendUrgent(core, socket, peer, from, skip + plain, identity);
  return count;
}

/** One byte that takes the mark from any before it, which is one of the others from now on: the reader was not there yet. */
function sendUrgent(
  core: SocketCore,
  socket: Socket,
  peer: Socket,
  from: Spans,
  skip: number,
  identity: Readonly<Identity>,
): void {
  const first = peer.queue[0];
  if (first?.urgent === true && !isSet(peer, SO_OOBINLINE)) consume(core, peer, 1);
  for (const packet of peer.queue) packet.urgent = false;
  const packet = pack(core.kernel, from, skip, 1, null);
  packet.urgent = true;
  sign(packet, socket.id, identity);
  enqueue(core, peer, packet, 1);
  peer.urgent = URGENT_UNREAD;
}
