/**
 * filesystem/proc: processes and the system as files.
 *
 * Everything is made when it is looked at, from the other slots; an inode number says all about its inode. State: see
 * state.ts.
 */
import type { FileSystem } from '../../../contracts/filesystem.ts';
import type { Module } from '../../../contracts/module.ts';
import { syntheticFileSystem } from '../../../lib/synthetic-file-system.ts';
import { type ProcState, procLayout } from './state.ts';
import { procSynthesis } from './synthesis.ts';

export const procFilesystem: Module<FileSystem, ProcState> = {
  manifest: {
    slot: 'filesystem',
    name: 'proc',
    version: '1.0.0',
    contract: 1,
    interfaces: ['mount-tables'],
    needs: {
      block: 1,
      buffercache: 1,
      clock: 1,
      frames: 1,
      ipc: 1,
      net: 1,
      pagecache: 1,
      pmap: 1,
      process: 1,
      scheduler: 1,
      tty: 1,
      vfs: 1,
      vm: 1,
    },
    type: 'proc',
    description: 'processes and the system as files',
  },
  layout: procLayout,
  create: (state, kernel) => syntheticFileSystem(state, kernel, procSynthesis(state, kernel)),
};

export default procFilesystem;
