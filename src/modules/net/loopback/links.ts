/**
 * The one interface of the loopback net.
 */
import {
  ARPHRD_LOOPBACK,
  IFF_LOOPBACK,
  IFF_LOWER_UP,
  IFF_RUNNING,
  IFF_UP,
  IFNAMSIZ,
} from '../../../abi/linux/interface.ts';
import { ENODEV } from '../../../abi/linux/errno.ts';
import { AF_INET, AF_INET6, SO_BINDTODEVICE, SOL_SOCKET } from '../../../abi/linux/socket.ts';
import type { Link } from '../../../contracts/links.ts';
import type { Socket } from '../../../contracts/sockets.ts';
import { optionKey } from '../../../lib/socket/options.ts';
import { LOCAL4, LOCAL6 } from './addresses.ts';

const BOUND: number = optionKey(SOL_SOCKET, SO_BINDTODEVICE);

/** SO_BINDTODEVICE: the one interface, by its name, or none again. */
export function bindToLink(socket: Socket, value: Uint8Array): number {
  const name = String.fromCharCode(...value.subarray(0, IFNAMSIZ - 1)).replace(/\0.*/s, '');
  const link = LINKS.find((each) => each.name === name);
  if (name !== '' && link === undefined) return -ENODEV;
  socket.options.set(BOUND, link?.index ?? 0);
  return 0;
}

export function boundLink(socket: Readonly<Socket>): Uint8Array {
  const link = LINKS.find(({ index }) => index === socket.options.get(BOUND));
  return link === undefined
    ? new Uint8Array(0)
    : Uint8Array.from(`${link.name}\0`, (char) => char.charCodeAt(0));
}

export const LINKS: readonly Link[] = [
  {
    index: 1,
    name: 'lo',
    type: ARPHRD_LOOPBACK,
    hardware: '\0\0\0\0\0\0',
    flags: IFF_UP | IFF_LOOPBACK | IFF_RUNNING | IFF_LOWER_UP,
    mtu: 65536,
    queueLength: 1000,
    addresses: [
      { family: AF_INET, host: LOCAL4, prefix: 8 },
      { family: AF_INET6, host: LOCAL6, prefix: 128 },
    ],
  },
];
