/**
 * Options of IPPROTO_TCP, IPPROTO_IP and IPPROTO_IPV6: kept for who asks, as nothing here depends on them but IPV6_V6ONLY.
 */
import { EINVAL, ENOPROTOOPT, EOPNOTSUPP } from '../../../abi/linux/errno.ts';
import {
  AF_INET6,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  SOCK_STREAM,
  TCP_CONGESTION,
  TCP_CORK,
  TCP_DEFER_ACCEPT,
  TCP_FASTOPEN,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_LINGER2,
  TCP_MAXSEG,
  TCP_NODELAY,
  TCP_QUICKACK,
  TCP_SYNCNT,
  TCP_USER_TIMEOUT,
  TCP_WINDOW_CLAMP,
} from '../../../abi/linux/socket.ts';
import type { Socket } from '../../../contracts/sockets.ts';
import { integerOf, integers, keptOption, optionKey } from '../../../lib/socket/options.ts';

/** Bytes of a loopback segment. */
const SEGMENT = 65483;
const CUBIC: Uint8Array = Uint8Array.from('cubic\0\0\0\0\0\0\0\0\0\0\0', (char) => char.charCodeAt(0));

/** What they are at first. */
const TCP_DEFAULTS: ReadonlyMap<number, number> = new Map([
  [TCP_NODELAY, 0],
  [TCP_MAXSEG, SEGMENT],
  [TCP_CORK, 0],
  [TCP_KEEPIDLE, 7200],
  [TCP_KEEPINTVL, 75],
  [TCP_KEEPCNT, 9],
  [TCP_SYNCNT, 6],
  [TCP_LINGER2, 60],
  [TCP_DEFER_ACCEPT, 0],
  [TCP_WINDOW_CLAMP, 0],
  [TCP_QUICKACK, 1],
  [TCP_USER_TIMEOUT, 0],
  [TCP_FASTOPEN, 0],
]);
/** IP_TOS, IP_TTL, IP_PKTINFO, IP_RECVERR, IP_MTU_DISCOVER, IP_FREEBIND, IP_BIND_ADDRESS_NO_PORT. */
const IP_DEFAULTS: ReadonlyMap<number, number> = new Map([
  [1, 0],
  [2, 64],
  [8, 0],
  [11, 0],
  [10, 1],
  [15, 0],
  [24, 0],
]);
/** IPV6_V6ONLY, IPV6_UNICAST_HOPS, IPV6_RECVERR, IPV6_RECVPKTINFO, IPV6_TCLASS. */
const IPV6_DEFAULTS: ReadonlyMap<number, number> = new Map([
  [IPV6_V6ONLY, 0],
  [16, 64],
  [25, 0],
  [49, 0],
  [67, 0],
]);

/** The options of a level that the socket has, or null. */
function defaultsOf({ type, family }: Readonly<Socket>, level: number): ReadonlyMap<number, number> | null {
  if (level === IPPROTO_TCP) return type === SOCK_STREAM ? TCP_DEFAULTS : null;
  if (level === IPPROTO_IP) return IP_DEFAULTS;
  return level === IPPROTO_IPV6 && family === AF_INET6 ? IPV6_DEFAULTS : null;
}

export function getIpOption(socket: Readonly<Socket>, level: number, name: number): Uint8Array | number {
  const defaults = defaultsOf(socket, level);
  if (defaults === null) return -EOPNOTSUPP;
  if (level === IPPROTO_TCP && name === TCP_CONGESTION) return CUBIC.slice();
  const value = keptOption(socket, level, name) ?? defaults.get(name);
  return value === undefined ? -ENOPROTOOPT : integers(value);
}

export function setIpOption(socket: Socket, level: number, name: number, value: Uint8Array): number {
  const defaults = defaultsOf(socket, level);
  if (defaults?.has(name) !== true) return -ENOPROTOOPT;
  // Of IPPROTO_IP a byte will do (ip(7)).
  const given = integerOf(value) ?? (level === IPPROTO_IP ? value[0] : undefined);
  if (given === undefined) return -EINVAL;
  if (level === IPPROTO_IPV6 && name === IPV6_V6ONLY && socket.name !== '') return -EINVAL;
  const flag = name === TCP_NODELAY || name === TCP_CORK;
  socket.options.set(optionKey(level, name), level === IPPROTO_TCP && flag ? Number(given !== 0) : given);
  return 0;
}
