/**
 * block/deadline: transfers in the order of their place on the disk, but none waits much longer than its time.
 *
 * The idea of Linux's mq-deadline: reads go before writes, because somebody waits for a read; writes are let in after reads
 * went first twice; in each direction the head sweeps upwards in runs, and a new run begins with the oldest request if
 * that one's time is up. State: the contract's; the run is kept in the disk's policy fields.
 */
import {
  type Block,
  type BlockRequest,
  type BlockState,
  blockLayout,
  type Disk,
} from '../../../contracts/block.ts';
import type { Module } from '../../../contracts/module.ts';
import { type Choose, diskOperations } from '../../../lib/block/disks.ts';

/** A read that has waited so long goes next, a write that has. */
const READ_EXPIRES_NS = 500_000_000;
const WRITE_EXPIRES_NS = 5_000_000_000;
/** Requests of a run. */
const BATCH = 16;
/** Runs of reads that may go before a write that waits. */
const STARVED = 2;

/** The first at or beyond the head, in one direction; null if all lie below it. */
function ahead(disk: Disk, requests: readonly BlockRequest[]): BlockRequest | null {
  let best: BlockRequest | null = null;
  for (const request of requests) {
    if (request.sector >= disk.head && (best === null || request.sector < best.sector)) best = request;
  }
  return best;
}

const lowest = (requests: readonly BlockRequest[]): BlockRequest =>
  requests.reduce((best, request) => (request.sector < best.sector ? request : best));

const choose: Choose = (disk, ready, now) => {
  const reads = ready.filter(({ kind }) => kind === 'read');
  const writes = ready.filter(({ kind }) => kind === 'write');
  const going = ahead(disk, disk.writing ? writes : reads);
  if (disk.batch > 0 && going !== null) {
    disk.batch--;
    return going;
  }
  disk.writing = reads.length === 0 || (writes.length > 0 && disk.starved >= STARVED);
  disk.starved = disk.writing || writes.length === 0 ? 0 : disk.starved + 1;
  disk.batch = BATCH - 1;
  const among = disk.writing ? writes : reads;
  const oldest = among[0] as BlockRequest;
  const expires = disk.writing ? WRITE_EXPIRES_NS : READ_EXPIRES_NS;
  return now - oldest.arrived >= expires ? oldest : (ahead(disk, among) ?? lowest(among));
};

export const deadlineBlock: Module<Block, BlockState> = {
  manifest: {
    slot: 'block',
    name: 'deadline',
    version: '1.0.0',
    contract: 1,
    interfaces: [],
    needs: { buffercache: 1, clock: 1, engine: 1, frames: 1 },
    description: 'serves transfers by place, each within a time',
  },
  layout: blockLayout,
  create: (state, kernel) => diskOperations(state, kernel, choose),
};

export default deadlineBlock;
