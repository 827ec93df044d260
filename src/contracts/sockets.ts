/**
 * What contracts `ipc` (AF_UNIX) and `net` (AF_INET, AF_INET6) have in common: sockets.
 *
 * An address is the bytes of its sockaddr, family included, as a byte string; '' is none. A socket is told by its id in the
 * table of its slot; vfs holds it by that. Source: socket(7), unix(7), tcp(7), udp(7).
 */
import type { Spans } from './kernel.ts';
import { array, bool, int, map, oneOf, record, type Schema, text, uint8s } from './schema.ts';

/** Bytes that travel together: a datagram, or a run of a stream's bytes with what was sent along with its first. */
export interface Packet {
  bytes: Uint8Array;
  /** [start, end) are yet to be read. */
  start: number;
  end: number;
  /** Address of a datagram's sender. */
  from: string;
  /** Socket that the packet is charged to until it is read; 0 = none. */
  sender: number;
  charge: number;
  /** Its one byte is the urgent one (MSG_OOB), or was. */
  urgent: boolean;
  /** Open files in flight, each with a reference (SCM_RIGHTS). */
  files: number[];
  pid: number;
  uid: number;
  gid: number;
}

export const URGENT_UNREAD = 1;
export const URGENT_READ = 2;

/** `closed`: it was connected and is so no more, for good. */
export type SocketStage = 'fresh' | 'listening' | 'connecting' | 'connected' | 'closed';

export interface Socket {
  id: number;
  family: number;
  type: number;
  protocol: number;
  stage: SocketStage;
  name: string;
  peerName: string;
  /** The other end, or where datagrams go; 0 = none, or it is gone. */
  peer: number;
  /** No more will be received, or may be sent (shutdown(2), or the other end did). */
  receiveShut: boolean;
  sendShut: boolean;
  /** SO_ERROR: an errno to be told once. */
  error: number;
  queue: Packet[];
  /** Of the urgent packet in the queue: 0 = there is none, URGENT_UNREAD, URGENT_READ. */
  urgent: number;
  /** Charges of its queue, and of its own packets in other queues. */
  held: number;
  charged: number;
  /** SO_SNDBUF and SO_RCVBUF. */
  sendLimit: number;
  receiveLimit: number;
  /** A listener's: connections that no accept(2) took, and sockets whose connect(2) waits for room. */
  backlog: number;
  pending: number[];
  waiting: number[];
  /** The listener among whose pending it is; 0 = none. */
  listener: number;
  /** Its name was asked for by bind(2), not given by the way. */
  bound: boolean;
  /** A connect(2) has told of its outcome. */
  announced: boolean;
  passCredentials: boolean;
  /** SO_PEERCRED. */
  peerPid: number;
  peerUid: number;
  peerGid: number;
  /** SO_RCVTIMEO and SO_SNDTIMEO in ns, 0 = none. */
  receiveTimeout: number;
  sendTimeout: number;
  /** SO_LINGER in seconds, -1 = off. */
  linger: number;
  /** Other options that are kept: level * 65536 + name. */
  options: Map<number, number>;
  /** Dentry of the name, which it holds; 0 = none. */
  dentry: number;
  readEvent: number;
  writeEvent: number;
  /** Woken when its queue or its backlog has room again. */
  roomEvent: number;
}

export interface SocketTable {
  sockets: Map<number, Socket>;
  next: number;
  /** Sum of what all sockets hold, and how many open files lie in their queues. */
  held: number;
  files: number;
}

export const createPacket = (): Packet => ({
  bytes: new Uint8Array(0),
  start: 0,
  end: 0,
  from: '',
  sender: 0,
  charge: 0,
  urgent: false,
  files: [],
  pid: 0,
  uid: 0,
  gid: 0,
});
export const createSocket = (): Socket => ({
  id: 0,
  family: 0,
  type: 0,
  protocol: 0,
  stage: 'fresh',
  name: '',
  peerName: '',
  peer: 0,
  receiveShut: false,
  sendShut: false,
  error: 0,
  queue: [],
  urgent: 0,
  held: 0,
  charged: 0,
  sendLimit: 0,
  receiveLimit: 0,
  backlog: 0,
  pending: [],
  waiting: [],
  listener: 0,
  bound: false,
  announced: false,
  passCredentials: false,
  peerPid: 0,
  peerUid: -1,
  peerGid: -1,
  receiveTimeout: 0,
  sendTimeout: 0,
  linger: -1,
  options: new Map(),
  dentry: 0,
  readEvent: 0,
  writeEvent: 0,
  roomEvent: 0,
});
export const createSocketTable = (): SocketTable => ({
  sockets: new Map(),
  next: 1,
  held: 0,
  files: 0,
});

const packet = record<Packet>(
  {
    bytes: uint8s(),
    start: int(),
    end: int(),
    from: text(),
    sender: int(),
    charge: int(),
    urgent: bool(),
    files: array(int()),
    pid: int(),
    uid: int(),
    gid: int(),
  },
  createPacket,
);

