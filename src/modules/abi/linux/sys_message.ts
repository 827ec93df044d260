/**
 * System calls that send and receive: sendto, recvfrom, sendmsg, recvmsg, sendmmsg, recvmmsg.
 *
 * A call's progress is what it has moved of a stream; a socket keeps its deadline behind that. All that will be written is
 * looked at before anything is taken from a queue, so that nothing is lost to a bad address.
 */
import { EAGAIN, EFAULT, EMSGSIZE, ENOBUFS } from '../../../abi/linux/errno.ts';
import * as S from '../../../abi/linux/socket.ts';
import { MAX_RW_COUNT, UIO_MAXIOV } from '../../../abi/linux/uio.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import { createMessage, type Message } from '../../../contracts/sockets.ts';
import { CHUNK, gather, suspend, totalOf, type Vectors } from './buffers.ts';
import { full, type Handler, partial, type Row } from './call.ts';
import { readControl } from './control-data.ts';
import { checkWritable, readHeader, tell } from './message-header.ts';
import {
  addressRoom,
  isNonBlocking,
  readAddress,
  type SocketFile,
  socketOf,
  writeAddress,
} from './socket-address.ts';
import { relativeDeadline } from './timespec.ts';

/** No message that is kept whole is longer. */
const LONGEST_MESSAGE = 1 << 20;
/** Control data beyond this are refused (net.core.optmem_max). */
const MOST_CONTROL = 131072;

/** The part of the buffers from `from` on that one go moves, into `kernel.user.scratch`. @returns 0, -EFAULT or WAIT */
function part(
  kernel: Kernel,
  tid: number,
  vectors: Vectors,
  from: number,
  total: number,
  stream: boolean,
  write: boolean,
): number {
  const size = Math.min(total - from, stream ? CHUNK : LONGEST_MESSAGE);
  return gather(kernel, tid, vectors, from, size, write);
}

const isStream = ({ sockets, id }: SocketFile): boolean => sockets.socket(id).type === S.SOCK_STREAM;
const blocking = (socket: SocketFile, flags: number): number =>
  isNonBlocking(socket) ? flags | S.MSG_DONTWAIT : flags;

function send(
  kernel: Kernel,
  tid: number,
  socket: SocketFile,
  vectors: Vectors,
  flags: number,
  message: Message | null,
): number {
  const { scratch } = kernel.user;
  const total = Math.min(totalOf(vectors), MAX_RW_COUNT);
  const stream = isStream(socket);
  if (!stream && total > LONGEST_MESSAGE) return -EMSGSIZE;
  let done = kernel.waits.progress(tid)[0] ?? 0;
  for (;;) {
    // As for write(2): a chunk keeps its beginning, and the rest of a message is seen to be one.
    const base = done - (done % CHUNK);
    const skip = done - base;
    const error = part(kernel, tid, vectors, base, total, stream, false);
    if (error === WAIT) return suspend(kernel, tid, done);
    if (error !== 0) return done > 0 ? done : error;
    if (skip > 0 && skip >= scratch.total) return done;
    if (!stream && scratch.total < total) return -EFAULT;
    // Who has sent some of it learns of a broken pipe by the next call.
    const how = done === 0 ? flags : flags | S.MSG_NOSIGNAL;
    const count = socket.sockets.send(tid, socket.id, scratch, skip, how, done === 0 ? message : null);
    if (count === WAIT) return suspend(kernel, tid, done);
    if (count < 0) return done > 0 ? done : count;
    done += count;
    if (count === 0 || done >= total) return done;
  }
}

function receive(
  kernel: Kernel,
  tid: number,
  socket: SocketFile,
  vectors: Vectors,
  flags: number,
  message: Message | null,
): number {
  const { scratch } = kernel.user;
  const total = Math.min(totalOf(vectors), MAX_RW_COUNT);
  const stream = isStream(socket);
  const all = stream && (flags & (S.MSG_WAITALL | S.MSG_PEEK)) === S.MSG_WAITALL;
  if ((flags & S.MSG_ERRQUEUE) !== 0) return -EAGAIN;
  let done = kernel.waits.progress(tid)[0] ?? 0;
  for (;;) {
    const error = part(kernel, tid, vectors, done, total, stream, true);
    if (error === WAIT) return suspend(kernel, tid, done);
    if (error !== 0) return done > 0 ? done : error;
    const count = socket.sockets.receive(tid, socket.id, scratch, flags, message);
    if (count === WAIT) return suspend(kernel, tid, done);
    if (count < 0) return done > 0 ? done : count;
    done += count;
    if (!all || count === 0 || done >= total || (message !== null && message.files.length > 0)) return done;
  }
}

/** sendto(2) */
const sysSendto: Handler = (kernel, tid, fd, at, length, flags, addressAt, addressLength) => {
  const socket = socketOf(kernel, tid, fd);
  if (typeof socket === 'number') return socket;
  let message: Message | null = null;
  if (addressAt !== 0) {
    const address = readAddress(kernel, tid, addressAt, addressLength);
    if (typeof address === 'number') return address;
    message = createMessage();
    message.address = address;
  }
  return send(kernel, tid, socket, [at, length], blocking(socket, flags), message);
};

