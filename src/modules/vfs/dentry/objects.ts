/**
 * Open files on objects of ipc, net and process that have no name in the tree: notifiers, sockets, message queues and pidfds.
 *
 * Each operation goes on to the slot that has the object. Source: read(2), write(2), poll(2), ioctl(2), socket(7).
 */
import { EINVAL, ENOTTY, ESPIPE } from '../../../abi/linux/errno.ts';
import { O_NONBLOCK } from '../../../abi/linux/fcntl.ts';
import { FIONREAD } from '../../../abi/linux/ioctl.ts';
import { IPPROTO_TCP, MSG_DONTWAIT, SIOCATMARK, SIOCOUTQ } from '../../../abi/linux/socket.ts';
import type { Spans } from '../../../contracts/kernel.ts';
import type { NotifierKind } from '../../../contracts/notifiers.ts';
import type { Sockets } from '../../../contracts/sockets.ts';
import type { FileKind, OpenFile, QueueKind, SocketKind } from '../../../contracts/vfs.ts';
import { readable } from '../../../lib/socket/queue.ts';
import type { Core } from './core.ts';
import { interfaceRequest } from './interfaces.ts';
import { closeQueue, openQueue, queuesOf, readQueue } from './queues.ts';

export type ObjectKind = NotifierKind | SocketKind | QueueKind | 'pidfd';
export interface ObjectFile extends OpenFile {
  kind: ObjectKind;
}

export const isNotifier = (kind: FileKind): kind is NotifierKind =>
  kind === 'eventfd' || kind === 'timerfd' || kind === 'signalfd' || kind === 'epoll';
export const isSocket = (kind: FileKind): kind is SocketKind =>
  kind === 'unix-socket' || kind === 'inet-socket';
export const isObject = (file: OpenFile): file is ObjectFile =>
  isNotifier(file.kind) || isSocket(file.kind) || file.kind === 'message-queue' || file.kind === 'pidfd';

const socketsOf = ({ kernel }: Core, kind: SocketKind): Sockets =>
  kind === 'unix-socket' ? kernel.ipc : kernel.net;
const isNonBlocking = ({ flags }: OpenFile): boolean => (flags & O_NONBLOCK) !== 0;
const messageFlags = (file: OpenFile): number => (isNonBlocking(file) ? MSG_DONTWAIT : 0);

export function readObject(core: Core, tid: number, file: ObjectFile, into: Spans, offset: number): number {
  const { kind, object } = file;
  if (kind === 'message-queue') return readQueue(core, file, into, offset);
  if (kind === 'pidfd') return -EINVAL;
  if (offset >= 0) return -ESPIPE;
  core.kernel.waits.restart('restart');
  return isNotifier(kind)
    ? core.kernel.ipc.readNotifier(tid, kind, object, into, isNonBlocking(file))
    : socketsOf(core, kind).receive(tid, object, into, messageFlags(file), null);
}

export function writeObject(
  core: Core,
  tid: number,
  file: ObjectFile,
  from: Spans,
  skip: number,
  offset: number,
): number {
  const { kind, object } = file;
  if (kind === 'message-queue' || kind === 'pidfd') return -EINVAL;
  if (offset >= 0) return -ESPIPE;
  core.kernel.waits.restart('restart');
  return isNotifier(kind)
    ? core.kernel.ipc.writeNotifier(kind, object, from, isNonBlocking(file))
    : socketsOf(core, kind).send(tid, object, from, skip, messageFlags(file), null);
}

export function pollObject(core: Core, tid: number, { kind, object }: ObjectFile): number {
  if (kind === 'message-queue') return queuesOf(core).pollNamed(object);
  if (kind === 'pidfd') return core.kernel.process.pollPidfd?.(object) ?? 0;
  return isNotifier(kind)
    ? core.kernel.ipc.pollNotifier(tid, kind, object)
    : socketsOf(core, kind).pollSocket(object);
}

export function armObject(core: Core, tid: number, { kind, object }: ObjectFile, wanted: number): void {
  if (kind === 'message-queue') queuesOf(core).armNamed(object, wanted);
  else if (kind === 'pidfd') core.kernel.process.armPidfd?.(object);
  else if (isNotifier(kind)) core.kernel.ipc.armNotifier(tid, kind, object, wanted);
  else socketsOf(core, kind).armSocket(object, wanted);
}

export function closeObject(core: Core, { kind, object, id }: ObjectFile): void {
  if (kind === 'message-queue') closeQueue(core, id, object);
  else if (kind === 'pidfd') core.kernel.process.closePidfd?.(object);
  else if (isNotifier(kind)) core.kernel.ipc.closeNotifier(kind, object);
  else socketsOf(core, kind).closeSocket(object);
  if (kind === 'pidfd') core.kernel.leases.give('process', 'pidfds', object);
  if (kind === 'inet-socket') core.kernel.leases.give('net', 'inet', object);
}

/** What is open keeps out modules that know no such objects. */
export function leaseObject(core: Core, { kind, object, id }: OpenFile): void {
  if (kind === 'inet-socket') core.kernel.leases.take('net', 'inet', object);
  else if (kind === 'pidfd') core.kernel.leases.take('process', 'pidfds', object);
  else if (kind === 'message-queue') openQueue(core, id, object);
}

export function ioctlObject(
  core: Core,
  tid: number,
  { kind, object }: ObjectFile,
  request: number,
  argument: number,
): number {
  if (kind === 'message-queue' || kind === 'pidfd' || isNotifier(kind)) return -ENOTTY;
  const socket = socketsOf(core, kind).socket(object);
  const { user } = core.kernel;
  if (request === SIOCOUTQ) return user.writeU32(tid, argument, socket.charged);
  if (request === SIOCATMARK) {
    if (kind !== 'inet-socket' || socket.protocol !== IPPROTO_TCP) return -ENOTTY;
    if (socket.stage === 'listening') return -EINVAL;
    return user.writeU32(tid, argument, socket.queue[0]?.urgent === true ? 1 : 0);
  }
  if (request !== FIONREAD) return interfaceRequest(core.kernel, tid, request, argument);
  return socket.stage === 'listening' ? -EINVAL : user.writeU32(tid, argument, readable(socket));
}
