/**
 * The operations of contract `ipc` in one record, for modules to take as they are or to change in part.
 *
 * Mechanism only: nothing here knows which thread runs next. State: `IpcState`.
 */
import type { Ipc, IpcState } from '../../contracts/ipc.ts';
import type { Kernel } from '../../contracts/kernel.ts';
import { futexOperations } from './futexes.ts';
import { messageQueueOperations } from './message-queues.ts';
import { namedQueueOperations } from './named-queues.ts';
import { notifierOperations } from './notifiers.ts';
import { pipeOperations } from './pipes.ts';
import { segmentOperations } from './segments.ts';
import { semaphoreOperations } from './semaphores.ts';
import { unixOperations } from './unix.ts';

/** The optional interfaces that `ipcOperations` has. */
export const IPC_INTERFACES: readonly string[] = [
  'packets',
  'splicing',
  'ownership',
  'requeue-to-own',
  'futex-vectors',
  'priority-inheritance',
  'semaphores',
  'message-queues',
  'shared-memory',
  'posix-queues',
];

/** @param kept a drained pipe's ring that is larger is given back */
export function ipcOperations(state: IpcState, kernel: Kernel, kept: number): Ipc {
  const pipes = pipeOperations(state, kernel, kept);
  const notifiers = notifierOperations(state.notifiers, kernel);
  const unix = unixOperations({ table: state.sockets, kernel, names: state.unixNames });
  return {
    createPipe: pipes.createPipe,
    fifo: pipes.fifo,
    openEnd: pipes.openEnd,
    closeEnd: pipes.closeEnd,
    awaitPeer: pipes.awaitPeer,
    peerOpens: pipes.peerOpens,
    readPipe: pipes.readPipe,
    writePipe: pipes.writePipe,
    pollPipe: pipes.pollPipe,
    armPipe: pipes.armPipe,
    pipeBytes: pipes.pipeBytes,
    pipeCapacity: pipes.pipeCapacity,
    setPipeCapacity: pipes.setPipeCapacity,
    writePacket: pipes.writePacket,
    peekPipe: pipes.peekPipe,
    dropPipe: pipes.dropPipe,
    awaitRoom: pipes.awaitRoom,
    ...futexOperations(state, kernel),
    ...messageQueueOperations(state.messageQueues, kernel),
    ...namedQueueOperations(state.namedQueues, kernel),
    ...segmentOperations(state.segments, kernel),
    ...semaphoreOperations(state.semaphores, kernel),
    createEventfd: notifiers.createEventfd,
    createTimerfd: notifiers.createTimerfd,
    createSignalfd: notifiers.createSignalfd,
    createEpoll: notifiers.createEpoll,
    closeNotifier: notifiers.closeNotifier,
    readNotifier: notifiers.readNotifier,
    writeNotifier: notifiers.writeNotifier,
    pollNotifier: notifiers.pollNotifier,
    armNotifier: notifiers.armNotifier,
    setTimerfd: notifiers.setTimerfd,
    timerfd: notifiers.timerfd,
    setSignalfd: notifiers.setSignalfd,
    control: notifiers.control,
    candidates: notifiers.candidates,
    take: notifiers.take,
    fileClosed: notifiers.fileClosed,
    createSocket: unix.createSocket,
    createPair: unix.createPair,
    closeSocket: unix.closeSocket,
    bindSocket: unix.bindSocket,
    listenSocket: unix.listenSocket,
    connectSocket: unix.connectSocket,
    acceptSocket: unix.acceptSocket,
    send: unix.send,
    receive: unix.receive,
    shutdownSocket: unix.shutdownSocket,
    socketName: unix.socketName,
    peerName: unix.peerName,
    getOption: unix.getOption,
    setOption: unix.setOption,
    pollSocket: unix.pollSocket,
    armSocket: unix.armSocket,
    socket: unix.socket,
    sockets: unix.sockets,
  };
}
