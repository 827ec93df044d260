/**
 * TCP over the loopback: connections without segments.
 *
 * Both ends are joined when connect(2) finds room in the listener's backlog. An end that is closed with nothing unread has said
 * all (FIN): the other may read on and notices when it writes. With something unread, or SO_LINGER of 0, it resets.
 * There is no TIME_WAIT: nothing can be late. Source: tcp(7), RFC 9293.
 */
import {
  EADDRINUSE,
  EAFNOSUPPORT,
  EALREADY,
  ECONNABORTED,
  ECONNRESET,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  ENETUNREACH,
  ENOBUFS,
  EPIPE,
} from '../../../abi/linux/errno.ts';
import { AF_UNSPEC, SOCK_STREAM } from '../../../abi/linux/socket.ts';
import type { Spans } from '../../../contracts/kernel.ts';
import type { Socket } from '../../../contracts/sockets.ts';
import { accept, hasBacklog, listen, offer } from '../../../lib/socket/listen.ts';
import { dequeue, NOBODY } from '../../../lib/socket/queue.ts';
import { brokenPipe, sendStream } from '../../../lib/socket/send.ts';
import { addSocket, block, peerOf, takeError, wakeBoth } from '../../../lib/socket/table.ts';
import {
  familyOf,
  format,
  isAny,
  isIpv4,
  nowhere,
  parse,
  type Place,
  placeOf,
  reach,
  sourceFor,
} from './addresses.ts';
import { conflicts, find, inherit, isSix, type NetCore, occupy, sixOnly } from './ports.ts';
import { refuse, refuseAll, reset } from './tcp-end.ts';

/** net.ipv4.tcp_wmem and tcp_rmem, as far as one connection may have in flight. */
const IN_FLIGHT = 131072;

export function make(core: NetCore, family: number, protocol: number): Socket | null {
  const socket = addSocket(core, family, SOCK_STREAM, protocol);
  if (socket === null) return null;
  socket.sendLimit = IN_FLIGHT;
  socket.receiveLimit = IN_FLIGHT;
  return socket;
}

export function listenSocket(core: NetCore, tid: number, socket: Socket, backlog: number): number {
  if (socket.receiveShut || (socket.stage !== 'fresh' && socket.stage !== 'listening')) return -EINVAL;
  if (socket.name === '') {
    const error = occupy(core, tid, socket, nowhere(socket.family));
    if (error !== 0) return error;
  }
  const before = socket.stage;
  socket.stage = 'listening';
  if (before === 'fresh' && conflicts(core, socket, placeOf(socket.name, socket.family))) {
    socket.stage = before;
    return -EADDRINUSE;
  }
  listen(socket, backlog);
  return 0;
}

/** Join a client and a listener with room. @returns false if there are too many sockets */
function establish(core: NetCore, listener: Socket, client: Socket, place: Place): boolean {
  const server = make(core, listener.family, listener.protocol);
  if (server === null) return false;
  inherit(core, server, place);
  server.sendLimit = listener.sendLimit;
  server.receiveLimit = listener.receiveLimit;
  for (const [key, value] of listener.options) server.options.set(key, value);
  server.stage = 'connected';
  server.announced = true;
  server.peer = client.id;
  server.peerName = format(placeOf(client.name, client.family), server.family);
  client.stage = 'connected';
  client.peer = server.id;
  offer(core, listener, server);
  wakeBoth(core, client);
  return true;
}

/** There is room in a backlog: who waits for it comes in. */
function admit(core: NetCore, listener: Socket): void {
  while (hasBacklog(listener)) {
    const client = core.table.sockets.get(listener.waiting.shift() ?? 0);
    if (client === undefined) {
      if (listener.waiting.length === 0) return;
    } else if (!establish(core, listener, client, placeOf(client.peerName, client.family))) {
      reset(core, client, ENOBUFS);
    }
  }
}

