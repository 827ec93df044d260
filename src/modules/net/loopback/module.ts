/**
 * The loopback net: TCP and UDP between programs of this kernel, on 127.0.0.0/8 and ::1.
 *
 * Nothing leads outside: any other host is ENETUNREACH. State: `NetState`.
 */
import {
  EINVAL,
  ENFILE,
  ENOPROTOOPT,
  ENOTCONN,
  EOPNOTSUPP,
  EPERM,
  EPROTONOSUPPORT,
  ESOCKTNOSUPPORT,
} from '../../../abi/linux/errno.ts';
import { CAP_NET_ADMIN, CAP_NET_RAW } from '../../../abi/linux/capability.ts';
import { AF_NETLINK, SOL_NETLINK } from '../../../abi/linux/netlink.ts';
import { POLLOUT } from '../../../abi/linux/poll.ts';
import {
  IPPROTO_TCP,
  IPPROTO_UDP,
  MSG_OOB,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SO_BINDTODEVICE,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../../abi/linux/socket.ts';
import type { Module } from '../../../contracts/module.ts';
import { type Net, type NetState, netLayout } from '../../../contracts/net.ts';
import type { Socket } from '../../../contracts/sockets.ts';
import { getSocketOption, setSocketOption } from '../../../lib/socket/options.ts';
import { pollBits } from '../../../lib/socket/queue.ts';
import { receiveDatagram, receiveStream, receiveUrgent } from '../../../lib/socket/receive.ts';
import { EVERYONE, socketOf, wakeBoth } from '../../../lib/socket/table.ts';
import { checkOwn, format, nowhere, parse } from './addresses.ts';
import { getIpOption, setIpOption } from './options.ts';
import { type NetCore, occupy } from './ports.ts';
import { bindToLink, boundLink, LINKS } from './links.ts';
import * as netlink from './netlink.ts';
import * as tcp from './tcp.ts';
import * as ends from './tcp-end.ts';
import * as udp from './udp.ts';

function make(core: NetCore, tid: number, family: number, type: number, protocol: number): Socket | number {
  if (family === AF_NETLINK) return netlink.make(core, type, protocol);
  if (type === SOCK_STREAM) {
    if (protocol !== 0 && protocol !== IPPROTO_TCP) return -EPROTONOSUPPORT;
    return tcp.make(core, family, IPPROTO_TCP) ?? -ENFILE;
  }
  if (type === SOCK_DGRAM) {
    if (protocol !== 0 && protocol !== IPPROTO_UDP) return -EPROTONOSUPPORT;
    return udp.make(core, family, IPPROTO_UDP) ?? -ENFILE;
  }
  if (type !== SOCK_RAW) return -ESOCKTNOSUPPORT;
  return core.kernel.process.capable(tid, CAP_NET_RAW) ? -EPROTONOSUPPORT : -EPERM;
}

/** No pairs here: what is no socket at all says so first. */
function refusePair(core: NetCore, tid: number, family: number, type: number, protocol: number): number {
  const socket = make(core, tid, family, type, protocol);
  if (typeof socket === 'number') return socket;
  core.table.sockets.delete(socket.id);
  return -EOPNOTSUPP;
}

function bind(core: NetCore, tid: number, socket: Socket, address: string): number {
  if (netlink.isNetlink(socket)) return netlink.bind(core, tid, socket, address);
  const place = parse(address, socket.family, true);
  if (typeof place === 'number') return place;
  const error = checkOwn(place.host);
  if (error !== 0) return error;
  if (socket.name !== '' || socket.stage !== 'fresh') return -EINVAL;
  const taken = occupy(core, tid, socket, place);
  socket.bound = taken === 0;
  return taken;
}

function shutdownUdp(core: NetCore, socket: Socket, how: number): number {
  if (how < SHUT_RD || how > SHUT_RDWR) return -EINVAL;
  if (how !== SHUT_WR) socket.receiveShut = true;
  if (how !== SHUT_RD) socket.sendShut = true;
  wakeBoth(core, socket);
  return socket.stage === 'connected' ? 0 : -ENOTCONN;
}

export const loopbackNet: Module<Net, NetState> = {
  manifest: {
    slot: 'net',
    name: 'loopback',
    version: '1.0.0',
    contract: 1,
    interfaces: ['inet', 'links', 'posts'],
    needs: { clock: 1, engine: 1, process: 1 },
    description: 'TCP and UDP between programs of this kernel, no way outside',
  },
  layout: netLayout,
  create(state, kernel) {
    const core: NetCore = { state, table: state.sockets, kernel };
    const find = (id: number): Socket => socketOf(core, id);
    return {
      createSocket(tid, family, type, protocol) {
        const socket = make(core, tid, family, type, protocol);
        return typeof socket === 'number' ? socket : socket.id;
      },
      createPair: (tid, family, type, protocol) => refusePair(core, tid, family, type, protocol),
      closeSocket(id) {
        const socket = find(id);
        if (socket.type === SOCK_STREAM) ends.close(core, socket, false);
        else udp.close(core, socket);
      },
      bindSocket: (tid, id, address) => bind(core, tid, find(id), address),
      listenSocket(tid, id, backlog) {
        const socket = find(id);
        return socket.type === SOCK_STREAM ? tcp.listenSocket(core, tid, socket, backlog) : -EOPNOTSUPP;
      },
      connectSocket(tid, id, address, nonBlocking) {
        const socket = find(id);
        if (netlink.isNetlink(socket)) return netlink.connect(core, tid, socket, address);
        return socket.type === SOCK_STREAM
          ? tcp.connect(core, tid, socket, address, nonBlocking)
          : udp.connect(core, tid, socket, address);
      },
      acceptSocket(tid, id, nonBlocking) {
        const socket = find(id);
        return socket.type === SOCK_STREAM ? tcp.acceptSocket(core, tid, socket, nonBlocking) : -EOPNOTSUPP;
      },
      send(tid, id, from, skip, flags, message) {
        const socket = find(id);
        if ((flags & MSG_OOB) !== 0 && socket.type !== SOCK_STREAM) return -EOPNOTSUPP;
        if (netlink.isNetlink(socket)) return netlink.send(core, tid, socket, from, message);
        return socket.type === SOCK_STREAM
          ? tcp.send(core, tid, socket, from, skip, flags)
          : udp.send(core, tid, socket, from, message);
      },
      receive(tid, id, into, flags, message) {
        const socket = find(id);
        if (socket.type !== SOCK_STREAM) return receiveDatagram(core, tid, socket, into, flags, message);
        if (socket.stage === 'listening' || (socket.stage === 'fresh' && !socket.receiveShut))
          return -ENOTCONN;
        if ((flags & MSG_OOB) !== 0) return receiveUrgent(core, socket, into, flags, message);
        return receiveStream(core, tid, socket, into, flags, message, true);
      },
      shutdownSocket(id, how) {
        const socket = find(id);
        if (netlink.isNetlink(socket)) return -EOPNOTSUPP;
        return socket.type === SOCK_STREAM
          ? ends.shutdown(core, socket, how)
          : shutdownUdp(core, socket, how);
      },
      socketName(id) {
        const { name, family } = find(id);
        if (family === AF_NETLINK) return name === '' ? netlink.nameOf(0, 0) : name;
        return name === '' ? format(nowhere(family), family) : name;
      },
      peerName(id) {
        const { stage, peerName, family } = find(id);
        if (family === AF_NETLINK) return netlink.nameOf(0, 0);
        return stage === 'connected' ? peerName : -ENOTCONN;
      },
      getOption(_tid, id, level, name) {
        const socket = find(id);
        if (level === SOL_SOCKET)
          return name === SO_BINDTODEVICE ? boundLink(socket) : getSocketOption(socket, name);
        if (!netlink.isNetlink(socket)) return getIpOption(socket, level, name);
        return level === SOL_NETLINK ? netlink.getOption(socket, name) : -ENOPROTOOPT;
      },
      setOption(tid, id, level, name, value) {
        const socket = find(id);
        if (netlink.isNetlink(socket) && level !== SOL_SOCKET) {
          return level === SOL_NETLINK ? netlink.setOption(socket, name, value) : -ENOPROTOOPT;
        }
        if (level !== SOL_SOCKET) return setIpOption(socket, level, name, value);
        if (name === SO_BINDTODEVICE) return bindToLink(socket, value);
        const error = setSocketOption(socket, name, value, kernel.process.capable(tid, CAP_NET_ADMIN));
        // A larger SO_SNDBUF is room.
        if (error === 0) kernel.waits.wake(socket.writeEvent, EVERYONE);
        return error;
      },
      pollSocket: (id) => pollBits(find(id), true),
      armSocket(id, wanted) {
        const socket = find(id);
        if ((wanted & ~POLLOUT) !== 0 || wanted === 0) kernel.waits.on(socket.readEvent);
        if ((wanted & POLLOUT) !== 0) kernel.waits.on(socket.writeEvent);
      },
      links: () => LINKS,
      post: (socket, bytes) => netlink.answer(core, find(socket), bytes),
      socket: find,
      sockets: () => state.sockets.sockets.values(),
    };
  },
};

export default loopbackNet;
