/**
 * net/none: no network at all. AF_INET and AF_INET6 are families that this kernel does not know.
 *
 * State: that of every net, and empty while this one is in place: sockets lease `inet`, which it lacks.
 */
import { EAFNOSUPPORT } from '../../../abi/linux/errno.ts';
import type { Module } from '../../../contracts/module.ts';
import { type Net, type NetState, netLayout } from '../../../contracts/net.ts';
import { KernelFault } from '../../../lib/kernel-fault.ts';

/** An operation on a socket, of which there is none. */
const none = (): never => {
  throw new KernelFault('an operation on a socket of a net that has none');
};

export const noneNet: Module<Net, NetState> = {
  manifest: {
    slot: 'net',
    name: 'none',
    version: '1.0.0',
    contract: 1,
    interfaces: [],
    needs: {},
    description: 'no network: AF_INET and AF_INET6 are unknown',
  },
  layout: netLayout,
  create: () => ({
    createSocket: () => -EAFNOSUPPORT,
    createPair: () => -EAFNOSUPPORT,
    closeSocket: none,
    bindSocket: none,
    listenSocket: none,
    connectSocket: none,
    acceptSocket: none,
    send: none,
    receive: none,
    shutdownSocket: none,
    socketName: none,
    peerName: none,
    getOption: none,
    setOption: none,
    pollSocket: none,
    armSocket: none,
    socket: none,
    sockets: () => [],
  }),
};

export default noneNet;