/** Where a connection shall go. @returns 0, or why not; the socket has a name of its own then */
function begin(core: NetCore, tid: number, socket: Socket, address: string): number {
  const asked = parse(address, socket.family, false);
  if (typeof asked === 'number') return asked;
  const host = reach(asked.host);
  if (typeof host === 'number') return host;
  if (isIpv4(host) && isSix(socket) && sixOnly(socket)) return -ENETUNREACH;
  const own = placeOf(socket.name, socket.family);
  const source = isAny(own.host) ? sourceFor(host) : own.host;
  if (isIpv4(source) !== isIpv4(host)) return isSix(socket) ? -ENETUNREACH : -EINVAL;
  if (socket.name === '') {
    const error = occupy(core, tid, socket, { host: source, port: 0 });
    if (error !== 0) return error;
  }
  socket.name = format({ host: source, port: placeOf(socket.name, socket.family).port }, socket.family);
  const place = { host, port: asked.port };
  socket.peerName = format(place, socket.family);
  socket.announced = false;
  socket.stage = 'connecting';
  const listener = find(core, SOCK_STREAM, place, ({ stage }) => stage === 'listening');
  if (listener === null) {
    refuse(core, socket);
  } else if (!hasBacklog(listener)) {
    listener.waiting.push(socket.id);
  } else if (!establish(core, listener, socket, place)) {
    refuse(core, socket);
  }
  return 0;
}

/** connect(2) of AF_UNSPEC: fresh again, whatever it was, with its port. */
function disconnect(core: NetCore, socket: Socket): number {
  if (socket.stage === 'listening') refuseAll(core, socket);
  const peer = peerOf(core, socket);
  if (peer !== null) reset(core, peer, ECONNRESET);
  while (dequeue(core, socket) !== null);
  socket.urgent = 0;
  socket.stage = 'fresh';
  socket.peer = 0;
  socket.peerName = '';
  socket.receiveShut = false;
  socket.sendShut = false;
  return 0;
}

/** connect(2). A call that does not wait tells of its outcome by POLLOUT and SO_ERROR, even if it is there already. */
export function connect(
  core: NetCore,
  tid: number,
  socket: Socket,
  address: string,
  nonBlocking: boolean,
): number {
  if (address.length < 2) return -EINVAL;
  if (familyOf(address) === AF_UNSPEC) return disconnect(core, socket);
  if (socket.stage === 'listening' || socket.stage === 'closed') return -EISCONN;
  if (socket.stage === 'connected' && socket.announced) return -EISCONN;
  if (socket.stage === 'fresh' && (!socket.receiveShut || socket.announced)) {
    const error = begin(core, tid, socket, address);
    if (error !== 0) return error === -EAFNOSUPPORT && address.length < 16 ? -EINVAL : error;
    if (nonBlocking) return -EINPROGRESS;
  }
  if (socket.stage === 'connecting') {
    if (nonBlocking) return -EALREADY;
    const blocked = block(core, tid, socket.writeEvent, socket.sendTimeout, 0);
    return blocked < 0 && blocked > -4096 ? -EINPROGRESS : blocked;
  }
  socket.announced = true;
  if (socket.stage === 'connected') return 0;
  socket.receiveShut = false;
  socket.sendShut = false;
  return socket.error === 0 ? -ECONNABORTED : takeError(socket);
}

export function acceptSocket(core: NetCore, tid: number, listener: Socket, nonBlocking: boolean): number {
  const server = accept(core, tid, listener, nonBlocking);
  if (typeof server === 'number') return server;
  admit(core, listener);
  return server.id;
}

export function send(
  core: NetCore,
  tid: number,
  socket: Socket,
  from: Spans,
  skip: number,
  flags: number,
): number {
  const { kernel } = core;
  if (socket.stage === 'connecting') return block(core, tid, socket.writeEvent, socket.sendTimeout, flags);
  if (socket.error !== 0 && socket.error !== EPIPE) return takeError(socket);
  if (socket.sendShut) {
    socket.error = 0;
    return brokenPipe(kernel, tid, flags);
  }
  if (socket.stage !== 'connected') return brokenPipe(kernel, tid, flags);
  const peer = peerOf(core, socket);
  if (peer !== null) return sendStream(core, tid, socket, peer, from, skip, flags, null, NOBODY);
  // The other end is closed: it answers with a reset, which the next call finds.
  if (from.total > skip) reset(core, socket, EPIPE);
  return from.total - skip;
}
