/**
 * block/fifo: transfers in the order in which they were asked for.
 *
 * Nothing can starve and nothing is decided; on a disk with a head it pays for that with the head's way. State: the contract's.
 */
import { type Block, type BlockRequest, type BlockState, blockLayout } from '../../../contracts/block.ts';
import type { Module } from '../../../contracts/module.ts';
import { type Choose, diskOperations } from '../../../lib/block/disks.ts';

const choose: Choose = (_disk, ready) => ready[0] as BlockRequest;

export const fifoBlock: Module<Block, BlockState> = {
  manifest: {
    slot: 'block',
    name: 'fifo',
    version: '1.0.0',
    contract: 1,
    interfaces: [],
    needs: { buffercache: 1, clock: 1, engine: 1, frames: 1 },
    description: 'serves transfers in order of arrival',
  },
  layout: blockLayout,
  create: (state, kernel) => diskOperations(state, kernel, choose),
};

export default fifoBlock;
