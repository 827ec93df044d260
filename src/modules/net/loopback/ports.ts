/**
 * Ports of the loopback net: who has which, and which are free.
 *
 * Two sockets conflict on a port if their hosts overlap and not both allow it (socket(7), SO_REUSEADDR, SO_REUSEPORT).
 */
import { EACCES, EADDRINUSE } from '../../../abi/linux/errno.ts';
import { CAP_NET_BIND_SERVICE } from '../../../abi/linux/capability.ts';
import {
  AF_INET6,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_STREAM,
} from '../../../abi/linux/socket.ts';
import type { NetState } from '../../../contracts/net.ts';
import type { Socket } from '../../../contracts/sockets.ts';
import { isSet, keptOption } from '../../../lib/socket/options.ts';
import type { SocketCore } from '../../../lib/socket/table.ts';
import { ANY4, ANY6, format, isIpv4, type Place, placeOf } from './addresses.ts';

export interface NetCore extends SocketCore {
  readonly state: NetState;
}

/** net.ipv4.ip_local_port_range. */
const FIRST_PORT = 32768;
const LAST_PORT = 60999;
const FIRST_UNPRIVILEGED = 1024;

const keyOf = (type: number, port: number): number => type * 0x10000 + port;

export const sixOnly = (socket: Readonly<Socket>): boolean =>
  keptOption(socket, IPPROTO_IPV6, IPV6_V6ONLY) === 1;
export const hostOf = (socket: Readonly<Socket>): string => placeOf(socket.name, socket.family).host;
export const portOf = (socket: Readonly<Socket>): number => placeOf(socket.name, socket.family).port;

/** Does a socket that has `own` as its host hear what is sent to `host`? */
function hears(socket: Readonly<Socket>, own: string, host: string): boolean {
  if (own === host) return true;
  if (own === ANY4) return isIpv4(host);
  return own === ANY6 && (!isIpv4(host) || !sixOnly(socket));
}

/** Sockets of a type at a port. */
export const socketsAt = ({ state, table }: NetCore, type: number, port: number): readonly Socket[] =>
  (state.ports.get(keyOf(type, port)) ?? []).flatMap((id) => table.sockets.get(id) ?? []);

/** The one that is meant by a destination: a host of its own goes before any. */
export function find(
  core: NetCore,
  type: number,
  { host, port }: Place,
  fits: (socket: Socket) => boolean,
): Socket | null {
  let best: Socket | null = null;
  for (const socket of socketsAt(core, type, port)) {
    const own = hostOf(socket);
    if (!fits(socket) || !hears(socket, own, host)) continue;
    if (own === host) return socket;
    best ??= socket;
  }
  return best;
}

const overlap = (a: Socket, hostA: string, b: Socket, hostB: string): boolean =>
  hears(a, hostA, hostB) || hears(b, hostB, hostA);

function mayShare(one: Socket, other: Socket): boolean {
  if (isSet(one, SO_REUSEPORT) && isSet(other, SO_REUSEPORT)) return true;
  if (!isSet(one, SO_REUSEADDR) || !isSet(other, SO_REUSEADDR)) return false;
  // Connections of a server that was there before do not keep the next one from listening.
  return one.type !== SOCK_STREAM || other.stage !== 'listening';
}

export const conflicts = (core: NetCore, socket: Socket, { host, port }: Place): boolean =>
  socketsAt(core, socket.type, port).some(
    (other) => other !== socket && overlap(socket, host, other, hostOf(other)) && !mayShare(socket, other),
  );

function freePort(core: NetCore, socket: Socket, host: string): number {
  const { state } = core;
  const count = LAST_PORT - FIRST_PORT + 1;
  for (let i = 0; i < count; i++) {
    const port = FIRST_PORT + ((state.nextPort + i) % count);
    if (conflicts(core, socket, { host, port })) continue;
    state.nextPort = (state.nextPort + i + 1) % count;
    return port;
  }
  return -EADDRINUSE;
}

/** Give a socket its own place. @param port 0 = one that is free @returns 0, -EADDRINUSE or -EACCES */
export function occupy(core: NetCore, tid: number, socket: Socket, { host, port }: Place): number {
  const { kernel, state } = core;
  if (port !== 0 && port < FIRST_UNPRIVILEGED && !kernel.process.capable(tid, CAP_NET_BIND_SERVICE))
    return -EACCES;
  const own = port === 0 ? freePort(core, socket, host) : port;
  if (own < 0) return own;
  if (port !== 0 && conflicts(core, socket, { host, port })) return -EADDRINUSE;
  socket.name = format({ host, port: own }, socket.family);
  const key = keyOf(socket.type, own);
  const ids = state.ports.get(key);
  if (ids === undefined) state.ports.set(key, [socket.id]);
  else ids.push(socket.id);
  return 0;
}

/** The socket shares the place of a listener that it came from. */
export function inherit({ state }: NetCore, socket: Socket, place: Place): void {
  socket.name = format(place, socket.family);
  state.ports.get(keyOf(socket.type, place.port))?.push(socket.id);
}

export function vacate({ state }: NetCore, socket: Socket): void {
  if (socket.name === '') return;
  const key = keyOf(socket.type, portOf(socket));
  const ids = state.ports.get(key)?.filter((id) => id !== socket.id) ?? [];
  if (ids.length === 0) state.ports.delete(key);
  else state.ports.set(key, ids);
  socket.name = '';
}

export const isSix = ({ family }: Readonly<Socket>): boolean => family === AF_INET6;
