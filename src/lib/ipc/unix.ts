/**
 * AF_UNIX sockets of the slot `ipc`: streams, datagrams and sequenced packets. Source: unix(7).
 *
 * The parts beside hold names, connections and the collection of lost sockets; what all families do alike is in lib/socket.
 */
import {
  ECONNREFUSED,
  EINVAL,
  EISCONN,
  EMSGSIZE,
  ENFILE,
  ENOBUFS,
  ENOTCONN,
  EOPNOTSUPP,
  EPERM,
  EPIPE,
  EPROTONOSUPPORT,
  EPROTOTYPE,
  ESOCKTNOSUPPORT,
  ETOOMANYREFS,
} from '../../abi/linux/errno.ts';
import { CAP_NET_ADMIN } from '../../abi/linux/capability.ts';
import { POLLOUT } from '../../abi/linux/poll.ts';
import {
  AF_UNIX,
  MSG_OOB,
  OVERFLOW_ID,
  SO_REUSEPORT,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../abi/linux/socket.ts';
import type { Kernel, Spans } from '../../contracts/kernel.ts';
import type { Message, Socket, Sockets } from '../../contracts/sockets.ts';
import { getSocketOption, setSocketOption } from '../socket/options.ts';
import {
  enqueue,
  type Identity,
  isWritable,
  MOST_HELD,
  pack,
  packetCost,
  pollBits,
  sign,
} from '../socket/queue.ts';
import { receiveDatagram, receiveStream } from '../socket/receive.ts';
import { brokenPipe, sendStream } from '../socket/send.ts';
import { block, EVERYONE, peerOf, socketOf, takeError } from '../socket/table.ts';
import * as connections from './unix-connect.ts';
import { bind, checkAddress, lookUp, type UnixCore } from './unix-names.ts';

/** What a message's bytes may lack of the send buffer. */
const MESSAGE_ROOM = 32;
/** Open files in flight, all together. */
const MOST_IN_FLIGHT = 65536;

const UNKNOWN: Readonly<Identity> = { pid: 0, uid: OVERFLOW_ID, gid: OVERFLOW_ID };

/** Who sends, if either end wants to know (SO_PASSCRED) or it is said. */
function identityOf(
  kernel: Kernel,
  tid: number,
  from: Socket,
  to: Socket,
  message: Message | null,
): Readonly<Identity> {
  if (message?.credentials === true) return message;
  if (!from.passCredentials && !to.passCredentials) return UNKNOWN;
  const { uid, gid } = kernel.process.credentials(tid);
  return { pid: kernel.process.thread(tid).tgid, uid, gid };
}

const tooManyInFlight = ({ table }: UnixCore, message: Message | null): boolean =>
  message !== null && message.files.length > 0 && table.files + message.files.length > MOST_IN_FLIGHT;

function sendBytes(
  core: UnixCore,
  tid: number,
  socket: Socket,
  from: Spans,
  skip: number,
  flags: number,
  message: Message | null,
): number {
  if (message !== null && message.address !== '') return socket.peer === 0 ? -EOPNOTSUPP : -EISCONN;
  if (socket.peer === 0) return -ENOTCONN;
  const peer = peerOf(core, socket);
  if (socket.sendShut || peer === null || peer.receiveShut) return brokenPipe(core.kernel, tid, flags);
  const identity = identityOf(core.kernel, tid, socket, peer, message);
  return sendStream(core, tid, socket, peer, from, skip, flags, message, identity);
}

/** Where a message goes. @returns the socket, -errno or WAIT */
function destination(core: UnixCore, tid: number, socket: Socket, address: string): Socket | number {
  if (address !== '') return lookUp(core, tid, address, socket.type);
  const peer = peerOf(core, socket);
  if (peer !== null) return peer;
  if (socket.type === SOCK_SEQPACKET) return -EPIPE;
  socket.peer = 0;
  socket.stage = 'fresh';
  return -ECONNREFUSED;
}

/** Checks in Linux's order: the socket's own state before where the message goes. */
function sendMessage(
  core: UnixCore,
  tid: number,
  socket: Socket,
  from: Spans,
  flags: number,
  message: Message | null,
): number {
  const { kernel, table } = core;
  const address = socket.type === SOCK_DGRAM ? (message?.address ?? '') : '';
  const bad = address === '' ? 0 : checkAddress(address);
  if (bad !== 0) return bad;
  if (socket.type === SOCK_SEQPACKET && socket.error !== 0) return takeError(socket);
  if (address === '' && socket.peer === 0) return -ENOTCONN;
  if (from.total > socket.sendLimit - MESSAGE_ROOM) return -EMSGSIZE;
  if (socket.error !== 0) return takeError(socket);
  if (socket.sendShut) return -EPIPE;
  if (socket.charged >= socket.sendLimit)
    return block(core, tid, socket.writeEvent, socket.sendTimeout, flags);
  const to = destination(core, tid, socket, address);
  if (typeof to === 'number') return to;
  if (to.type !== socket.type) return -EPROTOTYPE;
  if (!connections.maySend(to, socket)) return -EPERM;
  if (to.receiveShut) return -EPIPE;
  if (!connections.hasRoomFor(to, socket)) return block(core, tid, to.roomEvent, socket.sendTimeout, flags);
  if (table.held + from.total > MOST_HELD) return -ENOBUFS;
  const packet = pack(kernel, from, 0, from.total, message);
  packet.from = socket.name;
  sign(packet, socket.id, identityOf(kernel, tid, socket, to, message));
  enqueue(core, to, packet, packetCost(from.total));
  return from.total;
}

/** Names and sockets of `IpcState`. */
export function unixOperations(core: UnixCore): Sockets {
  const { kernel, table } = core;
  const doomed: connections.Doomed = { files: [], busy: false };
  const find = (id: number): Socket => socketOf(core, id);
  const make = (type: number, protocol: number): Socket | number => {
    if (protocol !== 0 && protocol !== AF_UNIX) return -EPROTONOSUPPORT;
    const wanted = type === SOCK_RAW ? SOCK_DGRAM : type;
    if (wanted !== SOCK_STREAM && wanted !== SOCK_DGRAM && wanted !== SOCK_SEQPACKET) return -ESOCKTNOSUPPORT;
    return connections.make(core, AF_UNIX, wanted, 0) ?? -ENFILE;
  };

  return {
    createSocket(_tid, _family, type, protocol) {
      const socket = make(type, protocol);
      return typeof socket === 'number' ? socket : socket.id;
    },
    createPair(tid, _family, type, protocol) {
      const a = make(type, protocol);
      const b = typeof a === 'number' ? a : make(type, protocol);
      if (typeof a === 'number') return a;
      if (typeof b === 'number') {
        connections.close(core, a, doomed);
        return b;
      }
      connections.pair(core, tid, a, b);
      return a.id;
    },
    closeSocket: (id) => connections.close(core, find(id), doomed),
    bindSocket: (tid, id, address) => bind(core, tid, find(id), address),
    listenSocket: (tid, id, backlog) => connections.listenSocket(core, tid, find(id), backlog),
    connectSocket: (tid, id, address, nonBlocking) =>
      connections.connect(core, tid, find(id), address, nonBlocking),
    acceptSocket: (tid, id, nonBlocking) => connections.acceptSocket(core, tid, find(id), nonBlocking),
    send(tid, id, from, skip, flags, message) {
      if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
      if (tooManyInFlight(core, message)) return -ETOOMANYREFS;
      const socket = find(id);
      return socket.type === SOCK_STREAM
        ? sendBytes(core, tid, socket, from, skip, flags, message)
        : sendMessage(core, tid, socket, from, flags, message);
    },
    receive(tid, id, into, flags, message) {
      if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
      const socket = find(id);
      if (socket.type === SOCK_STREAM) {
        if (socket.stage !== 'connected') return -EINVAL;
        if (message !== null) message.address = socket.peerName;
        return receiveStream(core, tid, socket, into, flags, message, false);
      }
      if (socket.type === SOCK_SEQPACKET && socket.stage !== 'connected') return -ENOTCONN;
      return receiveDatagram(core, tid, socket, into, flags, message);
    },
    shutdownSocket: (id, how) => connections.shutdown(core, find(id), how),
    socketName: (id) => connections.nameOr(find(id).name),
    peerName(id) {
      const { peer, peerName } = find(id);
      return peer === 0 ? -ENOTCONN : connections.nameOr(peerName);
    },
    getOption: (_tid, id, level, name) =>
      level === SOL_SOCKET ? getSocketOption(find(id), name) : -EOPNOTSUPP,
    setOption(tid, id, level, name, value) {
      if (level !== SOL_SOCKET) return -EOPNOTSUPP;
      const socket = find(id);
      if (name === SO_REUSEPORT && value.some((byte) => byte !== 0)) return -EOPNOTSUPP;
      const error = setSocketOption(socket, name, value, kernel.process.capable(tid, CAP_NET_ADMIN));
      // A larger SO_SNDBUF is room.
      if (error === 0) kernel.waits.wake(socket.writeEvent, EVERYONE);
      return error;
    },
    pollSocket(id) {
      const socket = find(id);
      const peer = socket.type === SOCK_DGRAM ? peerOf(core, socket) : null;
      return pollBits(socket, peer === null || connections.hasRoomFor(peer, socket));
    },
    armSocket(id, wanted) {
      const socket = find(id);
      if ((wanted & ~POLLOUT) !== 0 || wanted === 0) kernel.waits.on(socket.readEvent);
      if ((wanted & POLLOUT) === 0) return;
      kernel.waits.on(socket.writeEvent);
      const peer = socket.type === SOCK_DGRAM ? peerOf(core, socket) : null;
      if (peer !== null && isWritable(socket)) kernel.waits.on(peer.roomEvent);
    },
    socket: find,
    sockets: () => table.sockets.values(),
  };
}
