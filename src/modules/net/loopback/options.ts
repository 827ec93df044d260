/**
 * Options of IPPROTO_TCP, IPPROTO_IP and IPPROTO_IPV6: kept for who asks, as nothing here depends on them but IPV6_V6ONLY.
 */
import { EINVAL, ENOENT, ENOPROTOOPT, EOPNOTSUPP } from '../../../abi/linux/errno.ts';
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
  TCP_INFO,
  TCP_INFO_SIZE,
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
  TCPI_ADVMSS,
  TCPI_PMTU,
  TCPI_RCV_MSS,
  TCPI_RTO,
  TCPI_SND_CWND,
  TCPI_SND_MSS,
  TCPI_STATE,
} from '../../../abi/linux/socket.ts';
import type { Socket } from '../../../contracts/sockets.ts';
import { tcpState } from '../../../lib/socket/state.ts';
import { integerOf, integers, keptOption, optionKey } from '../../../lib/socket/options.ts';

/** Bytes of a loopback segment. */
const SEGMENT = 65483;
const MTU = 65535;
/** What TCP_INFO tells of a connection without loss: the shortest time-out, the first window. */
const RETRANSMISSION_US = 200_000;
const WINDOW = 10;
/** Names that TCP_CONGESTION knows. Nothing here is ever congested. */
const CONGESTION: readonly string[] = ['cubic', 'reno'];
const CONGESTION_NAME = 16;

/** What a value must lie between, where there are limits. */
const ANY: readonly [number, number] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
const RANGES: ReadonlyMap<number, readonly [number, number]> = new Map([
  [optionKey(IPPROTO_TCP, TCP_MAXSEG), [88, 32767]],
  [optionKey(IPPROTO_TCP, TCP_KEEPIDLE), [1, 32767]],
  [optionKey(IPPROTO_TCP, TCP_KEEPINTVL), [1, 32767]],
  [optionKey(IPPROTO_TCP, TCP_KEEPCNT), [1, 127]],
  [optionKey(IPPROTO_TCP, TCP_SYNCNT), [1, 127]],
  [optionKey(IPPROTO_TCP, TCP_USER_TIMEOUT), [0, 0x7fff_ffff]],
  // IP_TTL, where -1 is the default.
  [optionKey(IPPROTO_IP, 2), [-1, 255]],
]);

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

function congestionControl(index: number): Uint8Array {
  const bytes = new Uint8Array(CONGESTION_NAME);
  [...(CONGESTION[index] ?? '')].forEach((char, i) => {
    bytes[i] = char.charCodeAt(0);
  });
  return bytes;
}

function chooseCongestion(socket: Socket, value: Uint8Array): number {
  if (value.length === 0) return -EINVAL;
  const name = String.fromCharCode(...value.subarray(0, CONGESTION_NAME - 1)).replace(/\0.*/s, '');
  const index = CONGESTION.indexOf(name);
  if (index < 0) return -ENOENT;
  socket.options.set(optionKey(IPPROTO_TCP, TCP_CONGESTION), index);
  return 0;
}

/** TCP_INFO: the state, and figures of a connection on which nothing is ever late or lost. */
function tcpInfo(socket: Readonly<Socket>): Uint8Array {
  const bytes = new Uint8Array(TCP_INFO_SIZE);
  const view = new DataView(bytes.buffer);
  bytes[TCPI_STATE] = tcpState(socket);
  if (socket.stage !== 'connected') return bytes;
  view.setUint32(TCPI_RTO, RETRANSMISSION_US, true);
  view.setUint32(TCPI_SND_MSS, SEGMENT, true);
  view.setUint32(TCPI_RCV_MSS, SEGMENT, true);
  view.setUint32(TCPI_PMTU, MTU, true);
  view.setUint32(TCPI_SND_CWND, WINDOW, true);
  view.setUint32(TCPI_ADVMSS, SEGMENT, true);
  return bytes;
}

export function getIpOption(socket: Readonly<Socket>, level: number, name: number): Uint8Array | number {
  const defaults = defaultsOf(socket, level);
  if (defaults === null) return -EOPNOTSUPP;
  if (level === IPPROTO_TCP && name === TCP_CONGESTION) {
    return congestionControl(keptOption(socket, level, name) ?? 0);
  }
  if (level === IPPROTO_TCP && name === TCP_INFO) return tcpInfo(socket);
  const value = keptOption(socket, level, name) ?? defaults.get(name);
  return value === undefined ? -ENOPROTOOPT : integers(value);
}

export function setIpOption(socket: Socket, level: number, name: number, value: Uint8Array): number {
  const defaults = defaultsOf(socket, level);
  if (defaults === TCP_DEFAULTS && name === TCP_CONGESTION) return chooseCongestion(socket, value);
  if (defaults?.has(name) !== true) return -ENOPROTOOPT;
  // Of IPPROTO_IP a byte will do (ip(7)).
  const given = integerOf(value) ?? (level === IPPROTO_IP ? value[0] : undefined);
  if (given === undefined) return -EINVAL;
  if (level === IPPROTO_IPV6 && name === IPV6_V6ONLY && socket.name !== '') return -EINVAL;
  const [least, most] = RANGES.get(optionKey(level, name)) ?? ANY;
  if (given < least || given > most) return -EINVAL;
  const flag = name === TCP_NODELAY || name === TCP_CORK;
  socket.options.set(optionKey(level, name), level === IPPROTO_TCP && flag ? Number(given !== 0) : given);
  return 0;
}
