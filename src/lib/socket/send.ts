/**
 * Sending the bytes of a stream to the other end, as far as there is room.
 */
import { ENOBUFS, EPIPE } from '../../abi/linux/errno.ts';
import { SIGPIPE } from '../../abi/linux/signal.ts';
import { MSG_NOSIGNAL } from '../../abi/linux/socket.ts';
import type { Kernel, Spans } from '../../contracts/kernel.ts';
import { createSignalInfo } from '../../contracts/process.ts';
import type { Message, Packet, Socket } from '../../contracts/sockets.ts';
import { enqueue, extend, MOST_HELD, pack, roomToSend } from './queue.ts';
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

/** What a new packet has in common with those before it. */
export type Mark = (packet: Packet) => void;

/** Pre: both ends are open. @param mark signs a packet @returns count, -EAGAIN, -ENOBUFS or WAIT */
export function sendStream(
  core: SocketCore,
  tid: number,
  socket: Socket,
  peer: Socket,
  from: Spans,
  skip: number,
  flags: number,
  message: Message | null,
  mark: Mark,
): number {
  const left = from.total - skip;
  if (left === 0) return 0;
  const room = roomToSend(socket);
  if (room === 0) return block(core, tid, socket.writeEvent, socket.sendTimeout, flags);
  const count = Math.min(left, room);
  if (core.table.held + count > MOST_HELD) return -ENOBUFS;
  const sign = pack(core.kernel, from, skip, 0, message);
  sign.sender = socket.id;
  mark(sign);
  if (sign.files.length === 0 && extend(core, peer, sign, from, skip, count)) return count;
  const packet = pack(core.kernel, from, skip, count, null);
  packet.files = sign.files;
  packet.sender = socket.id;
  mark(packet);
  enqueue(core, peer, packet, count);
  return count;
}
