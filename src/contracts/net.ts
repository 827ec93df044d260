/**
 * Contract `net`: sockets of AF_INET and AF_INET6, and of AF_NETLINK, which tell of their interfaces.
 *
 * Policy here: which hosts can be reached, how much may be in flight, how connections wait. Mechanism, fixed: an address is the
 * bytes of a sockaddr, waiting goes through `Waits`, vfs holds a socket by its id. Source: ip(7), tcp(7), udp(7).
 */
import type { LinkOperations } from './links.ts';
import { type Contract, layout, type StateLayout } from './contract.ts';
import { array, int, map, record } from './schema.ts';
import {
  createSocketTable,
  SOCKET_OPERATIONS,
  type Sockets,
  type SocketTable,
  socketTableSchema,
  verifySockets,
} from './sockets.ts';

export interface NetState {
  sockets: SocketTable;
  /** Socket type * 65536 + port to the sockets that have it as theirs, in order of binding. */
  ports: Map<number, number[]>;
  /** Where the search for a free port of one's own begins. */
  nextPort: number;
}

const blank = (): NetState => ({ sockets: createSocketTable(), ports: new Map(), nextPort: 0 });

export const netLayout: StateLayout<NetState> = layout(
  'net',
  record<NetState>({ sockets: socketTableSchema, ports: map(int(), array(int())), nextPort: int() }, blank),
  blank,
  (state) => {
    for (const [port, ids] of state.ports) {
      for (const id of ids) {
        if (!state.sockets.sockets.has(id))
          return `port ${port % 65536} belongs to socket ${id}, which is gone`;
      }
    }
    return verifySockets(state.sockets);
  },
);

/** The sockets are those of AF_INET, AF_INET6 and AF_NETLINK. */
export interface Net extends Sockets, Partial<LinkOperations> {
  /** Interface `posts`: bytes of the kernel's own to a socket of AF_NETLINK. They are lost if it is full. */
  post?(socket: number, bytes: Uint8Array): void;
}

export const net: Contract<Net> = {
  name: 'net',
  version: 1,
  operations: [...SOCKET_OPERATIONS],
  interfaces: {
    /** Sockets can be made; an open one holds a lease, by its id. A module without it answers -EAFNOSUPPORT to `createSocket`. */
    inet: [],
    /** It tells of its interfaces. */
    links: ['links'],
    posts: ['post'],
  },
};
