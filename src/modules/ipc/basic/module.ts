/**
 * The basic ipc module: byte-ring pipes and a list of futex waiters.
 *
 * Two copies for each byte that crosses a pipe, one in and one out; nothing is remapped. State: `IpcState`.
 */
import { type Ipc, type IpcState, ipcLayout } from '../../../contracts/ipc.ts';
import type { Module } from '../../../contracts/module.ts';
import { futexOperations } from './futexes.ts';
import { notifierOperations } from './notifiers.ts';
import { pipeOperations } from './pipes.ts';
import { unixOperations } from './unix.ts';

export const basicIpc: Module<Ipc, IpcState> = {
  manifest: {
    slot: 'ipc',
    name: 'basic',
    version: '1.0.0',
    contract: 1,
    interfaces: [],
    needs: { clock: 1, engine: 1, process: 1, vfs: 1 },
    description: 'pipes as byte rings, futexes as one list, epoll by what fired, unix sockets as queues',
  },
  layout: ipcLayout,
  create(state, kernel) {
    const pipes = pipeOperations(state, kernel);
    const futexes = futexOperations(state, kernel);
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
      futexWait: futexes.futexWait,
      futexDone: futexes.futexDone,
      futexWake: futexes.futexWake,
      futexRequeue: futexes.futexRequeue,
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
  },
};

export default basicIpc;
