/**
 * What every implementation of the slot `net` must do (`netConformance`), over the loopback.
 */
import { EAGAIN, ECONNREFUSED, EINPROGRESS, EINVAL } from '../abi/linux/errno.ts';
import { AF_NETLINK, NETLINK_ROUTE, RTM_GETLINK, RTM_NEWLINK } from '../abi/linux/netlink.ts';
import { POLLIN, POLLOUT, POLLPRI } from '../abi/linux/poll.ts';
import { AF_INET, MSG_DONTWAIT, MSG_OOB, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM } from '../abi/linux/socket.ts';
import { WAIT } from '../contracts/kernel.ts';
import type { Module } from '../contracts/module.ts';
import type { Net } from '../contracts/net.ts';
import { type Check, equal, holds, Subject } from './check.ts';
import { addProcess, buffer, content, createFakeGuest, type FakeGuest, run } from './fake-guest.ts';
import { type SocketWorld, streamChecks } from './socket-suite.ts';

const CLIENT = 8;
const SERVER = 7;
const BACKLOG = 1;

/** 127.0.0.1 and a port. */
const local = (port: number): string =>
  String.fromCharCode(AF_INET, 0, port >>> 8, port & 255, 127, 0, 0, 1).padEnd(16, '\0');

interface NetWorld {
  readonly guest: FakeGuest;
  readonly subject: Subject<Net, unknown>;
}

function netWorld(module: Module<Net, unknown>): NetWorld {
  const guest = createFakeGuest();
  for (const tid of [CLIENT, SERVER]) addProcess(guest, tid, tid, tid);
  return { guest, subject: new Subject(module, guest.kernel) };
}

/** A listener on a free port. @returns its id and its address */
function listener({ subject }: NetWorld): [number, string] {
  const net = subject.operations;
  const id = net.createSocket(SERVER, AF_INET, SOCK_STREAM, 0);
  equal('bind', net.bindSocket(SERVER, id, local(0)), 0);
  equal('listen', net.listenSocket(SERVER, id, BACKLOG), 0);
  return [id, net.socketName(id)];
}

const connect = ({ guest, subject }: NetWorld, id: number, to: string, nonBlocking: boolean): number =>
  run(guest, CLIENT, () => subject.operations.connectSocket(CLIENT, id, to, nonBlocking));

function connected(module: Module<Net, unknown>): SocketWorld {
  const world = netWorld(module);
  const [server, address] = listener(world);
  const net = world.subject.operations;
  const client = net.createSocket(CLIENT, AF_INET, SOCK_STREAM, 0);
  equal('connect', connect(world, client, address, false), 0);
  const ends = [client, net.acceptSocket(SERVER, server, true)] as const;
  return { ...world, ends };
}

