/**
 * The basic ipc module: byte-ring pipes and a list of futex waiters.
 *
 * Two copies for each byte that crosses a pipe, one in and one out; nothing is remapped. State: `IpcState`.
 */
import { type Ipc, type IpcState, ipcLayout } from '../../../contracts/ipc.ts';
import type { Module } from '../../../contracts/module.ts';
import { IPC_INTERFACES, ipcOperations } from '../../../lib/ipc/operations.ts';

const KEPT_RING = 16384;

export const basicIpc: Module<Ipc, IpcState> = {
  manifest: {
    slot: 'ipc',
    name: 'basic',
    version: '1.0.0',
    contract: 1,
    interfaces: IPC_INTERFACES,
    needs: { clock: 1, engine: 1, process: 1, vfs: 1, vm: 1 },
    description: 'pipes as byte rings, futexes as one list, epoll by what fired, unix sockets as queues',
  },
  layout: ipcLayout,
  create: (state, kernel) => ipcOperations(state, kernel, KEPT_RING),
};

export default basicIpc;
