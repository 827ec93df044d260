/**
 * Sending the bytes of a stream to the other end, as far as there is room.
 */
import { ENOBUFS, EPIPE } from '../../abi/linux/errno.ts';
import { SIGPIPE } from '../../abi/linux/signal.ts';
import { MSG_NOSIGNAL } from '../../abi/linux/socket.ts';
import type { Kernel, Spans } from '../../contracts/kernel.ts';
import { createSignalInfo } from '../../contracts/process.ts';
import type { Message, Socket } from '../../contracts/sockets.ts';
import { enqueue, extend, type Identity, MOST_HELD, pack, roomToSend, sign } from './queue.ts';
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
  if (alone && extend(core, peer, socket.id, identity, from, skip, count)) return count;
  const packet = pack(core.kernel, from, skip, count, message);
  sign(packet, socket.id, identity);
  enqueue(core, peer, packet, count);
  return count;
}