/** recvfrom(2) */
const sysRecvfrom: Handler = (kernel, tid, fd, at, length, flags, addressAt, lengthAt) => {
  const socket = socketOf(kernel, tid, fd);
  if (typeof socket === 'number') return socket;
  const room = addressAt === 0 ? 0 : addressRoom(kernel, tid, addressAt, lengthAt);
  if (room < 0) return room;
  const message = addressAt === 0 ? null : createMessage();
  const count = receive(kernel, tid, socket, [at, length], blocking(socket, flags), message);
  if (message === null || count < 0) return count;
  for (const file of message.files) kernel.vfs.release(file, 0);
  const error = writeAddress(kernel, tid, addressAt, lengthAt, room, message.address);
  return error === 0 ? count : error;
};

function sendOne(kernel: Kernel, tid: number, socket: SocketFile, at: number, flags: number): number {
  const header = readHeader(kernel, tid, at);
  if (typeof header === 'number') return header;
  const message = createMessage();
  const address = readAddress(kernel, tid, header.name, header.nameLength);
  if (typeof address === 'number') return address;
  message.address = address;
  if (header.controlLength > MOST_CONTROL) return -ENOBUFS;
  const control = new Uint8Array(header.controlLength);
  let error = control.length === 0 ? 0 : kernel.user.read(tid, header.control, control);
  // Internet sockets look past rights and credentials (ip(7)); packets look whether they are connected first.
  if (error === 0 && socket.file.kind === 'unix-socket') {
    const { type, stage, error: pending } = socket.sockets.socket(socket.id);
    if (type === S.SOCK_SEQPACKET && (pending !== 0 || stage !== 'connected'))
      return send(kernel, tid, socket, header.vectors, flags, message);
    error = readControl(kernel, tid, control, message);
  }
  if (error !== 0) return error;
  return send(kernel, tid, socket, header.vectors, flags, message);
}

function receiveOne(kernel: Kernel, tid: number, socket: SocketFile, at: number, flags: number): number {
  const header = readHeader(kernel, tid, at);
  if (typeof header === 'number') return header;
  const error = checkWritable(kernel, tid, header);
  if (error !== 0) return error;
  const message = createMessage();
  const count = receive(kernel, tid, socket, header.vectors, flags, message);
  if (count < 0) return count;
  const told = tell(kernel, tid, header, flags, message);
  return told === 0 ? count : told;
}

/** sendmsg(2) */
const sysSendmsg: Handler = (kernel, tid, fd, at, flags) => {
  const socket = socketOf(kernel, tid, fd);
  return typeof socket === 'number' ? socket : sendOne(kernel, tid, socket, at, blocking(socket, flags));
};

/** recvmsg(2) */
const sysRecvmsg: Handler = (kernel, tid, fd, at, flags) => {
  const socket = socketOf(kernel, tid, fd);
  return typeof socket === 'number' ? socket : receiveOne(kernel, tid, socket, at, blocking(socket, flags));
};

type One = typeof sendOne;

/** One after the other; only the first may wait. @returns how many, or the error of the first */
function several(
  kernel: Kernel,
  tid: number,
  fd: number,
  at: number,
  count: number,
  flags: number,
  one: One,
): number {
  const socket = socketOf(kernel, tid, fd);
  if (typeof socket === 'number') return socket;
  const { user } = kernel;
  let done = 0;
  for (; done < Math.min(count, UIO_MAXIOV); done++) {
    const header = at + done * S.MMSGHDR_SIZE;
    const there = user.spans(tid, header, S.MMSGHDR_SIZE, true, user.scratch2);
    if (there !== 0) return done > 0 ? done : there;
    const how = done === 0 ? blocking(socket, flags & ~S.MSG_WAITFORONE) : flags | S.MSG_DONTWAIT;
    const moved = one(kernel, tid, socket, header, how);
    if (moved < 0) return done > 0 ? done : moved;
    const error = user.writeU32(tid, header + S.MMSGHDR_LEN, moved);
    if (error !== 0) return error;
  }
  return done;
}

/** sendmmsg(2) */
const sysSendmmsg: Handler = (kernel, tid, fd, at, count, flags) =>
  several(kernel, tid, fd, at, count, flags, sendOne);

/** recvmmsg(2). A time-out counts from the first message on, for which alone the call waits. */
const sysRecvmmsg: Handler = (kernel, tid, fd, at, count, flags, timeout) => {
  const deadline = timeout === 0 ? 0 : relativeDeadline(kernel, tid, timeout);
  return deadline < 0 ? deadline : several(kernel, tid, fd, at, count, flags, receiveOne);
};

const NO_URGENT = 'no urgent data (MSG_OOB) of AF_UNIX';
const SEVERAL = 'waits for the first message only';

export const messageCalls: readonly Row[] = [
  partial(206, 'sendto', ['fd', 'ptr', 'size', 'uint', 'ptr', 'int'], sysSendto, NO_URGENT),
  partial(207, 'recvfrom', ['fd', 'ptr', 'size', 'uint', 'ptr', 'ptr'], sysRecvfrom, NO_URGENT),
  full(211, 'sendmsg', ['fd', 'ptr', 'uint'], sysSendmsg),
  full(212, 'recvmsg', ['fd', 'ptr', 'uint'], sysRecvmsg),
  partial(243, 'recvmmsg', ['fd', 'ptr', 'uint', 'uint', 'ptr'], sysRecvmmsg, SEVERAL),
  partial(269, 'sendmmsg', ['fd', 'ptr', 'uint', 'uint'], sysSendmmsg, SEVERAL),
];