const socket = record<Socket>(
  {
    id: int(),
    family: int(),
    type: int(),
    protocol: int(),
    stage: oneOf<SocketStage>('fresh', 'listening', 'connecting', 'connected', 'closed'),
    name: text(),
    peerName: text(),
    peer: int(),
    receiveShut: bool(),
    sendShut: bool(),
    error: int(),
    queue: array(packet),
    urgent: int(),
    held: int(),
    charged: int(),
    sendLimit: int(),
    receiveLimit: int(),
    backlog: int(),
    pending: array(int()),
    waiting: array(int()),
    listener: int(),
    bound: bool(),
    announced: bool(),
    passCredentials: bool(),
    peerPid: int(),
    peerUid: int(),
    peerGid: int(),
    receiveTimeout: int(),
    sendTimeout: int(),
    linger: int(),
    options: map(int(), int()),
    dentry: int(),
    readEvent: int(),
    writeEvent: int(),
    roomEvent: int(),
  },
  createSocket,
);

export const socketTableSchema: Schema<SocketTable> = record<SocketTable>(
  { sockets: map(int(), socket), next: int(), held: int(), files: int() },
  createSocketTable,
);

/** @returns what is broken, or null */
export function verifySockets({ sockets, held: all, files: flying }: SocketTable): string | null {
  let total = 0;
  let count = 0;
  const charged = new Map<number, number>();
  for (const { id, queue, held } of sockets.values()) {
    let sum = 0;
    for (const { charge, sender, start, end, bytes, files } of queue) {
      if (start > end || end > bytes.length) return `socket ${id} holds a packet beyond its bytes`;
      sum += charge;
      count += files.length;
      charged.set(sender, (charged.get(sender) ?? 0) + charge);
    }
    if (sum !== held) return `socket ${id} holds ${sum} but counts ${held}`;
    total += held;
  }
  if (total !== all) return `sockets hold ${total} but count ${all}`;
  if (count !== flying) return `${count} files are in flight but ${flying} are counted`;
  for (const { id, charged: counted } of sockets.values()) {
    const sum = charged.get(id) ?? 0;
    if (sum !== counted) return `socket ${id} is charged ${sum} but counts ${counted}`;
  }
  return null;
}

/** Its inode number, where user programs see one. */
export const socketInode = (unix: boolean, id: number): number => 2 * id + (unix ? 0 : 1);

/** What goes along with the bytes of a message. */
export interface Message {
  /** Sending: where to, '' = to the peer. Receiving: from whom. */
  address: string;
  /** Sending: open files, of which the packet takes references of its own. Receiving: the same, their references the caller's. */
  files: number[];
  /** Sending: credentials are given, and were checked. Receiving: they are to be told. */
  credentials: boolean;
  pid: number;
  uid: number;
  gid: number;
  /** Receiving: MSG_ bits. */
  flags: number;
}

export const createMessage = (): Message => ({
  address: '',
  files: [],
  credentials: false,
  pid: 0,
  uid: 0,
  gid: 0,
  flags: 0,
});

/**
 * Those that may wait return WAIT before anything has changed; a time-out of the socket is kept in the call's progress at index 1,
 * index 0 is the handler's. Errors are those of the man page of the call, negative.
 */
export interface Sockets {
  /** socket(2). @returns its id, -EPROTONOSUPPORT, -ESOCKTNOSUPPORT, -EPROTOTYPE, -ENFILE */
  createSocket(tid: number, family: number, type: number, protocol: number): number;
  /** socketpair(2). @returns the id of one, whose peer is the other, -EOPNOTSUPP or as `createSocket` */
  createPair(tid: number, family: number, type: number, protocol: number): number;
  /** Its last descriptor is gone. */
  closeSocket(id: number): void;
  bindSocket(tid: number, id: number, address: string): number;
  listenSocket(tid: number, id: number, backlog: number): number;
  /** connect(2). A wait ends when the outcome is there, or there is room to begin. */
  connectSocket(tid: number, id: number, address: string, nonBlocking: boolean): number;
  /** accept(2). @returns the id of the connection's socket, -EAGAIN, -EINVAL, -EOPNOTSUPP or WAIT */
  acceptSocket(tid: number, id: number, nonBlocking: boolean): number;
  /**
   * send(2), from byte `skip` on, as much as there is room for. SIGPIPE is sent unless MSG_NOSIGNAL is set.
   * @param message null = bytes alone @returns count, -errno or WAIT. Hot path.
   */
  send(tid: number, id: number, from: Spans, skip: number, flags: number, message: Message | null): number;
  /** recv(2). @returns count, 0 at the end of a stream, -errno or WAIT. Hot path. */
  receive(tid: number, id: number, into: Spans, flags: number, message: Message | null): number;
  /** shutdown(2). */
  shutdownSocket(id: number, how: number): number;
  /** getsockname(2), getpeername(2). @returns the address or -ENOTCONN */
  socketName(id: number): string;
  peerName(id: number): string | number;
  /** getsockopt(2). @returns its whole value or -ENOPROTOOPT. SO_ERROR is told once. */
  getOption(tid: number, id: number, level: number, name: number): Uint8Array | number;
  setOption(tid: number, id: number, level: number, name: number, value: Uint8Array): number;
  /** POLL bits ready. Hot path. */
  pollSocket(id: number): number;
  armSocket(id: number, wanted: number): void;
  /** The socket itself; its fields may be read until the entry ends. */
  socket(id: number): Readonly<Socket>;
  sockets(): Iterable<Readonly<Socket>>;
}

export const SOCKET_OPERATIONS: readonly (keyof Sockets)[] = [
  'createSocket',
  'createPair',
  'closeSocket',
  'bindSocket',
  'listenSocket',
  'connectSocket',
  'acceptSocket',
  'send',
  'receive',
  'shutdownSocket',
  'socketName',
  'peerName',
  'getOption',
  'setOption',
  'pollSocket',
  'armSocket',
  'socket',
  'sockets',
];
