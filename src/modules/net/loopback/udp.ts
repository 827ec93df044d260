/**
 * UDP over the loopback: a datagram is in its receiver's queue at once, or lost where there is no room.
 *
 * Where nobody has the port, a connected sender hears of it by its next call (ECONNREFUSED). Source: udp(7).
 */
import {
  ECONNREFUSED,
  EDESTADDRREQ,
  EINVAL,
  EMSGSIZE,
  ENETUNREACH,
  EPIPE,
} from '../../../abi/linux/errno.ts';
import { AF_UNSPEC, SOCK_DGRAM } from '../../../abi/linux/socket.ts';
import type { Spans } from '../../../contracts/kernel.ts';
import type { Message, Socket } from '../../../contracts/sockets.ts';
import { enqueue, MOST_HELD, pack, packetCost } from '../../../lib/socket/queue.ts';
import { addSocket, takeError, wakeBoth } from '../../../lib/socket/table.ts';
import {
  familyOf,
  format,
  isAny,
  isIpv4,
  nowhere,
  parseEither,
  type Place,
  placeOf,
  reach,
  sourceFor,
} from './addresses.ts';
import { find, isSix, type NetCore, occupy, sixOnly, vacate } from './ports.ts';

/** net.core.rmem_default. */
const DEFAULT_BUFFER = 212992;
/** What an IPv4 packet has room for. */
const LONGEST = 65507;

export function make(core: NetCore, family: number, protocol: number): Socket | null {
  const socket = addSocket(core, family, SOCK_DGRAM, protocol);
  if (socket === null) return null;
  socket.sendLimit = DEFAULT_BUFFER;
  socket.receiveLimit = DEFAULT_BUFFER;
  return socket;
}

/** A destination that can be reached from the socket. */
function target(socket: Socket, address: string): Place | number {
  const asked = parseEither(address, socket.family, true);
  if (typeof asked === 'number') return isSix(socket) ? -EINVAL : asked;
  const host = reach(asked.host);
  if (typeof host === 'number') return host;
  if (isIpv4(host) && isSix(socket) && sixOnly(socket)) return -ENETUNREACH;
  if (asked.port === 0) return -EINVAL;
  return { host, port: asked.port };
}

function ensureName(core: NetCore, tid: number, socket: Socket): number {
  return socket.name === '' ? occupy(core, tid, socket, nowhere(socket.family)) : 0;
}

export function connect(core: NetCore, tid: number, socket: Socket, address: string): number {
  if (address.length < 2) return -EINVAL;
  if (familyOf(address) === AF_UNSPEC) {
    socket.peerName = '';
    socket.stage = 'fresh';
    return 0;
  }
  const asked = parseEither(address, socket.family, false);
  if (typeof asked === 'number') return asked;
  const host = reach(asked.host);
  if (typeof host === 'number') return host;
  if (isIpv4(host) && isSix(socket) && sixOnly(socket)) return -ENETUNREACH;
  const error = ensureName(core, tid, socket);
  if (error !== 0) return error;
  const own = placeOf(socket.name, socket.family);
  if (isAny(own.host)) socket.name = format({ host: sourceFor(host), port: own.port }, socket.family);
  socket.peerName = format({ host, port: asked.port }, socket.family);
  socket.stage = 'connected';
  return 0;
}

/** Does a socket take what comes from there? */
const takes = (socket: Socket, from: Place): boolean => {
  if (socket.peerName === '') return true;
  const peer = placeOf(socket.peerName, socket.family);
  return peer.host === from.host && peer.port === from.port;
};

export function send(
  core: NetCore,
  tid: number,
  socket: Socket,
  from: Spans,
  message: Message | null,
): number {
  const { kernel, table } = core;
  const address = message !== null && message.address !== '' ? message.address : socket.peerName;
  if (from.total > 0xffff) return -EMSGSIZE;
  const error = ensureName(core, tid, socket);
  if (error !== 0) return error;
  if (address === '') return -EDESTADDRREQ;
  const to = target(socket, address);
  if (typeof to === 'number') return to;
  if (socket.error !== 0) return takeError(socket);
  if (socket.sendShut) return -EPIPE;
  if (from.total > LONGEST) return -EMSGSIZE;
  const own = placeOf(socket.name, socket.family);
  const source = { host: isAny(own.host) ? sourceFor(to.host) : own.host, port: own.port };
  const receiver = find(core, SOCK_DGRAM, to, (each) => takes(each, source));
  if (receiver === null) {
    // The answer of a host finds only who is connected to it.
    if (socket.stage === 'connected' && takes(socket, to)) {
      socket.error = ECONNREFUSED;
      wakeBoth(core, socket);
    }
    return from.total;
  }
  if (receiver.receiveShut || receiver.held > receiver.receiveLimit || table.held > MOST_HELD)
    return from.total;
  const packet = pack(kernel, from, 0, from.total, null);
  packet.from = format(source, receiver.family);
  enqueue(core, receiver, packet, packetCost(from.total));
  return from.total;
}

export function close(core: NetCore, socket: Socket): void {
  socket.queue.length = 0;
  wakeBoth(core, socket);
  core.table.held -= socket.held;
  vacate(core, socket);
  core.table.sockets.delete(socket.id);
}
