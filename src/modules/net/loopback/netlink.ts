/**
 * Sockets of AF_NETLINK: requests about interfaces and addresses, answered at once into the asker's own queue.
 *
 * NETLINK_ROUTE alone, and for reading: what would change something is refused, and nothing changes to be told of. The other
 * end is the kernel, whose port id is 0. Source: netlink(7), rtnetlink(7).
 */
import { CAP_NET_ADMIN } from '../../../abi/linux/capability.ts';
import {
  EADDRINUSE,
  ECONNREFUSED,
  EINVAL,
  ENOBUFS,
  ENODEV,
  ENOPROTOOPT,
  EOPNOTSUPP,
  EPERM,
  EPROTONOSUPPORT,
  ESOCKTNOSUPPORT,
} from '../../../abi/linux/errno.ts';
import * as N from '../../../abi/linux/netlink.ts';
import { SOCK_DGRAM, SOCK_RAW } from '../../../abi/linux/socket.ts';
import type { Spans } from '../../../contracts/kernel.ts';
import type { Link } from '../../../contracts/links.ts';
import { createPacket, type Message, type Socket } from '../../../contracts/sockets.ts';
import { integerOf, integers, keptOption, optionKey } from '../../../lib/socket/options.ts';
import { enqueue, MOST_HELD, packetCost } from '../../../lib/socket/queue.ts';
import { addSocket } from '../../../lib/socket/table.ts';
import { copyFromSpans } from '../../../lib/spans.ts';
import { familyOf } from './addresses.ts';
import { LINKS } from './links.ts';
import {
  addressMessage,
  doneMessage,
  linkMessage,
  outcomeMessage,
  type Request,
} from './netlink-messages.ts';
import type { NetCore } from './ports.ts';

const DEFAULT_BUFFER = 212992;
const LONGEST_REQUEST = 32768;
/** Port ids of who has more than one socket: from here downwards, as signed numbers. */
const FIRST_SPARE = -4097;
/** NETLINK_PKTINFO to NETLINK_GET_STRICT_CHK. */
const OPTIONS: ReadonlySet<number> = new Set([3, 4, 5, 10, 11, 12]);

export const isNetlink = ({ family }: Readonly<Socket>): boolean => family === N.AF_NETLINK;

/** The sockaddr_nl of a port id and groups. */
export function nameOf(port: number, groups: number): string {
  const bytes = new Uint8Array(N.SOCKADDR_NL_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, N.AF_NETLINK, true);
  view.setUint32(4, port, true);
  view.setUint32(8, groups, true);
  return String.fromCharCode(...bytes);
}

const wordAt = (text: string, at: number): number =>
  (text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24)) >>>
  0;
const portOf = (name: string): number => wordAt(name, 4);

export function make(core: NetCore, type: number, protocol: number): Socket | number {
  if (type !== SOCK_RAW && type !== SOCK_DGRAM) return -ESOCKTNOSUPPORT;
  if (protocol !== N.NETLINK_ROUTE) return -EPROTONOSUPPORT;
  const socket = addSocket(core, N.AF_NETLINK, type, protocol);
  if (socket === null) return -ENOBUFS;
  socket.sendLimit = DEFAULT_BUFFER;
  socket.receiveLimit = DEFAULT_BUFFER;
  return socket;
}

function isTaken({ table }: NetCore, port: number): boolean {
  for (const socket of table.sockets.values()) {
    if (isNetlink(socket) && socket.name !== '' && portOf(socket.name) === port) return true;
  }
  return false;
}

/** A port id of its own: the process's number, if no other socket has it. */
function autobind(core: NetCore, tid: number, socket: Socket, groups: number): void {
  let port = core.kernel.process.thread(tid).tgid;
  for (let spare = FIRST_SPARE; isTaken(core, port); spare--) port = spare >>> 0;
  socket.name = nameOf(port, groups);
}

export function bind(core: NetCore, tid: number, socket: Socket, address: string): number {
  if (address.length < N.SOCKADDR_NL_SIZE || familyOf(address) !== N.AF_NETLINK) return -EINVAL;
  const port = portOf(address);
  const groups = wordAt(address, 8);
  if (socket.name !== '') {
    if (port !== 0 && port !== portOf(socket.name)) return -EINVAL;
    socket.name = nameOf(portOf(socket.name), groups);
  } else if (port === 0) {
    autobind(core, tid, socket, groups);
  } else {
    if (isTaken(core, port)) return -EADDRINUSE;
    socket.name = nameOf(port, groups);
  }
  socket.bound = true;
  return 0;
}

/** Only the kernel is there to talk to. */
export function connect(core: NetCore, tid: number, socket: Socket, address: string): number {
  if (address.length < N.SOCKADDR_NL_SIZE || familyOf(address) !== N.AF_NETLINK) return -EINVAL;
  if (portOf(address) !== 0) return -ECONNREFUSED;
  if (socket.name === '') autobind(core, tid, socket, 0);
  return 0;
}