/** A request of rtnetlink(7) for all of a kind. */
const dump = (type: number): string =>
  String.fromCharCode(20, 0, 0, 0, type, 0, 1, 3, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

const linksCheck = (module: Module<Net, unknown>): Check => ({
  name: 'tells by netlink of the interfaces that it names, in order, and then that it is done',
  run(): void {
    const { guest, subject } = netWorld(module);
    const net = subject.operations;
    const links = net.links?.() ?? [];
    holds('there are some', links.length > 0);
    const id = net.createSocket(CLIENT, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    equal('asked', net.send(CLIENT, id, buffer(guest, dump(RTM_GETLINK)), 0, 0, null), 20);
    subject.copy();
    const into = buffer(guest, 4096);
    for (const { name } of links) {
      const length = net.receive(CLIENT, id, into, MSG_DONTWAIT, null);
      const text = content(guest, into, length);
      equal('type', text.charCodeAt(4), RTM_NEWLINK);
      holds(`it tells of ${name}`, text.includes(`${name}\0`));
    }
    equal('done', content(guest, into, net.receive(CLIENT, id, into, MSG_DONTWAIT, null)).charCodeAt(4), 3);
    equal('no more', net.receive(CLIENT, id, into, MSG_DONTWAIT, null), -EAGAIN);
    net.closeSocket(id);
    subject.check();
  },
});

export function netConformance<State>(given: Module<Net, State>): readonly Check[] {
  const module = given as unknown as Module<Net, unknown>;
  return [
    ...streamChecks('a TCP connection', () => connected(module)),
    {
      name: 'a listener holds connections up to its backlog, and lets who waits in, over replacement',
      run(): void {
        const world = netWorld(module);
        const { guest, subject } = world;
        const [server, address] = listener(world);
        const clients = [1, 2, 3].map(() => subject.operations.createSocket(CLIENT, AF_INET, SOCK_STREAM, 0));
        const [first, second, third] = clients as [number, number, number];
        equal('within the backlog', connect(world, first, address, false), 0);
        equal('the last that it holds', connect(world, second, address, true), -EINPROGRESS);
        equal('and that is there', subject.operations.pollSocket(second) & POLLOUT, POLLOUT);
        equal('beyond it', connect(world, third, address, false), WAIT);
        guest.woken.length = 0;
        subject.copy();
        holds('one can be accepted', (subject.operations.pollSocket(server) & POLLIN) !== 0);
        for (let i = 0; i < 3; i++)
          holds('accepted', subject.operations.acceptSocket(SERVER, server, true) > 0);
        equal('woken', guest.woken, [CLIENT]);
        guest.waits.begin();
        equal('connected', subject.operations.connectSocket(CLIENT, third, address, false), 0);
        guest.waits.finish(CLIENT);
        subject.check();
      },
    },
    {
      name: 'urgent data lie apart from the others, marked where they were sent, over replacement',
      run(): void {
        const { guest, subject, ends } = connected(module);
        const net = subject.operations as Net;
        const [from, to] = ends;
        const into = buffer(guest, 9);
        equal('sent', net.send(CLIENT, from, buffer(guest, 'abX'), 0, MSG_OOB, null), 3);
        equal('more', net.send(CLIENT, from, buffer(guest, 'cd'), 0, 0, null), 2);
        subject.copy();
        equal('told of', net.pollSocket(to) & POLLPRI, POLLPRI);
        equal('up to it', net.receive(SERVER, to, into, 0, null), 2);
        equal('apart', net.receive(SERVER, to, into, MSG_OOB, null), 1);
        equal('byte', content(guest, into, 1), 'X');
        equal('once', net.receive(SERVER, to, into, MSG_OOB, null), -EINVAL);
        subject.copy();
        equal('told no more', net.pollSocket(to) & POLLPRI, 0);
        equal('behind it', net.receive(SERVER, to, into, 0, null), 2);
        equal('bytes', content(guest, into, 2), 'cd');
        subject.check();
      },
    },
    ...(given.manifest.interfaces.includes('links') ? [linksCheck(module)] : []),
    {
      name: 'nobody at a port refuses, now and when a call did not wait',
      run(): void {
        const world = netWorld(module);
        const net = world.subject.operations;
        const client = net.createSocket(CLIENT, AF_INET, SOCK_STREAM, 0);
        equal('refused', connect(world, client, local(9), false), -ECONNREFUSED);
        const other = net.createSocket(CLIENT, AF_INET, SOCK_STREAM, 0);
        equal('under way', connect(world, other, local(9), true), -EINPROGRESS);
        equal('told by the next', connect(world, other, local(9), true), -ECONNREFUSED);
      },
    },
    {
      name: 'a datagram says where it comes from, and a closed socket leaves nothing behind',
      run(): void {
        const { guest, subject } = netWorld(module);
        const net = subject.operations;
        const ids = [CLIENT, SERVER].map((tid) => {
          const id = net.createSocket(tid, AF_INET, SOCK_DGRAM, 0);
          net.bindSocket(tid, id, local(0));
          return id;
        });
        const [from, to] = ids as [number, number];
        const message = {
          address: net.socketName(to),
          files: [],
          credentials: false,
          pid: 0,
          uid: 0,
          gid: 0,
          flags: 0,
        };
        equal('sent', net.send(CLIENT, from, buffer(guest, 'whole'), 0, 0, message), 5);
        const into = buffer(guest, 9);
        equal('received', net.receive(SERVER, to, into, 0, message), 5);
        equal('bytes', content(guest, into, 5), 'whole');
        equal('from', message.address, net.socketName(from));
        for (const id of ids) net.closeSocket(id);
        equal('left', [...net.sockets()].length, 0);
        subject.check();
      },
    },
  ];
}
