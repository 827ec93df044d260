/**
 * Receiving: of a stream as many bytes as there are, of datagrams one.
 *
 * What a stream carries beside bytes divides it: a read ends behind the run whose files it took, and, where credentials are
 * asked for, before a run of another sender's (unix(7)).
 */
import { EINVAL, EPIPE } from '../../abi/linux/errno.ts';
import {
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  SO_OOBINLINE,
  SOCK_DGRAM,
} from '../../abi/linux/socket.ts';
import type { Spans } from '../../contracts/kernel.ts';
import {
  type Message,
  type Packet,
  type Socket,
  URGENT_READ,
  URGENT_UNREAD,
} from '../../contracts/sockets.ts';
import { copyToSpans } from '../spans.ts';
import { isSet } from './options.ts';
import { consume, dequeue } from './queue.ts';
import { block, type SocketCore, takeError } from './table.ts';

/** Hand over a packet's files: once and for all, or further references to a peeking call. */
function handOver(
  { kernel, table }: SocketCore,
  packet: Packet,
  peek: boolean,
  message: Message | null,
): void {
  const { files } = packet;
  if (files.length === 0) return;
  if (!peek) {
    // Out of the queue before any is let go, for that may close a socket, which looks at all queues.
    table.files -= files.length;
    packet.files = [];
  }
  for (const file of files) {
    if (peek && message !== null) kernel.vfs.retain(file);
    if (message !== null) message.files.push(file);
    else if (!peek) kernel.vfs.release(file, 0);
  }
}

function tellCredentials(socket: Socket, packet: Packet, message: Message | null): void {
  if (message === null || !socket.passCredentials) return;
  message.credentials = true;
  message.pid = packet.pid;
  message.uid = packet.uid;
  message.gid = packet.gid;
}

const sameSender = (a: Packet, b: Packet): boolean => a.pid === b.pid && a.uid === b.uid && a.gid === b.gid;

/** Nothing is there to read. @returns 0 at the end, -errno or WAIT */
function empty(core: SocketCore, tid: number, socket: Socket, flags: number): number {
  // Who wrote to an end that is gone is told so by the next write.
  if (socket.error !== 0 && socket.error !== EPIPE) return takeError(socket);
  // A datagram socket that was shut ends a wait only.
  const ends = socket.type !== SOCK_DGRAM || (flags & MSG_DONTWAIT) === 0;
  if (socket.receiveShut && ends) return 0;
  return block(core, tid, socket.readEvent, socket.receiveTimeout, flags);
}

/** @param keepsLength MSG_TRUNC drops the bytes instead of copying them (tcp(7)) */
export function receiveStream(
  core: SocketCore,
  tid: number,
  socket: Socket,
  into: Spans,
  flags: number,
  message: Message | null,
  keepsLength: boolean,
): number {
  const { kernel } = core;
  const inline = socket.urgent === 0 || isSet(socket, SO_OOBINLINE);
  if (socket.queue.length === (!inline && socket.queue[0]?.urgent === true ? 1 : 0)) {
    return into.total === 0 ? 0 : empty(core, tid, socket, flags);
  }
  const peek = (flags & MSG_PEEK) !== 0;
  const copies = !keepsLength || (flags & MSG_TRUNC) === 0;
  const first = socket.queue[0] as Packet;
  tellCredentials(socket, first, message);
  let done = 0;
  for (let at = 0; done < into.total; ) {
    const packet = socket.queue[at];
    if (packet === undefined) break;
    if (packet.urgent) {
      // A read ends at the urgent byte; the next one begins behind it.
      if (done > 0) break;
      if (!inline) {
        if (peek) at++;
        else consume(core, socket, 1);
        continue;
      }
    }
    if (socket.passCredentials && !sameSender(packet, first)) break;
    const count = Math.min(packet.end - packet.start, into.total - done);
    if (copies) copyToSpans(kernel, packet.bytes, packet.start, into, done, count);
    done += count;
    const divides = packet.files.length > 0;
    handOver(core, packet, peek, message);
    if (peek) at++;
    else consume(core, socket, count);
    if (divides) break;
  }
  return done;
}

/** MSG_OOB: the urgent byte, which is told of once. @returns 1, 0 without room, or -EINVAL where there is none apart */
export function receiveUrgent(
  { kernel }: SocketCore,
  socket: Socket,
  into: Spans,
  flags: number,
  message: Message | null,
): number {
  if (socket.urgent !== URGENT_UNREAD || isSet(socket, SO_OOBINLINE)) return -EINVAL;
  const packet = socket.queue.find(({ urgent }) => urgent) as Packet;
  if ((flags & MSG_PEEK) === 0) socket.urgent = URGENT_READ;
  if (message !== null) message.flags |= into.total === 0 ? MSG_OOB | MSG_TRUNC : MSG_OOB;
  const count = Math.min(1, into.total);
  if ((flags & MSG_TRUNC) === 0) copyToSpans(kernel, packet.bytes, packet.start, into, 0, count);
  return count;
}

export function receiveDatagram(
  core: SocketCore,
  tid: number,
  socket: Socket,
  into: Spans,
  flags: number,
  message: Message | null,
): number {
  const { kernel } = core;
  const first = socket.queue[0];
  if (socket.error !== 0) return takeError(socket);
  if (first === undefined) return empty(core, tid, socket, flags);
  const length = first.end - first.start;
  const count = Math.min(length, into.total);
  copyToSpans(kernel, first.bytes, first.start, into, 0, count);
  if (message !== null) {
    // The name that the sender has by now, if it is still there.
    message.address = core.table.sockets.get(first.sender)?.name ?? first.from;
    if (count < length) message.flags |= MSG_TRUNC;
  }
  tellCredentials(socket, first, message);
  const peek = (flags & MSG_PEEK) !== 0;
  handOver(core, first, peek, message);
  if (!peek) dequeue(core, socket);
  return (flags & MSG_TRUNC) !== 0 ? length : count;
}
