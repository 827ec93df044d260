/**
 * Queues of packets, and who they are charged to.
 *
 * A socket may have so much in flight as its SO_SNDBUF says; who waits for room is woken when less than half of that is left
 * in flight, so that a slow reader does not wake a writer for each byte.
 */
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLPRI,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from '../../abi/linux/poll.ts';
import { IPPROTO_TCP, SO_OOBINLINE, SOCK_DGRAM } from '../../abi/linux/socket.ts';
import type { Kernel, Spans } from '../../contracts/kernel.ts';
import {
  createPacket,
  type Message,
  type Packet,
  type Socket,
  URGENT_UNREAD,
} from '../../contracts/sockets.ts';
import { copyFromSpans } from '../spans.ts';
import { isSet } from './options.ts';
import { EVERYONE, type SocketCore } from './table.ts';

/** What the record of a packet costs, so that empty ones can not fill the memory, and how many bytes lie in it. As Linux's. */
const RECORD_COST = 768;
const RECORD_BYTES = 192;
/** What a packet of so many bytes is charged. */
export const packetCost = (length: number): number => RECORD_COST + Math.max(0, length - RECORD_BYTES);
/** What all sockets of a slot may hold together. */
export const MOST_HELD: number = 64 << 20;
/** A run of a stream's bytes grows up to this by what is sent later. */
const LONGEST_RUN = 16384;

export const isWritable = ({ charged, sendLimit }: Socket): boolean => 2 * charged <= sendLimit;
export const roomToSend = ({ charged, sendLimit }: Socket): number => Math.max(0, sendLimit - charged);

function uncharge({ table, kernel }: SocketCore, id: number, amount: number): void {
  const sender = table.sockets.get(id);
  if (sender === undefined) return;
  const was = isWritable(sender);
  sender.charged -= amount;
  if (!was && isWritable(sender)) kernel.waits.wake(sender.writeEvent, EVERYONE);
}

function charge({ table }: SocketCore, to: Socket, packet: Packet, amount: number): void {
  packet.charge += amount;
  to.held += amount;
  table.held += amount;
  const sender = table.sockets.get(packet.sender);
  if (sender !== undefined) sender.charged += amount;
}

/** A packet of `count` bytes of a user buffer; not in a queue yet. */
export function pack(
  kernel: Kernel,
  from: Spans,
  skip: number,
  count: number,
  message: Message | null,
): Packet {
  const packet = createPacket();
  packet.bytes = new Uint8Array(count);
  packet.end = count;
  copyFromSpans(kernel, from, skip, packet.bytes, 0, count);
  if (message === null) return packet;
  for (const file of message.files) {
    kernel.vfs.retain(file);
    packet.files.push(file);
  }
  return packet;
}

/** Who sends, as far as the receiver is to know (SO_PASSCRED). */
export interface Identity {
  pid: number;
  uid: number;
  gid: number;
}
export const NOBODY: Readonly<Identity> = { pid: 0, uid: 0, gid: 0 };

export function sign(packet: Packet, sender: number, { pid, uid, gid }: Readonly<Identity>): void {
  packet.sender = sender;
  packet.pid = pid;
  packet.uid = uid;
  packet.gid = gid;
}

/** Put a packet at the end of a queue, charged to its sender, and wake who reads. */
export function enqueue(core: SocketCore, to: Socket, packet: Packet, cost: number): void {
  to.queue.push(packet);
  core.table.files += packet.files.length;
  charge(core, to, packet, cost);
  core.kernel.waits.wake(to.readEvent, EVERYONE);
}

/** Add bytes to the last run of a stream. @returns false if they do not belong to it or it is long enough */
export function extend(
  core: SocketCore,
  to: Socket,
  sender: number,
  { pid, uid, gid }: Readonly<Identity>,
  from: Spans,
  skip: number,
  count: number,
): boolean {
  const last = to.queue.at(-1);
  if (last === undefined || last.urgent || last.files.length > 0 || last.sender !== sender) return false;
  if (last.pid !== pid || last.uid !== uid || last.gid !== gid) return false;
  const unread = last.end - last.start;
  if (unread + count > LONGEST_RUN) return false;
  if (last.end + count > last.bytes.length) {
    const bytes = new Uint8Array(Math.min(LONGEST_RUN, Math.max(2 * unread, unread + count)));
    bytes.set(last.bytes.subarray(last.start, last.end));
    last.bytes = bytes;
    last.start = 0;
    last.end = unread;
  }
  copyFromSpans(core.kernel, from, skip, last.bytes, last.end, count);
  last.end += count;
  charge(core, to, last, count);
  core.kernel.waits.wake(to.readEvent, EVERYONE);
  return true;
}

/** The first `count` bytes of a stream's first run are read; it goes when none is left. */
export function consume(core: SocketCore, from: Socket, count: number): void {
  const first = from.queue[0];
  if (first === undefined) return;
  first.start += count;
  const gone = first.start === first.end;
  if (gone) from.queue.shift();
  if (gone && first.urgent) from.urgent = 0;
  const amount = gone ? first.charge : Math.min(count, first.charge);
  first.charge -= amount;
  from.held -= amount;
  core.table.held -= amount;
  uncharge(core, first.sender, amount);
}

/** Take a packet out of a queue. Its files are the caller's, and no longer in flight. */
export function dequeue(core: SocketCore, from: Socket): Packet | null {
  const first = from.queue.shift();
  if (first === undefined) return null;
  from.held -= first.charge;
  core.table.held -= first.charge;
  core.table.files -= first.files.length;
  uncharge(core, first.sender, first.charge);
  core.kernel.waits.wake(from.roomEvent, EVERYONE);
  return first;
}

/** Nothing but the urgent byte is there, which is not among the others. */
const onlyUrgent = (socket: Readonly<Socket>): boolean =>
  socket.queue.length === 1 && socket.queue[0]?.urgent === true && !isSet(socket, SO_OOBINLINE);

/** Bytes that FIONREAD tells: of a connection all, up to the urgent one, else of the next datagram. */
export function readable(socket: Readonly<Socket>): number {
  const { type, queue } = socket;
  if (type === SOCK_DGRAM)
    return queue.length === 0 ? 0 : (queue[0] as Packet).end - (queue[0] as Packet).start;
  let sum = 0;
  for (const { start, end, urgent } of queue) {
    if (urgent && !isSet(socket, SO_OOBINLINE)) break;
    sum += end - start;
  }
  return sum;
}

/** POLL bits. @param hasRoom where what is sent goes has room for it */
export function pollBits(socket: Socket, hasRoom: boolean): number {
  if (socket.stage === 'listening') return socket.pending.length > 0 ? POLLIN | POLLRDNORM : 0;
  let ready = socket.error === 0 ? 0 : POLLERR;
  if (socket.receiveShut) ready |= POLLRDHUP;
  if (socket.urgent === URGENT_UNREAD) ready |= POLLPRI;
  if (socket.receiveShut || (socket.queue.length > 0 && !onlyUrgent(socket))) ready |= POLLIN | POLLRDNORM;
  if (socket.receiveShut && socket.sendShut) ready |= POLLHUP;
  if (socket.stage === 'connecting') return ready;
  if (socket.type !== SOCK_DGRAM && socket.stage !== 'connected') ready |= POLLHUP;
  if (socket.sendShut || (hasRoom && isWritable(socket))) ready |= POLLOUT | POLLWRNORM;
  if ((ready & POLLOUT) !== 0 && socket.protocol !== IPPROTO_TCP) ready |= POLLWRBAND;
  return ready;
}
