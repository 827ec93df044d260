/**
 * vm/cow: memory on demand, copy-on-write fork, private and shared mappings of files.
 *
 * A page gets a frame at its first use; after fork(2) both sides share frames until one writes. The price is a fault for
 * each first use and each first write. The policy and the bookkeeping of areas are lib/vm's.
 */
import type { Module } from '../../../contracts/module.ts';
import { type Vm, type VmState, vmLayout } from '../../../contracts/vm.ts';
import { copyOnWrite } from '../../../lib/vm/copy-on-write.ts';
import { vmOperations } from '../../../lib/vm/spaces.ts';

export const cowVm: Module<Vm, VmState> = {
  manifest: {
    slot: 'vm',
    name: 'cow',
    version: '1.0.0',
    contract: 1,
    interfaces: [
      'mapped-files',
      'copy-on-write',
      'locking',
      'barriers',
      'sealing',
      'shared-objects',
      'peaks',
    ],
    needs: {
      block: 1,
      buffercache: 1,
      engine: 1,
      frames: 1,
      pmap: 1,
      pagecache: 1,
      ipc: 1,
      filesystem: 1,
      vfs: 1,
    },
    description: 'memory on demand, copy-on-write fork, mapped files',
  },
  layout: vmLayout,
  create: (state, kernel) => vmOperations(state, kernel, copyOnWrite),
};

export default cowVm;