export function answer(core: NetCore, socket: Socket, bytes: Uint8Array): void {
  if (socket.held > socket.receiveLimit || core.table.held > MOST_HELD) {
    socket.error = ENOBUFS;
    return;
  }
  const packet = createPacket();
  packet.bytes = bytes;
  packet.end = bytes.length;
  packet.from = nameOf(0, 0);
  enqueue(core, socket, packet, packetCost(bytes.length));
}

/** The interface that a request for one names, by index or else by name. */
function asked({ body }: Request): Link | undefined {
  const index = body.byteLength >= N.IFINFOMSG_SIZE ? body.getInt32(4, true) : 0;
  if (index !== 0) return LINKS.find((link) => link.index === index);
  for (let at = N.IFINFOMSG_SIZE; at + N.RTATTR_HEADER <= body.byteLength; ) {
    const length = body.getUint16(at, true);
    if (length < N.RTATTR_HEADER || at + length > body.byteLength) break;
    if (body.getUint16(at + 2, true) === N.IFLA_IFNAME) {
      const bytes = new Uint8Array(body.buffer, body.byteOffset + at + 4, length - 4);
      const name = String.fromCharCode(...bytes).replace(/\0.*/s, '');
      return LINKS.find((link) => link.name === name);
    }
    at += (length + 3) & ~3;
  }
  return undefined;
}

/** All that there is of a kind. There are no routes, neighbours and rules to tell of. */
function dump(request: Request): Uint8Array[] {
  const family = request.body.byteLength > 0 ? request.body.getUint8(0) : 0;
  if (request.type === N.RTM_GETLINK) return LINKS.map((link) => linkMessage(request, link, N.NLM_F_MULTI));
  if (request.type !== N.RTM_GETADDR) return [];
  return LINKS.flatMap((link) =>
    link.addresses
      .filter((address) => family === 0 || family === address.family)
      .map((address) => addressMessage(request, link, address)),
  );
}

function handle(core: NetCore, tid: number, socket: Socket, request: Request): void {
  const { type, flags } = request;
  if (type < N.NLMSG_MIN_TYPE || (flags & N.NLM_F_REQUEST) === 0) return;
  const gets = type <= N.RTM_MAX && type % N.RTM_KINDS === N.RTM_GET;
  let error = -EOPNOTSUPP;
  if (gets && (flags & N.NLM_F_DUMP) !== 0) {
    for (const bytes of dump(request)) answer(core, socket, bytes);
    answer(core, socket, doneMessage(request));
    return;
  }
  if (type === N.RTM_GETLINK) {
    const link = asked(request);
    error = link === undefined ? -ENODEV : 0;
    if (link !== undefined) answer(core, socket, linkMessage(request, link, 0));
  } else if (!gets && !core.kernel.process.capable(tid, CAP_NET_ADMIN)) {
    error = -EPERM;
  }
  if (error !== 0 || (flags & N.NLM_F_ACK) !== 0) answer(core, socket, outcomeMessage(request, error));
}

export function send(
  core: NetCore,
  tid: number,
  socket: Socket,
  from: Spans,
  message: Message | null,
): number {
  const address = message?.address ?? '';
  if (address !== '') {
    if (address.length < N.SOCKADDR_NL_SIZE || familyOf(address) !== N.AF_NETLINK) return -EINVAL;
    if (portOf(address) !== 0) return -ECONNREFUSED;
  }
  if (from.total > LONGEST_REQUEST) return -ENOBUFS;
  if (socket.name === '') autobind(core, tid, socket, 0);
  const bytes = new Uint8Array(from.total);
  copyFromSpans(core.kernel, from, 0, bytes, 0, bytes.length);
  for (let at = 0; at + N.NLMSG_HEADER <= bytes.length; ) {
    const view = new DataView(bytes.buffer, at);
    const length = view.getUint32(0, true);
    if (length < N.NLMSG_HEADER || at + length > bytes.length) break;
    handle(core, tid, socket, {
      type: view.getUint16(4, true),
      flags: view.getUint16(6, true),
      sequence: view.getUint32(8, true),
      port: portOf(socket.name),
      body: new DataView(bytes.buffer, at + N.NLMSG_HEADER, length - N.NLMSG_HEADER),
      header: bytes.subarray(at, at + length),
    });
    at += (length + 3) & ~3;
  }
  return from.total;
}

export function getOption(socket: Readonly<Socket>, name: number): Uint8Array | number {
  return OPTIONS.has(name) ? integers(keptOption(socket, N.SOL_NETLINK, name) ?? 0) : -ENOPROTOOPT;
}

/** Memberships are accepted, for there is nothing to be told of. */
export function setOption(socket: Socket, name: number, value: Uint8Array): number {
  const given = integerOf(value);
  if (given === null) return -EINVAL;
  if (name === 1 || name === 2) return 0;
  if (!OPTIONS.has(name)) return -ENOPROTOOPT;
  socket.options.set(optionKey(N.SOL_NETLINK, name), given === 0 ? 0 : 1);
  return 0;
}
