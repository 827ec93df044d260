/**
 * The one interface of the loopback net.
 */
import {
  ARPHRD_LOOPBACK,
  IFF_LOOPBACK,
  IFF_LOWER_UP,
  IFF_RUNNING,
  IFF_UP,
} from '../../../abi/linux/interface.ts';
import { AF_INET, AF_INET6 } from '../../../abi/linux/socket.ts';
import type { Link } from '../../../contracts/links.ts';
import { LOCAL4, LOCAL6 } from './addresses.ts';

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
