/**
 * Options of level SOL_SOCKET, and integers that are kept for whoever asks. Source: socket(7).
 */
import { EDOM, EINVAL, ENOPROTOOPT, EPERM } from '../../abi/linux/errno.ts';
import * as S from '../../abi/linux/socket.ts';
import type { Socket } from '../../contracts/sockets.ts';

const SECOND = 1_000_000_000;
const MICROSECOND = 1000;
/** net.core.wmem_max, which is rmem_max too, and the least that a buffer may be. */
const MOST_BUFFER = 212992;
const LEAST_SEND = 4608;
const LEAST_RECEIVE = 2304;
const TIMEVAL_SIZE = 16;

const KEPT_FLAGS: ReadonlySet<number> = new Set([
  S.SO_DEBUG,
  S.SO_REUSEADDR,
  S.SO_DONTROUTE,
  S.SO_BROADCAST,
  S.SO_KEEPALIVE,
  S.SO_OOBINLINE,
  S.SO_REUSEPORT,
  S.SO_TIMESTAMP,
  S.SO_PASSSEC,
]);
/** Values that nothing here depends on, and what they are at first. */
const KEPT_VALUES: ReadonlyMap<number, number> = new Map([
  [S.SO_PRIORITY, 0],
  [S.SO_MARK, 0],
  [S.SO_RCVLOWAT, 1],
  [S.SO_BUSY_POLL, 0],
  [S.SO_PEEK_OFF, -1],
]);

export const optionKey = (level: number, name: number): number => level * 0x10000 + name;
export const keptOption = (socket: Readonly<Socket>, level: number, name: number): number | undefined =>
  socket.options.get(optionKey(level, name));
export const isSet = (socket: Readonly<Socket>, name: number): boolean =>
  keptOption(socket, S.SOL_SOCKET, name) === 1;

export function integers(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setInt32(4 * i, value, true));
  return bytes;
}

/** The int that an option is given, or null where there are too few bytes. */
export const integerOf = (value: Uint8Array): number | null =>
  value.length < 4 ? null : new DataView(value.buffer, value.byteOffset).getInt32(0, true);

function timeval(ns: number): Uint8Array {
  const bytes = new Uint8Array(TIMEVAL_SIZE);
  const view = new DataView(bytes.buffer);
  const seconds = Math.floor(ns / SECOND);
  view.setUint32(0, seconds, true);
  view.setUint32(4, Math.floor(seconds / 0x1_0000_0000), true);
  view.setUint32(8, Math.floor((ns % SECOND) / MICROSECOND), true);
  return bytes;
}

/** ns of a struct timeval; 0 where it is to be for ever. @returns it, -EINVAL or -EDOM */
function timeOf(value: Uint8Array): number {
  if (value.length < TIMEVAL_SIZE) return -EINVAL;
  const view = new DataView(value.buffer, value.byteOffset);
  const seconds = view.getInt32(4, true) * 0x1_0000_0000 + view.getUint32(0, true);
  const micros = view.getInt32(12, true) * 0x1_0000_0000 + view.getUint32(8, true);
  if (micros < 0 || micros >= 1_000_000) return -EDOM;
  if (seconds < 0) return 1;
  const ns = seconds * SECOND + micros * MICROSECOND;
  return ns > Number.MAX_SAFE_INTEGER / 4 ? 0 : ns;
}

export function getSocketOption(socket: Socket, name: number): Uint8Array | number {
  switch (name) {
    case S.SO_TYPE:
      return integers(socket.type);
    case S.SO_DOMAIN:
      return integers(socket.family);
    case S.SO_PROTOCOL:
      return integers(socket.protocol);
    case S.SO_ACCEPTCONN:
      return integers(socket.stage === 'listening' ? 1 : 0);
    case S.SO_ERROR: {
      const { error } = socket;
      socket.error = 0;
      return integers(error);
    }
    case S.SO_SNDBUF:
      return integers(socket.sendLimit);
    case S.SO_RCVBUF:
      return integers(socket.receiveLimit);
    case S.SO_SNDLOWAT:
      return integers(1);
    case S.SO_PASSCRED:
      return integers(socket.passCredentials ? 1 : 0);
    case S.SO_PEERCRED:
      return integers(socket.peerPid, socket.peerUid, socket.peerGid);
    case S.SO_LINGER:
      return integers(socket.linger < 0 ? 0 : 1, Math.max(0, socket.linger));
    case S.SO_RCVTIMEO:
      return timeval(socket.receiveTimeout);
    case S.SO_SNDTIMEO:
      return timeval(socket.sendTimeout);
    case S.SO_INCOMING_CPU:
      return integers(0);
  }
  if (!KEPT_FLAGS.has(name) && !KEPT_VALUES.has(name)) return -ENOPROTOOPT;
  return integers(keptOption(socket, S.SOL_SOCKET, name) ?? KEPT_VALUES.get(name) ?? 0);
}

const doubled = (value: number, least: number): number =>
  Math.max(2 * Math.min(Math.max(0, value), MOST_BUFFER), least);

/** SO_RCVLOWAT is one byte at least, and any number where it is below none. */
function keptValue(name: number, given: number): number {
  if (name !== S.SO_RCVLOWAT) return given;
  return given < 0 ? 0x7fff_ffff : Math.max(1, given);
}

/** @param privileged CAP_NET_ADMIN */
export function setSocketOption(
  socket: Socket,
  name: number,
  value: Uint8Array,
  privileged: boolean,
): number {
  if (name === S.SO_RCVTIMEO || name === S.SO_SNDTIMEO) {
    const ns = timeOf(value);
    if (ns < 0) return ns;
    if (name === S.SO_RCVTIMEO) socket.receiveTimeout = ns;
    else socket.sendTimeout = ns;
    return 0;
  }
  const given = integerOf(value);
  if (given === null) return -EINVAL;
  switch (name) {
    case S.SO_SNDBUFFORCE:
    case S.SO_RCVBUFFORCE:
      if (!privileged) return -EPERM;
      return setSocketOption(socket, name === S.SO_SNDBUFFORCE ? S.SO_SNDBUF : S.SO_RCVBUF, value, true);
    case S.SO_SNDBUF:
      socket.sendLimit = doubled(given, LEAST_SEND);
      return 0;
    case S.SO_RCVBUF:
      socket.receiveLimit = doubled(given, LEAST_RECEIVE);
      return 0;
    case S.SO_PASSCRED:
      socket.passCredentials = given !== 0;
      return 0;
    case S.SO_LINGER:
      if (value.length < 8) return -EINVAL;
      socket.linger = given === 0 ? -1 : new DataView(value.buffer, value.byteOffset).getUint32(4, true);
      return 0;
  }
  if (KEPT_FLAGS.has(name)) socket.options.set(optionKey(S.SOL_SOCKET, name), given === 0 ? 0 : 1);
  else if (KEPT_VALUES.has(name)) socket.options.set(optionKey(S.SOL_SOCKET, name), keptValue(name, given));
  else return -ENOPROTOOPT;
  return 0;
}
