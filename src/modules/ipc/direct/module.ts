/**
 * The direct ipc module: synchronous request and reply at the cost of the copies, by handing the CPU to the receiver.
 *
 * Pipes, futexes, notifiers, sockets and queues as everywhere (lib/ipc); what is its own is who runs next after a send (handoff.ts),
 * and that a pipe keeps its ring. State: `IpcState`, so that it and ipc/basic take each other's place by reference.
 * Source: J. Liedtke, "Improving IPC by Kernel Design" (SOSP 1993), direct process switch.
 */
import { type Ipc, type IpcState, ipcLayout } from '../../../contracts/ipc.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import type { NamedQueues } from '../../../contracts/named-queues.ts';
import type { Module } from '../../../contracts/module.ts';
import { IPC_INTERFACES, ipcOperations } from '../../../lib/ipc/operations.ts';
import { handoffs, pipeChannel, queueChannel, socketChannel } from './handoff.ts';

function create(state: IpcState, kernel: Kernel): Ipc {
  const base = ipcOperations(state, kernel, Number.POSITIVE_INFINITY);
  const handoff = handoffs(state, kernel);
  const { pipes } = state;
  const { sockets } = state.sockets;
  const named = base as Ipc & NamedQueues;
  return {
    ...base,
    readPipe(id, into, nonBlocking) {
      // A call that is run again after a wait was counted when it ran first; no thread is `running` then.
      const tid = kernel.counters.running;
      if (tid !== 0) handoff.receives(tid, pipeChannel(id));
      const count = base.readPipe(id, into, nonBlocking);
      if (count === WAIT && tid !== 0) handoff.waits(tid);
      return count;
    },
    writePipe(id, from, skip, nonBlocking) {
      const tid = kernel.counters.running;
      const pipe = pipes.get(id);
      if (tid === 0 || pipe === undefined) return base.writePipe(id, from, skip, nonBlocking);
      const channel = pipeChannel(id);
      const empty = pipe.used === 0;
      handoff.sends(tid, channel, kernel.waits.firstWaiter(pipe.readEvent), skip === 0);
      const count = base.writePipe(id, from, skip, nonBlocking);
      if (empty && count > 0) handoff.sent(tid, channel);
      return count;
    },
    send(tid, id, from, skip, flags, message) {
      const peer = sockets.get(sockets.get(id)?.peer ?? 0);
      if (peer === undefined) return base.send(tid, id, from, skip, flags, message);
      const channel = socketChannel(peer.id);
      const empty = peer.queue.length === 0;
      const begins = skip === 0 && kernel.waits.resumed(tid) === 0;
      handoff.sends(tid, channel, kernel.waits.firstWaiter(peer.readEvent), begins);
      const count = base.send(tid, id, from, skip, flags, message);
      if (empty && count > 0) handoff.sent(tid, channel);
      return count;
    },
    receive(tid, id, into, flags, message) {
      handoff.receives(tid, socketChannel(id));
      const count = base.receive(tid, id, into, flags, message);
      if (count === WAIT) handoff.waits(tid);
      return count;
    },
    sendNamed(tid, id, priority, bytes) {
      const { messages, receivers } = named.namedQueue(id);
      const channel = queueChannel(id);
      const empty = messages.length === 0;
      handoff.sends(tid, channel, receivers.find(({ done }) => !done)?.tid ?? 0, true);
      const result = named.sendNamed(tid, id, priority, bytes);
      if (empty && result === 0) handoff.sent(tid, channel);
      return result;
    },
    nextNamed(id) {
      const tid = kernel.counters.running;
      if (tid !== 0) handoff.receives(tid, queueChannel(id));
      return named.nextNamed(id);
    },
    awaitNamed(tid, id, message) {
      if (message === null && kernel.counters.running !== 0) handoff.waits(tid);
      return named.awaitNamed(tid, id, message);
    },
  };
}

export const directIpc: Module<Ipc, IpcState> = {
  manifest: {
    slot: 'ipc',
    name: 'direct',
    version: '1.0.0',
    contract: 1,
    interfaces: IPC_INTERFACES,
    needs: { clock: 1, engine: 1, process: 1, scheduler: 1, vfs: 1, vm: 1 },
    description: 'as basic, but who sends and waits for an answer hands the CPU to the receiver',
  },
  layout: ipcLayout,
  create,
};

export default directIpc;
